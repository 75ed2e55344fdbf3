"""How the owner types: punctuation, case and stretched letters beside others."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from soundalike import phrasing
from soundalike.portrait.card import Card
from soundalike.portrait.chart_kinds import PercentileBands
from soundalike.portrait.data import PortraitData
from soundalike.portrait.significance import ShareComparison, compare_shares

EDGES = (10.0, 50.0, 90.0)  # percentiles
NAMED = 2  # habits in the sentence

Floats = NDArray[np.float64]
Habits = Mapping[str, Floats]


@dataclass(frozen=True, slots=True)
class HabitShare:
    """A habit that is done or not at each occasion.

    `label` stands in the chart, `phrase` after "you" in the sentence. `hits` and `chances` count the owner's messages
    (or contractions), `theirs` takes the others' habits and returns the share of each person, (people,).
    """

    label: str
    phrase: str
    hits: pl.Expr
    chances: pl.Expr
    theirs: Callable[[Habits], Floats]


def _ending(kind: str, label: str, phrase: str) -> HabitShare:
    return HabitShare(
        label, phrase, (pl.col("ending") == kind).sum(), pl.len(), lambda habits: habits[f"ending={kind}"]
    )


def _part(first: str, second: str) -> Callable[[Habits], Floats]:
    """`first` as a share of both."""
    return lambda habits: habits[first] / np.maximum(habits[first] + habits[second], 1e-9)


SHARES = (
    HabitShare(
        "open in lower case",
        "open in lower case",
        (pl.col("opening") == "lower").sum(),
        pl.col("opening").count(),
        _part("opening=lower", "opening=upper"),
    ),
    HabitShare(
        "have no capital",
        "write without one capital",
        pl.col("lowercase").sum(),
        pl.len(),
        lambda habits: habits["lowercase"],
    ),
    _ending("letter", "end in nothing", "end without any mark"),
    _ending("stop", "end in a full stop", "end in a full stop"),
    _ending("question", "end in a question", "end in a question mark"),
    _ending("exclamation", "end in !", "end in an exclamation mark"),
    _ending("ellipsis", "trail off …", "trail off in dots"),
    HabitShare(
        "drop the apostrophe",
        "drop the apostrophe",
        pl.col("unmarked").sum(),
        (pl.col("unmarked") + pl.col("apostrophes")).sum(),
        _part("unmarked", "apostrophes"),
    ),
)
Row = tuple[str, float, float, float, float]  # label, the owner, others' 10th, 50th and 90th percentile
Compared = tuple[HabitShare, ShareComparison]
RATES = {
    "commas": "commas",
    "stretched lettersss": "stretched",
    "short forms (u, ngl)": "abbreviations",
    "WORDS IN CAPITALS": "shouted",
    "emoji": "emoji",
    "emoticons :)": "emoticons",
    "*corrections": "correction",
}


def punctuation(data: PortraitData) -> Card:
    """Each habit beside the others' median, and the band in which eight in ten of them lie."""
    others = data.others
    found = [(habit, _compared(data, habit)) for habit in SHARES]
    return Card(
        name="typing",
        title="Punctuation, case and stretching",
        sentence=_sentence(data, found),
        basis=f"{phrasing.count(data.messages.height, 'message')} beside "
        f"{phrasing.count(others.people, 'other person', 'other people')}",
        details=[f"The dot is you, the stroke the middle of {others.name}, the band eight in ten of them."],
        pictures=[
            PercentileBands("Of a hundred chances", [_band(data, *one) for one in found], others.name),
            PercentileBands("In a hundred messages", _rates(data), others.name, percent=False),
        ],
    )


def _compared(data: PortraitData, habit: HabitShare) -> ShareComparison:
    hits, chances = data.messages.select(hits=habit.hits, chances=habit.chances).row(0)
    return compare_shares(int(hits), int(chances), habit.theirs(data.others.habits), len(SHARES))


def _band(data: PortraitData, habit: HabitShare, both: ShareComparison) -> Row:
    low, median, high = np.percentile(habit.theirs(data.others.habits), EDGES).tolist()
    return habit.label, both.own.value, low, median, high


def _rates(data: PortraitData) -> list[Row]:
    rows = []
    for label, name in RATES.items():
        low, median, high = np.percentile(data.others.habits[name], EDGES).tolist()
        rows.append((label, data.habits[name], low, median, high))
    return rows


def _sentence(data: PortraitData, found: Sequence[Compared]) -> str:
    """The habits that differ significantly from others', the most unusual first."""
    different = [one for one in found if one[1].sign]
    farthest = sorted(different, key=lambda one: -_distance(_band(data, *one)))[:NAMED]
    if not farthest:
        return f"You type as {data.others.name} do: no habit here differs by more than chance."
    return f"You {phrasing.listed([_phrase(data, *one) for one in farthest], 'and you')}."


def _distance(band: Row) -> float:
    """How far the owner is from the others' median, in halves of their band."""
    _, own, low, median, high = band
    return abs(own - median) / max((high - low) / 2, 0.02)


def _phrase(data: PortraitData, habit: HabitShare, both: ShareComparison) -> str:
    own, middle = phrasing.percent(both.own.value), phrasing.percent(both.others.value)
    others = data.others
    return f"{habit.phrase} {both.words} {others.name} ({own}; {others.median_person} {middle})"
