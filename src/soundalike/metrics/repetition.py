"""Copying, loops, echo, variety: what a likeness alone does not show, each to be read beside the owner's own figure.

People repeat themselves, so none of these is bad by itself: what counts is how far a clone is from its owner.
"""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from random import Random

from soundalike.metrics.char_ngrams import words

COPIED_WORDS = 5  # a shorter message is anybody's
COPIED_GRAM = 8
LOOP_GRAM, LOOP_ROUNDS = 8, 4
LAST = 5
ECHO = 0.8


class SourceIndex:
    """What was said in training, to look up whether a text repeats it word for word, case and punctuation apart."""

    def __init__(self, messages: Sequence[str]) -> None:
        self._grams: dict[int, set[int]] = {COPIED_WORDS: set(), COPIED_GRAM: set()}
        self._lines = [" ".join(words(message)) for message in messages]
        self._places: dict[int, list[int]] = {}
        for number, line in enumerate(self._lines):
            for size, seen in self._grams.items():
                for gram in _grams(line.split(), size):
                    seen.add(gram)
                    if size == COPIED_WORDS:
                        self._places.setdefault(gram, []).append(number)

    def holds(self, text: str) -> bool | None:
        """Whether the whole text stands somewhere in one message; None for one of fewer than COPIED_WORDS words."""
        own = words(text)
        if len(own) < COPIED_WORDS:
            return None
        numbers = self._places.get(next(_grams(own, COPIED_WORDS)), ())
        wanted = f" {' '.join(own)} "
        return any(wanted in f" {self._lines[number]} " for number in numbers)

    def grams(self, text: str) -> tuple[int, int]:
        """(8-word sequences of the text that stand somewhere in training, all of them)."""
        own = list(_grams(words(text), COPIED_GRAM))
        return sum(gram in self._grams[COPIED_GRAM] for gram in own), len(own)


def _grams(own: Sequence[str], size: int) -> Iterator[int]:
    return (hash(tuple(own[at : at + size])) for at in range(len(own) - size + 1))


def loops(text: str) -> bool:
    """Whether 1 to 8 words stand four times and more in a row."""
    own = text.lower().split()
    return any(
        all(own[at + size * turn : at + size * (turn + 1)] == own[at : at + size] for turn in range(1, LOOP_ROUNDS))
        for size in range(1, LOOP_GRAM + 1)
        for at in range(len(own) - size * LOOP_ROUNDS + 1)
    )


def repeats(text: str, before: Sequence[str]) -> bool:
    """Whether the text says the same as one of the five that its author said last."""
    said = words(text) or [text.strip()]
    return any(said == (words(earlier) or [earlier.strip()]) for earlier in before[-LAST:])


def echoes(text: str, asked: str) -> bool:
    """Whether the text says at least four fifths of the words of what it answers, which has three words at least."""
    wanted, own = Counter(words(asked)), Counter(words(text))
    return wanted.total() >= 3 and (wanted & own).total() >= ECHO * wanted.total()


def expected_distinct(texts: Sequence[str], size: int, vocabulary: int) -> float:
    """Distinct n-grams over those that so many drawn from `vocabulary` would show, so that length is no merit.

    Expectation-adjusted distinct, EAD = N / (V (1 - ((V - 1) / V) ** C)) for N distinct of C n-grams: Liu et al.
    2022, "Rethinking and refining the distinct metric", ACL.
    """
    found = [tuple(own[at : at + size]) for own in map(words, texts) for at in range(len(own) - size + 1)]
    if not found:
        return 0.0
    return len(set(found)) / (vocabulary * (1 - ((vocabulary - 1) / vocabulary) ** len(found)))


def self_bleu(texts: Sequence[str], others: int = 20, longest: int = 4, seed: int = 0) -> float:
    """How much each of the texts is made of the others', 0 to 1: mean BLEU of each against `others` more.

    Self-BLEU (Zhu et al. 2018, "Texygen"), precisions with one added to both counts (Lin & Och 2004), no brevity
    penalty: the references are long together. Compare samples of equal size only.
    """
    rng, split = Random(seed), [own for own in map(words, texts) if len(own) >= longest]
    counted = [[Counter(_grams(own, size)) for size in range(1, longest + 1)] for own in split]
    if len(counted) < 2:
        return 0.0
    scores = []
    for at, own in enumerate(counted):
        rest = rng.sample([*counted[:at], *counted[at + 1 :]], min(others, len(counted) - 1))
        logs = [math.log(_precision(found, [other[n] for other in rest])) for n, found in enumerate(own)]
        scores.append(math.exp(sum(logs) / longest))
    return sum(scores) / len(scores)


def _precision(found: Counter[int], rest: Sequence[Counter[int]]) -> float:
    matched = sum(min(count, max(other[gram] for other in rest)) for gram, count in found.items())
    return (matched + 1) / (found.total() + 1)
