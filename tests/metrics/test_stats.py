"""Intervals, areas and distances, where the right answer is known; what is marked so was computed with scipy 1.17."""

import math

import numpy as np
import pytest

from soundalike.metrics.habit_distances import HabitDistance
from soundalike.metrics.repetition import recites
from soundalike.metrics.stats import (
    Bootstrap,
    Estimate,
    difference,
    jensen_shannon,
    mean,
    median,
    percentile_interval,
    proportion,
    wasserstein,
    wins,
)
from soundalike.plain import plain


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"),
    [(5, 10, 0.236593, 0.763407), (0, 10, 0.0, 0.277533), (3, 200, 0.005114, 0.043166), (7, 7, 0.645670, 1.0)],
)
def test_the_interval_of_a_proportion_is_wilsons(hits: int, of: int, low: float, high: float) -> None:
    """As scipy's `binomtest(hits, of).proportion_ci(method="wilson")`."""
    found = proportion(hits, of)
    assert (found.low, found.high, found.n) == pytest.approx((low, high, of), abs=1e-6)


def test_a_bootstrap_gives_percentiles_and_a_constant_none() -> None:
    """Of 101 draws the 2.5th and the 97.5th; where every draw is the same the interval is a point."""
    assert plain(percentile_interval(50.0, np.arange(101.0), 9)) == {"value": 50.0, "low": 2.5, "high": 97.5, "n": 9}
    flat = mean(np.full(20, 0.3), np.arange(20))
    assert (flat.low, flat.value, flat.high) == pytest.approx((0.3, 0.3, 0.3))


def test_messages_of_one_conversation_are_drawn_together() -> None:
    """Ten conversations that each say one thing ten times know no more than ten messages do."""
    values = np.repeat([0.0, 1.0] * 5, 10)
    together, apart = mean(values, np.repeat(np.arange(10), 10)), mean(values, np.arange(100))
    assert together.high - together.low > 2 * (apart.high - apart.low)


def test_weights_and_ratios_are_of_the_same_draws() -> None:
    """A ratio of sums is the weighted one, draw by draw, and each draw has as many groups as there are."""
    groups, above, below = np.array([7, 7, 9]), np.array([1.0, 0.0, 1.0]), np.array([2.0, 3.0, 4.0])
    bootstrap = Bootstrap(groups, seed=1, draws=50)
    weights = bootstrap.weights(groups)
    assert bootstrap.ratio(above, below, groups) == pytest.approx((weights @ above) / (weights @ below))
    assert (weights[:, 0] == weights[:, 1]).all() and set(weights[:, 1:].sum(axis=1)) == {2}


def test_a_median_lies_between_two_of_the_values() -> None:
    """Of eleven the second and the tenth, as scipy's `quantile_test` gives them; of three the outermost."""
    values = np.array([3.0, 1, 4, 15, 9, 2, 6, 5, 35, 8, 97])
    assert median(values) == Estimate(6.0, 2.0, 35.0, 11)
    assert median(values[:3]) == Estimate(3.0, 1.0, 4.0, 3)


def test_a_difference_takes_its_interval_from_both() -> None:
    """Newcombe's published example: 56 of 70 against 48 of 80 is 0.2 with 0.0524 to 0.3339."""
    apart = difference(proportion(56, 70), proportion(48, 80))
    assert (apart.value, apart.low, apart.high) == pytest.approx((0.2, 0.0524, 0.3339), abs=1e-4)


def test_the_mean_of_wins_is_the_area_under_the_curve() -> None:
    """As scipy's `mannwhitneyu` over all pairs: ties count one half."""
    assert wins(np.array([1.0, 2, 3]), np.array([2.0, 0, 3, 1])).mean() == pytest.approx(7.5 / 12)


def test_distances_of_known_samples() -> None:
    """Disjoint distributions are 1 apart, equal ones 0; numbers shifted by two are two apart."""
    even, other = np.array([0.5, 0.5, 0.0]), np.array([0.0, 0.0, 1.0])
    assert jensen_shannon(even, even) == 0 and jensen_shannon(even, other) == pytest.approx(1)
    # scipy's jensenshannon in base 2
    assert jensen_shannon(np.array([0.1, 0.2, 0.7]), np.array([0.3, 0.3, 0.4])) == pytest.approx(0.273667, abs=1e-6)
    numbers = np.arange(50.0)
    assert wasserstein(numbers, numbers[::-1] + 2) == pytest.approx(2)


@pytest.mark.parametrize(("clone", "owner", "vetoed"), [(0.31, 0.2, True), (0.29, 0.2, False), (0.9, None, False)])
def test_copying_vetoes_by_the_interval(clone: float, owner: float | None, vetoed: bool) -> None:
    """From one and a half times the owner's rate on, the clone's lower bound against the owner's upper one."""
    own = None if owner is None else Estimate(0.1, 0.0, owner, 100)
    assert recites(Estimate(0.95, clone, 1.0, 100), own) is vetoed


def test_plain_values_are_rounded_and_hold_no_nan() -> None:
    """Four digits, or as many as a field asks for; what JSON does not know is refused."""
    assert plain([Estimate(0.123456, -math.inf, math.nan, 3)]) == [{"value": 0.1235, "low": None, "high": None, "n": 3}]
    assert plain({"far": HabitDistance("ending", 1.2345, None, 0.5)})["far"]["ratio"] == 1.23
    with pytest.raises(TypeError):
        plain({"set": {1}})
