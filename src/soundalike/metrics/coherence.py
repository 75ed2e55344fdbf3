"""Coherence ("sense"): does a reply fit what stands before it better than it fits another conversation?

The model is fitted on the owner's own conversations and on nothing else: which words follow which. It sees how words
relate, not grammar: a reply that merely repeats the question fits too (see `repetition.echoes`). A language model in
its place prefers what a language model would have written: pocket gives its own replies a better fit than the owner's.

Not scikit-learn's CCA, which is not shrunk and iterates, nor its TfidfVectorizer, whose logarithm of counts is another.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from soundalike.metrics.stats import Floats, Groups
from soundalike.metrics.words import fold_case, tokens

VOCABULARY, WIDTH, FEWEST_PAIRS = 1500, 96, 200
SHRINK = 1.0
CONTEXT = 4  # messages before a reply that it is judged by
_TOKEN = tokens(r"[?!]|\.\.+")

Pair = tuple[Sequence[str], Sequence[str]]  # the messages before, the messages of the reply


@dataclass(frozen=True, slots=True)
class CoherenceModel:
    """What `fit` found: the column of each word, its inverse document frequency `idf` (words,), and for contexts and
    replies a projection (words, WIDTH) and the mean of what it projects (WIDTH,)."""

    columns: dict[str, int]
    idf: Floats
    projections: tuple[Floats, Floats]
    means: tuple[Floats, Floats]

    def scores(self, pairs: Sequence[Pair]) -> Floats:
        """(contexts, replies): how well each reply fits each context, the cosine of their projections."""
        sides = [context[-CONTEXT:] for context, _ in pairs], [reply for _, reply in pairs]
        contexts, replies = (
            _unit(_tf_idf(texts, self.columns, self.idf) @ projection - mean)
            for texts, projection, mean in zip(sides, self.projections, self.means, strict=True)
        )
        return contexts @ replies.T

    def preference(self, pairs: Sequence[Pair], groups: Groups) -> Floats:
        """(pairs,): how often a reply fits its own context better than another conversation's; 0.5 is chance."""
        fits = self.scores(pairs)
        own, other = np.diag(fits), groups[:, None] != groups
        beaten = ((own > fits) + 0.5 * (own == fits)) * other
        preferred: Floats = beaten.sum(axis=0) / np.maximum(other.sum(axis=0), 1)
        return preferred


def fit(pairs: Sequence[Pair]) -> CoherenceModel | None:
    """A model of (context, reply) pairs of the owner's; None under FEWEST_PAIRS.

    Canonical correlation between the words of contexts and of replies (Hotelling 1936), in the space of their
    commonest variation, covariances shrunk by SHRINK times their mean variance (Vinod 1976).
    """
    if len(pairs) < FEWEST_PAIRS:
        return None
    contexts, replies = [context[-CONTEXT:] for context, _ in pairs], [reply for _, reply in pairs]
    texts = [texts for pair in zip(contexts, replies, strict=True) for texts in pair]
    counted = Counter(token for messages in texts for token in {t for text in messages for t in _tokens(text)})
    columns = {token: column for column, (token, count) in enumerate(counted.most_common(VOCABULARY)) if count > 2}
    idf = np.log(len(texts) / np.array([counted[token] for token in columns], np.float64))
    asked, answered = _tf_idf(contexts, columns, idf), _tf_idf(replies, columns, idf)  # (pairs, words)
    basis = np.linalg.eigh(asked.T @ asked + answered.T @ answered)[1][:, -WIDTH:]  # (words, WIDTH)
    one, two = asked @ basis, answered @ basis
    left, right = _whitening(one), _whitening(two)
    across = ((one - one.mean(axis=0)) @ left).T @ ((two - two.mean(axis=0)) @ right) / len(pairs)
    u, strengths, v = np.linalg.svd(across)
    first, second = basis @ left @ u * strengths, basis @ right @ v.T
    return CoherenceModel(columns, idf, (first, second), (asked.mean(axis=0) @ first, answered.mean(axis=0) @ second))


@lru_cache(maxsize=1 << 16)
def _tokens(text: str) -> tuple[str, ...]:
    """Kept, since each message is in the contexts of the next ones too."""
    return tuple(_TOKEN.findall(fold_case(text)))


def _tf_idf(texts: Sequence[Sequence[str]], columns: dict[str, int], idf: Floats) -> Floats:
    """(texts, words): the logarithm of 1 + count, times `idf` (Sparck Jones 1972), each row of length 1."""
    found = [
        row * len(columns) + columns[token]
        for row, messages in enumerate(texts)
        for text in messages
        for token in _tokens(text)
        if token in columns
    ]
    places, counts = np.unique(np.array(found, np.int64), return_counts=True)
    rows = np.zeros((len(texts), len(columns)))
    rows.flat[places] = np.log1p(counts)
    return _unit(rows * idf)


def _whitening(rows: Floats) -> Floats:
    """(columns, columns): what makes the shrunk covariance of `rows` (rows, columns) the identity."""
    variances, axes = np.linalg.eigh(np.cov(rows.T))
    made: Floats = axes / np.sqrt(variances.clip(0) + SHRINK * variances.mean())
    return made


def _unit(rows: Floats) -> Floats:
    made: Floats = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
    return made
