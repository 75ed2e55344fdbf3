"""Rules for e-mail addresses: with an @ in any script, and spelt out as people do to hide them from programs.

An address with @ needs only its form. A spelt one, "sam at example dot com", needs a domain that exists and a sign
that it is no ordinary sentence: brackets around "at", a word for @ that has no other meaning, a mail provider, a
spelt dot, or words that announce an address. File names, versions and `git@` stay. Lengths are bounded (RFC 5321: 64
characters before the @, 63 in a label), so that the search is linear.
"""

import re

from soundalike.redact import domains
from soundalike.redact.rule import Finding, Rule, accept_as, search_for

_KIND = "e-mail addresses"
_W = r"\w\u0900-\u0dff\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # `\w` lacks the vowel signs of these scripts
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3"  # words follow at once
_ENDS = rf"(?!@|(?![{_UNSPACED}])\w)"
_TOP = rf"(?:xn--[A-Za-z0-9\-]{{2,59}}|[A-Za-z]{{2,24}}){_ENDS}|{domains.SCRIPTS}|[^\W\d_]{{2,24}}(?!@|\w)"
_BEFORE = rf"(?<![{_W}.+%\-])"
_EMAIL = re.compile(rf"{_BEFORE}@?[{_W}.+%\-]*(?:(?<=\w)['’][{_W}.+%\-]*)?[{_W}]@(?:[{_W}\-]+[.．])+(?:{_TOP})")
_ASCII_LOCAL = re.compile(rf"(?<=[{_UNSPACED}])[A-Za-z0-9][A-Za-z0-9_.+%\-]*@")
_NO_EMAIL = re.compile(
    r"git@|.*@[0-9]+\.[0-9]|.*\.(?:png|jpe?g|gif|webp|svg|ico|pdf|js|css|html?|txt|json|zip|mp[34])$", re.IGNORECASE
)

_DOT_WORDS = "|".join(domains.DOTS)
_OPEN, _CLOSE = r" ?[\[({<]{1,2} ?", r" ?[\])}>]{1,2} ?"
_DOT = rf"{_OPEN}(?:{_DOT_WORDS}|\.){_CLOSE}|[ ](?P<word>{_DOT_WORDS})[ ]|(?P<spaced>[ ][.．][ ]?)|[.．]"
_PART = re.compile(rf"(?:{_DOT})(?P<label>[{_W}\-]{{1,63}})", re.IGNORECASE)
_UNNAMED = _DOT.replace("?P<word>", "?:").replace("?P<spaced>", "?:")
_NAME_SIGNS = rf"{_OPEN}(?:{_DOT_WORDS}){_CLOSE}|[ ](?:{_DOT_WORDS}|underscore|dash|minus|unterstrich|guion)[ ]"
_AT_WORDS = rf"at|ät|{domains.AT_SIGNS}"
_SPELT = re.compile(
    rf"(?<![{_W}.+%@'’\-])(?P<more>(?:[{_W}.+%\-]{{1,32}}+(?:{_NAME_SIGNS})){{0,3}})(?P<local>[{_W}.+%'’\-]{{1,64}}+)"
    rf"(?:(?P<marked>{_OPEN}(?:{_AT_WORDS}|@){_CLOSE}|[ ](?:{domains.AT_SIGNS})[ ])"
    rf"|[ ]@[ ]|(?P<plain>[ ](?:at|ät)[ ]|[ ]@|@[ ]?))"
    rf"(?P<host>[{_W}\-]{{1,63}}+)(?P<parts>(?:(?:{_UNNAMED})[{_W}\-]{{1,63}}){{1,4}})",
    re.IGNORECASE,
)
_JOINED = re.compile(
    r"(?<![\w.+%@\-])[\w.+]{1,64}?[_\-]at[_\-][\w\-]{1,63}?(?:[_\-]dot[_\-][a-z]{2,12}){1,3}(?![\w@])", re.IGNORECASE
)
_STRUCTURED = re.compile(r"[^\W\d_]{2,}[._][\w.\-]+")
_VERB = re.compile(r"\w{3,}(?:ing|[^m]ed)|\w+['’](?:m|s|re|ve|ll|d|t)")


