"""Runs of words of some texts, to tell whether another text copies them: for the guards and for the measures.

`NgramIndex` keeps no text: each run of so many words is one 64-bit number, and two different runs share one with a
chance of 1 in 2**64 for each pair. `MessageIndex` keeps the messages too, and says whether all of a text is in one.
"""

from collections.abc import Callable, Sequence
from copy import copy
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from soundalike.metrics.words import run_word_lists, run_words, words
from soundalike.parallel import ordered_parallel_map

COPIED_WORDS = 5  # a shorter message is anybody's
COPIED_NGRAM = 8

_FACTOR = 0x9E3779B97F4A7C15  # odd, from the golden ratio: Knuth, The Art of Computer Programming 3, 6.4
_MASK = (1 << 64) - 1
SLICE = 20_000  # texts hashed at a time, so that their words never stand in memory all at once


class NgramIndex:
    """Every run of `length` words in `texts`: 8 bytes each.

    `split` gives the words of each text, a Series of lists; by default those of `run_words`.
    """

    def __init__(self, texts: pl.Series, length: int, split: Callable[[pl.Series], pl.Series] = run_word_lists) -> None:
        self.length = length
        long = texts.filter(texts.str.len_bytes() >= 2 * length - 1)
        slices = long.to_frame().iter_slices(SLICE)
        runs = ordered_parallel_map(lambda slice_: _runs(split(slice_.to_series()), length), slices)
        self._runs = _each_once(np.concatenate([np.empty(0, np.uint64), *runs]))

    def __len__(self) -> int:
        return len(self._runs)

    def without(self, other: "NgramIndex") -> "NgramIndex":
        """A new index of the runs that are not in `other`, which has the same length."""
        rest = copy(self)
        rest._runs = self._runs[~np.isin(self._runs, other._runs, assume_unique=True)]
        return rest

    def known(self, some: Sequence[str]) -> list[bool]:
        """For each run of `length` words in `some`, in order, whether it is here."""
        return [self._has(some[at : at + self.length]) for at in range(len(some) - self.length + 1)]

    def copied_at(self, text: str, start: int = 0, latest: int | None = None) -> int | None:
        """Where the word begins that completes the first copied run in `text`; None where none is copied.

        Only words from character `start` on complete a run, and with `latest` only the last so many.
        """
        found = run_words(text) if len(self) else []
        first = max(self.length - 1, len(found) - latest if latest else 0)
        ends = (end for end in range(first, len(found)) if found[end][1] >= start)
        plain = [word for word, _ in found]
        return next((found[end][1] for end in ends if self._has(plain[end - self.length + 1 : end + 1])), None)

    def _has(self, run: Sequence[str]) -> bool:
        total = 0
        for word in run:
            total = (total * _FACTOR + _hash(word)) & _MASK
        at = int(self._runs.searchsorted(np.uint64(total)))
        return at < len(self._runs) and int(self._runs[at]) == total


class MessageIndex:
    """Messages, to look up whether a text repeats them word for word, case and punctuation apart."""

    def __init__(self, messages: Sequence[str]) -> None:
        self._lines = [" ".join(words(message)) for message in messages]
        self._whole = frozenset(self._lines)

    def is_message(self, text: str) -> bool | None:
        """Whether the text is one of the messages; None for one of fewer than COPIED_WORDS words."""
        own = words(text)
        return " ".join(own) in self._whole if len(own) >= COPIED_WORDS else None

    def in_message(self, text: str) -> bool | None:
        """Whether the text stands somewhere in one message; None for one of fewer than COPIED_WORDS words."""
        own = words(text)
        if len(own) < COPIED_WORDS:
            return None
        line = " ".join(own)
        return line in self._whole or (all(self._short_runs.known(own)) and f" {line} " in self._joined)

    def copied_ngrams(self, text: str) -> tuple[int, int]:
        """(runs of COPIED_NGRAM words of the text that stand in some message, all of its runs)."""
        known = self._long_runs.known(words(text))
        return sum(known), len(known)

    @cached_property
    def _joined(self) -> str:
        return "\n".join(f" {line} " for line in self._lines)

    @cached_property
    def _short_runs(self) -> NgramIndex:
        return self._index(COPIED_WORDS)

    @cached_property
    def _long_runs(self) -> NgramIndex:
        return self._index(COPIED_NGRAM)

    def _index(self, length: int) -> NgramIndex:
        return NgramIndex(pl.Series(self._lines, dtype=pl.String), length, lambda lines: lines.str.split(" "))


def _runs(lists: pl.Series, length: int) -> NDArray[np.uint64]:
    """(runs,): the numbers of all runs in lists of words, a polynomial in the words' hashes modulo 2**64."""
    counts = lists.list.len().to_numpy()
    counts, flat = counts[counts >= length], lists.filter(lists.list.len() >= length).explode()
    hashes, starts = _hashes(flat), np.repeat(np.cumsum(counts) - counts, counts)
    count = max(0, len(hashes) - length + 1)
    totals = np.zeros(count, np.uint64)
    for place in range(length):
        totals = totals * np.uint64(_FACTOR) + hashes[place : place + count]
    whole: NDArray[np.uint64] = totals[starts[:count] == starts[length - 1 :]]
    return whole


def _each_once(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Sorted; `np.unique` hashes first, which takes fifty times as long for a third of a million."""
    ordered = np.sort(numbers)
    return ordered[np.flatnonzero(np.diff(ordered, prepend=~ordered[:1]))]


def _hashes(flat: pl.Series) -> NDArray[np.uint64]:
    """(words,): each word's `_hash`, taken once per different word."""
    kinds = flat.unique()
    numbers = pl.Series(map(_hash, kinds.to_list()), dtype=pl.UInt64)
    made: NDArray[np.uint64] = flat.replace_strict(kinds, numbers).to_numpy()
    return made


def _hash(word: str) -> int:
    """Python's own: it is the same in one process only, so it is never written down."""
    return hash(word) & _MASK
