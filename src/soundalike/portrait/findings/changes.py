"""How the owner changed: habits by year, or by month if there are fewer than three years, and each period's words."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from soundalike import phrasing
from soundalike.metrics.distinctive_words import log_odds
from soundalike.metrics.stats import critical_value
from soundalike.portrait.card import Card, Table
from soundalike.portrait.chart_kinds import LineChart
from soundalike.portrait.data import PortraitData
from soundalike.portrait.significance import mean_difference

PERIODS, MIN_PERIOD_MESSAGES = 3, 60  # periods that make a history, messages that make a period
SHOWN, NAMED, WORDS = 4, 2, 3  # habits in charts, habits in the sentence, words of a period
FEWEST_USES = 5


@dataclass(frozen=True, slots=True)
class HabitColumn:
    """A column of the features, the title of its mean, and the sentences for a rise and a fall of it."""

    column: str
    title: str
    rise: str
    fall: str
    unit: str = "% of messages"

    def format(self, value: float) -> str:
        """A mean of the column as it stands in a sentence."""
        return phrasing.percent(value) if self.unit else f"{value:.0f} characters"


HABITS = (
    HabitColumn("characters", "Characters a message", "your messages grew longer", "your messages got shorter", ""),
    HabitColumn("lowercase", "Without a capital", "you leave out capitals more often", "you use capitals more often"),
    HabitColumn(
        "stop", "Ending in a full stop", "you use the full stop more often", "you use the full stop less often"
    ),
    HabitColumn("exclamation", "Ending in !", "you exclaim more often", "you exclaim less often"),
    HabitColumn("question", "With a question", "you ask more often", "you ask less often"),
    HabitColumn("laughs", "With a laugh", "you laugh more often", "you laugh less often"),
    HabitColumn("stretched", "With a stretched letter", "you stretch moooore letters", "you stretch fewer letters"),
    HabitColumn("short", "With a short form", "you shorten words more often", "you shorten words less often"),
    HabitColumn("pictures", "With an emoji or emoticon", "you use emoji more often", "you use emoji less often"),
    HabitColumn("unmarked", "With a dropped apostrophe", "you drop apostrophes more often", "you drop them less often"),
)


@dataclass(frozen=True, slots=True)
class HabitChange:
    """A habit's means in the first and the last third of the periods; `sign` and `size` are those of the difference."""

    habit: HabitColumn
    before: float
    after: float
    sign: int
    size: float

    @property
    def phrase(self) -> str:
        """The change as it stands in a sentence."""
        words = self.habit.rise if self.sign > 0 else self.habit.fall
        return f"{words} ({self.habit.format(self.before)}, then {self.habit.format(self.after)})"


def changes(data: PortraitData) -> Card:
    """The habits that changed significantly from the first to the last third of the periods, the surest first."""
    rows = _flagged(data.messages)
    table, period = _periods(rows)
    basis = f"{phrasing.count(rows.height, 'message')} in {phrasing.count(table.height, period)}"
    if table.height < PERIODS:
        sentence = "Your messages are too few, or too close in time, to show a change."
        return Card("years", "How you changed", sentence, basis)
    names, third = table["period"].to_list(), table.height // 3
    early, late = (rows.filter(pl.col(period).is_in(some)) for some in (names[:third], names[-third:]))
    found = [change for habit in HABITS if (change := _change(habit, early, late)).sign]
    found.sort(key=lambda change: -change.size)
    words = _words(data, names, period)
    return Card(
        "years",
        "How you changed",
        _sentence(found, _format_period(names[0], "%B %Y")),
        basis,
        details=[
            f"Compared are the first and the last {phrasing.count(third, period)}: "
            f"{phrasing.count(early.height, 'message')} and {phrasing.count(late.height, 'message')}."
        ],
        pictures=[_trend(table, habit) for habit in [change.habit for change in found[:SHOWN]] or HABITS[:1]],
        tables=[words] if words.rows else [],
    )


def _sentence(found: Sequence[HabitChange], since: str) -> str:
    if not found:
        return f"No habit of yours has changed since {since} by more than chance."
    return f"Since {since} {phrasing.listed([change.phrase for change in found[:NAMED]])}."


def _change(habit: HabitColumn, early: pl.DataFrame, late: pl.DataFrame) -> HabitChange:
    first, second = (rows[habit.column].cast(pl.Float64).to_numpy() for rows in (early, late))
    days = (early["day"].to_numpy(), late["day"].to_numpy())
    apart = mean_difference((first, second), days, len(HABITS))
    return HabitChange(habit, float(first.mean()), float(second.mean()), apart.sign, abs(apart.z))


def _trend(table: pl.DataFrame, habit: HabitColumn) -> LineChart:
    scale = 100 if habit.unit else 1
    values = table.select("period", habit.column).rows()
    return LineChart(
        habit.title, [(_format_period(name, "%b %y"), value * scale) for name, value in values], habit.unit
    )


def _format_period(period: str, pattern: str) -> str:
    """A month by a pattern of `strftime`; a year as it is."""
    return f"{datetime.strptime(period, '%Y-%m'):{pattern}}" if "-" in period else period


def _periods(rows: pl.DataFrame) -> tuple[pl.DataFrame, str]:
    """The means of all HABITS by `period`, and whether that is a `year` or a `month`."""
    for period in ("year", "month"):
        means = [pl.col(habit.column).cast(pl.Float64).mean() for habit in HABITS]
        table = (
            rows.group_by(pl.col(period).alias("period"))
            .agg(*means, n=pl.len())
            .filter(pl.col("n") >= MIN_PERIOD_MESSAGES)
        )
        if table.height >= PERIODS:
            break
    return table.sort("period"), period


def _flagged(messages: pl.DataFrame) -> pl.DataFrame:
    """The messages with a Boolean column for each habit that the features only count."""
    endings = [(pl.col("ending") == kind).alias(kind) for kind in ("stop", "exclamation")]
    pictures = (pl.col("emoji") + pl.col("custom_emoji") + pl.col("emoticons")) > 0
    flags = [(pl.col(name) > 0).alias(name) for name in ("stretched", "unmarked")]
    return messages.with_columns(*endings, *flags, short=pl.col("abbreviations") > 0, pictures=pictures)


def _words(data: PortraitData, periods: Sequence[str], period: str) -> Table:
    """The words of each period by weighted log-odds against all others."""
    counted = {name: Counter[str]() for name in periods}
    for message, name in zip(data.words, data.messages[period].to_list(), strict=True):
        if name in counted:
            counted[name].update(message)
    whole: Counter[str] = sum(counted.values(), Counter())
    rows = []
    for name, own in counted.items():
        shown = [word for word in _typical(own, whole - own, whole) if data.name_filter.allows(word)][:WORDS]
        if shown:
            rows.append((_format_period(name, "%B %Y"), ", ".join(shown)))
    return Table(f"Words of the {period}", (period.capitalize(), f"said more often than in other {period}s"), rows)


def _typical(own: Counter[str], others: Counter[str], whole: Counter[str]) -> list[str]:
    """The words that a period has significantly more of than all others, the surest first."""
    scores = log_odds(own, others, whole)
    tested = [word for word in scores if whole[word] >= FEWEST_USES]
    bound = critical_value(len(tested))
    found = [word for word in tested if own[word] >= FEWEST_USES and scores[word] > bound]
    return sorted(found, key=lambda word: -scores[word])
