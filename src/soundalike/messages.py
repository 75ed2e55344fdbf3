"""The message frame: what every source gives and every later room takes.

One row is one message. Ids are strings everywhere and never pass through a float.
Display names and channel titles live in small side frames, so that a row stays narrow.
Nothing is left out without being counted: `Corpus.unaccounted` is zero after every source and every merge.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TypeVar

import polars as pl

SCHEMA: dict[str, pl.DataType] = {
    "id": pl.String(),
    "channel": pl.String(),
    "author": pl.String(),
    "me": pl.Boolean(),
    "sent_at": pl.Datetime("ms", "UTC"),
    "text": pl.String(),
    "reply_to": pl.String(),
    "source": pl.String(),
}

AUTHORS_SCHEMA: dict[str, pl.DataType] = {"author": pl.String(), "name": pl.String(), "me": pl.Boolean()}
CHANNELS_SCHEMA: dict[str, pl.DataType] = {
    "channel": pl.String(),
    "title": pl.String(),
    "kind": pl.String(),  # dm | group | channel | thread | unknown
}

UNKNOWN = "me"  # the owner's author key, and name, where an export does not say

ROWS = "messages"  # counts rows in `read`; the reasons in `skipped` that count rows begin with this word
REPEATED = "messages seen twice"

FILES = "message files"  # counts opened files in `read`; reasons in `skipped` that count files begin with these words
FILES_READ = "message files with messages"  # in `read`: those that a row was found in


@dataclass
class Corpus:
    """Messages with the names that go with them, and the account of what was left out.

    `read` counts what was seen; `skipped` counts, by reason in plain words, everything that was seen and not kept.
    `notes` are whole sentences for the owner. `exact_ids` is False where ids lost digits on their way, so that two
    messages may share one and the same message may have two; such rows are of one file, in its order.
    """

    messages: pl.DataFrame
    authors: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=AUTHORS_SCHEMA))
    channels: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=CHANNELS_SCHEMA))
    read: dict[str, int] = field(default_factory=dict)
    skipped: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    exact_ids: bool = True

    @property
    def owner(self) -> str:
        """The owner's display name; `me` where the export does not say."""
        mine = self.authors.filter(pl.col("me"))
        return str(mine["name"][0]) if mine.height else UNKNOWN

    @property
    def unaccounted(self) -> int:
        """Rows that were read and are neither kept nor counted as skipped."""
        return self.read.get(ROWS, 0) - self.messages.height - self._skipped(ROWS)

    @property
    def unaccounted_files(self) -> int:
        """Message files that were opened, gave no row, and are not counted as skipped."""
        return self.read.get(FILES, 0) - self.read.get(FILES_READ, 0) - self._skipped(FILES)

    def _skipped(self, what: str) -> int:
        return sum(count for reason, count in self.skipped.items() if reason.startswith(f"{what} "))


def empty() -> pl.DataFrame:
    """A message frame without rows."""
    return pl.DataFrame(schema=SCHEMA)


_Key = TypeVar("_Key", str, int)


def add_counts(into: dict[_Key, int], more: Mapping[_Key, int]) -> None:
    """Add `more` to `into`, key by key, in place."""
    for reason, count in more.items():
        if count:
            into[reason] = into.get(reason, 0) + count


def merge(corpora: Iterable[Corpus]) -> Corpus:
    """One corpus from batches or exports of one person: rows sorted by (sent_at, id), unique by id, the first one kept.

    Takes a generator as well, and then never holds a part's columns beside the whole's for longer than it must.
    """
    total = Corpus(empty())
    frames, authors, channels = [total.messages], [total.authors], [total.channels]
    rounded: list[pl.DataFrame] = []
    for part in corpora:
        (frames if part.exact_ids else rounded).append(part.messages)
        authors.append(part.authors)
        channels.append(part.channels)
        add_counts(total.read, part.read)
        add_counts(total.skipped, part.skipped)
        total.notes.extend(note for note in part.notes if note not in total.notes)
        total.exact_ids &= part.exact_ids
    total.authors = _one_each(pl.concat(authors), "author", pl.col("name") == UNKNOWN)
    total.channels = _one_each(pl.concat(channels), "channel", pl.col("title").is_null())
    rows = pl.concat(frames)
    frames.clear()
    before = rows.height + sum(frame.height for frame in rounded)
    total.messages = _arranged(_with_rounded(rows, rounded) if rounded else rows)
    add_counts(total.skipped, {REPEATED: before - total.messages.height})
    return total


def _one_each(side: pl.DataFrame, key: str, says_nothing: pl.Expr) -> pl.DataFrame:
    """The first row of each key, rows that say something first."""
    return side.sort(says_nothing, maintain_order=True).unique(key, keep="first", maintain_order=True)


def _arranged(rows: pl.DataFrame) -> pl.DataFrame:
    """`rows` unique and sorted, moved column by column so that only one column exists twice at a time.

    Taking strings out of one chunk is twenty times faster than out of the many that batches leave.
    """
    order = rows.select(pl.arg_sort_by("sent_at", "id")).to_series()
    if _has_repeats(rows["id"]):
        order = order.filter(rows["id"].is_first_distinct().gather(order))
    return pl.DataFrame({name: rows.drop_in_place(name).rechunk().gather(order) for name in SCHEMA})


def _has_repeats(ids: pl.Series) -> bool:
    """Numbers are compared several times faster than strings, and equal strings are equal numbers."""
    numbers = ids.cast(pl.UInt64, strict=False)
    return (ids if numbers.null_count() else numbers).n_unique() < ids.len()


def _with_rounded(exact: pl.DataFrame, rounded: list[pl.DataFrame]) -> pl.DataFrame:
    """`exact` and, under made ids, those rows of files with rounded ids that are not among them."""
    made = pl.concat([rows.with_columns(made_ids(rows)) for rows in rounded])
    unique = exact.filter(pl.col("id").is_first_distinct()).sort("id")
    twins = made_ids(unique.filter(pl.col("channel").is_in(made["channel"].unique().implode())))
    return pl.concat([exact, made.filter(~pl.col("id").is_in(twins.implode()))])


def made_ids(rows: pl.DataFrame) -> pl.Series:
    """Ids from channel, second, text and, of rows that have all three in common, the place among them.

    Rows of one file get an id each, and rows of its copies the same ones.
    """
    what = rows.select("channel", pl.col("sent_at").dt.epoch("s"), "text", place=_place_among_equals())
    ids = [f"{channel}-{second}-{_digest(f'{place} {text}')}" for channel, second, text, place in what.iter_rows()]
    return pl.Series("id", ids, dtype=pl.String)


def _place_among_equals() -> pl.Expr:
    return pl.int_range(pl.len()).over("channel", pl.col("sent_at").dt.epoch("s"), "text")


def _digest(text: str) -> str:
    return blake2b(text.encode(), digest_size=8).hexdigest()
