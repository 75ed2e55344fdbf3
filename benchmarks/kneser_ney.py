"""A modified Kneser-Ney n-gram model over tokens: what counting alone can do.

Interpolated, with three discounts an order estimated from the counts of counts (Chen and Goodman 1999, "An empirical
study of smoothing techniques for language modeling", equations 24 to 26). Documents are counted apart.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Tokens = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Level:
    """One order: sorted n-grams with their discounted shares, sorted contexts with what is left for shorter ones.

    An n-gram's key is made of its context's number at the order below and its last token.
    """

    grams: Tokens
    shares: NDArray[np.float64]
    left: NDArray[np.float64]  # by the number of the context


class KneserNey:
    """Counts `documents` of token ids below `vocabulary` up to `order`."""

    def __init__(self, documents: Sequence[Sequence[int]], vocabulary: int, order: int = 5) -> None:
        self.vocabulary, self.order = vocabulary, order
        tokens, starts = _joined(documents)
        levels: list[Level] = []
        numbers = np.zeros(len(tokens), np.int64)  # of the context before each token, at the order being counted
        kept = []
        for n in range(1, order + 1):
            fits = np.arange(len(tokens)) - starts >= n - 1
            keys = np.where(fits, numbers * vocabulary + tokens, -1)
            grams, places, counts = np.unique(keys[fits], return_inverse=True, return_counts=True)
            kept.append((grams, counts))
            gram_of = np.full(len(tokens), -1, np.int64)
            gram_of[fits] = places
            numbers = np.concatenate(([0], gram_of[:-1]))  # the n-gram that ends before a token is its context
        # Below the highest order an n-gram counts once for each different token before it.
        for n, (grams, counts) in enumerate(kept, start=1):
            if n < order:
                counts = self._continuations(tokens, starts, kept, n)
            levels.append(self._level(grams, counts, n, kept))
        self.levels = levels

    def _continuations(
        self, tokens: Tokens, starts: Tokens, kept: list[tuple[Tokens, NDArray[np.int64]]], n: int
    ) -> NDArray[np.int64]:
        """How many different tokens stand before each n-gram, at least 1: at a document's start nothing does."""
        places = self._walk(tokens, starts, kept, n)
        before = np.concatenate(([0], tokens[:-1]))
        inside = (np.arange(len(tokens)) - starts >= n) & (places >= 0)
        first = before[np.arange(len(tokens)) - n + 1]
        pairs = np.unique(places[inside] * self.vocabulary + first[inside])
        counts = np.bincount(pairs // self.vocabulary, minlength=len(kept[n - 1][0]))
        return np.maximum(counts, 1)

    def _walk(self, tokens: Tokens, starts: Tokens, kept: list[tuple[Tokens, NDArray[np.int64]]], n: int) -> Tokens:
        """The number of the n-gram that ends at each token; -1 where none was counted or the document is shorter."""
        places = np.zeros(len(tokens), np.int64)
        numbers = np.zeros(len(tokens), np.int64)
        for m in range(1, n + 1):
            fits = (np.arange(len(tokens)) - starts >= m - 1) & (numbers >= 0)
            places = _find(kept[m - 1][0], np.where(fits, numbers * self.vocabulary + tokens, -1))
            numbers = np.concatenate(([0], places[:-1]))
        return places

    def _level(
        self, grams: Tokens, counts: NDArray[np.int64], n: int, kept: list[tuple[Tokens, NDArray[np.int64]]]
    ) -> Level:
        seen = [max(1, int((counts == k).sum())) for k in (1, 2, 3, 4)]
        base = seen[0] / (seen[0] + 2 * seen[1])
        discounts = np.array([0.0, *(k - (k + 1) * base * seen[k] / seen[k - 1] for k in (1, 2, 3))]).clip(0, None)
        taken = discounts[np.minimum(counts, 3)]
        contexts = grams // self.vocabulary
        size = 1 if n == 1 else len(kept[n - 2][0])
        totals = np.bincount(contexts, counts, size)
        left = np.bincount(contexts, taken, size) / np.maximum(totals, 1)
        return Level(grams, (counts - taken) / totals[contexts], np.where(totals > 0, left, 1.0))

    def nats(self, documents: Sequence[Sequence[int]]) -> float:
        """What these documents cost, the first token of each being given."""
        tokens, starts = _joined(documents)
        chance = np.full(len(tokens), 1.0 / self.vocabulary)
        numbers, alive = np.zeros(len(tokens), np.int64), np.ones(len(tokens), bool)
        for n, level in enumerate(self.levels, start=1):
            alive &= (np.arange(len(tokens)) - starts >= n - 1) & (numbers >= 0)
            places = _find(level.grams, np.where(alive, numbers * self.vocabulary + tokens, -1))
            share = np.where(places >= 0, level.shares[places], 0.0)
            chance = np.where(alive, share + level.left[np.where(alive, numbers, 0)] * chance, chance)
            numbers = np.concatenate(([0], places[:-1]))
        return float(-np.log(chance[np.arange(len(tokens)) > starts]).sum())


def _joined(documents: Sequence[Sequence[int]]) -> tuple[Tokens, Tokens]:
    """All tokens, and where each one's document starts."""
    sizes = np.array([len(document) for document in documents])
    tokens = np.concatenate([np.asarray(document, np.int64) for document in documents])
    return tokens, np.repeat(np.cumsum(sizes) - sizes, sizes)


def _find(sorted_keys: Tokens, keys: Tokens) -> Tokens:
    """Where each key stands, -1 where it does not."""
    places = np.searchsorted(sorted_keys, keys).clip(max=len(sorted_keys) - 1)
    return np.where(sorted_keys[places] == keys, places, -1)
