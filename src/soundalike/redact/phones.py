"""The rule for runs of digits, and the check for phone numbers, which need a sign in their form or in the words around.

Chats are full of scores, prices, dates and ids. So a phone number needs a `+`, a grouping that is used for nothing
else, or words such as "call me at" before it; a mobile number may also be the whole message. The numbering plans are
those of `phonenumbers` (Google's libphonenumber), which is imported at the first candidate.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise

from soundalike.redact.numbers import BARE_LENGTHS, DIGITS_HINT, DIGITS_SIFT, check_digits
from soundalike.redact.rule import Finding, Rule, search_for

_KIND = "phone numbers"
Stretch = tuple[str, str, int, int]  # as written, its digits, start, end
_MOBILE = {1, 2}  # phonenumbers.PhoneNumberType.MOBILE, FIXED_LINE_OR_MOBILE; importing it here would be slow
# A run of digits and separators that is not inside a word, a price or a decimal. The character class comes before the
# lookbehinds, so that the engine skips to the next digit by itself.
_RUN = re.compile(
    "[+(0-9](?<![\\w#$€£¥₹/@%^~][+(0-9])(?<![0-9][.,:=][+(0-9])(?:(?<=[+(])[(+]?[0-9])?(?:[ .()/\\-]{0,3}[0-9]){6,31}",
    re.ASCII,
)
_MOST_GROUPS = 8  # of digits, in any way to write a number
_MOST_DIGITS = 15  # ITU-T E.164
_FEWEST_DIGITS = 4  # different ones in a number
_REACH = (40, 20)  # characters before and after a run on which its result depends
_GROUP = re.compile(r"\+?\(?[0-9]+")
_NOT_DIGITS = re.compile("[^0-9]+")
_AFTER = re.compile(r"[\w%€£¥₹°]|[.,:/][0-9]|-\w", re.ASCII)

# Groupings that are phone numbers whether or not the number exists: of North America (also the fictional 555), Britain,
# France, Russia, Brazil, Australia, Japan and Korea. A number has the same separator throughout.
_SHAPE = re.compile(
    r"(?:\+?1[ .\-])?(?:\([2-9][0-9]{2}\)[ \-]?[0-9]{3}[ .\-][0-9]{4}"
    r"|[2-9][0-9]{2}(?P<a>[ .\-])[2-9][0-9]{2}(?P=a)[0-9]{4}"
    r"|[2-9][0-9]{2}-[0-9]{3}-[0-9]{4})"
    r"|07[0-9]{3}(?P<b>[ \-])(?:[0-9]{6}|[0-9]{3}(?P=b)[0-9]{3})"
    r"|0[1-79](?P<c>[ .\-])[0-9]{2}(?:(?P=c)[0-9]{2}){3}"
    r"|8[ \-]?\(?9[0-9]{2}\)?[ \-][0-9]{3}[ \-][0-9]{2}[ \-][0-9]{2}"
    r"|\([1-9][0-9]\) ?9?[0-9]{4}[ \-][0-9]{4}"
    r"|0[45][0-9]{2} [0-9]{3} [0-9]{3}"
    r"|0[1-9]0-[0-9]{4}-[0-9]{4}"
)
_LOCAL = re.compile(r"[2-9][0-9]{2}[ \-][0-9]{4}")
_DATE = re.compile(
    r"(?:19|20)[0-9]{2}([ .\-/]?)[01][0-9]\1[0-3][0-9](?![0-9])"
    r"|[0-3]?[0-9]([ .\-/])[0-3]?[0-9]\2(?:19|20)?[0-9]{2}(?![0-9])"
)
_PLAIN = re.compile(r"[0-9]+\.[0-9]+|(?:19|20)[0-9]{2}-[01][0-9]-[0-3][0-9](?: [0-2][0-9])?")
_INTEGER_LIMITS = {"2147483647", "2147483648", "4294967295", "4294967296"}

_WORD = re.compile(r"[^\W\d_]+|[#☎📞📱]")
_ASKING = set(
    "phone cell mobile tel telephone whatsapp sms fax call calling text txt dial digits handy handynummer telefon "
    "telefonnummer móvil movil celular teléfono telefono téléphone telefone telegram viber hmu ☎ 📞 📱".split()
)
_NUMBER = set("number no nr num nummer número numero numéro".split())
_WHOSE = set("my his her your their new mum mom dad s meine mein mi mon meu".split())
_OTHERWISE = set(
    "order ticket tracking invoice ref reference case id block tx txn issue version build serial model part item sku "
    "isbn height balance amount price score total port code error account".split()
)
# Numbering plans with a trunk 0, then those without, of the countries with most Discord users.
_TRUNK_REGIONS = (
    "GB",
    "DE",
    "FR",
    "NL",
    "AU",
    "IT",
    "SE",
    "BE",
    "CH",
    "AT",
    "JP",
    "KR",
    "IN",
    "NZ",
    "ZA",
    "TR",
    "FI",
    "UA",
)
_REGIONS = ("US", *_TRUNK_REGIONS, "ES", "PL", "BR", "RU", "MX", "PT", "NO", "DK", "CN", "SG", "IE", "GR", "CZ", "PH")


def _plans(digits: str, regions: tuple[str | None, ...]) -> Iterator[tuple[int, str]]:
    """Type and national format of the number in each region's plan that has it (region None: the country after `+`)."""
    return (plan for region in regions if (plan := _plan(digits, region)))


