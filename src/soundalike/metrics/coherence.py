"""Sense: does a reply fit what was said before it better than it fits what was said elsewhere?

The judge is learned from the owner's own conversations, from nothing else: which words follow which. A language
model as the judge prefers what a language model would have said: pocket gives its own replies a better fit than the
owner's. It takes a word's relations, not its grammar: sense here is keeping to the matter, and a reply that merely
says the question again has it too (see `repeats.echoes`).
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

VOCABULARY, WIDTH, FEWEST_PAIRS = 1500, 96, 200
SHRINK = 1.0
CONTEXT = 4  # messages before a reply that it is judged by
_TOKEN = re.compile(r"[^\W_]+(?:['’][^\W_]+)*|[?!]|\.\.+")

Floats = NDArray[np.float64]
Pair = tuple[Sequence[str], Sequence[str]]  # the messages before, the messages of the reply


@dataclass(frozen=True, slots=True)
class CoherenceClassifier:
    """What `learn` found: `places` of words, their `rarity`, and two projections (words, WIDTH) with their means."""

    places: dict[str, int]
    rarity: Floats
    asked: Floats
    answered: Floats
    means: tuple[Floats, Floats]

    def scores(self, pairs: Sequence[Pair]) -> Floats:
        """(contexts, replies): how well each reply fits each context, the cosine of their projections."""
        one = _unit(self._bags([pair[0][-CONTEXT:] for pair in pairs]) @ self.asked - self.means[0])
        two = _unit(self._bags([pair[1] for pair in pairs]) @ self.answered - self.means[1])
        return one @ two.T

    def preference(self, pairs: Sequence[Pair], groups: NDArray[np.int64]) -> Floats:
        """(pairs,): how often a reply fits its own context better than another conversation's; 0.5 is chance."""
        fits = self.scores(pairs)
        own, other = np.diag(fits), groups[:, None] != groups
        beaten = ((own > fits) + 0.5 * (own == fits)) * other
        preferred: Floats = beaten.sum(axis=0) / np.maximum(other.sum(axis=0), 1)
        return preferred

    def _bags(self, texts: Sequence[Sequence[str]]) -> Floats:
        return _bags(texts, self.places, self.rarity)


def fit(pairs: Sequence[Pair]) -> CoherenceClassifier | None:
    """A judge from (context, reply) pairs of the owner's; None under FEWEST_PAIRS.

    Canonical correlation between the words of contexts and of replies (Hotelling 1936), in the space of their
    commonest variation, covariances shrunk by SHRINK times their mean variance (Vinod 1976).
    """
    if len(pairs) < FEWEST_PAIRS:
        return None
    messages = [messages for context, reply in pairs for messages in (context[-CONTEXT:], reply)]
    counted = Counter(token for texts in messages for token in {t for text in texts for t in _tokens(text)})
    places = {token: place for place, (token, count) in enumerate(counted.most_common(VOCABULARY)) if count > 2}
    rarity = np.log(len(messages) / np.array([counted[token] for token in places], np.float64))
    asked = _bags([context[-CONTEXT:] for context, _ in pairs], places, rarity)
    answered = _bags([reply for _, reply in pairs], places, rarity)
    basis = np.linalg.eigh(asked.T @ asked + answered.T @ answered)[1][:, -WIDTH:]
    one, two = asked @ basis, answered @ basis
    left, right = _whitening(one), _whitening(two)
    across = ((one - one.mean(axis=0)) @ left).T @ ((two - two.mean(axis=0)) @ right) / len(pairs)
    u, strengths, v = np.linalg.svd(across)
    first, second = basis @ left @ u * strengths, basis @ right @ v.T
    return CoherenceClassifier(
        places, rarity, first, second, (asked.mean(axis=0) @ first, answered.mean(axis=0) @ second)
    )


def _tokens(text: str) -> list[str]:
    return _TOKEN.findall(text.lower().replace("’", "'"))


def _bags(texts: Sequence[Sequence[str]], places: dict[str, int], rarity: Floats) -> Floats:
    """(texts, words): the logarithm of 1 + count times the word's rarity (tf-idf, Sparck Jones 1972), length 1."""
    bags = np.zeros((len(texts), len(places)))
    for row, messages in enumerate(texts):
        for token, count in Counter(t for text in messages for t in _tokens(text)).items():
            if token in places:
                bags[row, places[token]] = count
    return _unit(np.log1p(bags) * rarity)


def _whitening(rows: Floats) -> Floats:
    variances, axes = np.linalg.eigh(np.cov(rows.T))
    made: Floats = axes / np.sqrt(variances.clip(0) + SHRINK * variances.mean())
    return made


def _unit(rows: Floats) -> Floats:
    made: Floats = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
    return made
