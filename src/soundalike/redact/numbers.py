"""Rules for payment cards, bank accounts and national identity numbers, and a check of digit runs for `phones`.

A run of digits with the length and grouping of such a number is masked if its checksum holds (python-stdnum) or if
words that name it precede it. stdnum is imported at the first candidate.
"""

import re
from importlib import import_module

from soundalike.redact.rule import Finding, Rule, accept_as, search_for

DIGITS_HINT = "(?:^|[^A-Za-z0-9_])[+(]{0,2}[0-9](?:[ .()/\\-]{0,3}[0-9]){6}"
DIGITS_SIFT = "[0-9](?:[ .()/\\-]{0,3}[0-9]){6}"
_CARDS, _ACCOUNTS, _IDENTITIES = "payment cards", "bank accounts", "identity numbers"

# Shapes of digits by stdnum module. Few other numbers have both the shape and a valid checksum.
_DIGIT_SHAPES = {
    "luhn": r"[0-9]{4}(?P<a>[ \-]?)[0-9]{4}(?P=a)[0-9]{4}(?P=a)[0-9]{4}(?:(?<=[ \-][0-9]{4})(?P=a)[0-9]{3})?"
    r"|3[47][0-9]{2}(?P<b>[ \-]?)[0-9]{6}(?P=b)[0-9]{5}|3[0689][0-9]{2}(?P<c>[ \-])[0-9]{6}(?P=c)[0-9]{4}",
    "ar.cbu": r"[0-9]{22}",
    "es.ccc": r"[0-9]{4}[ \-][0-9]{4}[ \-][0-9]{2}[ \-][0-9]{10}",
    "nz.bankaccount": r"[0-9]{2}-[0-9]{4}-[0-9]{7}-[0-9]{2,3}",
    "cz.bankaccount": r"(?:[0-9]{2,6}-)?[0-9]{6,10}/[0-9]{4}",
    "us.ssn": r"[0-9]{3}-[0-9]{2}-[0-9]{4}",
    "br.cpf": r"[0-9]{3}\.[0-9]{3}\.[0-9]{3}-[0-9]{2}",
    "br.cnpj": r"[0-9]{2}\.[0-9]{3}\.[0-9]{3}/[0-9]{4}-[0-9]{2}",
    "cn.ric": r"[1-9][0-9]{5}(?:19|20)[0-9]{2}[01][0-9][0-3][0-9]{4}[0-9Xx]",
    "fr.nir": r"[12] ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[0-9]{3} ?[0-9]{3} ?[0-9]{2}",
    "fi.hetu": r"[0-9]{6}[\-+A][0-9]{3}[0-9A-Z]",
    "se.personnummer": r"(?:[0-9]{2})?[0-9]{6}-[0-9]{4}",
    "kr.rrn": r"[0-9]{6}-[1-8][0-9]{6}",
}
_LETTERED_SHAPES = {
    "it.codicefiscale": r"[A-Z]{6}[0-9]{2}[A-Z][0-9]{2}[A-Z][0-9]{3}[A-Z]",
    "mx.curp": r"[A-Z]{4}[0-9]{6}[HM][A-Z]{5}[A-Z0-9][0-9]",
}
_KINDS = {
    "luhn": _CARDS,
    "ar.cbu": _ACCOUNTS,
    "es.ccc": _ACCOUNTS,
    "nz.bankaccount": _ACCOUNTS,
    "cz.bankaccount": _ACCOUNTS,
}
BARE_LENGTHS = {15, 16, 17, 18, 22}  # of the shapes above that need no separator
# Published ISO/IEC 7812 ranges of Visa, Mastercard, American Express, Diners, JCB, Discover, UnionPay and Maestro.
_ISSUER = re.compile(
    "4|5[0-8]|2(?:22[1-9]|2[3-9]|[3-6]|7[01]|720)|3[47]|3(?:0[0-5]|[689])|35(?:2[89]|[3-8])|6(?:011|4[4-9]|[2357])"
)

