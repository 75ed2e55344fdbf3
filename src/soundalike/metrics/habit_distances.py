"""Habit by habit: how far a clone is from its owner, in units of how far the owner is from themselves.

1.0 is within one's own variation. Unlike units are never averaged: each habit is a line of its own.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

SKIPPED = ("opener",)  # words, not a habit of few kinds
FEWEST = 160
DRAWS = 8


@dataclass(frozen=True, slots=True)
class HabitDistance:
    """One habit: `ratio` of the clone's distance over the owner's own, and the two means, or None for kinds."""

    habit: str
    ratio: float
    yours: float | None
    clones: float | None

    def as_dict(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        means = {"yours": self.yours, "clones": self.clones}
        return {"habit": self.habit, "ratio": round(self.ratio, 2), **means}


def habit_distances(
    real: pl.DataFrame, clone: pl.DataFrame, early: pl.DataFrame, late: pl.DataFrame
) -> list[HabitDistance]:
    """All habits of four tables of `text_features`, the farthest first; none under FEWEST messages a side.

    Samples of one size are compared, because small ones are farther apart by chance; the mean over DRAWS of them.
    """
    size = min(real.height, clone.height, early.height, late.height)
    if size < FEWEST:
        return []
    found = []
    for habit in (name for name in real.columns if name not in SKIPPED):
        own = _mean_distance(early[habit], late[habit], size)
        if own > 0:
            ratio = _mean_distance(real[habit], clone[habit], size) / own
            found.append(HabitDistance(habit, ratio, _mean(real[habit]), _mean(clone[habit])))
    return sorted(found, key=lambda distance: -distance.ratio)


def _mean_distance(one: pl.Series, other: pl.Series, size: int) -> float:
    return float(np.mean([_distance(_drawn(one, size, seed), _drawn(other, size, seed)) for seed in range(DRAWS)]))


def _drawn(values: pl.Series, size: int, seed: int) -> pl.Series:
    """Not more than half, so that draws differ."""
    return values.sample(size // 2, seed=seed)


def _distance(one: pl.Series, other: pl.Series) -> float:
    if one.dtype in (pl.String, pl.Boolean):
        return jensen_shannon(one.fill_null("none") if one.dtype == pl.String else one, _as(other))
    return wasserstein(one.to_numpy().astype(np.float64), other.to_numpy().astype(np.float64))


def _as(values: pl.Series) -> pl.Series:
    return values.fill_null("none") if values.dtype == pl.String else values


def _mean(values: pl.Series) -> float | None:
    return None if values.dtype == pl.String else round(float(values.cast(pl.Float64).mean() or 0.0), 3)  # type: ignore[arg-type]


def jensen_shannon(one: pl.Series, other: pl.Series) -> float:
    """Distance of two samples of kinds, 0 to 1: the root of the divergence in bits (Endres & Schindelin 2003)."""
    kinds = sorted({*one.unique().to_list(), *other.unique().to_list()})
    p, q = (np.array([(values == kind).sum() for kind in kinds], np.float64) / len(values) for values in (one, other))
    middle = (p + q) / 2
    return float(np.sqrt(max(0.0, (_divergence(p, middle) + _divergence(q, middle)) / 2)))


def _divergence(p: NDArray[np.float64], q: NDArray[np.float64]) -> float:
    seen = p > 0
    return float((p[seen] * np.log2(p[seen] / q[seen])).sum())


def wasserstein(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Distance of two samples of numbers, equally many: the mean gap between them in order (Vallender 1974)."""
    return float(np.abs(np.sort(one) - np.sort(other)).mean())
