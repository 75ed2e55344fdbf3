"""How the owner changed: habits by year, or by month where there are fewer than three years, and the word of each."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from soundalike.likeness.giveaways import log_odds
from soundalike.portrait.card import Card, Table, Trend
from soundalike.portrait.findings import saying
from soundalike.portrait.material import Material

YEARS, FEWEST = 3, 60  # periods that make a history, messages that make a period
SHOWN, WORDS = 4, 3
FEWEST_USES = 5
SURE = 2.0  # standard errors


@dataclass(frozen=True, slots=True)
class Habit:
    """A column of the features, what its mean is called, and how its change is told: growing, shrinking."""

    column: str
    title: str
    more: str
    less: str
    unit: str = "% of messages"


HABITS = (
    Habit("characters", "Characters a message", "your messages grew longer", "your messages got shorter", ""),
    Habit("lowercase", "Without a capital", "you gave up capitals", "you took to capitals"),
    Habit("stop", "Ending in a full stop", "you took to full stops", "you dropped the full stop"),
    Habit("exclamation", "Ending in !", "you got louder!", "you dropped exclamation marks"),
    Habit("question", "With a question", "you ask more", "you ask less"),
    Habit("laughs", "With a laugh", "you laugh more", "you laugh less"),
    Habit("stretched", "With a stretched letter", "you stretch moooore letters", "you stretch fewer letters"),
    Habit("short", "With a short form", "you shorten more words", "you spell more words out"),
    Habit("pictures", "With an emoji or emoticon", "you use more emoji", "you use fewer emoji"),
    Habit("unmarked", "With a dropped apostrophe", "you drop more apostrophes", "you keep more apostrophes"),
)


def years(material: Material) -> Card:
    """The habits that changed most, in standard errors between the first and the last third of the periods."""
    table, period = _periods(material)
    basis = f"{saying.count(material.mine.height, 'message')} in {saying.count(table.height, period)}"
    if table.height < YEARS:
        return Card(
            "years", "How you changed", "Your messages are too few, or too close in time, to show a change.", basis
        )
    changes = sorted(((_change(material, habit, table, period), habit) for habit in HABITS), key=lambda c: -abs(c[0]))
    told = [habit.more if change > 0 else habit.less for change, habit in changes if abs(change) > SURE][:2]
    since = _spelled(table["period"][0], "%B %Y")
    sentence = f"Since {since} {saying.listed(told)}." if told else f"You write as you did in {since}."
    shown = [habit for change, habit in changes[:SHOWN] if abs(change) > SURE] or [HABITS[0]]
    tables = [_words(material, table["period"].to_list(), period)]
    return Card(
        "years",
        "How you changed",
        sentence,
        basis,
        pictures=[_trend(table, habit) for habit in shown],
        tables=[t for t in tables if t.rows],
    )


def _trend(table: pl.DataFrame, habit: Habit) -> Trend:
    scale = 100 if habit.unit else 1
    points = [
        (_spelled(period, "%b %y"), value * scale) for period, value in table.select("period", habit.column).rows()
    ]
    return Trend(habit.title, points, habit.unit)


def _spelled(period: str, how: str) -> str:
    """A month as people write it; a year stays."""
    return f"{datetime.strptime(period, '%Y-%m'):{how}}" if "-" in period else period


def _periods(material: Material) -> tuple[pl.DataFrame, str]:
    """The means of all HABITS by year, or by month."""
    rows = _flagged(material.mine)
    for period in ("year", "month"):
        means = [pl.col(habit.column).cast(pl.Float64).mean() for habit in HABITS]
        table = rows.group_by(pl.col(period).alias("period")).agg(*means, n=pl.len()).filter(pl.col("n") >= FEWEST)
        if table.height >= YEARS:
            break
    return table.sort("period"), period


def _flagged(mine: pl.DataFrame) -> pl.DataFrame:
    ending = [(pl.col("ending") == kind).alias(kind) for kind in ("stop", "exclamation")]
    pictures = (pl.col("emoji") + pl.col("custom_emoji") + pl.col("emoticons")) > 0
    flags = [(pl.col(name) > 0).alias(name) for name in ("stretched", "unmarked")]
    return mine.with_columns(*ending, *flags, short=pl.col("abbreviations") > 0, pictures=pictures)


def _change(material: Material, habit: Habit, table: pl.DataFrame, period: str) -> float:
    """Difference of the means of the last and the first third of the periods, over its standard error."""
    names, third = table["period"].to_list(), max(1, table.height // 3)
    rows = _flagged(material.mine)
    early, late = (
        rows.filter(pl.col(period).is_in(some))[habit.column].cast(pl.Float64)
        for some in (names[:third], names[-third:])
    )
    error = math.sqrt(_variance(early) / early.len() + _variance(late) / late.len())
    error = max(error, 1 / min(early.len(), late.len()))  # who always did one and now always another does not vary
    return (float(late.mean()) - float(early.mean())) / error  # type: ignore[arg-type]


def _variance(values: pl.Series) -> float:
    return float(values.var() or 0.0)  # type: ignore[arg-type]


def _words(material: Material, periods: Sequence[str], period: str) -> Table:
    """The words of each period by weighted log-odds against all others."""
    counted = {name: Counter[str]() for name in periods}
    for message, name in zip(material.words, material.mine[period].to_list(), strict=True):
        if name in counted:
            counted[name].update(message)
    whole: Counter[str] = sum(counted.values(), Counter())
    rows = []
    for name, own in counted.items():
        scores = log_odds(own, whole - own, whole)
        best = sorted((w for w in scores if own[w] >= FEWEST_USES and scores[w] > SURE), key=lambda w: -scores[w])
        shown = [word for word in best if material.discretion.shows(word)][:WORDS]
        if shown:
            rows.append((_spelled(name, "%B %Y"), ", ".join(shown)))
    return Table(f"Words of the {period}", (period.capitalize(), "said more than ever"), rows)
