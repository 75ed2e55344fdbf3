"""When and how much at once: hours and weekdays, bursts, lengths of messages and conversations."""

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from soundalike.portrait.card import Card
from soundalike.portrait.chart_kinds import Heatmap, Histogram
from soundalike.portrait.comparing import above_even, leaders
from soundalike.portrait.data import Material
from soundalike.portrait.findings import saying

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
LENGTHS = (5, 10, 20, 40, 80, 160)
BURSTS = (1, 2, 3, 4, 6, 9)
CONVERSATIONS = (1, 2, 5, 10, 20, 40)
FEWEST_WEEKS = 8  # in which messages left, for a day or an hour to be named
MANY, SPAN = 2, 4  # days that may share the lead; hours in a row

Counts = NDArray[np.int64]


def rhythm(material: Material) -> Card:
    """Shares, so that years of different length compare; times as the clock of this machine showed them."""
    mine = material.mine
    weeks = _weeks(mine)
    bursts = mine.group_by("burst").agg(pl.len())["len"].to_numpy()
    talks = mine.group_by("conversation").agg(pl.len())["len"].to_numpy()
    lengths = mine["characters"].to_numpy()
    return Card(
        name="rhythm",
        title="Rhythm",
        sentence=f"{_when(weeks)} Half of what you send has at most {saying.count(_half(lengths), 'character')}.",
        basis=f"{saying.count(mine.height, 'message')} in {saying.count(len(bursts), 'burst')} and "
        f"{saying.count(len(talks), 'conversation')}; clock of this machine, {material.zone}",
        details=[
            f"{saying.percent(float((bursts >= 3).mean()))} of your bursts are three messages and more{_pace(mine)}.",
            f"{saying.percent(float(weeks[:, :, :5].sum()) / mine.height)} of your messages leave between midnight "
            "and five.",
        ],
        pictures=[
            Heatmap("Your week", (weeks.sum(axis=0) / mine.height).tolist()),
            Histogram("Characters a message", _histogram(lengths, LENGTHS), "% of messages"),
            Histogram("Messages a burst", _histogram(bursts, BURSTS), "% of bursts"),
            Histogram("Your messages a conversation", _histogram(talks, CONVERSATIONS), "% of conversations"),
        ],
    )


def _weeks(mine: pl.DataFrame) -> Counts:
    """(weeks, 7, 24): how many messages left in each week with any, by day and hour."""
    number = (mine["sent_at"].dt.epoch("d") // 7).to_numpy()
    week = np.unique(number, return_inverse=True)[1]
    at = week * 7 * 24 + (mine["weekday"].to_numpy() - 1) * 24 + mine["hour"].to_numpy()
    return np.bincount(at, minlength=(int(week.max()) + 1) * 7 * 24).reshape(-1, 7, 24)


def _when(weeks: Counts) -> str:
    """The day and the hours that stand out of an even week, by the differences between weeks; or that none does."""
    if len(weeks) < FEWEST_WEEKS:
        return f"Your messages lie in {saying.count(len(weeks), 'week')}: too few to name a day or an hour."
    return f"{_hours(weeks.sum(axis=1))} {_day(weeks.sum(axis=2))}"


def _day(counts: Counts) -> str:
    first = leaders(counts)
    if len(first) > MANY:
        return "No day of the week stands out."
    days = saying.listed([f"{DAYS[day]}s" for day in first])
    rest = "other days" if len(first) > 1 else "any other day"
    share, even = (saying.percent(part) for part in (float(counts[:, first].sum() / counts.sum()), len(first) / 7))
    return f"More leaves on {days} than on {rest}: {share}, an even share is {even}."


def _hours(counts: Counts) -> str:
    """The fullest SPAN hours in a row, any of 24 beginnings."""
    spans = sum(np.roll(counts, -later, axis=1) for later in range(SPAN))
    start = int(np.asarray(spans).sum(axis=0).argmax())
    inside = np.asarray(spans)[:, start]
    if not above_even(inside, counts.sum(axis=1), SPAN / 24, 24):
        return "No time of day stands out."
    share = saying.percent(float(inside.sum() / counts.sum()))
    return f"{share} leaves between {_hour(start)} and {_hour((start + SPAN) % 24)}."


def _hour(hour: int) -> str:
    part = "morning" if hour < 12 else "afternoon" if hour < 18 else "evening"
    return {0: "midnight", 12: "noon"}.get(hour, f"{hour % 12} in the {part}")


def _pace(mine: pl.DataFrame) -> str:
    inside = mine.filter(pl.col("burst_place") > 1)["gap"].to_numpy()
    if not len(inside):
        return ""
    return f"; within bursts, half of your messages follow the last one in at most {_half(inside):,} seconds"


def _half(values: NDArray[np.generic]) -> int:
    """What at least half of the values do not exceed."""
    return int(np.ceil(np.quantile(values.astype(np.float64), 0.5, method="inverted_cdf")))


def _histogram(values: NDArray[np.generic], edges: Sequence[int]) -> list[tuple[str, float]]:
    """Shares of the values up to each edge, and beyond the last."""
    places = np.searchsorted(np.array(edges), values)
    shares = np.bincount(places, minlength=len(edges) + 1) / max(len(values), 1)
    lows = [1, *(edge + 1 for edge in edges)]
    names = [str(low) if low == high else f"{low}–{high}" for low, high in zip(lows, edges, strict=False)]
    return list(zip([*names, f"{lows[-1]}+"], shares.tolist(), strict=True))
