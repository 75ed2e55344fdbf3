"""Word runs that somebody wrote, so that a reply can be told from a copy of a message.

Takes texts, keeps no text: each run of so many words is one 64-bit number, and two different runs share one with a
chance of 1 in 2**64 for each pair. Case, apostrophes and punctuation do not make a run another one. Where
a script sets no spaces, each ideograph or kana counts as a word.
"""

import re
from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from soundalike.parallel import ordered_parallel_map

# Spelt out, so that Rust's and Python's regular expressions find the same words.
_BREAKS = "\\x00-\\x20\\x7f-\\xa0\\u1680\\u2000-\\u200f\\u2028-\\u202f\\u205f-\\u206f\\u3000\\ufeff"
_SIGNS = "!-&(-/:-@\\[-`{-~¡«»¿“”„…‹›。、，！？；：「」『』（）"
_SINGLE = "\\u3040-\\u30ff\\u3400-\\u9fff"
_WORD = f"[{_SINGLE}]|[^{_BREAKS}{_SIGNS}{_SINGLE}]+"
_APOSTROPHE = "['’]"
_RUST = re.compile(r"\\(x[0-9a-f]{2}|u[0-9a-f]{4})")
_words, _drop = re.compile(_WORD).finditer, re.compile(_APOSTROPHE).sub

_FACTOR = 0x9E3779B97F4A7C15  # odd, from the golden ratio: Knuth, The Art of Computer Programming 3, 6.4
_MASK = (1 << 64) - 1
SLICE = 20_000  # texts hashed at a time, so that their words never stand in memory all at once


def words_of(text: str) -> list[tuple[str, int]]:
    """The words that runs are made of, each with where it begins in `text`."""
    found = ((_drop("", match[0].lower()), match.start()) for match in _words(text))
    return [(word, at) for word, at in found if word]


class NgramIndex:
    """Every run of `length` words in `texts`: 8 bytes each."""

    def __init__(self, texts: pl.Series, length: int) -> None:
        self.length = length
        long = texts.filter(texts.str.len_bytes() >= 2 * length - 1)
        slices = long.to_frame().iter_slices(SLICE)
        runs = ordered_parallel_map(lambda slice_: _runs(slice_.to_series(), length), slices)
        self._runs = _each_once(np.concatenate([np.empty(0, np.uint64), *runs]))

    def __len__(self) -> int:
        return len(self._runs)

    def without(self, other: "NgramIndex") -> "NgramIndex":
        """The runs that are not in `other`, which has the same length."""
        self._runs = self._runs[~np.isin(self._runs, other._runs, assume_unique=True)]
        return self

    def copied_at(self, text: str, start: int = 0, latest: int | None = None) -> int | None:
        """Where the word begins that completes the first copied run in `text`; None where none is copied.

        Only words from character `start` on complete a run, and with `latest` only the last so many.
        """
        words = words_of(text) if len(self) else []
        first = max(self.length - 1, len(words) - latest if latest else 0)
        ends = (end for end in range(first, len(words)) if words[end][1] >= start)
        return next((words[end][1] for end in ends if self._has(words[end - self.length + 1 : end + 1])), None)

    def _has(self, run: Sequence[tuple[str, int]]) -> bool:
        total = 0
        for word, _ in run:
            total = (total * _FACTOR + _hash(word)) & _MASK
        at = int(self._runs.searchsorted(np.uint64(total)))
        return at < len(self._runs) and int(self._runs[at]) == total


def _runs(texts: pl.Series, length: int) -> NDArray[np.uint64]:
    """The numbers of all runs in some texts: a polynomial in the words' hashes, modulo 2**64."""
    found = texts.str.to_lowercase().str.replace_all(_APOSTROPHE, "").str.extract_all(_in_rust(_WORD))
    counts = found.list.len().to_numpy()
    counts, words = counts[counts >= length], found.filter(found.list.len() >= length).explode()
    hashes, starts = _numbers(words), np.repeat(np.cumsum(counts) - counts, counts)
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


def _in_rust(pattern: str) -> str:
    """Rust writes a code point as \\x{...}."""
    return _RUST.sub(lambda code: f"\\x{{{code[1][1:]}}}", pattern)


def _numbers(words: pl.Series) -> NDArray[np.uint64]:
    """Each word's `_hash`, taken once a kind of word."""
    kinds = words.unique()
    numbers = pl.Series(map(_hash, kinds.to_list()), dtype=pl.UInt64)
    made: NDArray[np.uint64] = words.replace_strict(kinds, numbers).to_numpy()
    return made


def _hash(word: str) -> int:
    """Python's own: it is the same in one process only, so it is never written down."""
    return hash(word) & _MASK
