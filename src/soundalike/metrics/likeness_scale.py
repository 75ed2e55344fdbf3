"""Likeness: the two-sample test on a scale from 0 %, as far as another person, to 100 %, a perfect voice.

A perfect voice cannot be told from the owner's other conversations of the same months: those are drawn from the same
months at random, so the area under the curve is 0.5 by construction. Nothing is cut off at either end: what lies beyond
100 % does so by chance, and its interval says so.
"""

from collections.abc import Sequence

import numpy as np

from soundalike.metrics.classifier_two_sample import TwoSampleResult, WindowSample, classifier_two_sample_test
from soundalike.metrics.stats import Bootstrap, Estimate, Floats, percentile_interval

PERFECT = 0.5
PERSON_REPEATS = 3
NARROWEST = 0.05  # a ceiling nearer than this measures nothing: everybody here writes alike


def likeness(test: TwoSampleResult, ceiling: TwoSampleResult) -> Estimate | None:
    """(ceiling - test) / (ceiling - PERFECT); None where the ceiling is too close to PERFECT."""
    if ceiling.auc - PERFECT < NARROWEST:
        return None
    value, draws = _scaled(np.array(test.auc), np.array(ceiling.auc)), _scaled(test.draws, ceiling.draws)
    return percentile_interval(float(value), draws, test.windows)


def likeness_draws(test: TwoSampleResult, ceiling: TwoSampleResult) -> Floats:
    """Draws of the likeness on a scale that is held fixed: for the difference of two voices in the same scenes."""
    return _scaled(test.draws, np.array(ceiling.auc))


def _scaled(auc: Floats, ceiling: Floats) -> Floats:
    scaled: Floats = (ceiling - auc) / np.maximum(ceiling - PERFECT, NARROWEST)
    return scaled


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
