"""Records of the own format -> rows of the message frame."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import MAXYEAR, datetime, timedelta

from soundalike.messages import NO_TIME, UNREADABLE_ROWS, WITHOUT_TEXT
from soundalike.sources._local_time import LocalClock
from soundalike.sources._people import SOMEONE, is_address, one_line, person
from soundalike.sources._rows import RowCollector

NO_AUTHOR = "messages without an author"

_MILLISECONDS = 100_000_000_000  # larger times are milliseconds
_LARGEST = 1e17  # ms; larger numbers are no times
_FIRST = 978_307_200_000  # ms; the time of a first row without one, in 2001
_UNIX = re.compile(r"-?[0-9]{9,18}(\.[0-9]{0,9})?")
_TRUE, _FALSE = ("true", "1", "yes"), ("false", "0", "no", "")

Record = Mapping[str, object]
_Time = tuple[int | None, datetime | None]  # milliseconds since 1970; the local time if that is how it is written


@dataclass
class MessageRecords:
    """Adds the records of one file after the other; notes the first bad line of each reason."""

    rows: RowCollector
    channels: dict[str, str] = field(default_factory=dict)  # key -> title
    speakers: dict[str, set[str]] = field(default_factory=dict)  # channel -> author keys
    people: dict[str, str] = field(default_factory=dict)
    owners: set[str] = field(default_factory=set)
    bad: dict[str, str] = field(default_factory=dict)  # reason -> where it was first
    timeless: int = 0
    local_times: bool = False
    _clock: LocalClock = field(default_factory=LocalClock)
    _before: int = _FIRST
    _before_local: datetime | None = None  # the same, if it was written without a zone
    _file: str = ""

    def begin(self, file: str) -> None:
        """Another file, whose rows may repeat those of others."""
        self.rows.restart()
        self._clock, self._before, self._before_local, self._file = LocalClock(), _FIRST, None, file

    def skip(self, reason: str, line: int) -> None:
        """Count a row that is not kept; `line` is where it begins."""
        self.rows.skip(reason)
        self.bad.setdefault(reason, f"line {line:,} of {self._file}")

    def add(self, record: Record, line: int) -> None:
        """Add one record, or count why not."""
        author, text = _text(record.get("author")), _text(record.get("text"))
        if not one_line(author):
            self.skip(NO_AUTHOR, line)
        elif not text.strip():
            self.skip(WITHOUT_TEXT, line)
        elif (sent := self._sent_at(record.get("sent_at")))[0] is None:
            self.skip(NO_TIME, line)
        elif (me := _truth(record.get("me"))) is None:
            self.skip(UNREADABLE_ROWS, line)
        else:
            self._keep(record, author, text, sent, me)

    def _keep(self, record: Record, author: str, text: str, sent: _Time, me: bool) -> None:
        source = self.rows.source
        title = one_line(_text(record.get("channel"))) or self._file.rpartition("/")[2].rpartition(".")[0] or "chat"
        channel = person(source, title)[0]
        key, name = person(source, author)
        id_, reply_to = (_text(record.get(column)).strip() for column in ("id", "reply_to"))
        if self.rows.add(
            channel,
            key,
            sent[0],
            text,
            id_=f"{channel}/{id_}" if id_ else None,
            reply_to=f"{channel}/{reply_to}" if reply_to else None,
            local=sent[1],
        ):
            self.channels[channel] = SOMEONE if is_address(title) else title
            self.speakers.setdefault(channel, set()).add(key)
            self.people[key] = name
            if me:
                self.owners.add(key)

    def _sent_at(self, value: object) -> _Time:
        """The time; a second after the row before if there is none; None if what is written is no time."""
        if value is None or (isinstance(value, str) and not value.strip()):
            self.timeless += 1
            self._before += 1000
            self._before_local = self._before_local and self._before_local + timedelta(seconds=1)
            return self._before, self._before_local
        sent, local = self._parsed(value)
        if sent is not None:
            self._before, self._before_local = sent, local
        return sent, local

    def _parsed(self, value: object) -> _Time:
        if isinstance(value, str):
            if not _UNIX.fullmatch(value.strip()):
                return self._iso(value.strip())
            value = float(value)
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < _LARGEST:
            return None, None
        return round(value if abs(value) > _MILLISECONDS else value * 1000), None

    def _iso(self, text: str) -> _Time:
        try:
            moment = datetime.fromisoformat(text)
            if moment.tzinfo:
                return round(moment.timestamp() * 1000), None
        except (ValueError, OverflowError):
            return None, None
        if moment.year == MAXYEAR:  # no time of a message, and nothing could follow it
            return None, None
        self.local_times = True
        return self._clock.utc(moment), moment


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1 << 63 else ""


def _truth(value: object) -> bool | None:
    """What the column `me` says; None if it says neither."""
    word = "" if value is None else str(value).strip().casefold()
    return True if word in _TRUE else False if word in _FALSE else None
