"""Messages of a DiscordChatExporter CSV file, of today's and of 2019's spelling, as rows of a `RowCollector`.

    "AuthorID","Author","Date","Content","Attachments","Reactions"     ISO 8601 dates
    AuthorID;Author;Date;Content;Attachments;Reactions;                dates such as 14-Oct-19 10:35 PM

Neither has ids of messages, nor replies. The dates of 2019, and those that some versions spell as the computer does
(10/14/2019 10:35 PM, 14.10.2019 22:35), are local times without a zone.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from soundalike.messages import BY_THE_APP, UNREADABLE_ROWS
from soundalike.sources._file_splitter import split_csv
from soundalike.sources._json_files import iso_milliseconds
from soundalike.sources._local_time import LocalClock
from soundalike.sources._people import one_line
from soundalike.sources._rows import RowCollector, clean
from soundalike.sources._whatsapp_dates import DateOrder, decide
from soundalike.sources._whatsapp_lines import Header, parse_header

HEADER = r'\A"?AuthorID"?[,;]"?Author"?[,;]"?Date"?[,;]"?Content'
_OLD_DATES = ["%d-%b-%y %I:%M %p", "%d-%b-%y %H:%M", "%d-%b-%Y %I:%M %p"]
_TAG = re.compile(r"#[0-9]{1,4}\Z")
_WIDTH = 4  # fields that are needed
_BY_THE_APP = re.compile(
    r"(?:Added .{1,100} to|Removed .{1,100} from|Left) the group\.|(?:Added|Removed) a recipient\."
    r"|Started a call that lasted [\d.,]+ minutes\.|Changed the channel (?:icon\.|name(?:\.|: .*))"
    r"|Pinned a message\.|Started a thread\.|Joined the server\."
)  # what the program writes for rows of the app, in every language; a CSV has no types


@dataclass
class CsvReader:
    """Adds the rows of one file to `rows`; `people` are the names of their authors by key, `order` is that of day and
    month where the file spells its dates in numbers as the computer does, and `example` one of them."""

    rows: RowCollector
    channel: str
    people: dict[str, str] = field(default_factory=dict)
    has_local_times: bool = False
    order: DateOrder | None = None
    example: str = ""
    _clock: LocalClock = field(default_factory=LocalClock)

    def read(self, chunks: Iterable[bytes]) -> Iterator[None]:
        """Read the file; a stop after each piece of a few MB."""
        self.rows.restart()
        for piece in split_csv(chunks):
            text = piece.decode("utf-8", "replace").removeprefix("\ufeff").replace("\0", "")
            delimiter = max(",;", key=text.partition("\n")[0].count)
            found = list(_fields(text, delimiter))
            if self.order is None:
                self._decide(found)
            for fields in found:
                self._add(fields)
            yield

    def _decide(self, rows: Sequence[list[str]]) -> None:
        """Find the order of day and month in the first rows of the file, some MB of them."""
        headers = [header for fields in rows if len(fields) >= _WIDTH and (header := _numeric(fields[2]))]
        if headers:
            self.order, self.example = decide(headers), headers[0].written

    def _add(self, fields: list[str]) -> None:
        if len(fields) < _WIDTH or not fields[0].strip().isdigit():
            self.rows.skip(UNREADABLE_ROWS)
            return
        author, name, date, text = (clean(field) for field in fields[:_WIDTH])
        author = author.strip()
        if _BY_THE_APP.fullmatch(text):
            self.rows.skip(BY_THE_APP)
            return
        sent, local = self._sent_at(date)
        if self.rows.add(self.channel, author, sent, text.replace("\r\n", "\n"), local=local):
            self.people.setdefault(author, one_line(_TAG.sub("", name)) or "someone")

    def _sent_at(self, date: str) -> tuple[int | None, datetime | None]:
        """Milliseconds since 1970, and the local time. The dates of 2019 are local, later ones have their offset."""
        header = _numeric(date)
        moment = self.order.moment(header) if header and self.order else _spelled(date)
        if moment is None or moment.tzinfo:
            return iso_milliseconds(date), None
        self.has_local_times = True
        return self._clock.utc(moment), moment


def _fields(text: str, delimiter: str) -> Iterator[list[str]]:
    """The rows below the header; an empty one for each that is too long or has fewer fields than the header."""
    reader, width = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), 0
    while True:
        try:
            for row in reader:
                if row and width:
                    yield row if len(row) >= width else []
                width = width or len(row)
            return
        except csv.Error:  # a field longer than the module takes; reading goes on behind it
            width = width or _WIDTH
            yield []


def _numeric(date: str) -> Header | None:
    """A date in numbers and no ISO 8601, as the header of no message; None for others."""
    return None if _spelled(date) else parse_header(f"{date.strip()} - ")


def _spelled(date: str) -> datetime | None:
    try:
        return datetime.fromisoformat(date.strip())
    except ValueError:
        pass  # not of a version that writes ISO 8601
    for spelling in _OLD_DATES:
        try:
            return datetime.strptime(date.strip(), spelling)
        except ValueError:
            continue
    return None
