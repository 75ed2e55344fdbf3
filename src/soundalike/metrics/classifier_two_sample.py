"""Can a classifier tell two people's windows apart? The one measurement that likeness is made of.

A classifier two-sample test (Lopez-Paz & Oquab 2017, "Revisiting classifier two-sample tests", ICLR): ridge
regression in the dual on n-gram vectors, judged on conversations that it has not seen, by the area under the ROC
curve: 0.5 where nothing tells them apart, 1.0 where every window does. The area grows with the number of windows to
learn from, so every test has the same: at most WINDOWS a side, drawn anew for each repeat.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from soundalike.metrics.char_ngrams import Grams, grams, mask, vectors
from soundalike.metrics.windows import FEWEST, MessageWindows

WINDOWS, FOLDS, REPEATS, DRAWS = 80, 5, 12, 400
CLASSIFIER = 1.3  # how many times as far areas of new text lie apart as draws of one text that is judged already
RIDGE = 0.1
APART = 1 << 40  # added to the second side's groups where the two sides share no conversation

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class WindowSample:
    """Windows as the classifier sees them; `groups` numbers the conversation of each."""

    grams: Grams
    groups: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.grams)


def window_sample(windows: MessageWindows, common: frozenset[str]) -> WindowSample:
    """Windows with all but `common` words masked."""
    return WindowSample(grams([mask(text, common) for text in windows.texts]), windows.groups)


class Resampling:
    """Bootstrap over conversations (Efron 1979): how often each is drawn, for DRAWS draws.

    One object for several tests of the same windows makes their draws comparable, draw by draw.
    """

    def __init__(self, groups: NDArray[np.int64], seed: int = 0, draws: int = DRAWS) -> None:
        self._groups = np.unique(groups)
        count = len(self._groups)
        generator = np.random.default_rng((seed, count))
        each = np.full(count, 1 / max(count, 1))
        self._drawn = generator.multinomial(count, each, draws).astype(float) if count else np.zeros((draws, 0))

    def weights(self, groups: NDArray[np.int64]) -> Floats:
        """(draws, windows): how often the conversation of each window was drawn."""
        drawn: Floats = self._drawn[:, np.searchsorted(self._groups, groups)]
        return drawn


@dataclass(frozen=True, slots=True)
class TwoSampleResult:
    """`auc` of the test, the mean over repeats; `draws` of it, one for each of the bootstrap's; `windows` a side.

    A bootstrap of judged windows leaves out that other text would teach the classifier otherwise, so the draws are
    CLASSIFIER times as far about their mean.
    """

    auc: float
    draws: Floats
    windows: int


def classifier_two_sample_test(
    real: WindowSample,
    others: Sequence[WindowSample],
    resampling: Resampling,
    *,
    paired: bool = False,
    repeats: int = REPEATS,
    seed: int = 0,
) -> TwoSampleResult | None:
    """How well `real` is told from each of `others`, samples of one origin taken in turn; None under FEWEST windows.

    `paired` says that window i of both answers the same context: then both sides are taken at the same rows, and a
    conversation is on the same side of every fold. `resampling` must be `real`'s.
    """
    size = min([WINDOWS, len(real), *map(len, others)])
    if size < FEWEST or not others:
        return None
    both = [real.grams, *(other.grams for other in others)]
    edges = np.cumsum([0, *map(len, both)])
    matrix = np.concatenate(vectors(*both))
    kernel = (matrix @ matrix.T).astype(np.float64)
    own = [resampling if paired else Resampling(other.groups, seed + 1) for other in others]
    areas = []
    for repeat in range(repeats):
        generator, which = np.random.default_rng((seed, repeat)), repeat % len(others)
        first = generator.permutation(len(real))[:size]
        second = first if paired else generator.permutation(len(others[which]))[:size]
        groups = np.concatenate((real.groups[first], others[which].groups[second] + (0 if paired else APART)))
        rows = np.concatenate((first, edges[which + 1] + second))
        scores = _held_out_scores(kernel[np.ix_(rows, rows)], size, _folds(groups, generator))
        wins = _wins(scores[:size], scores[size:])
        weights = resampling.weights(real.groups[first]), own[which].weights(others[which].groups[second])
        areas.append([wins.mean(), *_areas(wins, *weights)])
    means = np.array(areas).mean(axis=0)
    middle = means[1:].mean()
    return TwoSampleResult(float(means[0]), (middle + CLASSIFIER * (means[1:] - middle)).clip(0, 1), size)


def _folds(groups: NDArray[np.int64], generator: np.random.Generator) -> NDArray[np.intp]:
    """A fold for every row, whole conversations together, drawn so that the folds are about equally large."""
    names, place, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    fold, filled = np.zeros(len(names), np.intp), np.zeros(FOLDS)
    order = generator.permutation(len(names))
    for name in order[np.argsort(-sizes[order], kind="stable")]:
        fold[name] = filled.argmin()
        filled[fold[name]] += sizes[name]
    return fold[place]


def _held_out_scores(kernel: Floats, size: int, folds: NDArray[np.intp]) -> Floats:
    """Ridge regression in the dual, of +1 for the first `size` rows and -1 for the rest, on rows it has not learned.

    Kernel ridge regression with centred features and targets (Saunders, Gammerman & Vovk 1998).
    """
    target = np.where(np.arange(len(kernel)) < size, 1.0, -1.0)
    scores = np.zeros(len(kernel))
    for fold in np.unique(folds):
        asked, known = folds == fold, folds != fold
        scores[asked] = _ridge(kernel[np.ix_(known, known)], kernel[np.ix_(asked, known)], target[known])
    return scores


def _ridge(known: Floats, asked: Floats, target: Floats) -> Floats:
    means, mean = known.mean(axis=0), known.mean()
    centred = known - means - means[:, None] + mean
    level = target.mean()
    weights = np.linalg.solve(centred + RIDGE * np.eye(len(known)), target - level)
    made: Floats = (asked - asked.mean(axis=1, keepdims=True) - means + mean) @ weights + level
    return made


def _wins(first: Floats, second: Floats) -> Floats:
    """(first, second): 1 where the first scores higher, a half where both score alike."""
    wins: Floats = (first[:, None] > second) + 0.5 * (first[:, None] == second)
    return wins


def _areas(wins: Floats, first: Floats, second: Floats) -> Floats:
    """The area under the curve for each draw of weights: the Mann-Whitney statistic (Hanley & McNeil 1982)."""
    total = first.sum(axis=1) * second.sum(axis=1)
    areas: Floats = np.einsum("df,fs,ds->d", first, wins, second, optimize=True) / np.maximum(total, 1e-9)
    return areas
