"""How the owner types: punctuation, case and stretching against others, and laughter."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from soundalike.portrait.card import Bands, Bars, Card, Trend
from soundalike.portrait.findings import saying
from soundalike.portrait.material import Material

FEWEST_LAUGHS = 10
SHOWN, LEAST = 7, 0.005  # families of laughter, and the share of laughs that makes one
EDGES = (10.0, 50.0, 90.0)
FACEBOOK = "On Facebook in 2015 it was haha 51 %, emoji 34 %, hehe 13 % and lol 2 %."

Habits = Mapping[str, NDArray[np.float64]] | Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Habit:
    """`label` in a picture, `told` after "you" in a sentence, and its value from a `features.summary`."""

    label: str
    told: str
    value: Callable[[Habits], NDArray[np.float64]]


def _is(name: str) -> Callable[[Habits], NDArray[np.float64]]:
    return lambda habits: np.asarray(habits[name], np.float64)


def _of(name: str, *rest: str) -> Callable[[Habits], NDArray[np.float64]]:
    """`name` as a share of itself and the rest."""

    def value(habits: Habits) -> NDArray[np.float64]:
        whole = sum((np.asarray(habits[one], np.float64) for one in (name, *rest)), np.float64(0))
        return np.asarray(habits[name], np.float64) / np.maximum(whole, 1e-9)

    return value


SHARES = (
    Habit("open in lower case", "open in lower case", _of("opening=lower", "opening=upper")),
    Habit("have no capital", "write without one capital", _is("lowercase")),
    Habit("end in nothing", "end without any mark", _is("ending=letter")),
    Habit("end in a full stop", "end in a full stop", _is("ending=stop")),
    Habit("end in a question", "end in a question mark", _is("ending=question")),
    Habit("end in !", "end in an exclamation mark", _is("ending=exclamation")),
    Habit("trail off …", "trail off in dots", _is("ending=ellipsis")),
    Habit("drop the apostrophe", "drop the apostrophe", _of("unmarked", "apostrophes")),
)
RATES = (
    Habit("commas", "", _is("commas")),
    Habit("stretched lettersss", "", _is("stretched")),
    Habit("short forms (u, ngl)", "", _is("abbreviations")),
    Habit("WORDS IN CAPITALS", "", _is("shouted")),
    Habit("emoji", "", _is("emoji")),
    Habit("emoticons :)", "", _is("emoticons")),
    Habit("*corrections", "", _is("correction")),
)


def punctuation(material: Material) -> Card:
    """Each habit beside the middle of others, and the band that eight in ten of them lie in."""
    others = material.others
    shares, rates = (_bands(material, habits) for habits in (SHARES, RATES))
    oddest = sorted(_oddness(material).items(), key=lambda pair: -pair[1])
    first, second = (_told(material, habit) for habit, _ in oddest[:2])
    return Card(
        name="typing",
        title="Punctuation, case and stretching",
        sentence=f"You {first}, and you {second}.",
        basis=f"{saying.count(material.mine.height, 'message')} beside "
        f"{saying.count(others.people, 'other person', 'other people')}",
        details=[f"The dot is you, the stroke the middle of {others.name}, the band eight in ten of them."],
        pictures=[
            Bands("Of a hundred chances", shares, others.name),
            Bands("In a hundred messages", rates, others.name, percent=False),
        ],
    )


def _bands(material: Material, habits: tuple[Habit, ...]) -> list[tuple[str, float, float, float, float]]:
    rows = []
    for habit in habits:
        low, middle, high = np.percentile(habit.value(material.others.habits), EDGES).tolist()
        rows.append((habit.label, float(habit.value(material.habits)), low, middle, high))
    return rows


def _oddness(material: Material) -> dict[Habit, float]:
    """How far the owner is from the middle of others, in halves of their band: how odd each habit is."""
    odd = {}
    for habit in SHARES:
        low, middle, high = np.percentile(habit.value(material.others.habits), EDGES)
        odd[habit] = abs(float(habit.value(material.habits)) - middle) / max((high - low) / 2, 0.02)
    return odd


def _told(material: Material, habit: Habit) -> str:
    own, theirs = float(habit.value(material.habits)), float(np.median(habit.value(material.others.habits)))
    return (
        f"{saying.how_often(own)} {habit.told} ({saying.percent(own)}; {material.others.name} {saying.percent(theirs)})"
    )


def laughter(material: Material) -> Card:
    """The families of laughter and how long they are."""
    laughs = material.mine.filter(pl.col("laughter").is_not_null())
    basis = f"{saying.count(laughs.height, 'laugh')} in {saying.count(material.mine.height, 'message')}"
    if laughs.height < FEWEST_LAUGHS:
        return Card("laughter", "Laughter", "You hardly ever laugh in writing.", basis)
    families = laughs["laughter"].value_counts(sort=True, name="times")
    rows = [(_family(name), times / laughs.height) for name, times in families.iter_rows()]
    rows = [row for row in rows if row[1] >= LEAST][:SHOWN]
    longest, typical = int(laughs["laughter_length"].max()), float(laughs["laughter_length"].median())  # type: ignore[arg-type]
    share = laughs.height / material.mine.height
    theirs = float(np.median(material.others.habits["laughs"]))
    return Card(
        name="laughter",
        title="Laughter",
        sentence=f"You laugh in {saying.one_in(share)} of your messages, and {_how(rows)}.",
        basis=basis,
        details=[
            f"{saying.percent(share)} of your messages laugh; {saying.percent(theirs)} for {material.others.one}. "
            f"A laugh of yours has {typical:.0f} characters, your longest {longest}.",
            FACEBOOK,
        ],
        pictures=[
            Bars("How you laugh", [(name, value * 100) for name, value in rows], "% of laughs"),
            *_over_time(material),
        ],
    )


def _over_time(material: Material) -> list[Trend]:
    parts = material.mine.group_by("month").agg(share=pl.col("laughs").mean(), n=pl.len()).sort("month")
    months = parts.filter(pl.col("n") >= 30).select("month", "share").rows()
    points = [(month, share * 100) for month, share in months]
    return [Trend("With a laugh, by month", points, "% of messages")] if len(points) > 2 else []


def _family(name: str) -> str:
    return {"smash": "asdfjkl", "emoji": "😂 and kin", "kkk": "kkkk"}.get(name, name)


def _how(rows: list[tuple[str, float]]) -> str:
    (first, share), *rest = rows
    if share > 0.9 or not rest:
        return f"nearly always it is {first}"
    return f"{saying.percent(share)} of it is {first}, {saying.percent(rest[0][1])} {rest[0][0]}"
