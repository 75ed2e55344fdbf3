"""What gives a clone away: the words and the character n-grams that tell its windows from its owner's."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from soundalike.metrics.char_ngrams import count_ngrams, ngrams_by_bucket, unit_vectors
from soundalike.metrics.classifier_two_sample import RIDGE
from soundalike.metrics.stats import critical_value
from soundalike.metrics.windows import MessageWindows
from soundalike.metrics.words import mask, tokens

FEWEST_USES = 6  # by both together: fewer can show nothing beyond chance
TOP = 8
PRIOR = 200.0  # the prior weighs so many words: a belief that two people use a word alike
_TOKEN = tokens(r"[^\w\s]+")


@dataclass(frozen=True, slots=True)
class DistinctiveWord:
    """`what` the clone uses more (`sign` positive) or less than its owner, and how often each does, per window."""

    what: str
    sign: float
    clones: float
    yours: float


def log_odds(one: Counter[str], other: Counter[str], prior: Counter[str]) -> dict[str, float]:
    """z-score of each word's weighted log-odds, positive where `one` uses it more.

    Monroe, Colaresi & Quinn 2008, "Fightin' Words", equations 15, 16, 22: a Dirichlet prior in proportion to `prior`,
    PRIOR words strong, keeps rare words from winning.
    """
    words = {**one, **other}.keys()
    scale = PRIOR / max(sum(prior[word] for word in words), 1)
    weight = {word: max(prior[word] * scale, 0.01) for word in words}
    whole, n, m = sum(weight.values()), one.total(), other.total()
    found = {}
    for word in words:
        y, x, a = one[word], other[word], weight[word]
        delta = np.log((y + a) / (n + whole - y - a)) - np.log((x + a) / (m + whole - x - a))
        found[word] = float(delta / np.sqrt(1 / (y + a) + 1 / (x + a)))
    return found


def distinctive_words(clone: MessageWindows, real: MessageWindows) -> list[DistinctiveWord]:
    """Words and marks that the clone surely uses more or less, the surest first; the bound allows for how many are
    looked at."""
    one, two = (Counter(token for text in side.texts for token in _TOKEN.findall(text)) for side in (clone, real))
    scored = sorted(log_odds(one, two, one + two).items(), key=lambda pair: -abs(pair[1]))
    asked = [(word, z) for word, z in scored if one[word] + two[word] >= FEWEST_USES]
    sure = [(word, z) for word, z in asked if abs(z) > critical_value(len(asked))]
    return _both_ways(
        [DistinctiveWord(w, round(z, 2), round(one[w] / len(clone), 3), round(two[w] / len(real), 3)) for w, z in sure]
    )


def distinctive_ngrams(clone: MessageWindows, real: MessageWindows, common: frozenset[str]) -> list[DistinctiveWord]:
    """The n-grams of masked text with the largest ridge weights: x stands for a letter of a rare word."""
    masked = [[mask(text, common) for text in side.texts] for side in (clone, real)]
    both = [count_ngrams(texts) for texts in masked]
    matrix = np.concatenate(unit_vectors(*both)).astype(np.float64)  # (windows, buckets)
    kernel, target = matrix @ matrix.T, np.repeat([1.0, -1.0], [len(clone), len(real)])
    dual = np.linalg.solve(kernel + RIDGE * np.eye(len(kernel)), target - target.mean())
    weights, used = matrix.T @ dual, np.unique(np.concatenate([side.buckets for side in both]))
    table, found = ngrams_by_bucket([*masked[0], *masked[1]]), list[DistinctiveWord]()
    for column in np.argsort(-np.abs(weights))[: 8 * TOP]:
        ngram = table[int(used[column])]
        one, two = (sum(ngram in f"\n{text}\n" for text in texts) / len(texts) for texts in masked)
        if not any(ngram in earlier.what or earlier.what in ngram for earlier in found):
            found.append(DistinctiveWord(ngram, round(float(weights[column]), 3), round(one, 3), round(two, 3)))
    return _both_ways(found)


def _both_ways(found: Sequence[DistinctiveWord]) -> list[DistinctiveWord]:
    more, less = [one for one in found if one.sign > 0], [one for one in found if one.sign < 0]
    return [*more[:TOP], *less[:TOP]]
