"""Rules for passwords and codes that are named: "my password is ...", `pw: ...`, "Passwort ist ...", "pin 4821".

After the name of a password a value may follow; whether it does depends on what links the two. After `=` it does.
After `:` a plain word is a value if it is the last on its line. After "is" a plain word is a value if it is no
description of a password and the sentence ends. Letters with digits, which look like nothing but a password, are a
value after any link.
"""

import re
from collections.abc import Callable, Iterator

from soundalike.redact import password_vocabulary as terms
from soundalike.redact.rule import Finding, Rule

_KIND = "passwords"
_QUOTES = r"[\"'`\\|*“”„«‘’]{0,4}"
_BLANKS = r"[ \t]{0,2}"
_FREE = r"(?<![^\W_])"  # not inside a word
_CONTEXT = rf"(?:[ ](?:{terms.CONTEXTS})(?:[ ][\w'’\-]{{1,20}}(?:\.[a-z]{{2,4}})?){{1,3}}?|{terms.ASIDES})?"
_SIGN = rf"{_QUOTES}{_BLANKS}(?P<sign>[:=：＝]{{1,2}}>?|-{{1,2}}>|→|⇒)"
_VERB = rf"[ ]{{0,2}}(?<!\w)(?:{terms.VERBS})(?!\w):?|['’]?s[ ]|[{terms.PARTICLES}]"
_ADVERBS = rf"(?:[ ](?:{terms.ADVERBS})(?!\w):?){{0,2}}"
_SAYS = rf"{_CONTEXT}{_ADVERBS}(?:{_SIGN}|(?P<verb>{_VERB})|[ ]{{1,2}}[-–—](?=[ ])){_ADVERBS}"
_LINK = rf"(?:{_SAYS}|(?:[ ](?:wifi|wlan))?\??(?=[ ]))\s{{0,8}}(?P<open>{_QUOTES})"
_VALUE = (
    r"(?!(?:some|my)\b)(?P<value>[^\s\"'`<>{}$|*(),;\\“”„«»/](?:[^\s\"`<>{}|\\“”„«»]{0,127})"
    r"|/[^\s\"`<>{}|\\]{2,127})"
)
_LONG = rf"(?<!no)(?P<long>{terms.PASSWORDS})"
_SHORT = rf"{_FREE}(?P<short>{terms.SHORT})"


def _opening(*names: str) -> str:
    """A lookahead for the names' first letters, which makes Python's engine skip other positions quickly."""
    firsts = {part[0] for part in "|".join(names).replace("(?:", "").split("|")}
    return f"(?=[{re.escape(''.join(sorted(firsts)))}])"


