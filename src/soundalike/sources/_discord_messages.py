"""Raw rows of a package -> rows of the message frame, with every dropped row counted by reason.

A message's time is in its id. The Timestamp column (whole seconds, UTC) checks it, and replaces it where the id is no
snowflake.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime

import polars as pl

from soundalike.discord_markup import resolve_markup
from soundalike.messages import IMPOSSIBLE_TIME, NO_TIME, ROWS, SCHEMA, UNREADABLE_ROWS, Corpus, add_counts
from soundalike.sources._discord_metadata import PackageMetadata
from soundalike.sources._discord_rounding import RoundingEvidence, evidence_by_file
from soundalike.sources._discord_rows import RawRows
from soundalike.sources._snowflakes import is_snowflake, moment, tomorrow

SOURCE = "discord_package"

NO_ID = "messages without an id"
ATTACHMENT_ONLY = "messages that were only an attachment"
EMPTY = "messages without text (stickers, calls and the like)"

_REASONS = [NO_ID, ATTACHMENT_ONLY, EMPTY, NO_TIME, IMPOSSIBLE_TIME]  # a row's is the first that holds, 5 if none does

_FIRST_DAY = datetime(1970, 1, 2, tzinfo=UTC)  # clocks that were never set show the day before
_COARSE = 10_000_000  # ids that are multiples of it were rounded so far that the millisecond is lost
_SCIENTIFIC = r"^[0-9][.,]?[0-9]*[eE]\+?[0-9]{1,2}$"


@dataclass
class MessageBatch:
    """Messages of several files; `files` is the file of each, `counts` what can only be decided for whole files."""

    corpus: Corpus
    files: pl.Series
    counts: "FileCounts"


@dataclass
class FileCounts:
    """Counts by file, of one batch or of all; `rows` includes lost ones."""

    rows: dict[int, int] = field(default_factory=dict)
    encodings: dict[int, str] = field(default_factory=dict)
    mended: set[int] = field(default_factory=set)
    evidence: dict[int, RoundingEvidence] = field(default_factory=dict)
    odd_times: int = 0

    def add(self, more: "FileCounts") -> None:
        """Add the counts of another batch."""
        add_counts(self.rows, more.rows)
        self.encodings |= more.encodings
        self.mended |= more.mended
        self.odd_times += more.odd_times
        for file, evidence in more.evidence.items():
            self.evidence[file] = self.evidence.get(file, RoundingEvidence()) + evidence


def to_messages(rows: RawRows, channels: pl.Series, metadata: PackageMetadata) -> MessageBatch:
    """One batch; `channels` holds the channel id of each file."""
    frame = rows.frame.with_columns_seq(_timestamp(rows.frame["Timestamp"])).with_columns_seq(_sent_at())
    frame = frame.with_columns_seq(_plain_text(frame, metadata)).with_columns_seq(_blank()).with_columns_seq(_reason())
    kept = frame.filter(pl.col("reason") == len(_REASONS))
    counts = dict(frame["reason"].value_counts().iter_rows())
    skipped = {reason: counts[code] for code, reason in enumerate(_REASONS) if code in counts}
    skipped |= {UNREADABLE_ROWS: rows.lost} if rows.lost else {}
    corpus = Corpus(_to_frame(kept, channels, metadata.author), read={ROWS: frame.height + rows.lost}, skipped=skipped)
    return MessageBatch(corpus, kept["file"], _file_counts(frame, rows))


def _to_frame(kept: pl.DataFrame, channels: pl.Series, author: str) -> pl.DataFrame:
    return kept.select_seq(
        pl.col("ID").fill_null(pl.col("number").cast(pl.String)).alias("id"),
        channels.gather(kept["file"]).alias("channel"),
        pl.lit(author).alias("author"),
        pl.lit(True).alias("me"),
        "sent_at",
        "text",
        pl.lit(None, pl.String()).alias("reply_to"),
        pl.lit(SOURCE).alias("source"),
    ).select(*SCHEMA)


def _timestamp(text: pl.Series) -> pl.Series:
    """The Timestamp column as a time, null if it is none or impossible. Fractions of a second and `+00:00` are cut
    off."""
    start = text.str.head(19)
    sent = start.str.to_datetime("%Y-%m-%d %H:%M:%S", time_unit="ms", time_zone="UTC", strict=False, cache=False)
    if sent.null_count():
        iso = start.str.to_datetime("%Y-%m-%dT%H:%M:%S", time_unit="ms", time_zone="UTC", strict=False, cache=False)
        sent = sent.fill_null(iso)
    possible = sent.is_between(pl.lit(_FIRST_DAY), pl.lit(tomorrow()).cast(pl.Datetime("ms", "UTC")))
    return sent.set(~possible.fill_null(False), None).alias("timestamp")


def _sent_at() -> pl.Expr:
    """The time from the id if it is a possible snowflake, else from Timestamp, else from the digits left of the id."""
    sent = moment(pl.col("number"))
    rough = moment(pl.col("ID").str.replace(",", ".", literal=True).cast(pl.Float64, strict=False).cast(pl.Int64))
    exact = _is_snowflake() & ((pl.col("number") % _COARSE != 0) | pl.col("timestamp").is_null())
    scientific = pl.col("ID").str.contains(_SCIENTIFIC) & pl.col("timestamp").is_null()
    return pl.when(exact).then(sent).when(scientific).then(rough).otherwise("timestamp").alias("sent_at")


def _is_snowflake() -> pl.Expr:
    return is_snowflake(pl.col("number"))


def _plain_text(frame: pl.DataFrame, metadata: PackageMetadata) -> pl.Series:
    """Contents without markup. Only rows marked as special are processed."""
    text = frame["Contents"].fill_null("").alias("text")
    rows = frame["special"].arg_true()
    if not rows.len():
        return text
    some = frame[rows].select_seq(
        pl.col("Contents").str.replace_all("\r\n", "\n", literal=True).alias("text"), "sent_at"
    )
    return text.scatter(rows, resolve_markup(some, metadata.people, metadata.titles))


def _blank() -> pl.Expr:
    return (pl.col("text").str.strip_chars() == "").alias("blank")


def _reason() -> pl.Expr:
    """Why a row is dropped, as an index into _REASONS."""
    no_id = pl.col("number").is_null() & (pl.col("ID").fill_null("") == "")
    attached = pl.col("blank") & (pl.col("Attachments") != "").fill_null(False)
    untimed = pl.col("sent_at").is_null()
    silent = untimed & (pl.col("Timestamp").fill_null("") == "")
    reason = pl.lit(len(_REASONS), pl.UInt8())
    for code, test in reversed(list(enumerate([no_id, attached, pl.col("blank"), silent, untimed]))):
        reason = pl.when(test).then(pl.lit(code, pl.UInt8())).otherwise(reason)
    return reason.alias("reason")


def _file_counts(frame: pl.DataFrame, rows: RawRows) -> FileCounts:
    odd = _is_snowflake() & ((pl.col("sent_at") - pl.col("timestamp")).dt.total_milliseconds().abs() > 1500)
    runs = frame["file"].rle().struct.unnest()
    counts = dict(rows.losses)
    for length, file in runs.iter_rows():
        counts[file] = counts.get(file, 0) + length
    return FileCounts(counts, rows.encodings, rows.mended, evidence_by_file(frame), frame.select_seq(odd.sum()).item())
