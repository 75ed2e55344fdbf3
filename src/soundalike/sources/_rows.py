"""Rows of the message frame, collected one by one by sources that read row by row; each is kept or counted.

A format without message ids gets ids made from channel, second, author and text, and the position among rows that
share all four, so that two overlapping exports of one chat merge exactly. Where a format tells local times without a
zone, the second is the local one as it is written, so that an export has the same ids on machines in any zone. Where a
format tells the time by the second or the minute only, rows of one such unit get successive milliseconds, so that they
stay in the file's order.
"""

import re
import time
from datetime import datetime
from hashlib import blake2b

import polars as pl

from soundalike.messages import (
    AUTHORS_SCHEMA,
    CHANNELS_SCHEMA,
    IMPOSSIBLE_TIME,
    NO_TIME,
    ROWS,
    SCHEMA,
    WITHOUT_TEXT,
    Corpus,
    add_counts,
)

BATCH = 50_000  # rows of one batch

_FIRST_DAY = 86_400_000  # ms; clocks that were never set show the day before
_DAY = 86_400_000
_RECENT = 64  # times of a channel that are remembered: a row that came late stands near those of its time
_CONTROL = {code: None for code in range(32) if code not in (9, 10, 13)}
_UNCLEAN = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")


class RowCollector:
    """Collects the rows of one source; `unit` is what the format's times are multiples of, in milliseconds."""

    def __init__(self, source: str, unit: int = 1) -> None:
        self.source = source
        self.total = 0  # rows kept or skipped so far, those of earlier batches included
        self._reported = 0  # those of `total` that earlier batches have
        self.skipped: dict[str, int] = {}
        self._unit = unit
        self._rows: list[tuple[str, str, str, int, str, str | None]] = []
        self._seen: set[int] = set()
        self._repeats: dict[int, int] = {}
        self._recent: dict[str, dict[int, int]] = {}  # channel -> time -> place of the last row of that time
        self._latest = int(time.time() * 1000) + _DAY

    def __len__(self) -> int:
        return len(self._rows)

    def add(
        self,
        channel: str,
        author: str,
        sent_at: int | None,
        text: str,
        *,
        id_: str | None = None,
        reply_to: str | None = None,
        local: datetime | None = None,
    ) -> bool:
        """Keep one row, sent at `sent_at` (UTC, ms since 1970), or count why not; returns whether it was kept.

        `local` is the time as the format writes it, if that is a local one without a zone.
        """
        words = clean(text).strip()
        if not words:
            self.skip(WITHOUT_TEXT)
        elif sent_at is None:
            self.skip(NO_TIME)
        elif not _FIRST_DAY <= sent_at <= self._latest:
            self.skip(IMPOSSIBLE_TIME)
        else:
            self.total += 1
            second = local.isoformat(timespec="seconds") if local else str(sent_at // 1000)
            id_ = clean(id_) if id_ else self._made_id(channel, author, second, words)
            replied = clean(reply_to) if reply_to else None
            self._rows.append((id_, channel, author, self._ordered(channel, sent_at), words, replied))
            return True
        return False

    def skip(self, reason: str, count: int = 1) -> None:
        """Count rows that are read and not kept; `reason` begins with the word `messages`."""
        self.total += count
        add_counts(self.skipped, {reason: count})

    def restart(self) -> None:
        """Begin another file, which may repeat rows of those before: equal rows are counted from one again."""
        self._seen.clear()
        self._repeats.clear()
        self._recent.clear()

    def batch(self) -> Corpus:
        """What was collected since the last batch."""
        columns = list(zip(*self._rows, strict=True)) or [()] * 6
        ids, channels, authors, sent, texts, replies = columns
        frame = pl.DataFrame(
            {
                "id": pl.Series(ids, dtype=pl.String),
                "channel": pl.Series(channels, dtype=pl.String),
                "author": pl.Series(authors, dtype=pl.String),
                "me": pl.repeat(False, len(ids), dtype=pl.Boolean, eager=True),
                "sent_at": pl.Series(sent, dtype=pl.Int64).cast(SCHEMA["sent_at"]),
                "text": pl.Series(texts, dtype=pl.String),
                "reply_to": pl.Series(replies, dtype=pl.String),
                "source": pl.repeat(self.source, len(ids), dtype=pl.String, eager=True),
            }
        )
        corpus = Corpus(frame, skipped=self.skipped)
        add_counts(corpus.read, {ROWS: self.total - self._reported})
        self._rows, self.skipped, self._reported = [], {}, self.total
        return corpus

    def _made_id(self, channel: str, author: str, second: str, text: str) -> str:
        row = f"{channel}\0{second}\0{author}\0{text}".encode()
        equal = int.from_bytes(blake2b(row, digest_size=8).digest(), "big")
        place = 0
        if equal in self._seen:
            place = self._repeats[equal] = self._repeats.get(equal, 0) + 1
        self._seen.add(equal)
        return f"{channel}/{second}-{equal:016x}" + (f"-{place}" if place else "")

    def _ordered(self, channel: str, sent_at: int) -> int:
        """The time, later by as many milliseconds as rows of this channel came before it in the same unit of time."""
        if self._unit == 1:
            return sent_at
        recent = self._recent.setdefault(channel, {})
        before = recent[sent_at] = recent.pop(sent_at, -1) + 1
        if len(recent) > _RECENT:
            del recent[next(iter(recent))]
        return sent_at + min(before, self._unit - 1)


def clean(text: str) -> str:
    """The text without control characters, with U+FFFD for half a surrogate pair, which UTF-8 cannot express."""
    if text.isprintable() or not _UNCLEAN.search(text):
        return text
    return text.translate(_CONTROL).encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def authors_frame(people: dict[str, str], owners: set[str] | frozenset[str] = frozenset()) -> pl.DataFrame:
    """The authors' frame from names by key, and the keys that are the owner's."""
    rows = [(key, clean(name), key in owners) for key, name in people.items()]
    return pl.DataFrame(rows, schema=AUTHORS_SCHEMA, orient="row")


def channels_frame(channels: dict[str, tuple[str | None, str]]) -> pl.DataFrame:
    """The channels' frame from (title, kind) by key."""
    rows = [(key, title and clean(title), kind) for key, (title, kind) in channels.items()]
    return pl.DataFrame(rows, schema=CHANNELS_SCHEMA, orient="row")
