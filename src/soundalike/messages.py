"""The message frame: what every source gives and every later room takes.

One row is one message. Ids are strings everywhere and never pass through a float.
Display names and channel titles live in small side frames, so that a row stays narrow.
Nothing is left out without being counted: `Corpus.unaccounted` is zero after every source and every merge.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

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


@dataclass
class Corpus:
    """Messages with the names that go with them, and the account of what was left out.

    `read` counts what was seen; `skipped` counts, by reason in plain words, everything that was seen and not kept.
    `notes` are whole sentences for the owner. `exact_ids` is False where ids lost digits on their way, so that two
    messages may share one and the same message may have two.
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
        skipped = sum(count for reason, count in self.skipped.items() if reason.startswith(f"{ROWS} "))
        return self.read.get(ROWS, 0) - self.messages.height - skipped


def empty() -> pl.DataFrame:
    """A message frame without rows."""
    return pl.DataFrame(schema=SCHEMA)


def add_counts(into: dict[str, int], more: Mapping[str, int]) -> None:
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
    for part in corpora:
        frames.append(part.messages)
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
    before = rows.height
    total.messages = _arranged(rows, total.exact_ids)
    add_counts(total.skipped, {REPEATED: before - total.messages.height})
    return total


def _one_each(side: pl.DataFrame, key: str, says_nothing: pl.Expr) -> pl.DataFrame:
    """The first row of each key, rows that say something first."""
    return side.sort(says_nothing, maintain_order=True).unique(key, keep="first", maintain_order=True)


def _arranged(rows: pl.DataFrame, exact_ids: bool) -> pl.DataFrame:
    """`rows` unique and sorted, moved column by column so that only one column exists twice at a time.

    Taking strings out of one chunk is twenty times faster than out of the many that batches leave.
    """
    if not exact_ids:
        rows = _told_apart_by_words(rows)
    order = rows.select(pl.arg_sort_by("sent_at", "id")).to_series()
    if exact_ids and _has_repeats(rows["id"]):
        order = order.filter(rows["id"].is_first_distinct().gather(order))
    return pl.DataFrame({name: rows.drop_in_place(name).rechunk().gather(order) for name in SCHEMA})


def _has_repeats(ids: pl.Series) -> bool:
    """Numbers are compared several times faster than strings, and equal strings are equal numbers."""
    numbers = ids.cast(pl.UInt64, strict=False)
    return (ids if numbers.null_count() else numbers).n_unique() < ids.len()


def _told_apart_by_words(rows: pl.DataFrame) -> pl.DataFrame:
    """One row for each (channel, second, text); ids that two rows share get `-2`, `-3`."""
    rows = rows.filter(pl.struct("channel", pl.col("sent_at").dt.truncate("1s"), "text").is_first_distinct())
    count = pl.col("id").cum_count().over("id")
    return rows.with_columns(pl.when(count > 1).then(pl.format("{}-{}", "id", count)).otherwise("id").alias("id"))
