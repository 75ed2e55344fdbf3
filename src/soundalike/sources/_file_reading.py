"""Reads the files of an export one after another: progress in bytes, and the account of files with and without rows."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from soundalike.messages import FILES, FILES_READ, NO_ROWS, UNREADABLE_ROWS, Corpus
from soundalike.sources._rows import BATCH, RowCollector
from soundalike.sources._tree import Member

Advance = Callable[[int], None]  # bytes read since the last call


def reported_chunks(member: Member, advance: Advance) -> Iterator[bytes]:
    """The file's chunks; after each `advance` is called with its size."""
    for chunk in member.chunks():
        yield chunk
        advance(len(chunk))


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
    damaged: int = 0  # files that were mended or cut off, counted by whoever reads them
    done: int = 0
    total: int = field(init=False)

    def __post_init__(self) -> None:
        self.total = sum(member.size for member in self.files)

    def batches(self, read_file: Callable[[Member, Advance], Iterable[Corpus]]) -> Iterator[Corpus]:
        """The batches that `read_file` makes of each file; it calls its second argument with the bytes that it read."""
        for member in self.files:
            found = False
            for corpus in read_file(member, self._advance):
                found = found or bool(corpus.read)
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
        """A sentence on damaged files, if there are any."""
        return [f"Some files were damaged and read as far as possible ({self.damaged:,})."] if self.damaged else []

    def finish(self) -> None:
        """Report that everything was read."""
        self.on_progress(self.total, self.total)
