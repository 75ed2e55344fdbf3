"""When and how much at once: hours and weekdays, bursts, lengths of messages and conversations."""

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from soundalike.portrait.card import Card, Columns, Grid
from soundalike.portrait.findings import saying
from soundalike.portrait.material import Material

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
LENGTHS = (5, 10, 20, 40, 80, 160)
BURSTS = (1, 2, 3, 4, 6, 9)
CONVERSATIONS = (1, 2, 5, 10, 20, 40)


def rhythm(material: Material) -> Card:
    """Shares, so that years of different length compare; times as the clock of this machine showed them."""
    mine = material.mine
    week = _week(mine)
    bursts = mine.group_by("burst").agg(pl.len())["len"].to_numpy()
    talks = mine.group_by("conversation").agg(pl.len())["len"].to_numpy()
    lengths = mine["characters"].to_numpy()
    inside = mine.filter(pl.col("burst_place") > 1)["gap"]
    seconds = f", {np.median(inside.to_numpy()):.0f} seconds apart" if inside.len() else ""
    run = float((bursts >= 3).mean())
    return Card(
        name="rhythm",
        title="Rhythm",
        sentence=f"Your hour is {_hour(week)}, your day {DAYS[int(week.sum(axis=1).argmax())]}. "
        f"Half of what you send has fewer than {np.median(lengths) + 1:.0f} characters.",
        basis=f"{saying.count(mine.height, 'message')} in {saying.count(len(bursts), 'burst')} and "
        f"{saying.count(len(talks), 'conversation')}; clock of this machine, {material.zone}",
        details=[
            f"{saying.percent(run)} of your bursts are three messages and more{seconds}.",
            f"{saying.percent(_night(week))} of your messages leave between midnight and five.",
        ],
        pictures=[
            Grid("Your week", week.tolist()),
            Columns("Characters a message", _histogram(lengths, LENGTHS), "% of messages"),
            Columns("Messages a burst", _histogram(bursts, BURSTS), "% of bursts"),
            Columns("Your messages a conversation", _histogram(talks, CONVERSATIONS), "% of conversations"),
        ],
    )


def _week(mine: pl.DataFrame) -> NDArray[np.float64]:
    """(7, 24): the share of messages."""
    at = (mine["weekday"].to_numpy() - 1) * 24 + mine["hour"].to_numpy()
    return np.bincount(at, minlength=7 * 24).reshape(7, 24) / mine.height


def _hour(week: NDArray[np.float64]) -> str:
    hour = int(week.sum(axis=0).argmax())
    return {0: "midnight", 12: "noon"}.get(hour, f"{hour % 12} in the {_part(hour)}")


def _part(hour: int) -> str:
    return "morning" if hour < 12 else "afternoon" if hour < 18 else "evening"


def _night(week: NDArray[np.float64]) -> float:
    return float(week[:, :5].sum())


def _histogram(values: NDArray[np.generic], edges: Sequence[int]) -> list[tuple[str, float]]:
    """Shares of the values up to each edge, and beyond the last."""
    places = np.searchsorted(np.array(edges), values)
    shares = np.bincount(places, minlength=len(edges) + 1) / max(len(values), 1)
    lows = [1, *(edge + 1 for edge in edges)]
    names = [str(low) if low == high else f"{low}–{high}" for low, high in zip(lows, edges, strict=False)]
    return list(zip([*names, f"{lows[-1]}+"], shares.tolist(), strict=True))
