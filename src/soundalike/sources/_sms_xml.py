"""Parses the XML of SMS Backup & Restore as a stream.

The program writes emoji as two references to halves of a surrogate pair (`&#55357;&#56396;`), which XML forbids, and
pictures as attributes of many megabytes. Both are mended in the bytes before the parser sees them. Declarations of
entities are refused.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

from soundalike.errors import ExportError

Attributes = dict[str, str]
NULL = "null"  # what the program writes for nothing

_REFERENCE = re.compile(rb"&#(x[0-9A-Fa-f]{1,6}|[0-9]{1,7});(?:&#(x[0-9A-Fa-f]{1,6}|[0-9]{1,7});)?")
_HIGH = rb"&#(?:x[dD][89abAB][0-9A-Fa-f]{2}|55(?:29[6-9]|[3-9][0-9]{2})|56(?:[0-2][0-9]{2}|3[01][0-9]));"
_UNFINISHED = re.compile(rb"(?:%s)?(?:&[^;&]{0,10})?\Z" % _HIGH)  # a reference, or the first half of a pair
_PICTURE = 1024  # bytes of Base64 in a row; a text has blanks before that
_BASE64 = re.compile(rb"[A-Za-z0-9+/=]{%d,}" % _PICTURE)
_STEP = 1 << 16  # bytes that are parsed at once, so few that what becomes of them fits into a processor's cache
_FORBIDDEN = bytes(code for code in range(32) if code not in (9, 10, 13))
_HELD_BACK = 24  # bytes; two references are shorter


@dataclass(slots=True)
class SmsRecord:
    """One message as it was written: the kind `sms` or `mms`, its attributes, and the parts and addresses of an mms."""

    kind: str
    values: Attributes
    parts: list[Attributes] = field(default_factory=list)
    addresses: list[Attributes] = field(default_factory=list)


def known(values: Attributes, key: str) -> str:
    """A value; empty if it is missing or the word null."""
    found = values.get(key, "")
    return "" if found == NULL else found


class SmsParser:
    """Iterates over the records of a file in UTF-8, some at a time. `stated` is how many it says it has, `broken` where
    it breaks."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self.stated: int | None = None
        self.broken: str | None = None
        self._chunks = chunks
        self._open: SmsRecord | None = None
        self._done: list[SmsRecord] = []

    def __iter__(self) -> Iterator[list[SmsRecord]]:
        parser = expat.ParserCreate("utf-8")
        parser.StartElementHandler, parser.EndElementHandler = self._start, self._end
        parser.StartDoctypeDeclHandler = self._refuse
        try:
            for chunk in mended(self._chunks):
                for at in range(0, len(chunk), _STEP):
                    parser.Parse(chunk[at : at + _STEP], False)
                    yield self._taken()
            parser.Parse(b"", True)
        except expat.ExpatError as error:
            self.broken = str(error)
        yield self._taken()

    def _taken(self) -> list[SmsRecord]:
        taken, self._done = self._done, []
        return taken

    def _start(self, name: str, values: Attributes) -> None:
        if name == "sms" or name == "mms":
            self._open = SmsRecord(name, values)
        elif self._open and name == "part":
            self._open.parts.append({key: value for key, value in values.items() if key != "data"})
        elif self._open and name == "addr":
            self._open.addresses.append(values)
        elif name == "smses" and values.get("count", "").isdecimal() and len(values["count"]) < 10:
            self.stated = int(values["count"])

    def _end(self, name: str) -> None:
        if self._open and name == self._open.kind:
            self._done.append(self._open)
            self._open = None

    def _refuse(self, *_: object) -> None:
        raise ExportError(
            "The backup of text messages begins with a document type, which no such backup has.",
            "Use the file exactly as SMS Backup & Restore wrote it.",
        )


def mended(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The bytes with surrogate pairs as one character each, without pictures and characters that XML forbids."""
    rest = b""
    for chunk in chunks:
        chunk = rest + chunk.translate(None, _FORBIDDEN)
        found = _UNFINISHED.search(chunk, max(0, len(chunk) - _HELD_BACK))
        cut = found.start() if found else len(chunk)
        rest = chunk[cut:]
        yield _mended(chunk[:cut])
    yield _mended(rest)


def _mended(chunk: bytes) -> bytes:
    if b"&#" in chunk:
        chunk = _REFERENCE.sub(_joined, chunk)
    return _BASE64.sub(b"", chunk) if _may_have_pictures(chunk) else chunk


def _may_have_pictures(chunk: bytes) -> bool:
    """Whether there are `_PICTURE` bytes without a blank; looks at few bytes, the regular expression reads all."""
    at = 0
    while len(chunk) - at >= _PICTURE:
        blank = chunk.rfind(b" ", at, at + _PICTURE)
        if blank < 0:
            return True
        at = blank + 1
    return False


def _joined(found: re.Match[bytes]) -> bytes:
    first, second = (_code(found[place]) for place in (1, 2))
    if 0xD800 <= first < 0xDC00 <= second < 0xE000:
        return chr(0x10000 + (first - 0xD800 << 10) + second - 0xDC00).encode()
    return _reference(first) + (_reference(second) if found[2] else b"")


def _code(digits: bytes | None) -> int:
    if not digits:
        return 0
    return int(digits[1:], 16) if digits.startswith(b"x") else int(digits)


def _reference(code: int) -> bytes:
    """A reference that XML allows; U+FFFD for half a pair, a blank for a control character."""
    if code in (9, 10, 13):
        return b"&#%d;" % code
    allowed = 32 <= code < 0xD800 or 0xE000 <= code < 0xFFFE or 0x10000 <= code <= 0x10FFFF
    return b"&#%d;" % code if allowed else b" " if code < 32 else "\ufffd".encode()
