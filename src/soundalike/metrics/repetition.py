"""Repeats, echoes, variety and the copying veto: what a likeness alone does not show.

People repeat themselves, so none of these is bad by itself: what counts is how far a clone is from its owner.
"""

import math
from collections import Counter
from collections.abc import Sequence
from random import Random

from soundalike.metrics.stats import Estimate
from soundalike.metrics.words import words

LAST = 5
ECHO = 0.8
COPY_LIMIT = 1.5  # times the owner's own rate

Ngram = tuple[str, ...]


def recites(clone: Estimate | None, owner: Estimate | None) -> bool:
    """Whether a clone copies clearly more than its owner says things again: the interval of one from the other's."""
    return bool(clone and owner and clone.low > COPY_LIMIT * owner.high)


def repeats(text: str, earlier: Sequence[str]) -> bool:
    """Whether the text says the same as one of the last five texts of its author."""
    own = words(text) or [text.strip()]
    return any(own == (words(one) or [one.strip()]) for one in earlier[-LAST:])


def echoes(text: str, asked: str) -> bool:
    """Whether the text has at least four fifths of the words of what it answers, which has three words at least."""
    wanted, own = Counter(words(asked)), Counter(words(text))
    return wanted.total() >= 3 and (wanted & own).total() >= ECHO * wanted.total()


def expected_distinct(texts: Sequence[str], size: int, vocabulary: int) -> float:
    """Distinct n-grams over those that so many drawn from `vocabulary` would show, so that length is no merit.

    Expectation-adjusted distinct, EAD = N / (V (1 - ((V - 1) / V) ** C)) for N distinct of C n-grams: Liu et al.
    2022, "Rethinking and refining the distinct metric", ACL.
    """
    found = [ngram for own in map(words, texts) for ngram in _ngrams(own, size)]
    if not found:
        return 0.0
    return len(set(found)) / (vocabulary * (1 - ((vocabulary - 1) / vocabulary) ** len(found)))


def self_bleu(texts: Sequence[str], others: int = 20, longest: int = 4, seed: int = 0) -> float:
    """How much each of the texts is made of the others', 0 to 1: mean BLEU of each against `others` more.

    Self-BLEU (Zhu et al. 2018, "Texygen"), precisions with one added to both counts (Lin & Och 2004), no brevity
    penalty: the references are long together. Compare samples of equal size only.
    """
    rng, split = Random(seed), [own for own in map(words, texts) if len(own) >= longest]
    counted = [[Counter(_ngrams(own, size)) for size in range(1, longest + 1)] for own in split]
    if len(counted) < 2:
        return 0.0
    scores = []
    for at, own in enumerate(counted):
        rest = rng.sample([*counted[:at], *counted[at + 1 :]], min(others, len(counted) - 1))
        logs = [math.log(_precision(found, [other[n] for other in rest])) for n, found in enumerate(own)]
        scores.append(math.exp(sum(logs) / longest))
    return sum(scores) / len(scores)


def _ngrams(own: Sequence[str], size: int) -> list[Ngram]:
    return [tuple(own[at : at + size]) for at in range(len(own) - size + 1)]


def _precision(found: Counter[Ngram], rest: Sequence[Counter[Ngram]]) -> float:
    matched = sum(min(count, max(other[ngram] for other in rest)) for ngram, count in found.items())
    return (matched + 1) / (found.total() + 1)
