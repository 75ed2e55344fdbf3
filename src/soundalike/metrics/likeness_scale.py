"""Likeness: a two-sample test between 0 %, as far as another person, and 100 %, as close as you to yourself.

A bare test against one's own later messages blames a clone for the calendar: people drift, and real against real is
not 0.5. So the scale runs from the ceiling, other people against the owner's held-out windows, to the floor, the
owner's own months before them.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from soundalike.metrics.classifier_two_sample import (
    Resampling,
    TwoSampleResult,
    WindowSample,
    classifier_two_sample_test,
)
from soundalike.metrics.stats import Estimate, percentile_interval

PERSON_REPEATS = 3
TELLING = 0.05  # floor and ceiling nearer than this measure nothing: everybody here writes alike


def likeness(test: TwoSampleResult, floor: TwoSampleResult, ceiling: TwoSampleResult) -> Estimate | None:
    """(ceiling - test) / (ceiling - floor), cut to 0 and 1; None where floor and ceiling lie too close together."""
    if ceiling.auc - floor.auc < TELLING:
        return None
    value = (ceiling.auc - test.auc) / (ceiling.auc - floor.auc)
    draws = (ceiling.draws - test.draws) / np.maximum(ceiling.draws - floor.draws, TELLING)
    return percentile_interval(float(np.clip(value, 0, 1)), draws.clip(0, 1), test.windows)


def auc_estimate(test: TwoSampleResult) -> Estimate:
    """The area under the curve itself."""
    return percentile_interval(test.auc, test.draws, test.windows)


def population_ceiling(
    real: WindowSample, people: Sequence[WindowSample], resampling: Resampling, seed: int = 0
) -> tuple[TwoSampleResult, int] | None:
    """The median test against other people, and how many they are; None where none has enough windows.

    Each draw of the bootstrap draws people too, since other people could have been in the chat.
    """
    tested = [
        classifier_two_sample_test(real, [other], resampling, repeats=PERSON_REPEATS, seed=seed) for other in people
    ]
    tests = [test for test in tested if test is not None]
    if not tests:
        return None
    draws = np.stack([test.draws for test in tests])
    who = np.random.default_rng(seed).integers(0, len(tests), (draws.shape[1], len(tests)))
    medians: NDArray[np.float64] = np.median(draws[who, np.arange(draws.shape[1])[:, None]], axis=1)
    middle = float(np.median([test.auc for test in tests]))
    return TwoSampleResult(middle, medians, min(test.windows for test in tests)), len(tests)