_NAMED = re.compile(
    rf"{_opening(terms.PASSWORDS, terms.SHORT)}(?:{_LONG}|{_SHORT})s?(?=[\W_{terms.PARTICLES}]){_LINK}{_VALUE}",
    re.IGNORECASE,
)
_CHANGED = re.compile(
    rf"{_FREE}(?:chang|set|reset|switch|updat|änder|geänder)\w{{0,4}}[ ](?:\w{{1,12}}[ ]){{0,3}}?"
    rf"(?:{_LONG}|{_SHORT})(?!\w){_CONTEXT}(?P<sign>)(?P<verb>[ ](?:to|zu|auf))[ ](?P<open>{_QUOTES}){_VALUE}",
    re.IGNORECASE,
)
_ARE = r"is|was|=|as|ist|es|é|est|è|als|como|comme|come"
_TURNED = re.compile(
    r"(?<!\S)[\"'`*|]{0,4}(?P<value>[^\s\"'`*|<>]{4,40})[\"'`*|]{0,4}[ ]"
    rf"(?:{_ARE})[ ](?:[^\W\d_]{{1,12}}[ ]){{0,3}}?"
    rf"(?:{terms.PASSWORDS}|pwd?|{terms.CODES})(?!\w)",
    re.IGNORECASE,
)
_LOGIN = re.compile(
    rf"{_FREE}(?:{terms.LOGINS})(?!\w)(?:[ ](?:details|info|data|are|is))?{_CONTEXT}(?P<sign>{_BLANKS}[:=])?{_BLANKS}"
    rf"(?:my (?:email|number)|[^\s/|:,]{{1,64}}){_BLANKS}(?P<between>[/|:,]|[ ]){_BLANKS}"
    r"(?!(?:some|my)\b)(?P<value>[^\s\"'`<>{}$|*(),;:\\/][^\s\"`<>{}|\\]{2,127})",
    re.IGNORECASE,
)
_CODE = re.compile(
    rf"{_opening(terms.CODES, 'code')}{_FREE}(?:(?:{terms.CODES})s?(?!\w)(?:{_SAYS}|(?=[ ]))"
    rf"|(?P<mere>code)(?:{_QUOTES}{_BLANKS}[:=]"
    rf"|(?:(?<=use code)|(?<=enter code))[ ](?=[0-9]{{6}})|[ ](?:is|was|es|é|est|ist|è)\b:?))"
    rf"\s{{0,4}}{_QUOTES}(?P<value>(?:G-)?[0-9](?:[ \-]?[0-9]){{2,9}})(?![\w%€£]|[.,:/\-][0-9])",
    re.IGNORECASE,
)
_PHRASE = re.compile(
    r"(?:pass|seed|recovery)[ ]?phrase(?:[ ](?:is|was)|[ ]?[:=])[ ](?P<value>[a-z]{2,12}(?:[ ][a-z]{2,12}){3,23})"
    r"(?=[.!]{0,3}(?:\n|\Z))",
    re.IGNORECASE,
)
_NO_PHRASE = re.compile(r"\b(?:the|an?|is|are|to|too|so|i|you|your|my|and|for|not|very|way|in|of|it|that|this)\b", re.I)

_SIGNED = re.compile(r"\w[!@#$%^&+=~?*]+\w|[!^&$%~+]\w|.*[^\W\d_]{2}[#$^&]\Z|.*[a-z][A-Z]", re.DOTALL)
_MEASURE = re.compile(
    r"[0-9]+(?:[.,/\-][0-9]+)?[ \-]?(?:st|nd|rd|th|er|ème|x|k|m|h|s|%|°\w?|min|mins|sec|hrs?|bits?|chars?|characters?|"
    r"digits?|letters?|words?|days?|years?|yo|gb|mb|kb|am|pm|ft|cm|mm|km|kg|fach|mal|stellig|zeichen)?",
    re.IGNORECASE,
)
_COUNTED = re.compile(
    r"\W{0,2}(?:chars?|characters?|digits?|letters?|words?|bits?|bytes?|years?|days?|times?|minutes?|hours?|lines?|long|"
    r"old|%|zeichen|buchstaben|stellen|wörter|jahre|caracteres|letras|dígitos|veces|años|vezes|anos|caractères|lettres|"
    r"chiffres|caratteri|lettere|tekens|ppl|people|messages|errors?|(?:or|to|bis)(?=[ ][0-9])|things?|of)\b",
    re.IGNORECASE,
)
_TAIL = re.compile(rf"[^\w\n]*(?:\Z|\n|(?:{terms.TAILS})\b)", re.IGNORECASE)
_GOES_ON = re.compile(r"[^\w\n]*\w")
_ENDS = re.compile(r"[.,;:!?…)\]~*_'’]+\Z")
_WORD_BEFORE = re.compile(r"([\w\-]+)[ ]\Z")
_REFERENCE = re.compile(
    r"(?:os|process|config|self|args|settings|env|this|request|req|ctx|options|opts)\.\w", re.IGNORECASE
)
_CALL = re.compile(r"[A-Za-z_][\w.]*\(")
_NULLS = frozenset("true false none null nil yes no ok string undefined required empty not what".split())


