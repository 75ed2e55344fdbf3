"""Reads the files of an export one after another: progress in bytes, the account of files with and without rows, and
which of them were damaged or cut off."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from soundalike.messages import FILES, FILES_READ, NO_ROWS, ROWS, UNREADABLE_ROWS, Corpus
from soundalike.sources._json_files import load
from soundalike.sources._json_levels import Path
from soundalike.sources._json_stream import JsonStream, StreamPart
from soundalike.sources._rows import BATCH, RowCollector
from soundalike.sources._tree import Member
from soundalike.text_encoding import Utf8Chunks, decode

Advance = Callable[[int], None]  # bytes read since the last call


def reported_chunks(member: Member, advance: Advance) -> Iterator[bytes]:
    """The file's chunks; after each `advance` is called with its size."""
    for chunk in member.chunks():
        yield chunk
        advance(len(chunk))


def text_lines(member: Member) -> list[str]:
    """The lines of a text file in any encoding, without their ends; after a last line with an end comes an empty one.

    Raises ExportError if the file is damaged or far too long.
    """
    return decode(member.read())[0].replace("\r\n", "\n").replace("\r", "\n").split("\n")


def unended_note(count: int) -> str:
    """A sentence on so many files of lines whose last line has no end."""
    return (
        f"Some files have no line break at their end ({count:,}): if they were cut off, their last message is "
        "incomplete and later ones are missing."
    )


class ReadObjects(Protocol):
    """A file of objects. Once it was read, `lost` is how many could not be parsed, `damaged` whether it was mended or
    cut off."""

    lost: int
    damaged: bool


@dataclass
class FileReading:
    """The files of one export, and which of them were read so far; `on_progress` takes bytes done and bytes in all."""

    files: Sequence[Member]
    on_progress: Callable[[int, int], None]
    with_rows: int = 0
    damaged: int = 0  # files that were mended or cut off
    unended: int = 0  # files of lines whose last line has no end
    done: int = 0
    total: int = field(init=False)

    def __post_init__(self) -> None:
        self.total = sum(member.size for member in self.files)

    def batches(self, read_file: Callable[[Member, Advance], Iterable[Corpus]]) -> Iterator[Corpus]:
        """The batches that `read_file` makes of each file; it calls its second argument with the bytes that it read."""
        for member in self.files:
            found = False
            for corpus in read_file(member, self._advance):
                found = found or bool(corpus.read.get(ROWS))
                yield corpus
            self.with_rows += found

    def full_batches(
        self, rows: RowCollector, read_file: Callable[[Member, Advance], Iterable[None]]
    ) -> Iterator[Corpus]:
        """Batches of many files together. `read_file` adds a file's rows and yields wherever a batch may end."""
        for member in self.files:
            before = rows.total
            for _ in read_file(member, self._advance):
                if len(rows) >= BATCH:
                    yield rows.batch()
            self.with_rows += rows.total > before
        yield rows.batch()

    def json_parts(
        self, member: Member, paths: Sequence[Path], opening: str, parse: Callable[[bytes], Any] | None = None
    ) -> Iterator[StreamPart]:
        """The parts of a JSON file as `JsonStream` reads it."""
        stream = JsonStream(self.chunks(member), paths, opening, parse)
        yield from stream
        self.damaged += stream.mended or not stream.complete

    def chunks(self, member: Member) -> Utf8Chunks:
        """The chunks of a file in UTF-8."""
        return Utf8Chunks(lambda: reported_chunks(member, self._advance))

    def csv_chunks(self, member: Member) -> Iterator[bytes]:
        """The chunks of a CSV in UTF-8."""
        end = b"\n"
        for chunk in self.chunks(member):
            yield chunk
            end = chunk[-1:] or end
        self.unended += end not in b"\r\n"

    def lines(self, member: Member) -> list[str]:
        """What `text_lines` returns."""
        lines = text_lines(member)
        self._advance(member.size)
        self.unended += lines[-1] != ""
        return lines

    def load(self, member: Member) -> Any:
        """The value of a small JSON file beside the messages; None if it cannot be parsed."""
        value = load(member)
        self.damaged += value is None
        return value

    def add_objects(
        self, rows: RowCollector, file: ReadObjects, batches: Iterable[list[Any]], add: Callable[[Any], None]
    ) -> Iterator[None]:
        """Give each object of one file to `add`, and count what was lost; yields wherever a batch of rows may end."""
        for batch in batches:
            for one in batch:
                add(one)
            yield
        if file.lost:
            rows.skip(UNREADABLE_ROWS, file.lost)
        self.damaged += file.damaged

    def _advance(self, size: int) -> None:
        self.done += size
        self.on_progress(min(self.done, self.total), self.total)

    @property
    def read(self) -> dict[str, int]:
        """The counts of files for `Corpus.read`."""
        return {FILES: len(self.files), FILES_READ: self.with_rows}

    @property
    def skipped(self) -> dict[str, int]:
        """The count of files without rows for `Corpus.skipped`; empty if there is none."""
        without = len(self.files) - self.with_rows
        return {NO_ROWS: without} if without else {}

    @property
    def notes(self) -> list[str]:
        """Sentences on damaged files and on those that may have been cut off, if there are any."""
        notes = []
        if self.damaged:
            notes.append(f"Some files were damaged or cut off and read as far as possible ({self.damaged:,}).")
        return notes + ([unended_note(self.unended)] if self.unended else [])

    def finish(self) -> None:
        """Report that everything was read."""
        self.on_progress(self.total, self.total)
