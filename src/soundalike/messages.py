"""The message frame, which every source produces and everything after the import reads.

One row is one message. Ids are strings and never pass through a float. Display names and channel titles are in small
frames of their own. Nothing is left out without being counted: `Corpus.unaccounted` is zero after every source and
merge.
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

UNKNOWN = "me"  # the owner's author key and name if an export does not name the owner

ROWS = "messages"  # the key of rows in `read`; reasons in `skipped` that count rows begin with this word
REPEATED = "messages seen twice"
BOTS = "messages by bots"
BY_THE_APP = "messages of the app itself (joins, calls, pins)"
FORWARDED = "messages forwarded from elsewhere"
DELETED = "messages that were deleted"
WITHOUT_TEXT = "messages without text"
NO_TIME = "messages without a time"
IMPOSSIBLE_TIME = "messages with an impossible time"
UNREADABLE_ROWS = "messages too broken to read"

VOICE_MESSAGE, STICKER = "[voice message]", "[sticker]"
"""In place of a text where somebody sent one without words; the import keeps other people's, as context."""

REACTIONS = "reactions"
ONLY_REACTIONS = "messages that are only reactions"  # where a format has a row for each

FILES = "message files"  # the key of opened files in `read`; reasons in `skipped` that count files begin with it
NO_ROWS = "message files without a message in them"
FILES_READ = "message files with messages"  # the key in `read` of files with at least one row


@dataclass
class Corpus:
    """Messages, the names of their authors and channels, and counts of what was left out.

    `authors` has a row (author key, display name, me) per person. The owner may have several, one for each program and
    account; the name in the first of them is the owner's.

    `read` counts what was read; `skipped` counts, by reason in plain words, what was read and not kept. `notes` are
    sentences for the owner. `exact_ids` is False if another program rounded the ids, so that two messages may share
    an id and one message may have two; such rows come from one file, in its order. `further_names` are other names of
    people by author key, by which they are found: user names, nicknames, full names.
    """

    messages: pl.DataFrame
    authors: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=AUTHORS_SCHEMA))
    channels: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=CHANNELS_SCHEMA))
    read: dict[str, int] = field(default_factory=dict)
    skipped: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    exact_ids: bool = True
    further_names: dict[str, set[str]] = field(default_factory=dict)

    @property
    def owner(self) -> str:
        """The owner's display name; UNKNOWN if the export does not name the owner."""
        mine = self.authors.filter(pl.col("me"))
        return str(mine["name"][0]) if mine.height else UNKNOWN

    @property
    def unaccounted(self) -> int:
        """Rows that were read and are neither kept nor counted as skipped."""
        return self.read.get(ROWS, 0) - self.messages.height - self._skipped(ROWS)

    @property
    def unaccounted_files(self) -> int:
        """Message files that were opened, held no row, and are not counted as skipped."""
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
    """Merge batches or exports of one person: rows sorted by (sent_at, id) and unique by id, the first one kept.

    With a generator, each part's memory is freed as early as possible.
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
        for author, names in part.further_names.items():
            total.further_names.setdefault(author, set()).update(names)
    people = pl.concat(authors).with_columns(pl.col("me").any().over("author"))  # one export that tells is enough
    total.authors = _unique(people, "author", pl.col("name") == UNKNOWN)
    total.channels = _unique(pl.concat(channels), "channel", pl.col("title").is_null())
    rows = pl.concat(frames)
    frames.clear()
    before = rows.height + sum(frame.height for frame in rounded)
    total.messages = _sorted_unique(_with_rounded(rows, rounded) if rounded else rows)
    add_counts(total.skipped, {REPEATED: before - total.messages.height})
    return total


def _unique(frame: pl.DataFrame, key: str, is_unknown: pl.Expr) -> pl.DataFrame:
    """The first row of each key, preferring rows that are not unknown."""
    return frame.sort(is_unknown, maintain_order=True).unique(key, keep="first", maintain_order=True)


def _sorted_unique(rows: pl.DataFrame) -> pl.DataFrame:
    """`rows` sorted and unique. Columns are moved one by one, so only one of them is in memory twice at a time.

    Gathering strings from one chunk is twenty times faster than from the many chunks of concatenated batches.
    """
    order = rows.select(pl.arg_sort_by("sent_at", "id")).to_series()
    if _has_repeats(rows["id"]):
        order = order.filter(rows["id"].is_first_distinct().gather(order))
    return pl.DataFrame({name: rows.drop_in_place(name).rechunk().gather(order) for name in SCHEMA})


def _has_repeats(ids: pl.Series) -> bool:
    """Compares ids as numbers if possible, which is several times faster than as strings."""
    numbers = ids.cast(pl.UInt64, strict=False)
    return (ids if numbers.null_count() else numbers).n_unique() < ids.len()


def _with_rounded(exact: pl.DataFrame, rounded: list[pl.DataFrame]) -> pl.DataFrame:
    """`exact`, and the rows of files with rounded ids that are not among them, under ids from `made_ids`."""
    made = pl.concat([rows.with_columns(made_ids(rows)) for rows in rounded])
    unique = exact.filter(pl.col("id").is_first_distinct()).sort("id")
    twins = made_ids(unique.filter(pl.col("channel").is_in(made["channel"].unique().implode())))
    return pl.concat([exact, made.filter(~pl.col("id").is_in(twins.implode()))])


def made_ids(rows: pl.DataFrame) -> pl.Series:
    """Ids made from channel, second and text, and the position among rows that share all three.

    Rows of one file get different ids, rows of copies of the file the same ones.
    """
    what = rows.select("channel", pl.col("sent_at").dt.epoch("s"), "text", place=_position_among_equals())
    ids = [f"{channel}-{second}-{_digest(f'{place} {text}')}" for channel, second, text, place in what.iter_rows()]
    return pl.Series("id", ids, dtype=pl.String)


def _position_among_equals() -> pl.Expr:
    return pl.int_range(pl.len()).over("channel", pl.col("sent_at").dt.epoch("s"), "text")


def _digest(text: str) -> str:
    return blake2b(text.encode(), digest_size=8).hexdigest()
