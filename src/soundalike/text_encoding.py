"""Decodes files that another program has saved in another encoding.

Discord writes UTF-8. Editors and spreadsheets save UTF-16 or UTF-32, with or without a byte-order mark, or cp1252, the
Windows encoding of western Europe. Bytes that are not UTF-8 are decoded as cp1252; none becomes U+FFFD.
"""

import codecs
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

UTF_8, WINDOWS, MIXED = "UTF-8", "Windows-1252", "UTF-8 with Windows-1252 inside"

_MARKS = [  # longer ones first: the mark of UTF-32-LE begins with that of UTF-16-LE
    (codecs.BOM_UTF32_LE, "UTF-32-LE"),
    (codecs.BOM_UTF32_BE, "UTF-32-BE"),
    (codecs.BOM_UTF16_LE, "UTF-16-LE"),
    (codecs.BOM_UTF16_BE, "UTF-16-BE"),
]
_UNMARKED = [  # files begin with two ASCII characters, so their zero bytes show the encoding (RFC 4627, section 3)
    (re.compile(rb"[^\0]\0\0\0[^\0]\0\0\0"), "UTF-32-LE"),
    (re.compile(rb"\0\0\0[^\0]\0\0\0[^\0]"), "UTF-32-BE"),
    (re.compile(rb"[^\0]\0[^\0]\0"), "UTF-16-LE"),
    (re.compile(rb"\0[^\0]\0[^\0]"), "UTF-16-BE"),
]
_STRAY = re.compile("[\udc80-\udcff]+")  # what `surrogateescape` makes of bytes that are not UTF-8
_UNDEFINED = b"\x81\x8d\x8f\x90\x9d"  # in cp1252; decoded as control characters, as browsers do
_FROM_LATIN_1 = {byte: bytes([byte]).decode("cp1252") for byte in range(0x80, 0xA0) if byte not in _UNDEFINED}


def decode(raw: bytes) -> tuple[str, str]:
    """The text of a whole file without its byte-order mark, and the name of the encoding."""
    if wide := _wide(raw):
        return raw.decode(wide, "ignore").removeprefix("\ufeff"), wide
    try:
        return raw.decode("utf-8-sig"), UTF_8
    except UnicodeDecodeError:
        encoding = _EncodingCounts().add(raw).encoding
        return _decoded(raw, encoding).removeprefix("\ufeff"), encoding


def _wide(raw: bytes) -> str | None:
    marked = (name for mark, name in _MARKS if raw.startswith(mark))
    return next(marked, None) or next((name for pattern, name in _UNMARKED if pattern.match(raw)), None)


def _decoded(raw: bytes, encoding: str) -> str:
    """Decode as cp1252 all bytes if `encoding` is WINDOWS, else only those that are not UTF-8."""
    if encoding == WINDOWS:
        return raw.decode("latin-1").translate(_FROM_LATIN_1)
    escaped = raw.decode("utf-8", "surrogateescape")
    return _STRAY.sub(lambda stray: _decoded(stray[0].encode("utf-8", "surrogateescape"), WINDOWS), escaped)


@dataclass
class _EncodingCounts:
    """Counts, over a whole file, non-ASCII characters that are valid UTF-8 and bytes that are not."""

    characters: int = 0
    strays: int = 0

    def add(self, raw: bytes) -> "_EncodingCounts":
        text = raw.decode("utf-8", "ignore")
        self.characters += len(text) - len(text.encode("ascii", "ignore"))
        self.strays += len(raw) - len(text.encode())
        return self

    @property
    def encoding(self) -> str:
        """The encoding with the larger count: few cp1252 letters in a row are valid UTF-8 by chance."""
        return MIXED if self.characters > self.strays else WINDOWS


class Utf8Chunks:
    """The bytes of a large file as UTF-8, chunk by chunk; `encoding` is final once all chunks have been read.

    `chunks` returns the bytes from the beginning at each call: a file that turns out not to be UTF-8 is read a second
    time to find its encoding. Chunks yielded before that were valid UTF-8.
    """

    def __init__(self, chunks: Callable[[], Iterator[bytes]]) -> None:
        self._chunks = chunks
        self.encoding = UTF_8

    def __iter__(self) -> Iterator[bytes]:
        rest = b""
        decoder: codecs.IncrementalDecoder | None = None
        for number, chunk in enumerate(self._chunks()):
            if not number and (wide := _wide(chunk)):
                self.encoding, decoder = wide, codecs.getincrementaldecoder(wide)("ignore")
            if decoder:
                yield decoder.decode(chunk).encode()
                continue
            chunk = rest + chunk
            end = _end_of_last_character(chunk)
            yield self._utf8(chunk[:end])
            rest = chunk[end:]
        yield self._utf8(rest)

    def _utf8(self, chunk: bytes) -> bytes:
        if self.encoding == UTF_8:
            if chunk.isascii():
                return chunk
            try:
                chunk.decode()
            except UnicodeDecodeError:
                self.encoding = self._counted()
            else:
                return chunk
        return _decoded(chunk, self.encoding).encode()

    def _counted(self) -> str:
        counts = _EncodingCounts()
        for chunk in self._chunks():
            counts.add(chunk)
        return counts.encoding


def _end_of_last_character(chunk: bytes) -> int:
    """The chunk's length without an incomplete UTF-8 character at its end."""
    for back in range(1, min(len(chunk), 3) + 1):
        byte = chunk[-back]
        if byte < 0x80:
            break
        if byte >= 0xC0:
            whole = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return len(chunk) - back if whole > back else len(chunk)
    return len(chunk)
