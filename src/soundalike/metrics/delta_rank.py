"""Which of sixty strangers and the owner a text is nearest to by its frequencies of common words, with an interval."""

from collections.abc import Sequence

import numpy as np

from soundalike.metrics.attribution import cosine_delta, rank_of, word_counts
from soundalike.metrics.reference_population import reference_population
from soundalike.metrics.stats import Bootstrap, Estimate, Floats, percentile_interval
from soundalike.metrics.words import COMMON

MIN_WORDS = 2500  # of each side, under which Delta is noise: Eder 2015, "Does size matter?"
DRAWS = 200


def delta_rank(texts: Sequence[str], own: Sequence[str]) -> Estimate | None:
    """The rank of the writer of `own` among the reference population for `texts`, by a bootstrap over texts.

    1 where no stranger's frequencies are nearer by Cosine Delta; None where either side has under MIN_WORDS words. All
    frequencies are shares of the words of `metrics.words`, by which the population was counted too.
    """
    population = reference_population()
    vocabulary = population.words[:COMMON]
    own_counts, own_words = word_counts(own, vocabulary)
    each = [word_counts([text], vocabulary) for text in texts]
    sizes = np.array([size for _, size in each], np.float64)  # (texts,)
    if min(own_words, sizes.sum()) < MIN_WORDS:
        return None
    counts = np.array([row for row, _ in each], np.float64)  # (texts, vocabulary)
    people = np.vstack([own_counts / own_words, population.counts / population.totals[:, None]])

    def rank(counted: Floats, words: float) -> float:
        return rank_of(cosine_delta(counted / max(words, 1.0), people))

    places = np.arange(len(texts))
    drawn = Bootstrap(places, draws=DRAWS).weights(places)
    ranks = np.array([rank(*one) for one in zip(drawn @ counts, drawn @ sizes, strict=True)], np.float64)
    return percentile_interval(rank(counts.sum(axis=0), float(sizes.sum())), ranks, len(texts))
