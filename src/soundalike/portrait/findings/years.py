"""How the owner changed: habits by year, or by month where there are fewer than three years, and the word of each."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from soundalike.metrics.distinctive_words import log_odds
from soundalike.metrics.stats import critical_value
from soundalike.portrait.card import Card, Table
from soundalike.portrait.chart_kinds import LineChart
from soundalike.portrait.comparing import changed
from soundalike.portrait.data import Material
from soundalike.portrait.findings import saying

YEARS, FEWEST = 3, 60  # periods that make a history, messages that make a period
SHOWN, WORDS = 4, 3
FEWEST_USES = 5


@dataclass(frozen=True, slots=True)
class Habit:
    """A column of the features, what its mean is called, and how its change is told: growing, shrinking."""

    column: str
    title: str
    more: str
    less: str
    unit: str = "% of messages"

    def spelled(self, value: float) -> str:
        """A mean of the column as it stands in a sentence."""
        return saying.percent(value) if self.unit else f"{value:.0f} characters"


HABITS = (
    Habit("characters", "Characters a message", "your messages grew longer", "your messages got shorter", ""),
    Habit("lowercase", "Without a capital", "you leave out capitals more often", "you use capitals more often"),
    Habit("stop", "Ending in a full stop", "you use the full stop more often", "you use the full stop less often"),
    Habit("exclamation", "Ending in !", "you exclaim more often", "you exclaim less often"),
    Habit("question", "With a question", "you ask more often", "you ask less often"),
    Habit("laughs", "With a laugh", "you laugh more often", "you laugh less often"),
    Habit("stretched", "With a stretched letter", "you stretch moooore letters", "you stretch fewer letters"),
    Habit("short", "With a short form", "you shorten words more often", "you shorten words less often"),
    Habit("pictures", "With an emoji or emoticon", "you use emoji more often", "you use emoji less often"),
    Habit("unmarked", "With a dropped apostrophe", "you drop apostrophes more often", "you drop them less often"),
)


@dataclass(frozen=True, slots=True)
class Change:
    """A habit's means in the first and the last third of the periods; `sign` as in `comparing.changed`."""

    habit: Habit
    before: float
    after: float
    sign: int
    size: float

    @property
    def told(self) -> str:
        """As it stands in a sentence."""
        words = self.habit.more if self.sign > 0 else self.habit.less
        return f"{words} ({self.habit.spelled(self.before)}, then {self.habit.spelled(self.after)})"


def years(material: Material) -> Card:
    """The habits that surely changed between the first and the last third of the periods, the surest first."""
    table, period = _periods(material)
    basis = f"{saying.count(material.mine.height, 'message')} in {saying.count(table.height, period)}"
    if table.height < YEARS:
        return Card(
            "years", "How you changed", "Your messages are too few, or too close in time, to show a change.", basis
        )
    names, third = table["period"].to_list(), table.height // 3
    rows = _flagged(material.mine)
    early, late = (rows.filter(pl.col(period).is_in(some)) for some in (names[:third], names[-third:]))
    found = [_change(habit, early, late) for habit in HABITS]
    sure = sorted((change for change in found if change.sign), key=lambda change: -change.size)
    since = _spelled(names[0], "%B %Y")
    told = f"Since {since} {saying.listed([change.told for change in sure[:2]])}."
    thirds = f"Compared are the first and the last {saying.count(third, period)}: {_span(early)} and {_span(late)}."
    tables = [_words(material, names, period)]
    return Card(
        "years",
        "How you changed",
        told if sure else f"No habit of yours has changed since {since} by more than chance.",
        basis,
        details=[thirds],
        pictures=[_trend(table, change.habit) for change in sure[:SHOWN]] or [_trend(table, HABITS[0])],
        tables=[t for t in tables if t.rows],
    )


def _span(rows: pl.DataFrame) -> str:
    return saying.count(rows.height, "message")


def _change(habit: Habit, early: pl.DataFrame, late: pl.DataFrame) -> Change:
    first, second = (rows[habit.column].cast(pl.Float64).to_numpy() for rows in (early, late))
    days = (early["day"].to_numpy(), late["day"].to_numpy())
    apart = changed((first, second), days, len(HABITS))
    return Change(habit, float(first.mean()), float(second.mean()), apart.sign, abs(apart.z))


def _trend(table: pl.DataFrame, habit: Habit) -> LineChart:
    scale = 100 if habit.unit else 1
    points = [
        (_spelled(period, "%b %y"), value * scale) for period, value in table.select("period", habit.column).rows()
    ]
    return LineChart(habit.title, points, habit.unit)


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


def _words(material: Material, periods: Sequence[str], period: str) -> Table:
    """The words of each period by weighted log-odds against all others."""
    counted = {name: Counter[str]() for name in periods}
    for message, name in zip(material.words, material.mine[period].to_list(), strict=True):
        if name in counted:
            counted[name].update(message)
    whole: Counter[str] = sum(counted.values(), Counter())
    rows = []
    for name, own in counted.items():
        shown = [word for word in _sure(own, whole - own, whole) if material.discretion.shows(word)][:WORDS]
        if shown:
            rows.append((_spelled(name, "%B %Y"), ", ".join(shown)))
    return Table(f"Words of the {period}", (period.capitalize(), f"said more often than in other {period}s"), rows)


def _sure(own: Counter[str], others: Counter[str], whole: Counter[str]) -> list[str]:
    """The words that one period has more of than all others, by more than the surest of so many would by chance."""
    scores = log_odds(own, others, whole)
    asked = [word for word in scores if whole[word] >= FEWEST_USES]
    bound = critical_value(len(asked))
    found = [word for word in asked if own[word] >= FEWEST_USES and scores[word] > bound]
    return sorted(found, key=lambda word: -scores[word])
