"""Reads the own format, the way in for every chat that no other source knows: JSON lines or CSV.

Columns are `sent_at`, `channel`, `author`, `text`, `reply_to`, `id` and `me`; only author and text are needed, and
others are ignored. docs/sources.md describes them.
"""

import csv
import io
import re
from collections.abc import Callable, Iterator

from soundalike.messages import UNREADABLE_ROWS, Corpus, add_counts, empty
from soundalike.sources import _local_time
from soundalike.sources._byte_lines import byte_lines
from soundalike.sources._file_reading import Advance, FileReading
from soundalike.sources._file_splitter import split_csv
from soundalike.sources._heads import heads
from soundalike.sources._json_repair import PARSE_ERRORS, load_leniently
from soundalike.sources._message_records import MessageRecords
from soundalike.sources._rows import BATCH, RowCollector, authors_frame, channels_frame
from soundalike.sources._tree import Member, Tree

NAME = "message_table"
LOOKED_FOR = "a CSV or JSON lines with at least the columns author and text"
OTHERS = "files that are no table of messages"

_NAMES = re.compile(r"(?i)\.(csv|tsv|jsonl|ndjson)$")
_CSV = re.compile(r"(?i)\.(csv|tsv)$")
_NEEDED = {"author", "text"}
_OTHER_FORMATS = {"_type", "authorid", "is_from_me", "rowid"}  # columns of exports that are read elsewhere
_UNIT = 1000  # ms


def recognise(tree: Tree) -> bool:
    """Whether a CSV's first line or a JSON line has author and text, and is no other program's."""
    return any(_is_table(member, text) for member, text in heads(tree, _NAMES))


def _is_table(member: Member, text: str) -> bool:
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        return False
    if _CSV.search(member.name):
        columns = {name.strip(' "').casefold() for name in lines[0].split(_delimiter(lines[0]))}
    else:
        record = _record(lines[0].encode("utf-8", "replace"))
        columns = set(record) if record else set()
    return columns >= _NEEDED and not columns & _OTHER_FORMATS


def _delimiter(line: str) -> str:
    return max(",;\t", key=line.count)


def read(tree: Tree, on_progress: Callable[[int, int], None]) -> Iterator[Corpus]:
    """Batches of all tables; progress in bytes. Raises ExportError if a file is damaged below its text."""
    files = [member for member, text in heads(tree, _NAMES, None) if _is_table(member, text)]
    reading = FileReading(files, on_progress)
    records = MessageRecords(RowCollector(NAME, _UNIT))

    def read_table(member: Member, advance: Advance) -> Iterator[Corpus]:
        records.begin(member.name)
        for _ in _csv(records, reading, member) if _CSV.search(member.name) else _lines(records, member, advance):
            yield records.rows.batch()

    yield from reading.batches(read_table)
    skipped = reading.skipped
    add_counts(skipped, {OTHERS: len(tree.members) - len(files)})
    kinds = {key: "dm" if len(people) <= 2 else "group" for key, people in records.speakers.items()}
    channels = channels_frame({key: (title, kinds[key]) for key, title in records.channels.items()})
    authors, notes = authors_frame(records.people, records.owners), reading.notes + _notes(records)
    yield Corpus(empty(), authors, channels, reading.read, skipped, notes)
    reading.finish()


def _lines(records: MessageRecords, member: Member, advance: Callable[[int], None]) -> Iterator[None]:
    """Add the records of JSON lines; yields whenever a batch is full, and at the end."""
    for number, line in enumerate(byte_lines(member, advance), 1):
        if not line:
            continue
        record = _record(line)
        if record is None:
            records.skip(UNREADABLE_ROWS, number)
        else:
            records.add(record, number)
        if len(records.rows) >= BATCH:
            yield
    yield


def _record(line: bytes) -> dict[str, object] | None:
    """The object in a line, with its keys in lower case; None if there is none."""
    try:
        found = load_leniently(line)
    except PARSE_ERRORS:
        return None
    return {str(key).casefold(): value for key, value in found.items()} if isinstance(found, dict) else None


def _csv(records: MessageRecords, reading: FileReading, member: Member) -> Iterator[None]:
    """Add the records of a CSV; yields whenever a batch is full, and at the end."""
    before = 0  # lines of the parts so far, without their headers
    for part in split_csv(reading.csv_chunks(member)):
        text = part.decode("utf-8", "replace").removeprefix("\ufeff")
        start = text[: re.search(r"\r\n|\r|\n|$", text).start()]  # type: ignore[union-attr]
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(start))
        header: list[str] | None = None
        line = 1
        for row in _rows(reader):
            if row is None:
                records.skip(UNREADABLE_ROWS, before + line)
            elif header is None:
                header = [name.strip(' "').casefold() for name in row]
            elif row and len(row) != len(header):
                records.skip(UNREADABLE_ROWS, before + line)
            elif row:
                records.add(dict(zip(header, row, strict=True)), before + line)
            line = reader.line_num + 1
        before += reader.line_num - 1
        if len(records.rows) >= BATCH:
            yield
    yield


def _rows(reader: Iterator[list[str]]) -> Iterator[list[str] | None]:
    """All rows; None for one that is too broken to be read."""
    while True:
        try:
            yield next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield None


def _notes(records: MessageRecords) -> list[str]:
    notes = [_local_time.NOTE] if records.local_times else []
    if records.timeless:
        notes.append(
            f"Messages without sent_at ({records.timeless:,}) were taken to follow the one before by a second, so they "
            "count as one conversation."
        )
    notes += [f"The first of the {reason} is {where}." for reason, where in records.bad.items()]
    return notes