def _plan(digits: str, region: str | None) -> tuple[int, str] | None:
    import phonenumbers

    try:
        number = phonenumbers.parse(digits, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    national = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)
    return phonenumbers.number_type(number), national


def _valid(digits: str, regions: tuple[str | None, ...], mobile: bool = False) -> bool:
    """Whether one of the regions' plans has this number; with `mobile`, as a mobile number."""
    return any(not mobile or kind in _MOBILE for kind, _ in _plans(digits, regions))


def _diallable(digits: str) -> bool:
    """Whether a number after `+` has a country code and a possible length, even if it is not assigned."""
    import phonenumbers

    try:
        return phonenumbers.is_possible_number(phonenumbers.parse("+" + digits, None))
    except phonenumbers.NumberParseException:
        return False


def _by_form(found: str, digits: str, opens: bool) -> bool:
    """Whether its form makes it a number: a `+`, a telltale grouping, or 0 or 00 at the start of its run."""
    if found.startswith(("+", "(+")):
        return len(digits) >= 9 and not digits.endswith("00000") and _diallable(digits)
    shape = _SHAPE.fullmatch(found)
    if shape:
        return shape["a"] in (None, "-") or _valid(digits, ("US",))  # prices are grouped in threes and fours too
    if not opens or digits[0] != "0":
        return False
    if found.startswith("00"):
        return len(digits) >= 11 and _valid("+" + digits[2:], (None,))
    bare = found.isdigit()
    if len(digits) not in ((10, 11, 12) if bare else (9, 10, 11, 12)) or _DATE.search(found):
        return False
    area = _GROUP.match(found)
    return area is not None and len(area[0]) >= 2 and _valid(digits, _TRUNK_REGIONS, mobile=bare)


def _by_context(found: str, digits: str) -> bool:
    """Whether it can be a number where words say that one follows."""
    if _DATE.search(found) or digits in _INTEGER_LIMITS:
        return False
    return _LOCAL.fullmatch(found) is not None or (len(digits) >= 8 and _valid(digits, _REGIONS))


def _by_itself(found: str, digits: str) -> bool:
    """Whether it is a number if it is the whole message: written as its country writes mobile numbers."""
    if found.isdigit():
        plans = {10: ("US", "IN"), 11: ("CN",)}.get(len(digits), ())
        return digits not in _INTEGER_LIMITS and _valid(digits, plans, mobile=True)
    groups = _NOT_DIGITS.split(found)
    if not 8 <= len(digits) <= 11 or min(map(len, groups)) < 2:
        return False
    return any(kind in _MOBILE and _NOT_DIGITS.split(national) == groups for kind, national in _plans(digits, _REGIONS))


def _words_before(match: re.Match[str], reach: int) -> list[str]:
    return [word.lower() for word in _WORD.findall(match.string, max(0, match.start() - reach), match.start())]


