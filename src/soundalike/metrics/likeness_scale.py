"""Likeness: the two-sample test on a scale from 0 %, as far as another person, to 100 %, as close as you to yourself.

A bare test against one's own later messages blames a clone for the calendar: people drift, and real against real is
not 0.5. So the scale runs from the ceiling, other people against the owner's held-out windows, to the floor, the
owner's own months before them.
"""

from collections.abc import Sequence

import numpy as np

from soundalike.metrics.classifier_two_sample import TwoSampleResult, WindowSample, classifier_two_sample_test
from soundalike.metrics.stats import Bootstrap, Estimate, Floats, percentile_interval

PERSON_REPEATS = 3
NARROWEST = 0.05  # floor and ceiling nearer than this measure nothing: everybody here writes alike


def likeness(test: TwoSampleResult, floor: TwoSampleResult, ceiling: TwoSampleResult) -> Estimate | None:
    """(ceiling - test) / (ceiling - floor), cut to 0 and 1; None where floor and ceiling lie too close together."""
    if ceiling.auc - floor.auc < NARROWEST:
        return None
    value = (ceiling.auc - test.auc) / (ceiling.auc - floor.auc)
    draws = (ceiling.draws - test.draws) / np.maximum(ceiling.draws - floor.draws, NARROWEST)
    return percentile_interval(float(np.clip(value, 0, 1)), draws.clip(0, 1), test.windows)


def auc_estimate(test: TwoSampleResult) -> Estimate:
    """The area under the curve itself."""
    return percentile_interval(test.auc, test.draws, test.windows)


def population_ceiling(
    real: WindowSample, people: Sequence[WindowSample], bootstrap: Bootstrap, seed: int = 0
) -> tuple[TwoSampleResult, int] | None:
    """The median test against other people, and how many they are; None where none has enough windows.

    Each draw of the bootstrap draws people too, since other people could have been in the chat.
    """
    tested = [
        classifier_two_sample_test(real, [other], bootstrap, repeats=PERSON_REPEATS, seed=seed) for other in people
    ]
    tests = [test for test in tested if test is not None]
    if not tests:
        return None
    draws = np.stack([test.draws for test in tests])  # (people, draws)
    who = np.random.default_rng(seed).integers(0, len(tests), (draws.shape[1], len(tests)))
    medians: Floats = np.median(draws[who, np.arange(draws.shape[1])[:, None]], axis=1)
    middle = float(np.median([test.auc for test in tests]))
    return TwoSampleResult(middle, medians, min(test.windows for test in tests)), len(tests)
