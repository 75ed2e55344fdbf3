"""Adversarial evaluation: how often is a judge fooled that is shown a real reply and another one and picks the real?

Kannan & Vinyals 2016, "Adversarial evaluation of dialogue models". The judge is a logistic regression on the difference
of the two replies' features (the model of paired comparisons, Bradley & Terry 1952), fitted on other conversations of
the same two writers. So it has no opinion of its own: it learns what gives this writer away, whichever way that points.
Fooled in 50 of 100 pairs is perfect, in none hopeless.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from soundalike.metrics.char_ngrams import NgramCounts, unit_vectors
from soundalike.metrics.folds import assign_folds
from soundalike.metrics.stats import Bootstrap, Estimate, Floats, Groups, of_new_text, percentile_interval
from soundalike.metrics.windows import MIN_WINDOWS

FOLDS, REPEATS = 5, 6
PENALTY = 3.0  # of the squared weights of the logistic regression
RIDGE = 0.3  # of the kernel regression on n-grams, in units of the kernel's mean diagonal
NEWTON_STEPS = 30
EVEN = 1e-6  # a score nearer to 0 is no pick: the two replies are the same
FARTHEST = 4.0  # standard deviations from the mean at which a feature is cut


@dataclass(frozen=True, slots=True)
class JudgedReplies:
    """What the judge sees of a writer's replies: `features` (replies, features), and their `ngrams`.

    `groups` (replies,) numbers the conversation that each answers.
    """

    features: Floats
    ngrams: NgramCounts
    groups: Groups

    def __len__(self) -> int:
        return len(self.groups)

    def take(self, rows: NDArray[np.intp]) -> "JudgedReplies":
        """The replies at `rows`, in that order."""
        return JudgedReplies(self.features[rows], self.ngrams.take(rows), self.groups[rows])


@dataclass(frozen=True, slots=True)
class FooledResult:
    """`value`, the share of pairs in which the judge takes the other reply for the real one; `draws` of it by the
    bootstrap, see `stats.of_new_text`; `pairs` that were judged."""

    value: float
    draws: Floats
    pairs: int

    @property
    def estimate(self) -> Estimate:
        """The share with its interval."""
        return percentile_interval(self.value, self.draws, self.pairs)


def fooled(
    real: JudgedReplies,
    others: Sequence[JudgedReplies],
    bootstraps: tuple[Bootstrap, Bootstrap],
    *,
    paired: bool = True,
    seed: int = 0,
) -> FooledResult | None:
    """How often `others`, samples of one writer taken in turn, are taken for `real`; None under MIN_WINDOWS of each.

    Each sample is judged by itself, so that one sample and several measure the same.
    `paired`: reply i of real and of each sample answers the same context. Otherwise the two writers answer different
    conversations, and a reply is shown beside a random one of the other's. `bootstraps` are of the two sides' groups.
    """
    if not others or min([len(real), *map(len, others)]) < MIN_WINDOWS:
        return None
    values, draws, counts = list[float](), list[Floats](), list[int]()
    compared: dict[int, tuple[Floats, Floats]] = {}
    for repeat in range(max(REPEATS, len(others))):
        which = repeat % len(others)
        other = others[which]
        pairs = _Pairs.draw(real.groups, other.groups, paired, np.random.default_rng((seed, repeat)))
        if not (paired and which in compared):  # in every repeat the same pairs stand in other folds
            compared[which] = _compared(real.take(pairs.first), other.take(pairs.second))
        scores = pairs.held_out_scores(*compared[which])
        lost = (scores < -EVEN) + 0.5 * (np.abs(scores) <= EVEN)
        weights = bootstraps[0].weights(real.groups[pairs.first]).astype(float)
        if not paired:
            weights *= bootstraps[1].weights(other.groups[pairs.second])
        values.append(float(lost.mean()))
        draws.append(weights @ lost / np.maximum(weights.sum(axis=1), 1e-9))
        counts.append(len(lost))
    return FooledResult(float(np.mean(values)), of_new_text(np.mean(draws, axis=0)), min(counts))


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Which replies are shown together, int64 (pairs,): rows of the real and of the other ones; and each one's fold."""

    first: NDArray[np.intp]
    second: NDArray[np.intp]
    folds: NDArray[np.intp]

    @classmethod
    def draw(cls, real: Groups, other: Groups, paired: bool, generator: np.random.Generator) -> "_Pairs":
        """Every pair has both its conversations in one fold."""
        folds = assign_folds(real, FOLDS, generator)
        if paired:
            return cls(np.arange(len(real)), np.arange(len(real)), folds)
        theirs, found = assign_folds(other, FOLDS, generator), list[tuple[int, int]]()
        for fold in range(FOLDS):
            first, second = (generator.permutation(np.flatnonzero(side == fold)) for side in (folds, theirs))
            found += zip(first.tolist(), second.tolist(), strict=False)
        one, two = np.array(found, np.intp).T
        return cls(one, two, folds[one])

    def held_out_scores(self, differences: Floats, kernel: Floats) -> Floats:
        """(pairs,): above 0 where the judge picks the real one, by a fit on the other folds; see `_compared`."""
        scores = np.zeros(len(differences))
        for fold in np.unique(self.folds):
            asked, known = np.flatnonzero(self.folds == fold), np.flatnonzero(self.folds != fold)
            learned, judged = _ngram_scores(kernel, known, asked, self.folds)
            weights = _logistic(np.column_stack([differences[known], learned]))
            if weights[-1] < 0:
                # Held-out scores of what cannot be told apart lie below chance, and a negative weight would turn that
                # into a false advantage: stacked weights are not negative (Breiman 1996, "Stacked regressions").
                weights = np.append(_logistic(differences[known]), 0.0)
            scores[asked] = np.column_stack([differences[asked], judged]) @ weights
        return scores


