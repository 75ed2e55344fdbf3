"""Messages -> a table of chat style: one row per message, one column per habit.

`text_features` looks at the text alone, so it serves a clone's replies too; `time_features` at who wrote when.
Columns are counts (UInt32), flags (Boolean) and kinds (String); whatever reads the table distinguishes habits by those
types. The patterns are in `typing_habits`.
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from soundalike.metrics import typing_habits
from soundalike.metrics.words import RUST_WORD

BURST_SECONDS = 120.0
CONVERSATION_SECONDS = 15 * 60.0

_TEXT = pl.col("text")
_LETTERS = r"\p{L}"
# How a message ends: the first that matches; scripts have stops of their own.
_ENDINGS = {
    "ellipsis": r"(?:\.\.+|…)\s*$",
    "question": r"[?？؟\x{37E}]\s*[!！]*$",
    "exclamation": r"[!！]\s*$",
    "stop": r"[.。।۔]\s*$",
    "emoji": rf"(?:{typing_habits.EMOJI}|{typing_habits.CUSTOM_EMOJI})\s*$",
    "letter": r"[\p{L}\p{M}\p{N}]\s*$",
}

KINDS = {"opening": ("lower", "upper"), "ending": (*_ENDINGS, "other"), "laughter": tuple(typing_habits.LAUGHTER)}

Columns = dict[str, pl.Expr]


def text_features(texts: pl.Series) -> pl.DataFrame:
    """What each text shows by itself; a missing text counts as an empty one.

    Counts (UInt32): `characters`, `words`, `lines`, `shouted` (words in capitals), `apostrophes` (kept inside words),
    `unmarked` (contractions without theirs: dont, im), `abbreviations`, `stretched` (a letter three times and more),
    `emoji`, `custom_emoji`, `emoticons`, `commas`, `mentions`, `links`, `laughs` (1 where there is a `laughter`),
    `laughter_length` (characters of the first laugh).

    Flags (Boolean): `lowercase` (has letters, none a capital), `question`, `first_person`, `correction` (`*word`).

    Kinds (String or null): `opening` (`lower` or `upper` first letter, null where there is none or its script has no
    case), `ending` (`ellipsis`, `question`, `exclamation`, `stop`, `emoji`, `letter`, `other`), `laughter` (a
    family of `typing_habits.LAUGHTER`), `opener` (the first word, in lower case).
    """
    table = pl.DataFrame({"text": texts.fill_null("")})
    rows = table.lazy().with_columns(laugh=_one_of(typing_habits.LAUGHTER), end=_one_of(_ENDINGS))
    return rows.select(**_counts(), **_flags(), **_kinds()).collect().with_columns(_stretched(table["text"]))


def _one_of(patterns: dict[str, str]) -> pl.Expr:
    """A struct with a field per pattern, all null but for the first that matched: one pass with one regex."""
    parts = [f"(?P<k{number}>{pattern})" for number, pattern in enumerate(patterns.values())]
    return _TEXT.str.extract_groups("|".join(parts)).struct.rename_fields(list(patterns))


def _named(matched: str, patterns: dict[str, str]) -> list[pl.Expr]:
    field = pl.col(matched).struct.field
    return [pl.when(field(name).is_not_null()).then(pl.lit(name)) for name in patterns]


def _counts() -> Columns:
    laugh = pl.coalesce(pl.col("laugh").struct.field(name) for name in typing_habits.LAUGHTER)
    return {
        "characters": _TEXT.str.len_chars(),
        "words": _TEXT.str.count_matches(RUST_WORD),
        "lines": _TEXT.str.count_matches("\n") + 1,
        "shouted": _TEXT.str.count_matches(r"\b\p{Lu}[\p{Lu}'’]+\b"),
        "apostrophes": _TEXT.str.count_matches(r"\p{L}['’]\p{L}"),
        "unmarked": _TEXT.str.count_matches(typing_habits.any_of(typing_habits.UNMARKED)),
        "abbreviations": _TEXT.str.count_matches(typing_habits.any_of(typing_habits.ABBREVIATIONS)),
        "emoji": _TEXT.str.count_matches(typing_habits.EMOJI),
        "custom_emoji": _TEXT.str.count_matches(typing_habits.CUSTOM_EMOJI),
        "emoticons": _TEXT.str.count_matches(typing_habits.EMOTICON),
        "commas": _TEXT.str.count_matches("[,，、،]"),
        "mentions": _TEXT.str.count_matches(typing_habits.MENTION),
        "links": _TEXT.str.count_matches(typing_habits.LINK),
        "laughs": laugh.is_not_null().cast(pl.UInt32),
        "laughter_length": laugh.str.strip_chars().str.len_chars().fill_null(0),
    }


def _flags() -> Columns:
    return {
        "lowercase": _TEXT.str.contains(r"\p{Ll}") & ~_TEXT.str.contains(r"\p{Lu}"),
        "question": _TEXT.str.contains(r"[?？؟\x{37E}]"),
        "first_person": _TEXT.str.contains(typing_habits.FIRST_PERSON),
        "correction": _TEXT.str.contains(typing_habits.CORRECTION),
    }


def _kinds() -> Columns:
    first = _TEXT.str.extract(f"({_LETTERS})")
    lower, upper = first.str.contains(r"\p{Ll}"), first.str.contains(r"\p{Lu}")
    return {
        "opening": pl.when(lower).then(pl.lit("lower")).when(upper).then(pl.lit("upper")),
        "ending": pl.coalesce(*_named("end", _ENDINGS), pl.lit("other")),
        "laughter": pl.coalesce(*_named("laugh", typing_habits.LAUGHTER)),
        "opener": _TEXT.str.extract(f"({RUST_WORD})").str.to_lowercase(),
    }


def _stretched(texts: pl.Series) -> pl.Series:
    """Letters typed three times and more, counted by code points: Rust's regex cannot look back."""
    points, rows = code_points(texts)
    run = np.concatenate(([True], points[1:] != points[:-1])).cumsum() if len(points) else points
    starts = np.concatenate(([0], np.flatnonzero(np.diff(run)) + 1)) if len(points) else points
    lengths = np.diff(np.append(starts, len(points)))
    long = starts[lengths >= 3]
    letters = np.array([chr(point).isalpha() for point in points[long].tolist()], bool)
    counts = np.bincount(rows[long[letters]], minlength=len(texts))[: len(texts)]
    return pl.Series("stretched", counts.astype(np.uint32))


