"""Messages of a DiscordChatExporter CSV file, of today's and of 2019's spelling, as rows of a `RowCollector`.

    "AuthorID","Author","Date","Content","Attachments","Reactions"     ISO 8601 dates
    AuthorID;Author;Date;Content;Attachments;Reactions;                dates such as 14-Oct-19 10:35 PM

Neither has ids of messages, nor replies. The dates of 2019 are local times without a zone.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from datetime import datetime

from soundalike.messages import UNREADABLE_ROWS
from soundalike.sources._chat_exporter_messages import milliseconds
from soundalike.sources._file_splitter import split_csv
from soundalike.sources._people import one_line
from soundalike.sources._rows import RowCollector, clean

HEADER = r'\A"?AuthorID"?[,;]"?Author"?[,;]"?Date"?[,;]"?Content'
_OLD_DATES = ["%d-%b-%y %I:%M %p", "%d-%b-%y %H:%M", "%d-%b-%Y %I:%M %p", "%m/%d/%Y %I:%M %p", "%d.%m.%Y %H:%M"]
_TAG = re.compile(r"#[0-9]{1,4}\Z")
_WIDTH = 4  # fields that are needed


def read_csv(chunks: Iterable[bytes], channel: str, rows: RowCollector, people: dict[str, str]) -> Iterator[None]:
    """Add a file's rows to `rows` and its people to `people`; a stop after each piece of a few MB."""
    rows.restart()
    for piece in split_csv(chunks):
        text = piece.decode("utf-8", "replace").removeprefix("\ufeff").replace("\0", "")
        delimiter = max(",;", key=text.partition("\n")[0].count)
        for fields in _fields(text, delimiter):
            _add(fields, channel, rows, people)
        yield


def _fields(text: str, delimiter: str) -> Iterator[list[str]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    next(reader, None)  # the header
    while True:
        try:
            yield from (row for row in reader if row)
            return
        except csv.Error:  # a field longer than the module takes; reading goes on behind it
            yield []


def _add(fields: list[str], channel: str, rows: RowCollector, people: dict[str, str]) -> None:
    if len(fields) < _WIDTH or not fields[0].strip().isdigit():
        rows.skip(UNREADABLE_ROWS)
        return
    author, name, date, text = (clean(field) for field in fields[:_WIDTH])
    author = author.strip()
    if rows.add(channel, author, _moment(date), text.replace("\r\n", "\n")):
        people.setdefault(author, one_line(_TAG.sub("", name)) or "someone")


def _moment(date: str) -> int | None:
    if (sent := milliseconds(date)) is not None:
        return sent
    for spelling in _OLD_DATES:
        try:
            return round(datetime.strptime(date.strip(), spelling).timestamp() * 1000)
        except (ValueError, OverflowError, OSError):
            continue
    return None
