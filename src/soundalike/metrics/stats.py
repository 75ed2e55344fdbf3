"""A figure and how sure it is: no interval, no number."""

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

CONFIDENCE = (2.5, 97.5)
ERROR = 0.05
NORMAL = 1.959963984540054  # the standard normal's 97.5 % point


@dataclass(frozen=True, slots=True)
class Estimate:
    """`value` with its 95 % interval, measured on `n` things."""

    value: float
    low: float
    high: float
    n: int

    def as_dict(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        return {"value": _short(self.value), "low": _short(self.low), "high": _short(self.high), "n": self.n}

    def spelled(self, digits: int = 2, percent: bool = False) -> str:
        """`0.62 [0.55, 0.68]`, or `62 % [55, 68]`."""
        if percent:
            digits = 0 if self.value >= 0.1 or self.value == 0 else 1
            return f"{self.value * 100:.{digits}f} % [{self.low * 100:.{digits}f}, {self.high * 100:.{digits}f}]"
        return f"{self.value:.{digits}f} [{self.low:.{digits}f}, {self.high:.{digits}f}]"


def _short(value: float) -> float | None:
    return round(value, 4) if math.isfinite(value) else None


def percentile_interval(value: float, draws: NDArray[np.float64], n: int) -> Estimate:
    """The percentile interval of a bootstrap (Efron & Tibshirani 1993, chapter 13)."""
    low, high = np.percentile(draws, CONFIDENCE)
    return Estimate(float(value), float(low), float(high), n)


def mean(values: NDArray[np.float64], groups: NDArray[np.int64], seed: int = 0, draws: int = 1000) -> Estimate:
    """A mean, its interval by a bootstrap over groups: what belongs together is drawn together."""
    names, place = np.unique(groups, return_inverse=True)
    sums, counts = np.bincount(place, values, len(names)), np.bincount(place, minlength=len(names))
    drawn = np.random.default_rng(seed).multinomial(len(names), np.full(len(names), 1 / len(names)), draws)
    return percentile_interval(float(values.mean()), (drawn @ sums) / np.maximum(drawn @ counts, 1), len(values))


def proportion(hits: int, of: int, z: float = NORMAL) -> Estimate:
    """A share with its score interval (Wilson 1927), which holds for few and for none too; `of` is at least 1."""
    rate, square = hits / of, z**2
    centre = (rate + square / (2 * of)) / (1 + square / of)
    spread = z * math.sqrt(rate * (1 - rate) / of + square / (4 * of * of)) / (1 + square / of)
    low = 0.0 if hits == 0 else centre - spread  # at the ends the bound is the share itself, which rounding misses
    return Estimate(rate, low, 1.0 if hits == of else centre + spread, of)


def critical_value(tests: int = 1) -> float:
    """The standard normal's bound at 95 % for the surest of so many tests (Bonferroni)."""
    return NormalDist().inv_cdf(1 - ERROR / 2 / max(tests, 1))


def median(values: NDArray[np.float64]) -> Estimate:
    """The median with an interval between two of the values in order, which assumes no distribution; at least one.

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
    """First minus second of two independent figures, its interval from theirs (Newcombe 1998, method 10)."""
    value = first.value - second.value
    down = math.hypot(first.value - first.low, second.high - second.value)
    up = math.hypot(first.high - first.value, second.value - second.low)
    return Estimate(value, value - down, value + up, first.n)