def _asked(match: re.Match[str]) -> bool:
    """Whether words before the run, or directly after it, are about a phone."""
    words = _words_before(match, 40)
    end = match.end()
    after = _WORD.findall(match.string, end, end + 16) if match.string[end : end + 1].isspace() else []
    if not _ASKING.isdisjoint(word.lower() for word in (*words, *after)):
        return True
    return any(whose in _WHOSE and what in _NUMBER for whose, what in pairwise(words))


def _numbers_something_else(match: re.Match[str]) -> bool:
    """Whether the word directly before the run says that it is an order, a ticket or a version."""
    words = _words_before(match, 24)
    while words and (words[-1] in _NUMBER or words[-1] in ("#", "is")):
        words.pop()
    return bool(words) and (words[-1] in _OTHERWISE or words[-1].removesuffix("s") in _OTHERWISE)


def _stretches(match: re.Match[str]) -> Iterator[Stretch]:
    """Every sequence of whole groups in the run that has a phone number's length and variety.

    From each start the longest comes first.
    """
    text = match.string
    if match[0].isdigit():
        if _are_dialled(match):
            yield match[0], match[0], *match.span()
        return
    groups = [(group[0].lstrip("+("), *group.span()) for group in _GROUP.finditer(text, *match.span())]
    for first, (_, start, _) in enumerate(groups):
        if first and text[start - 1] != " ":
            continue
        digits, found = "", []
        for more, _, end in groups[first : first + _MOST_GROUPS]:
            digits += more
            if len(digits) > _MOST_DIGITS:
                break
            if len(digits) >= 7 and (end == match.end() or text[end] in " )"):
                begin = start + (text[start] == "(" and ")" not in text[start:end])
                found.append((text[begin:end], digits, begin, end))
        yield from (stretch for stretch in reversed(found) if _may_be_dialled(stretch[1], text, stretch[3]))


def _may_be_dialled(digits: str, text: str, end: int) -> bool:
    return len(set(digits)) >= _FEWEST_DIGITS and not _AFTER.match(text, end)


def _is_no_number(match: re.Match[str]) -> bool:
    """Whether a run is a decimal or a date, or bare digits that are too many or too alike, as most runs are."""
    found = match[0]
    if not found.isdigit():
        return _PLAIN.fullmatch(found) is not None
    return len(found) not in BARE_LENGTHS and not _are_dialled(match)


def _are_dialled(match: re.Match[str]) -> bool:
    """Whether a run of bare digits may be a phone number by its length and variety."""
    return len(match[0]) <= _MOST_DIGITS and _may_be_dialled(match[0], match.string, match.end())


def _check_phone(match: re.Match[str], alone: bool) -> Finding | None:
    """The first part of the run that is a phone number by its form, by the words around it, or as the whole message."""
    likely = list(_stretches(match))
    if not likely:
        return None
    bare = match[0].isdigit()
    asked = not (bare and _numbers_something_else(match)) and _asked(match)
    if bare and not (asked or alone or (match[0][0] == "0" and not _numbers_something_else(match))):
        return None
    for found, digits, start, end in likely:
        if _by_form(found, digits, start - match.start() <= 1):
            return _KIND, start, end
    for found, digits, start, end in likely if asked else likely[:1] if alone else ():
        if (asked and _by_context(found, digits)) or (alone and _by_itself(found, digits)):
            return _KIND, start, end
    return None


def _find(text: str) -> Iterable[Finding]:
    """The cards, accounts, identity and phone numbers in a text.

    A run that is repeated with the same words around it is checked once. Results are not kept beyond the text.
    """
    known: dict[tuple[str, int, bool], Finding | None] = {}
    first, last = len(text) - len(text.lstrip()), len(text.rstrip())

    def check(match: re.Match[str]) -> Finding | None:
        if _is_no_number(match):
            return None
        start, end = match.span()
        begin, alone = max(0, start - _REACH[0]), start <= first and end >= last
        around = (text[begin : end + _REACH[1]], start - begin, alone)
        if around not in known:
            found = check_digits(match) or _check_phone(match, alone)
            known[around] = found and (found[0], found[1] - start, found[2] - start)
        result = known[around]
        return result and (result[0], start + result[1], start + result[2])

    return search_for(_RUN, check)(text)


DIGITS = Rule(DIGITS_HINT, _find, DIGITS_SIFT)