def _span(match: re.Match[str]) -> tuple[str, int, int]:
    """The value and its position: up to the closing quotation mark if it is quoted, without stops at its end."""
    start, opened = match.start("value"), match["open"].strip("*\\")
    text = match.string
    end = text.find(_closing(opened[-1]), start, start + 64) if opened else -1
    if end < 0 or "\n" in text[start:end]:
        end = start + len(_ENDS.sub("", match["value"]))
    end -= text[start:end].endswith("\\")  # the quotation mark was escaped
    return text[start:end], start, end


def _closing(quote: str) -> str:
    return {"“": "”", "„": "“", "«": "»", "‘": "’"}.get(quote, quote)


def _check_named(match: re.Match[str]) -> Finding | None:
    value, start, end = _span(match)
    if len(value) < 3 or not any(map(str.isalnum, value)) or value.lower() in _NULLS or _REFERENCE.match(value):
        return None
    return (_KIND, start, end) if _may_follow(value, end, match) else None


def _may_follow(value: str, end: int, match: re.Match[str]) -> bool:
    """Whether the value after a password's name is a password, by what links the two."""
    sign, plain = match["sign"], value.isalpha() and (value.islower() or value.istitle())
    ticket = match["short"] and _word_before(match) in terms.TICKETS
    if match["open"].strip("*|\\"):
        return not ticket
    if _CALL.match(match["value"]) or (sign == "==" and not _looks_secret(value, end, match.string)):
        return False
    if sign and (sign[0] in "=＝" or not plain):
        return not ticket and not (match["short"] and value[0] == "/")  # the shell's PWD
    if sign:
        named = not match["short"] or _word_before(match) in terms.THINGS
        followed = match.string[match.start("value") - 1].isspace() and _GOES_ON.match(match.string, end)
        return named and value.lower() not in terms.DESCRIBING and not followed
    if match["verb"]:
        digits = 6 if match["short"] else 4
        return not ticket and (_looks_secret(value, end, match.string, digits) or _is_said(value, end, match))
    return not ticket and len(value) >= 6 and value[0].isalnum() and _has_both(value) and not _MEASURE.fullmatch(value)


def _is_said(value: str, end: int, match: re.Match[str]) -> bool:
    """Whether a plain word after "is" is the password: it describes none, and the sentence ends after it."""
    word = value.lower()
    if match["short"] and match["short"].lower() not in ("pw", "pwd") and _word_before(match) not in terms.THINGS:
        return False
    if len(word) < 4 or not value.replace("-", "").replace("_", "").isalpha():
        return False
    described = word in terms.DESCRIBING or word.endswith(terms.DESCRIBING_ENDS)
    return not described and _TAIL.match(match.string, end) is not None


def _looks_secret(value: str, end: int, text: str, shortest: int = 4) -> bool:
    """Whether it has letters with digits or signs, or is at least `shortest` digits that are no count of anything."""
    if value[0] in "@#" or _MEASURE.fullmatch(value):
        return value.isdigit() and len(value) >= shortest and not _COUNTED.match(text, end)
    return _has_both(value) or _SIGNED.match(value) is not None


def _has_both(value: str) -> bool:
    return any(map(str.isdigit, value)) and any(map(str.isalpha, value))


def _word_before(match: re.Match[str]) -> str:
    """The word before a name, in lower case; empty if there is none."""
    return _before(match.string, match.start("short") if match["short"] else match.start())


def _before(text: str, at: int) -> str:
    before = _WORD_BEFORE.search(text, max(0, at - 24), at)
    return before[1].lower() if before else ""


def _check_turned(match: re.Match[str]) -> Finding | None:
    """A value before the name: letters with digits, or the digits of a code."""
    value, start = match["value"], match.start("value")
    digits = value.removeprefix("G-")
    code = digits.isdigit() and len(digits) in (4, 5, 6, 8)
    secret = len(value) >= 6 and _has_both(value) and not _MEASURE.fullmatch(value)
    return (_KIND, start, start + len(value)) if code or secret else None