_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}[0-9]{2}(?:[ \-]?[A-Za-z0-9]{4}){2,7}(?:[ \-]?[A-Za-z0-9]{1,4})?")
_NUMERALS = {ord(letter): str(10 + n) for n, letter in enumerate("ABCDEFGHIJKLMNOPQRSTUVWXYZ")}
_IBAN_HINT = r"(?:^|[^A-Za-z0-9])[A-Za-z]{2}[0-9]{2}[ \-]?[A-Za-z0-9]{4}[ \-]?[A-Za-z0-9]{4}[ \-]?[A-Za-z0-9]{3}"
_LETTERED_HINT = r"[A-Z]{6}[0-9]{2}[A-Z]|[A-Z]{4}[0-9]{6}[HM]"
_NAMED_ACCOUNT = re.compile(
    r"\b(?:(?:account|acct|konto|cuenta)[ \-]?(?:number|num|no\b\.?|nr\b\.?|nummer|#)|routing(?: number| no\.?)?)"
    r"[ ]?(?:is|:|=|#)?[ ]?([0-9](?:[ \-]?[0-9]){6,16})(?![\w]|[.,][0-9])",
    re.IGNORECASE | re.ASCII,
)
_NAMED_IDENTITY = re.compile(
    r"\b(?:ssn|social security|passport|national id|tax id|driver'?s licen[cs]e|dni|nie|nif|bsn|pesel|aadhaar|cpf)"
    r"(?: number| no\.?| nr\.?| #)?[ ]?(?:is|:|=|#)?[ ]?"
    r"([A-Za-z]{0,3}[0-9](?:[ .\-]?[0-9]){6,13}(?:[ \-]?[A-Za-z])?)(?!\w)",
    re.IGNORECASE | re.ASCII,
)
_NAMED_HINT = (
    r"(?i:(?:account|acct|konto|cuenta|routing|ssn|security|passport|national|tax|licen[cs]e|dni|nie|nif|bsn|pesel|"
    r"aadhaar|cpf)[^0-9]{0,16}[0-9])"
)


def _shaped(shapes: dict[str, str]) -> re.Pattern[str]:
    """One pattern for several shapes that are not part of a longer word; the matching group is named after the
    module."""
    parts = "|".join(f"(?P<{module.replace('.', '_')}>{shape})" for module, shape in shapes.items())
    return re.compile(rf"(?<![\w.,\-])(?:{parts})(?![\w\-]|[.,][0-9])", re.ASCII)


_DIGIT_SHAPED, _LETTER_SHAPED = _shaped(_DIGIT_SHAPES), _shaped(_LETTERED_SHAPES)


def _valid(module: str, found: str) -> bool:
    return bool(import_module(f"stdnum.{module}").is_valid(found))


def _check_shape(match: re.Match[str]) -> Finding | None:
    """A number with a valid checksum; a card also needs an issuer's first digits."""
    module = (match.lastgroup or "").replace("_", ".")
    digits = re.sub("[ -]", "", match[0])
    if module == "luhn":
        return (_CARDS, *match.span()) if _ISSUER.match(digits) and _valid(module, digits) else None
    return (_KINDS.get(module, _IDENTITIES), *match.span()) if _valid(module, match[0]) else None


def check_digits(match: re.Match[str]) -> Finding | None:
    """The first card, account or identity number in a run of digits and separators."""
    if match[0].isdigit() and len(match[0]) not in BARE_LENGTHS:
        return None
    for shaped in _DIGIT_SHAPED.finditer(match.string, match.start(), match.end() + 3):
        found = _check_shape(shaped)
        if found:
            return found
    return None


def _has_remainder(found: str) -> bool:
    """Whether the ISO 7064 check digits hold. Tested first, because stdnum takes ten times as long."""
    characters = found.upper().replace(" ", "").replace("-", "")
    return int((characters[4:] + characters[:4]).translate(_NUMERALS)) % 97 == 1


def _check_iban(match: re.Match[str]) -> Finding | None:
    """The longest beginning of the match, cut between groups, that is an account; words may follow it directly."""
    found, following = match[0], match.string[match.end() : match.end() + 1]
    ends = [cut.start() for cut in re.finditer(r"[ \-]", found) if cut.start() >= 15]
    if not following.isalnum():
        ends.append(len(found))
    end = next((end for end in reversed(ends) if _has_remainder(found[:end]) and _valid("iban", found[:end])), 0)
    return (_ACCOUNTS, match.start(), match.start() + end) if end else None


RULES = (
    Rule(_IBAN_HINT, search_for(_IBAN, _check_iban, step=True), DIGITS_SIFT),
    Rule(_LETTERED_HINT, search_for(_LETTER_SHAPED, _check_shape)),
    Rule(_NAMED_HINT, search_for(_NAMED_ACCOUNT, accept_as(_ACCOUNTS)), DIGITS_SIFT),
    Rule(_NAMED_HINT, search_for(_NAMED_IDENTITY, accept_as(_IDENTITIES)), DIGITS_SIFT),
)
