"""How the owner types: punctuation, case and stretching against others."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from soundalike.portrait.card import Card
from soundalike.portrait.chart_kinds import PercentileBands
from soundalike.portrait.comparing import Comparison, compared
from soundalike.portrait.data import Material
from soundalike.portrait.findings import saying

EDGES = (10.0, 50.0, 90.0)
TOLD = 2

Floats = NDArray[np.float64]
Habits = Mapping[str, Floats]


@dataclass(frozen=True, slots=True)
class Share:
    """A habit that is done or not at each chance.

    `label` stands in a picture, `told` after "you" in a sentence; `hits` and `chances` count the owner's messages (or
    contractions), `theirs` gives a share a person from `features.summary`.
    """

    label: str
    told: str
    hits: pl.Expr
    chances: pl.Expr
    theirs: Callable[[Habits], Floats]


def _ending(kind: str, label: str, told: str) -> Share:
    return Share(label, told, (pl.col("ending") == kind).sum(), pl.len(), lambda habits: habits[f"ending={kind}"])


def _part(first: str, second: str) -> Callable[[Habits], Floats]:
    """`first` as a share of both."""
    return lambda habits: habits[first] / np.maximum(habits[first] + habits[second], 1e-9)


SHARES = (
    Share(
        "open in lower case",
        "open in lower case",
        (pl.col("opening") == "lower").sum(),
        pl.col("opening").count(),
        _part("opening=lower", "opening=upper"),
    ),
    Share(
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
    Share(
        "drop the apostrophe",
        "drop the apostrophe",
        pl.col("unmarked").sum(),
        (pl.col("unmarked") + pl.col("apostrophes")).sum(),
        _part("unmarked", "apostrophes"),
    ),
)
Found = tuple[Share, Comparison]
RATES = {
    "commas": "commas",
    "stretched lettersss": "stretched",
    "short forms (u, ngl)": "abbreviations",
    "WORDS IN CAPITALS": "shouted",
    "emoji": "emoji",
    "emoticons :)": "emoticons",
    "*corrections": "correction",
}


def punctuation(material: Material) -> Card:
    """Each habit beside the middle of others, and the band that eight in ten of them lie in."""
    others = material.others
    found = [(habit, _compared(material, habit)) for habit in SHARES]
    return Card(
        name="typing",
        title="Punctuation, case and stretching",
        sentence=_sentence(material, found),
        basis=f"{saying.count(material.mine.height, 'message')} beside "
        f"{saying.count(others.people, 'other person', 'other people')}",
        details=[f"The dot is you, the stroke the middle of {others.name}, the band eight in ten of them."],
        pictures=[
            PercentileBands("Of a hundred chances", [_band(material, *one) for one in found], others.name),
            PercentileBands("In a hundred messages", _rates(material), others.name, percent=False),
        ],
    )


def _compared(material: Material, habit: Share) -> Comparison:
    hits, chances = material.mine.select(hits=habit.hits, chances=habit.chances).row(0)
    return compared(int(hits), int(chances), habit.theirs(material.others.habits), len(SHARES))


def _band(material: Material, habit: Share, both: Comparison) -> tuple[str, float, float, float, float]:
    low, middle, high = np.percentile(habit.theirs(material.others.habits), EDGES).tolist()
    return habit.label, both.own.value, low, middle, high


def _rates(material: Material) -> list[tuple[str, float, float, float, float]]:
    rows = []
    for label, name in RATES.items():
        low, middle, high = np.percentile(material.others.habits[name], EDGES).tolist()
        rows.append((label, material.habits[name], low, middle, high))
    return rows


def _sentence(material: Material, found: Sequence[Found]) -> str:
    """The habits that are surely other than others', the oddest first; or that there is none."""
    sure = [one for one in found if one[1].sign]
    oddest = sorted(sure, key=lambda one: -_oddness(_band(material, *one)))[:TOLD]
    if not oddest:
        return f"You type as {material.others.name} do: no habit here differs by more than chance."
    return f"You {saying.listed([_told(material, *one) for one in oddest], 'and you')}."


def _oddness(band: tuple[str, float, float, float, float]) -> float:
    """How far the owner is from the middle of others, in halves of their band."""
    _, own, low, middle, high = band
    return abs(own - middle) / max((high - low) / 2, 0.02)


def _told(material: Material, habit: Share, both: Comparison) -> str:
    own, middle = saying.percent(both.own.value), saying.percent(both.others.value)
    others = material.others
    return f"{habit.told} {both.words} {others.name} ({own}; {others.middle} {middle})"