def _check_email(match: re.Match[str]) -> Finding | None:
    """An address in any script, without preceding words of a script that has no blanks."""
    if _NO_EMAIL.match(match[0].lstrip("@")):
        return None
    own = _ASCII_LOCAL.search(match[0])
    return _KIND, match.start() + (own.start() if own else 0), match.end()


def _check_spelt(match: re.Match[str]) -> Finding | None:
    """A spelt address up to its last part that is a top-level domain, unless it is an ordinary sentence."""
    ends = [(part, match.start("parts") + part.end()) for part in _PART.finditer(match["parts"])]
    found = next(((part, end) for part, end in reversed(ends) if _is_top(part, end, match)), None)
    if found is None or _NO_EMAIL.match(f"{match['local']}@{match['host']}.{found[0]['label']}"):
        return None
    end = found[1]
    spelt_dot = any(part[0][0] not in ".．" for part, until in ends if until <= end)
    return (_KIND, _start(match), end) if match["marked"] or _is_address(match, spelt_dot, end) else None


def _is_top(part: re.Match[str], end: int, match: re.Match[str]) -> bool:
    """Whether the part can end a domain; fewer can after a spelt dot or a dot between blanks."""
    label = part["label"].lower()
    if part["word"] and not match["marked"]:
        return label in domains.DOTS[part["word"].lower()]
    if part["spaced"]:
        return label in domains.TOP - domains.SPOKEN
    return label in domains.TOP or re.fullmatch(domains.SCRIPTS, label) is not None


def _start(match: re.Match[str]) -> int:
    """Where the address begins: at the names and dots before its last name, unless the first is an ordinary word."""
    first = match["more"].split(" ", 1)[0].lower()
    return match.start("local") if first in domains.TALK else match.start()


def _is_address(match: re.Match[str], spelt_dot: bool, end: int) -> bool:
    """Whether the word before "at" is a name and the words after it a host."""
    local, host = match["local"].lower().replace("’", "'"), match["host"].lower()
    structured = _STRUCTURED.fullmatch(local) is not None
    if local in domains.TALK or not any(map(str.isalnum, local)) or (_VERB.fullmatch(local) and not structured):
        return False
    if host in domains.PROVIDERS:
        return True
    if host in domains.TALKED_ABOUT:
        return False
    return (
        spelt_dot or structured or (local not in domains.THINGS and (not match["plain"] or _is_announced(match, end)))
    )


def _is_announced(match: re.Match[str], end: int) -> bool:
    """Whether the address is its whole line, or words before it announce one."""
    text = match.string
    before, after = text[max(0, match.start() - 40) : match.start()], text[end : end + 2]
    alone = not before.rpartition("\n")[2].strip() and not after.partition("\n")[0].strip(" .,!?")
    return alone or domains.ANNOUNCED.search(before) is not None


SPOKEN = rf"(?:{_AT_WORDS}|{_DOT_WORDS}|underscore|dash|minus|unterstrich|guion)"
"""Words that may follow the first name in a spelt address, in any case."""
_SIGN_HINT = r"@[^ @\n]*[.．]"
_SPELT_HINT = (
    rf"(?i:[\[({{<] ?(?:{_AT_WORDS}|@) ?[\])}}>]| (?:{domains.AT_SIGNS}) |[_\-]at[_\-]"
    rf"|(?: (?:at|ät)|@) ?[^ @\n]+(?:(?: ?[\[({{<]{{1,2}} ?| )(?:{_DOT_WORDS})|[.．][^ .\n0-9]| [.．]| ?[\[({{<] ?\.))"
)
RULES = (
    Rule(_SIGN_HINT, search_for(_EMAIL, _check_email)),
    Rule(_SPELT_HINT, search_for(_SPELT, _check_spelt, step=True)),
    Rule(r"(?i:[_\-]at[_\-])", search_for(_JOINED, accept_as(_KIND)), _SPELT_HINT),
)