def _compared(real: JudgedReplies, other: JudgedReplies) -> tuple[Floats, Floats]:
    """Of pairs: the differences of their features (pairs, 2 * features), and `_difference_kernel`."""
    features = _standardized(np.concatenate([real.features, other.features]))
    return features[: len(real)] - features[len(real) :], _difference_kernel(real.ngrams, other.ngrams)


def _standardized(features: Floats) -> Floats:
    """(replies, 2 * features): each feature, and its squared distance from the mean, of both sides' replies.

    Standardized over both sides together, which tells nothing of who wrote what. The square lets the judge find one
    that is too regular as well as one that is too wild.
    """
    scaled = ((features - features.mean(axis=0)) / (features.std(axis=0) + 1e-9)).clip(-FARTHEST, FARTHEST)
    made: Floats = np.hstack([scaled, scaled**2])
    return made


def _difference_kernel(real: NgramCounts, other: NgramCounts) -> Floats:
    """(pairs, pairs): inner products of the pairs' differences of n-gram vectors, of mean diagonal 1."""
    one, two = unit_vectors(real, other)
    kernel = ((one - two) @ (one - two).T).astype(np.float64)
    made: Floats = kernel / max(float(np.trace(kernel)) / len(kernel), 1e-9)
    return made


def _ngram_scores(
    kernel: Floats, known: NDArray[np.intp], asked: NDArray[np.intp], folds: NDArray[np.intp]
) -> tuple[Floats, Floats]:
    """Scores by n-grams of the `known` pairs, each by a fit on the other folds, and of the `asked` by all known.

    In units of the spread of the first. Stacking (Wolpert 1992): the logistic regression may not learn from scores of
    pairs that were fitted on themselves.
    """
    own = np.zeros(len(known))
    for fold in np.unique(folds[known]):
        inside = folds[known] == fold
        own[inside] = _kernel_ridge(kernel, known[~inside], known[inside])
    spread = own.std() + 1e-9
    return own / spread, _kernel_ridge(kernel, known, asked) / spread


def _kernel_ridge(kernel: Floats, known: NDArray[np.intp], asked: NDArray[np.intp]) -> Floats:
    """(asked,): kernel ridge regression (Saunders, Gammerman & Vovk 1998) of the target 1, without intercept."""
    fitted = kernel[np.ix_(known, known)] + RIDGE * np.eye(len(known))
    scores: Floats = kernel[np.ix_(asked, known)] @ np.linalg.solve(fitted, np.ones(len(known)))
    return scores


def _logistic(differences: Floats) -> Floats:
    """(features,): weights of a logistic regression on differences (pairs, features), all of label 1, no intercept.

    With the penalty PENALTY / 2 on the squared weights, by Newton's method.
    """
    weights = np.zeros(differences.shape[1])
    for _ in range(NEWTON_STEPS):
        odds = differences @ weights
        picked = 1 / (1 + np.exp(-odds.clip(-30, 30)))
        gradient = differences.T @ (picked - 1) + PENALTY * weights
        curvature = (differences * (picked * (1 - picked))[:, None]).T @ differences
        step = np.linalg.solve(curvature + PENALTY * np.eye(len(weights)), gradient)
        weights -= step
        if np.abs(step).max() < 1e-6:
            break
    return weights
