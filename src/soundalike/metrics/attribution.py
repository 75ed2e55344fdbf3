"""Authorship attribution among several people: the nearest style, and Cosine Delta.

Real windows are not always attributed to their author either, so a clone's rate says something only beside theirs.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from soundalike.metrics.char_ngrams import unit_vectors
from soundalike.metrics.classifier_two_sample import WindowSample
from soundalike.metrics.stats import Floats
from soundalike.metrics.words import words

MIN_PEOPLE = 3


def attributed(asked: WindowSample, people: Sequence[WindowSample], who: int = 0) -> Floats:
    """(windows,): 1 where a window of `asked` is nearest to person `who`, by the cosine to each one's mean window.

    The nearest centroid, with everything centred on the mean of all centroids.
    """
    own, *known = unit_vectors(asked.ngrams, *(person.ngrams for person in people))
    centroids = np.stack([rows.mean(axis=0) for rows in known])  # (people, buckets)
    middle = centroids.mean(axis=0)
    centroids = centroids - middle
    centroids /= np.maximum(np.linalg.norm(centroids, axis=1, keepdims=True), 1e-9)
    nearest = ((own - middle) @ centroids.T).argmax(axis=1)
    hit: Floats = (nearest == who).astype(np.float64)
    return hit


def word_counts(texts: Sequence[str], vocabulary: Sequence[str]) -> tuple[NDArray[np.int64], int]:
    """(vocabulary,): how often each word of it occurs in `texts`; and the number of all their words."""
    found = Counter(word for text in texts for word in words(text))
    return np.array([found[word] for word in vocabulary], np.int64), found.total()


def cosine_delta(asked: Floats, people: Floats) -> Floats:
    """(people,): distance of a text's relative word frequencies (words,) from each person's (people, words).

    Cosine Delta (Smith & Aldridge 2011; Evert et al. 2017): frequencies as z-scores over `people`, then one minus
    the cosine.
    """
    spread = np.maximum(people.std(axis=0), 1e-12)
    known, own = (people - people.mean(axis=0)) / spread, (asked - people.mean(axis=0)) / spread
    lengths = np.linalg.norm(known, axis=1) * np.linalg.norm(own)
    distances: Floats = 1 - known @ own / np.maximum(lengths, 1e-12)
    return distances


def rank_of(distances: Floats, who: int = 0) -> int:
    """How many people are at least as near as person `who`: 1 where nobody is nearer."""
    return int((distances <= distances[who]).sum())
