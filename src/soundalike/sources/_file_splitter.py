"""Splits a message file of any size into parts that can be parsed one by one, so memory does not grow with the file.

Each part is a few MB and a complete file: a JSON array, or CSV with the header. Cuts are made only where no string can
be open.
"""

import re
from collections.abc import Iterable, Iterator

from soundalike.errors import ExportError

LONGEST = 32 << 20  # most bytes without a place to cut; a message has at most a few thousand characters
_LINE_END = re.compile(rb"\r?\n|\r(?=[^\n])")  # CR alone: macOS before version 10
_OPENING = re.compile(rb'\{\s*"[^"\\]{1,40}"')


def split_json(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Cut before the first key of an object, spelled as in this file (`{"ID"`).

    Quotes inside a JSON string are escaped, so these bytes cannot occur in a message's text.
    """
    buffer, opening, array = b"", b"", True
    for chunk in chunks:
        buffer += chunk
        if not opening and (found := _OPENING.search(buffer)):
            opening, array = found[0], buffer.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"[")
        cut = buffer.rfind(opening, len(opening) + 1) if opening else -1
        if cut > 0 and (head := buffer[:cut].rstrip().removesuffix(b",")) != b"[":
            yield head + b"]" if array else head
            buffer = b"[" + buffer[cut:] if array else buffer[cut:]
        _refuse_too_long(buffer)
    if buffer:
        yield buffer


def split_csv(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Cut after a line at whose end every quote is closed (RFC 4180: quotes inside a field are doubled)."""
    header, buffer, line_end = b"", b"", b""
    for chunk in chunks:
        buffer += chunk
        if not header and (found := _LINE_END.search(buffer)):
            line_end = b"\r" if found[0] == b"\r" else b"\n"
            header, buffer = buffer[: found.end()], buffer[found.end() :]
        cut = _closed_line(buffer, line_end) if header else 0
        if cut:
            yield header + buffer[:cut]
            buffer = buffer[cut:]
        _refuse_too_long(buffer)
    if buffer or header:
        yield header + buffer


def _closed_line(buffer: bytes, line_end: bytes) -> int:
    """The end of the last line after which no quote is open; 0 if there is none."""
    end = buffer.rfind(line_end)
    open_quotes = buffer.count(b'"', 0, end + 1) % 2
    while end >= 0 and open_quotes:
        before = buffer.rfind(line_end, 0, end)
        open_quotes ^= buffer.count(b'"', before + 1, end + 1) % 2
        end = before
    return end + 1


def _refuse_too_long(buffer: bytes) -> None:
    if len(buffer) > LONGEST:
        raise ExportError(
            f"A message file holds {LONGEST >> 20} MB without the end of a message.",
            "Use the export exactly as it was sent to you.",
        )
