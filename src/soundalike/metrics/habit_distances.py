"""Habit by habit: how far a clone is from its owner, in units of how far the owner is from themselves.

1.0 is within one's own variation. Unlike units are never averaged: each habit is a line of its own.
"""

from dataclasses import dataclass, field

import numpy as np
import polars as pl

from soundalike.metrics.stats import jensen_shannon, wasserstein

SKIPPED = ("opener",)  # words, not a habit of few kinds
MIN_MESSAGES = 160  # of each table
DRAWS = 8


@dataclass(frozen=True, slots=True)
class HabitDistance:
    """One habit: `ratio` of the clone's distance over the owner's own, and the two means; None for kinds."""

    habit: str
    ratio: float = field(metadata={"digits": 2})
    yours: float | None
    clones: float | None


def habit_distances(
    real: pl.DataFrame, clone: pl.DataFrame, early: pl.DataFrame, late: pl.DataFrame
) -> list[HabitDistance]:
    """All habits of four tables of `text_features`, the farthest first; none under MIN_MESSAGES messages in any table.

    `real` is compared with `clone`, the owner's `early` messages with their `late` ones. Samples of one size are
    compared, because small ones are farther apart by chance; the mean over DRAWS of them.
    """
    size = min(real.height, clone.height, early.height, late.height)
    if size < MIN_MESSAGES:
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
    if one.dtype not in (pl.String, pl.Boolean):
        return wasserstein(one.to_numpy().astype(np.float64), other.to_numpy().astype(np.float64))
    both = [values.fill_null("none") if values.dtype == pl.String else values for values in (one, other)]
    kinds = sorted({kind for values in both for kind in values.unique().to_list()})
    p, q = (np.array([(values == kind).sum() for kind in kinds], np.float64) / len(values) for values in both)
    return jensen_shannon(p, q)


def _mean(values: pl.Series) -> float | None:
    return None if values.dtype == pl.String else round(float(values.cast(pl.Float64).mean() or 0.0), 3)  # type: ignore[arg-type]
