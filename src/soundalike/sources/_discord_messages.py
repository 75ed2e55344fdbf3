"""Raw rows of a package -> rows of the message frame, every dropped row counted by reason.

Takes `Rows` and the package's `Facts`, gives a `Corpus` of one batch. A message's time is in its id; the Timestamp
column (whole seconds, UTC) only checks it, and stands in for ids that are no snowflakes.
"""

import time
from dataclasses import dataclass, field

import polars as pl

from soundalike.messages import ROWS, SCHEMA, Corpus
from soundalike.sources._discord_facts import Facts
from soundalike.sources._discord_rows import Rows
from soundalike.sources._markup import readable

SOURCE = "discord_package"
DISCORD_EPOCH = 1_420_070_400_000  # ms, the first moment of 2015
SNOWFLAKE_MS = 1 << 22  # ids in a millisecond: https://docs.discord.com/developers/reference#snowflakes
EARLIEST = 1 << 50  # ids below this are of the first three days of 2015, before Discord: they count something else

_SAMPLE = 1000  # ids of a batch that are looked at for signs of rounding

LOST = "messages too broken to read"
NO_ID = "messages without an id"
ATTACHMENT_ONLY = "messages that were only an attachment"
EMPTY = "messages without text (stickers, calls and the like)"
NO_TIME = "messages without a time"

_REASONS = [NO_ID, ATTACHMENT_ONLY, EMPTY, NO_TIME]  # the first that holds is a row's; 4 stands for none


@dataclass
class Tally:
    """What can only be judged once all batches were seen."""

    ids: int = 0  # looked at that are long enough to have been rounded
    rounded: int = 0  # of those, how many look it
    odd_times: int = 0
    mended: set[int] = field(default_factory=set)  # channels

    def add(self, more: "Tally") -> None:
        """Add the counts of another batch."""
        self.ids += more.ids
        self.rounded += more.rounded
        self.odd_times += more.odd_times
        self.mended |= more.mended

    @property
    def exact_ids(self) -> bool:
        """Whether ids are what Discord gave. By chance one id in eight looks rounded; of rounded ones all do."""
        return self.ids < 8 or self.rounded < 0.95 * self.ids

    def notes(self) -> list[str]:
        """What the owner should know, one sentence each."""
        told = []
        if not self.exact_ids:
            told.append(
                "The message ids were rounded by another tool, so messages are told apart by channel, second and text; "
                "a package as Discord sent it has exact ids."
            )
        if self.mended:
            told.append(f"Some message files were damaged and mended as far as possible ({len(self.mended):,}).")
        if self.odd_times:
            told.append(
                f"Some messages state another time than their ids do ({self.odd_times:,}); the ids were believed."
            )
        return told


def to_messages(rows: Rows, channels: pl.Series, facts: Facts) -> tuple[Corpus, Tally]:
    """One batch. `channels` holds the channel id of each channel number."""
    frame = rows.frame.with_columns_seq(_said(rows.frame["Timestamp"])).with_columns_seq(_sent_at())
    frame = frame.with_columns_seq(_plain_text(frame, facts)).with_columns_seq(_blank()).with_columns_seq(_reason())
    kept = frame.filter(pl.col("reason") == len(_REASONS))
    counts = dict(frame["reason"].value_counts().iter_rows())
    skipped = {reason: counts[code] for code, reason in enumerate(_REASONS) if code in counts}
    skipped |= {LOST: rows.lost} if rows.lost else {}
    corpus = Corpus(_narrow(kept, channels, facts.author), read={ROWS: frame.height + rows.lost}, skipped=skipped)
    return corpus, _tally(frame, rows.mended)


