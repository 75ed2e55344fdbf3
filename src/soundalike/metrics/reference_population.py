"""Sixty strangers to compare with where an export holds nobody else: counts, no text.

They are pseudonymous people of public programming chats (freeCodeCamp/gitter-history, BSD-3-Clause), reduced by
`tools/build_reference_population.py` to reference_population.npz: hashed n-grams of masked windows of twenty of them,
how often each uses the commonest words, and the mean of each habit. They write English about programming, so they are
farther from most people than most people's friends are: a scale that ends at strangers is milder than one that ends at
friends.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from soundalike.metrics.char_ngrams import NgramCounts
from soundalike.metrics.classifier_two_sample import WindowSample
from soundalike.metrics.words import COMMON

FILE = Path(__file__).with_name("reference_population.npz")


@dataclass(frozen=True, slots=True)
class ReferencePopulation:
    """`words` by falling frequency; `counts` int64 (people, COMMON) of the first of them and `totals` (people,) of
    all; `together` int64 (words,) over everybody; `windows` of some people; `habits` (people,) by the names that
    `features.summary` gives.
    """

    words: list[str]
    counts: NDArray[np.int64]
    totals: NDArray[np.int64]
    together: NDArray[np.int64]
    windows: list[WindowSample]
    habits: dict[str, NDArray[np.float64]]

    @property
    def common(self) -> frozenset[str]:
        """The words that were not masked in `windows`."""
        return frozenset(self.words[:COMMON])


@cache
def reference_population() -> ReferencePopulation:
    """The population that is part of the package."""
    with np.load(FILE) as kept:
        words = str(kept["words"]).split(" ")
        everybody = NgramCounts(kept["starts"].astype(np.int64), kept["buckets"], kept["gram_counts"])
        groups, edges = kept["groups"].astype(np.int64), kept["edges"].tolist()
        spans = zip(edges, edges[1:], strict=False)
        windows = [WindowSample(everybody.take(np.arange(a, b)), groups[a:b]) for a, b in spans]
        names = str(kept["habit_names"]).split(" ")
        habits = dict(zip(names, kept["habits"].T.astype(np.float64), strict=True))
        counts, totals, together = (kept[name].astype(np.int64) for name in ("counts", "totals", "together"))
    return ReferencePopulation(words, counts, totals, together, windows, habits)
