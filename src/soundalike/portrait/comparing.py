"""What may be said of two figures: the words follow the comparison and its interval.

Nothing is told as more, less or most unless chance alone would hardly give it; where several things are compared and
only the most telling is told, the intervals are wider by as much (Bonferroni).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from soundalike.metrics.stats import Estimate, critical_value, difference, median, proportion

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Comparison:
    """The owner's share beside the middle of others', each with its interval."""

    own: Estimate
    others: Estimate

    @property
    def sign(self) -> int:
        """1 where the owner's share is surely larger, -1 where it is surely smaller, else 0."""
        apart = difference(self.own, self.others)
        return int(apart.low > 0) - int(apart.high < 0)

    @property
    def words(self) -> str:
        """Stands between what somebody does and whom they are compared with."""
        return {1: "more often than", -1: "less often than", 0: "about as often as"}[self.sign]


def compared(hits: int, of: int, others: Floats, tests: int = 1) -> Comparison:
    """`hits` of the owner's `of` beside the shares of `others`, a person each; the surest of `tests` is told."""
    return Comparison(proportion(hits, max(of, 1), critical_value(tests)), median(others))


def leaders(counts: Counts) -> list[int]:
    """The kinds that nothing surely exceeds, of counts (clusters, kinds): one where one leads beyond chance.

    What is counted comes in clusters, a week each, so the error of a difference is that between clusters, and never
    less than if all were independent. All pairs of kinds might have been told.
    """
    kinds = counts.shape[1]
    top = int(counts.sum(axis=0).argmax())
    z = critical_value(kinds * (kinds - 1) // 2)
    return [kind for kind in range(kinds) if kind == top or not _exceeds(counts[:, top], counts[:, kind], z)]


def _exceeds(one: Counts, other: Counts, z: float) -> bool:
    apart = (one - other).astype(np.float64)
    return bool(apart.sum() > z * _error(apart, float((one + other).sum())))


def above_even(inside: Counts, whole: Counts, even: float, tests: int) -> bool:
    """Whether more of `whole` (clusters,) than the share `even` lies `inside`, beyond chance."""
    apart = inside - even * whole
    return bool(apart.sum() > critical_value(tests) * _error(apart, float(whole.sum()) * even * (1 - even)))


def _error(apart: Floats, independent: float) -> float:
    """Of a sum over clusters; `independent` is its variance if nothing came in clusters."""
    clusters = len(apart)
    between = float(apart.var(ddof=1)) * clusters if clusters > 1 else 0.0
    return float(np.sqrt(max(between, independent)))


@dataclass(frozen=True, slots=True)
class Change:
    """A difference of two means in standard errors, `z`; `sign` is 1 or -1 where it is beyond chance, else 0."""

    z: float
    sign: int


def changed(values: tuple[Floats, Floats], days: tuple[Counts, Counts], tests: int) -> Change:
    """Whether the mean of the second of two `values` is another than that of the first; the surest of `tests` is told.

    `days` numbers the day of each: what was written on one day is not independent.
    """
    errors = [_mean_error(some, day) for some, day in zip(values, days, strict=True)]
    error = max(
        math.hypot(*errors), 1 / min(map(len, values))
    )  # who always did one and now always another does not vary
    z = float(values[1].mean() - values[0].mean()) / error
    return Change(z, int(z > critical_value(tests)) - int(z < -critical_value(tests)))


def _mean_error(values: Floats, days: Counts) -> float:
    """The standard error of a mean over clusters (Liang & Zeger 1986), never less than if all were independent."""
    place = np.unique(days, return_inverse=True)[1]
    sums = np.bincount(place, values - values.mean())
    between = float((sums**2).sum()) * len(sums) / max(len(sums) - 1, 1)
    return float(np.sqrt(max(between, float(values.var()) * len(values)))) / len(values)