def _narrow(kept: pl.DataFrame, channels: pl.Series, author: str) -> pl.DataFrame:
    return kept.select_seq(
        pl.col("ID").fill_null(pl.col("number").cast(pl.String)).alias("id"),
        channels.gather(kept["channel"]).alias("channel"),
        pl.lit(author).alias("author"),
        pl.lit(True).alias("me"),
        "sent_at",
        "text",
        pl.lit(None, pl.String()).alias("reply_to"),
        pl.lit(SOURCE).alias("source"),
    ).select(*SCHEMA)


def _said(stamp: pl.Series) -> pl.Series:
    """Timestamp as a time, null where it is none. Fractions of a second and `+00:00` are left off."""
    start = stamp.str.head(19)
    said = start.str.to_datetime("%Y-%m-%d %H:%M:%S", time_unit="ms", time_zone="UTC", strict=False, cache=False)
    if said.null_count():
        iso = start.str.to_datetime("%Y-%m-%dT%H:%M:%S", time_unit="ms", time_zone="UTC", strict=False, cache=False)
        said = said.fill_null(iso)
    return said.alias("said")


def _sent_at() -> pl.Expr:
    """From the id where it is a snowflake of a possible day, else from Timestamp."""
    sent = (pl.col("number") // SNOWFLAKE_MS + DISCORD_EPOCH).cast(pl.Datetime("ms", "UTC"))
    return pl.when(_is_snowflake()).then(sent).otherwise("said").alias("sent_at")


def _is_snowflake() -> pl.Expr:
    tomorrow = int(time.time() * 1000) + 86_400_000
    return pl.col("number").is_between(EARLIEST, (tomorrow - DISCORD_EPOCH) * SNOWFLAKE_MS)


def _plain_text(frame: pl.DataFrame, facts: Facts) -> pl.Series:
    """Contents without markup. Only special rows are looked at."""
    text = frame["Contents"].fill_null("").alias("text")
    rows = frame["special"].arg_true()
    if not rows.len():
        return text
    some = frame[rows].select_seq(
        pl.col("Contents").str.replace_all("\r\n", "\n", literal=True).alias("text"), "sent_at"
    )
    return text.scatter(rows, readable(some, facts.people, facts.titles))


def _blank() -> pl.Expr:
    return (pl.col("text").str.strip_chars() == "").alias("blank")


def _reason() -> pl.Expr:
    """Why a row is dropped, as a place in _REASONS."""
    no_id = pl.col("number").is_null() & (pl.col("ID").fill_null("") == "")
    attached = pl.col("blank") & (pl.col("Attachments") != "").fill_null(False)
    reason = pl.lit(len(_REASONS), pl.UInt8())
    for code, test in reversed(list(enumerate([no_id, attached, pl.col("blank"), pl.col("sent_at").is_null()]))):
        reason = pl.when(test).then(pl.lit(code, pl.UInt8())).otherwise(reason)
    return reason.alias("reason")


def _tally(frame: pl.DataFrame, mended: set[int]) -> Tally:
    odd = _is_snowflake() & ((pl.col("sent_at") - pl.col("said")).dt.total_milliseconds().abs() > 1500)
    ids, rounded = _rounded(frame["ID"].head(_SAMPLE), frame["number"].head(_SAMPLE))
    return Tally(ids, rounded, frame.select_seq(odd.sum()).item(), mended)


def _rounded(ids: pl.Series, number: pl.Series) -> tuple[int, int]:
    """How many ids could have gone through a float, and how many of them look it.

    A double keeps 53 bits: binary ids become multiples of 32 and more, printed ones (17 digits) end in 0 or 00.
    A spreadsheet writes 5.4E+17. Ids whose lower 22 bits are all zero were made from a time and say nothing.
    """
    written = int(ids.filter(number.is_null()).str.contains(r"^[0-9][.,]?[0-9]*[eE]\+?[0-9]+$").sum())
    long = number.filter((number >= 10**17) & (number % SNOWFLAKE_MS != 0))
    zeros = (long % 100 == 0) | ((long < 10**18) & (long % 10 == 0))
    return long.len() + written, int(((long % 32 == 0) | zeros).sum()) + written
