"""Small JSON files of an export, leniently: in any encoding, damaged or not."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from soundalike.sources._json_repair import PARSE_ERRORS, load_leniently, objects_in
from soundalike.sources._json_stream import JsonStream
from soundalike.sources._rows import clean
from soundalike.sources._tree import WHOLE, Member
from soundalike.text_encoding import Utf8Chunks, decode

MEMBER_LINE = 8 << 20  # bytes; a longer line of a file of JSON lines is lost


def load(member: Member) -> Any:
    """The value of a small file; None if it cannot be parsed or is too large. Raises ExportError if it is damaged."""
    if member.size > WHOLE:
        return None
    try:
        return load_leniently(decode(member.read())[0].encode())
    except PARSE_ERRORS:
        return None


def dicts(value: object) -> list[dict[str, Any]]:
    """The objects of a list; empty for anything else."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def text(value: object) -> str:
    """A string; empty for anything else."""
    return value if isinstance(value, str) else ""


def key(value: object) -> str:
    """An id, which may be a string or a number, as text; empty for anything else."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return clean(value[:200]) if isinstance(value, str) else str(value) if abs(value) < 1 << 200 else ""


def whole_number(value: object) -> int | None:
    """A number that may be written as a string; None if it is none, or lies outside of what a time can be."""
    try:
        number = float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else float("nan")
    except (ValueError, OverflowError):
        return None
    return int(number) if abs(number) < 1e17 else None


def iso_milliseconds(stamp: object) -> int | None:
    """An ISO 8601 time as milliseconds since 1970; without an offset it is read in this machine's zone."""
    try:
        return round(datetime.fromisoformat(text(stamp).strip()).timestamp() * 1000) if stamp else None
    except (ValueError, OverflowError, OSError):
        return None


@dataclass
class ObjectFile:
    """The objects of a file that is one JSON array, or one object with the array under `array`, or one object a line.

    `opening` matches the beginning of an object, as in `JsonStream`. After reading, `head` holds the small values
    around the array, `lost` counts what could not be parsed, `damaged` says whether anything was mended or cut off.
    """

    member: Member
    array: str | None
    opening: str
    head: dict[str, Any] = field(default_factory=dict)
    lost: int = 0
    damaged: bool = False

    def batches(self) -> Iterator[list[Any]]:
        """Lists of elements, of any type, in order."""
        path = () if self.array is None else (self.array,)
        stream = JsonStream(Utf8Chunks(self.member.chunks), [path], self.opening)
        for part in stream:
            self.head = part.head or self.head
            self.lost += part.lost
            yield part.elements
        self.damaged = stream.mended or not stream.complete


def json_lines(member: Member, opening: str) -> Iterator[list[Any]]:
    """The values of a file of JSON lines, some at a time; None for each line that holds none.

    A line that a writer broke or joined is searched for objects.
    """
    beginning, rest = re.compile(opening), b""
    for chunk in Utf8Chunks(member.chunks):
        lines = (rest + chunk).split(b"\n")
        rest = lines.pop()
        if len(rest) > MEMBER_LINE:
            lines.append(rest[:MEMBER_LINE])
            rest = b""
        yield [value for line in lines for value in _values(line, beginning)]
    yield list(_values(rest, beginning))


def _values(line: bytes, beginning: re.Pattern[str]) -> Iterator[Any]:
    line = line.removeprefix(b"\xef\xbb\xbf").strip(b" \t\r\n\x1e")
    if not line:
        return
    try:
        yield load_leniently(line)
    except PARSE_ERRORS:
        found = list(objects_in(line.decode("utf-8", "replace"), beginning))
        yield from found or [None]
