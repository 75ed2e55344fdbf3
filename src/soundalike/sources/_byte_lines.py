"""The lines of a file of any size, in UTF-8, for formats with one record a line."""

from collections.abc import Callable, Iterator

from soundalike.sources._file_reading import reported_chunks
from soundalike.sources._tree import Member
from soundalike.text_encoding import Utf8Chunks

LONGEST = 16 << 20  # bytes of a line; of a longer one only the beginning is returned, which is no record then


def byte_lines(member: Member, advance: Callable[[int], None]) -> Iterator[bytes]:
    """Lines without the blanks around them; `advance` is called with the bytes that were read."""
    rest, first, cut = b"", True, False
    for chunk in Utf8Chunks(lambda: reported_chunks(member, advance)):
        chunk = chunk.removeprefix(b"\xef\xbb\xbf") if first else chunk
        first = first and not chunk
        *lines, tail = chunk.split(b"\n")
        for line in lines:
            if not cut:
                yield (rest + line).strip()
            rest, cut = b"", False
        if not cut:
            rest += tail
        if len(rest) > LONGEST:
            yield rest[:LONGEST]
            rest, cut = b"", True
    if rest.strip():
        yield rest.strip()
