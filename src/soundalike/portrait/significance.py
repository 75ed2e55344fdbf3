"""Which differences a card may state, and in which words: both follow from an interval or a z-score.

Nothing is called more, less or most unless chance alone would hardly produce it. If several comparisons are made and
only the most striking one is stated, the bounds are wider accordingly (Bonferroni, `critical_value`).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from soundalike.metrics.stats import Estimate, critical_value, difference, median, proportion

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ShareComparison:
    """The owner's share and the others' median, each with its interval."""

    own: Estimate
    others: Estimate

    @property
    def sign(self) -> int:
        """1 if the owner's share is significantly larger, -1 if it is significantly smaller, else 0."""
        apart = difference(self.own, self.others)
        return int(apart.low > 0) - int(apart.high < 0)

    @property
    def words(self) -> str:
        """The words between a habit and the people it is compared with."""
        return {1: "more often than", -1: "less often than", 0: "about as often as"}[self.sign]


def compare_shares(hits: int, of: int, others: Floats, tests: int = 1) -> ShareComparison:
    """Compare the owner's `hits` out of `of` with the others' shares (people,), as one of `tests` comparisons."""
    return ShareComparison(proportion(hits, max(of, 1), critical_value(tests)), median(others))


def largest_categories(counts: Counts) -> list[int]:
    """The categories that no other one significantly exceeds, from counts (clusters, categories).

    Counts come in clusters, one per week, so the error of a difference is the one between clusters, and never less than
    if all counts were independent. The bound is for all pairs of categories.
    """
    kinds = counts.shape[1]
    top = int(counts.sum(axis=0).argmax())
    z = critical_value(kinds * (kinds - 1) // 2)
    return [kind for kind in range(kinds) if kind == top or not _exceeds(counts[:, top], counts[:, kind], z)]


def _exceeds(one: Counts, other: Counts, z: float) -> bool:
    apart = (one - other).astype(np.float64)
    return bool(apart.sum() > z * _sum_error(apart, float((one + other).sum())))


def exceeds_even_share(inside: Counts, whole: Counts, even: float, tests: int) -> bool:
    """Whether significantly more of `whole` (clusters,) lies `inside` (clusters,) than the share `even`."""
    apart = inside - even * whole
    return bool(apart.sum() > critical_value(tests) * _sum_error(apart, float(whole.sum()) * even * (1 - even)))


def _sum_error(values: Floats, independent: float) -> float:
    """The standard error of a sum over clusters, at least that of the variance `independent`."""
    clusters = len(values)
    between = float(values.var(ddof=1)) * clusters if clusters > 1 else 0.0
    return float(np.sqrt(max(between, independent)))


@dataclass(frozen=True, slots=True)
class MeanDifference:
    """A difference of two means in standard errors, `z`; `sign` is 1 or -1 if it is significant, else 0."""

    z: float
    sign: int


def mean_difference(values: tuple[Floats, Floats], days: tuple[Counts, Counts], tests: int) -> MeanDifference:
    """The second mean of `values` minus the first, as one of `tests` comparisons.

    `days` numbers the day of each value: messages of one day are not independent.
    """
    errors = [_mean_error(some, day) for some, day in zip(values, days, strict=True)]
    least = 1 / min(map(len, values))  # two samples without any variance would have no error at all
    z = float(values[1].mean() - values[0].mean()) / max(math.hypot(*errors), least)
    return MeanDifference(z, int(z > critical_value(tests)) - int(z < -critical_value(tests)))


def _mean_error(values: Floats, days: Counts) -> float:
    """The standard error of a mean over clusters (Liang & Zeger 1986), at least that of independent values."""
    place = np.unique(days, return_inverse=True)[1]
    sums = np.bincount(place, values - values.mean())
    between = float((sums**2).sum()) * len(sums) / max(len(sums) - 1, 1)
    return float(np.sqrt(max(between, float(values.var()) * len(values)))) / len(values)