def _check_login(match: re.Match[str]) -> Finding | None:
    """The value after the user name that follows "login:"; after a slash it may be a plain word."""
    value, start, between = _ENDS.sub("", match["value"]), match.start("value"), match["between"]
    if value.lower() in terms.DESCRIBING | _NULLS | terms.THINGS | terms.SITES:
        return None
    plain = match["sign"] and between in "/|" and len(value) >= 4 and not _GOES_ON.match(match.string, match.end())
    secret = (
        (match["sign"] or between in "/|:") and len(value) >= 5 and _has_both(value) and not _MEASURE.fullmatch(value)
    )
    return (_KIND, start, start + len(value)) if plain or secret else None


def _check_code(match: re.Match[str]) -> Finding | None:
    """Digits after a code's name; after the mere word "code" only if the word before shows whose it is."""
    whose = (match["mere"] and _before(match.string, match.start())) or "my"
    if whose not in terms.WHOSE or _COUNTED.match(match.string, match.end()):
        return None
    digits = sum(map(str.isdigit, match["value"]))
    shortest = 3 if match[0][:2].lower() == "cv" else 4
    return (_KIND, *match.span("value")) if digits >= shortest else None


def _check_phrase(match: re.Match[str]) -> Finding | None:
    """Words in a row that form no sentence."""
    return None if _NO_PHRASE.search(match["value"]) else (_KIND, *match.span("value"))


def _search_for(
    pattern: re.Pattern[str], check: Callable[[re.Match[str]], Finding | None]
) -> Callable[[str], Iterator[Finding]]:
    """Like `rule.search_for`, but after a match without a finding the search goes on at its value.

    So a name that is followed by another name does not hide it.
    """

    def find(text: str) -> Iterator[Finding]:
        match = pattern.search(text)
        while match:
            found = check(match)
            if found:
                yield found
            match = pattern.search(text, found[2] if found else max(match.start("value"), match.start() + 1))

    return find


NAMES = rf"{terms.PASSWORDS}|phrase|{_FREE}(?:{terms.SHORT}|{terms.CODES}|{terms.LOGINS}|code)s?(?!\w)"
"""Names of which one stands before every finding here, or after it if it has digits; for `re` with IGNORECASE."""
_WORDS = r"(?: [^ \n]+){0,3} "  # up to three words with the blanks around them
_DIGITS = r"(?s:.*)[0-9][ \-]?[0-9][ \-]?[0-9]"
_NAME_HINT = rf"(?i:{terms.PASSWORDS}|(?:^|[^A-Za-z])(?:{terms.SHORT})s?(?:[^A-Za-z]|$))"
_CHANGED_HINT = rf"(?i:(?:chang|set|switch|updat|änder)[^ \n]*{_WORDS}(?:{terms.PASSWORDS}|{terms.SHORT}))"
_TURNED_HINT = rf"(?i: (?:{_ARE}){_WORDS}(?:{terms.PASSWORDS}|pw|{terms.CODES}))"
_LOGIN_HINT = rf"(?i:{terms.LOGINS})"
_CODE_HINT = rf"(?i:code|código|{terms.CODES})s?(?:[^A-Za-z]){_DIGITS}"
_PHRASE_HINT = r"(?i:phrase)"
SIFT = (
    rf"(?i:{terms.PASSWORDS}|{terms.LOGINS}|phrase|code|código|"
    rf"(?:^|[^A-Za-z])(?:{terms.SHORT}|{terms.CODES})s?(?:[^A-Za-z]|$))"
)

RULES = tuple(
    Rule(hint, _search_for(pattern, check), SIFT, complete_sift=True)
    for hint, pattern, check in (
        (_PHRASE_HINT, _PHRASE, _check_phrase),
        (_LOGIN_HINT, _LOGIN, _check_login),
        (_CHANGED_HINT, _CHANGED, _check_named),
        (_NAME_HINT, _NAMED, _check_named),
        (_TURNED_HINT, _TURNED, _check_turned),
        (_CODE_HINT, _CODE, _check_code),
    )
)