def summary(table: pl.DataFrame) -> dict[str, float]:
    """One person in figures: the mean of every count and flag of a `text_features`, the share of every kind.

    A kind's share is named `ending=stop`; those of `opener` are left out, being words.
    """
    means = table.select(pl.col(pl.UInt32, pl.Boolean).mean().fill_null(0.0)).row(0, named=True)
    shares = {
        f"{column}={kind}": float((table[column] == kind).sum()) / max(table.height, 1)
        for column, kinds in KINDS.items()
        for kind in kinds
    }
    return {**{name: float(value) for name, value in means.items()}, **shares}


def code_points(texts: pl.Series) -> tuple[NDArray[np.uint32], NDArray[np.intp]]:
    """All code points of `texts`, each text closed by a newline, and the row that each belongs to."""
    joined = "".join(f"{text}\n" for text in texts)
    points = np.frombuffer(joined.encode("utf-32-le", "replace"), np.uint32)
    return points, np.repeat(np.arange(len(texts)), texts.str.len_chars().to_numpy() + 1)


def time_features(messages: pl.DataFrame, burst_seconds: float = BURST_SECONDS) -> pl.DataFrame:
    """When each message was sent, from `channel`, `author`, `sent_at` and, if it is there, `reply_to`; times are UTC.

    `gap` (Float64, seconds since the message before in the channel, null for its first), `conversation` (UInt32: a
    channel's messages without a silence over 15 minutes), `burst` (UInt32: one author's messages in a row, none more
    than `burst_seconds` after the last: an export of own lines alone does not show who else wrote), `burst_place`
    and `burst_length` (UInt32, from 1), `hour` (Int8), `weekday` (Int8, Monday 1), `reply` (Boolean).
    """
    replied = pl.col("reply_to").is_not_null() if "reply_to" in messages.columns else pl.lit(False)
    rows = messages.with_columns(reply=replied).with_row_index("row").sort("channel", "sent_at", maintain_order=True)
    new_channel = (pl.col("channel") != pl.col("channel").shift()).fill_null(True)
    since = pl.col("sent_at").diff().dt.total_milliseconds() / 1000
    rows = rows.with_columns(gap=pl.when(~new_channel).then(since))
    parted = pl.col("gap").is_null() | (pl.col("gap") > CONVERSATION_SECONDS)
    other = pl.col("gap").is_null() | (pl.col("gap") > burst_seconds) | (pl.col("author") != pl.col("author").shift())
    rows = rows.with_columns(conversation=parted.cum_sum(), burst=other.cum_sum())
    place = pl.int_range(1, pl.len() + 1, dtype=pl.UInt32).over("burst")
    rows = rows.with_columns(burst_place=place, burst_length=pl.len().over("burst"))
    moment = {"hour": pl.col("sent_at").dt.hour(), "weekday": pl.col("sent_at").dt.weekday()}
    columns = ("gap", "conversation", "burst", "burst_place", "burst_length")
    return rows.sort("row").select(*columns, **moment, reply=pl.col("reply"))
