"""The classifier two-sample test (C2ST): can a classifier tell two people's windows apart?

Lopez-Paz & Oquab 2017, "Revisiting classifier two-sample tests", ICLR. The classifier is kernel ridge regression on
n-gram vectors, judged on conversations that it has not seen by the area under the ROC curve: 0.5 where nothing tells
the two apart, 1.0 where every window does. The area grows with the number of windows to learn from, so every test has
the same: at most WINDOWS of each side, drawn anew for each repeat.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from soundalike.metrics.char_ngrams import NgramCounts, count_ngrams, unit_vectors
from soundalike.metrics.folds import assign_folds
from soundalike.metrics.stats import Bootstrap, Floats, Groups, of_new_text, weighted_auc, wins
from soundalike.metrics.windows import MIN_WINDOWS, MessageWindows
from soundalike.metrics.words import mask

WINDOWS, FOLDS, REPEATS, DRAWS = 80, 5, 12, 400
RIDGE = 0.1
APART = 1 << 40  # added to the second side's groups where the two sides share no conversation


@dataclass(frozen=True, slots=True)
class WindowSample:
    """Windows as the classifier sees them; `groups` (windows,) numbers the conversation of each."""

    ngrams: NgramCounts
    groups: Groups

    def __len__(self) -> int:
        return len(self.ngrams)


def window_sample(windows: MessageWindows, common: frozenset[str]) -> WindowSample:
    """Windows with all but `common` words masked."""
    return WindowSample(count_ngrams([mask(text, common) for text in windows.texts]), windows.groups)


def window_bootstrap(groups: Groups, seed: int = 0) -> Bootstrap:
    """DRAWS draws of conversations; samples of the same conversations get the same draws."""
    return Bootstrap(groups, (seed, len(np.unique(groups))), DRAWS)


@dataclass(frozen=True, slots=True)
class TwoSampleResult:
    """`auc`, the mean over repeats; `draws` (DRAWS,) of it by the bootstrap, see `stats.of_new_text`; `windows` of each
    side."""

    auc: float
    draws: Floats
    windows: int


def classifier_two_sample_test(
    real: WindowSample,
    others: Sequence[WindowSample],
    bootstrap: Bootstrap,
    *,
    paired: bool = False,
    repeats: int = REPEATS,
    seed: int = 0,
) -> TwoSampleResult | None:
    """How well `real` is told from each of `others`, samples of one origin taken in turn; None under MIN_WINDOWS.

    `paired`: window i of both answers the same context. Then both sides are taken at the same rows, and a conversation
    is in the same fold on both sides. `bootstrap` is that of `real`'s groups.
    """
    size = min([WINDOWS, len(real), *map(len, others)])
    if size < MIN_WINDOWS or not others:
        return None
    both = [real.ngrams, *(other.ngrams for other in others)]
    edges = np.cumsum([0, *map(len, both)])
    matrix = np.concatenate(unit_vectors(*both))
    kernel = (matrix @ matrix.T).astype(np.float64)  # (all windows, all windows)
    theirs = [bootstrap if paired else window_bootstrap(other.groups, seed + 1) for other in others]
    areas = []
    for repeat in range(repeats):
        generator, which = np.random.default_rng((seed, repeat)), repeat % len(others)
        first = generator.permutation(len(real))[:size]
        second = first if paired else generator.permutation(len(others[which]))[:size]
        groups = np.concatenate((real.groups[first], others[which].groups[second] + (0 if paired else APART)))
        rows = np.concatenate((first, edges[which + 1] + second))
        scores = _held_out_scores(kernel[np.ix_(rows, rows)], size, assign_folds(groups, FOLDS, generator))
        won = wins(scores[:size], scores[size:])
        weights = bootstrap.weights(real.groups[first]), theirs[which].weights(others[which].groups[second])
        areas.append([won.mean(), *weighted_auc(won, *weights)])
    means = np.array(areas).mean(axis=0)
    return TwoSampleResult(float(means[0]), of_new_text(means[1:]), size)


def _held_out_scores(kernel: Floats, size: int, folds: NDArray[np.intp]) -> Floats:
    """(rows,): the regression's score of each row by a fit on the other folds; targets are +1 for the first `size`
    rows and -1 for the rest."""
    target = np.where(np.arange(len(kernel)) < size, 1.0, -1.0)
    scores = np.zeros(len(kernel))
    for fold in np.unique(folds):
        asked, known = folds == fold, folds != fold
        scores[asked] = _ridge(kernel[np.ix_(known, known)], kernel[np.ix_(asked, known)], target[known])
    return scores


def _ridge(known: Floats, asked: Floats, target: Floats) -> Floats:
    """(asked,): kernel ridge regression with centred features and targets (Saunders, Gammerman & Vovk 1998).

    `known` (known, known) and `asked` (asked, known) are parts of the kernel, `target` is (known,).
    """
    means, mean = known.mean(axis=0), known.mean()
    centred = known - means - means[:, None] + mean
    level = target.mean()
    weights = np.linalg.solve(centred + RIDGE * np.eye(len(known)), target - level)
    made: Floats = (asked - asked.mean(axis=1, keepdims=True) - means + mean) @ weights + level
    return made
