"""Estimates with their intervals, and the few statistics that everything measured here is made of.

In numpy alone, because scipy and scikit-learn would take 200 MB on disk and two seconds to import for the Wilson
interval, two distances and a ridge solve: everything else here (bootstraps over conversations, weighted areas under the
curve, Newcombe's interval) they have not, or only one draw at a time.
"""

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

PERCENTILES = (2.5, 97.5)
ERROR = 0.05
NEW_TEXT = 1.3  # figures of new text lie so many times as far apart as bootstrap draws of one text: see LOG.md
NORMAL = 1.959963984540054  # the standard normal's 97.5 % point

Floats = NDArray[np.float64]
Groups = NDArray[np.int64]
Seed = int | tuple[int, int] | np.random.Generator


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with its 95 % interval, measured on `n` things."""

    value: float
    low: float
    high: float
    n: int

    def as_text(self, digits: int = 2, percent: bool = False) -> str:
        """`0.62 [0.55, 0.68]`, or `62 % [55, 68]`."""
        if percent:
            digits = 0 if self.value >= 0.1 or self.value == 0 else 1
            return f"{self.value * 100:.{digits}f} % [{self.low * 100:.{digits}f}, {self.high * 100:.{digits}f}]"
        return f"{self.value:.{digits}f} [{self.low:.{digits}f}, {self.high:.{digits}f}]"


class Bootstrap:
    """Draws of groups with replacement (Efron 1979): things of one group, a conversation say, are drawn together.

    One object for several measures of the same groups makes them comparable draw by draw.
    """

    def __init__(self, groups: Groups, seed: Seed = 0, draws: int = 1000) -> None:
        self._names = np.unique(groups)
        count = len(self._names)
        even = np.full(count, 1 / max(count, 1))
        generator = np.random.default_rng(seed)
        # (draws, groups): how often each group is drawn
        self._drawn = generator.multinomial(count, even, draws) if count else np.zeros((draws, 0), np.int64)

    def weights(self, groups: Groups) -> NDArray[np.int64]:
        """(draws, things): how often the group of each thing is drawn."""
        drawn: NDArray[np.int64] = self._drawn[:, np.searchsorted(self._names, groups)]
        return drawn

    def ratio(self, above: Floats, below: Floats, groups: Groups) -> Floats:
        """(draws,): the sum of `above` over the sum of `below`, both (things,)."""
        place = np.searchsorted(self._names, groups)
        sums = [np.bincount(place, values, len(self._names)) for values in (above, below)]
        ratios: Floats = (self._drawn @ sums[0]) / np.maximum(self._drawn @ sums[1], 1)
        return ratios


def percentile_interval(value: float, draws: Floats, n: int) -> Estimate:
    """`value` with the percentile interval of its bootstrap draws (Efron & Tibshirani 1993, chapter 13)."""
    low, high = np.percentile(draws, PERCENTILES)
    return Estimate(float(value), float(low), float(high), n)


def of_new_text(draws: Floats) -> Floats:
    """Bootstrap draws of a share, moved to NEW_TEXT times their distance from their mean, within 0 and 1.

    A bootstrap of what was judged leaves out that other text would teach a classifier otherwise.
    """
    middle = draws.mean()
    moved: Floats = (middle + NEW_TEXT * (draws - middle)).clip(0, 1)
    return moved


def mean(values: Floats, groups: Groups, seed: int = 0) -> Estimate:
    """The mean of at least one value, its interval by a bootstrap over groups."""
    draws = Bootstrap(groups, seed).ratio(values, np.ones(len(values)), groups)
    return percentile_interval(float(values.mean()), draws, len(values))


def proportion(hits: int, of: int, z: float = NORMAL) -> Estimate:
    """A share of at least one thing with its score interval (Wilson 1927), which holds for few and for none too."""
    rate, square = hits / of, z**2
    centre = (rate + square / (2 * of)) / (1 + square / of)
    spread = z * math.sqrt(rate * (1 - rate) / of + square / (4 * of * of)) / (1 + square / of)
    low = 0.0 if hits == 0 else centre - spread  # at the ends the bound is the share itself, which rounding misses
    return Estimate(rate, low, 1.0 if hits == of else centre + spread, of)


def critical_value(tests: int = 1) -> float:
    """The bound of a standard normal at 95 % for the most extreme of so many tests (Bonferroni)."""
    return NormalDist().inv_cdf(1 - ERROR / 2 / max(tests, 1))


def median(values: Floats) -> Estimate:
    """The median of at least one value, its interval between two of the values in order: it assumes no distribution.

    The ranks are the innermost that a binomial of n coins keeps between them with 95 % (Conover 1999, section 3.2);
    with fewer than six values they are the outermost, and hold a little less.
    """
    ordered, n = np.sort(values), len(values)
    below, rank = 0.0, 0
    while rank < n // 2 and below + math.comb(n, rank) / 2**n <= ERROR / 2:
        below += math.comb(n, rank) / 2**n
        rank += 1
    place = max(rank - 1, 0)
    return Estimate(float(np.median(ordered)), float(ordered[place]), float(ordered[n - 1 - place]), n)


def difference(first: Estimate, second: Estimate) -> Estimate:
    """First minus second of two independent estimates, its interval from theirs (Newcombe 1998, method 10)."""
    value = first.value - second.value
    down = math.hypot(first.value - first.low, second.high - second.value)
    up = math.hypot(first.high - first.value, second.value - second.low)
    return Estimate(value, value - down, value + up, first.n)


def reaches(found: Estimate, goal: float, margin: float) -> bool:
    """Whether the true value is surely no farther below `goal` than `margin`.

    One of the two one-sided tests for equivalence (Schuirmann 1987, J. Pharmacokinet. Biopharm. 15, 657-680), at 2.5 %:
    an interval that merely holds the goal shows that there is little text, not that the goal is reached.
    """
    return found.low >= goal - margin


def wins(first: Floats, second: Floats) -> Floats:
    """(first, second): 1 where the first scores higher, 0.5 where both score alike.

    Their mean is the area under the ROC curve, the Mann-Whitney statistic (Hanley & McNeil 1982).
    """
    won: Floats = (first[:, None] > second) + 0.5 * (first[:, None] == second)
    return won


def weighted_auc(won: Floats, first: NDArray[np.int64], second: NDArray[np.int64]) -> Floats:
    """(draws,): the area under the curve of `wins` for each draw of weights, (draws, first) and (draws, second)."""
    total = first.sum(axis=1) * second.sum(axis=1)
    sums = np.einsum("df,fs,ds->d", first.astype(float), won, second.astype(float), optimize=True)
    areas: Floats = sums / np.maximum(total, 1e-9)
    return areas


def jensen_shannon(p: Floats, q: Floats) -> float:
    """Distance of two distributions over the same kinds, 0 to 1: the root of the divergence in bits.

    Endres & Schindelin 2003, "A new metric for probability distributions".
    """
    middle = (p + q) / 2
    return math.sqrt(max(0.0, (_divergence(p, middle) + _divergence(q, middle)) / 2))


def _divergence(p: Floats, q: Floats) -> float:
    """Kullback-Leibler divergence in bits."""
    seen = p > 0
    return float((p[seen] * np.log2(p[seen] / q[seen])).sum())


def wasserstein(one: Floats, other: Floats) -> float:
    """Distance of two equally large samples of numbers: the mean gap between them in order (Vallender 1974)."""
    return float(np.abs(np.sort(one) - np.sort(other)).mean())
