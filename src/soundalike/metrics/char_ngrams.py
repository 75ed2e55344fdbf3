"""Windows -> vectors: character n-grams of masked text, hashed into buckets that can be read back.

Words outside the commonest are masked by their shape (text distortion, Stamatatos 2017, "Authorship attribution
using text distortion", EACL), so that topics tell nothing and habits everything.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LONGEST = 4
BUCKETS = 1 << 16
COMMON = 300
WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_MIX = np.uint64(0x9E3779B97F4A7C15)  # the fractional part of the golden ratio: Fibonacci hashing, Knuth 6.4


def words(text: str) -> list[str]:
    """The words of `text`, in lower case; inner apostrophes stay."""
    return WORD.findall(text.lower().replace("’", "'"))


def common_words(texts: Iterable[str], count: int = COMMON) -> frozenset[str]:
    """The `count` commonest words: by frequency, never from a list, so that any language will do."""
    counted = Counter(word for text in texts for word in words(text))
    return frozenset(sorted(counted, key=lambda word: (-counted[word], word))[:count])


def mask(text: str, common: frozenset[str]) -> str:
    """`text` with every other word as its shape: x for a letter, X for a capital, 0 for a digit."""

    def shape(match: re.Match[str]) -> str:
        word = match[0]
        return word if word.lower().replace("’", "'") in common else "".join(map(_shape, word))

    return WORD.sub(shape, text)


def _shape(character: str) -> str:
    if character.isalpha():
        return "X" if character.isupper() else "x"
    return "0" if character.isdigit() else character


@dataclass(frozen=True, slots=True)
class Grams:
    """How often each bucket occurs in each text: row i's are `buckets` and `counts` [starts[i]:starts[i + 1]]."""

    starts: NDArray[np.int64]
    buckets: NDArray[np.uint16]
    counts: NDArray[np.uint8]

    def take(self, rows: Sequence[int] | NDArray[np.intp]) -> "Grams":
        """The texts at `rows`, in that order."""
        parts = [np.arange(self.starts[row], self.starts[row + 1]) for row in rows]
        inside = np.concatenate(parts) if parts else np.zeros(0, np.int64)
        starts = np.concatenate(([0], np.cumsum([len(part) for part in parts]))).astype(np.int64)
        return Grams(starts, self.buckets[inside], self.counts[inside])

    def __len__(self) -> int:
        return len(self.starts) - 1


def vectors(*samples: Grams) -> list[NDArray[np.float32]]:
    """(texts, buckets that occur) for each of `samples`: the logarithm of 1 + count, each row of length 1."""
    used = np.unique(np.concatenate([sample.buckets for sample in samples]))
    return [_dense(sample, used) for sample in samples]


def _dense(sample: Grams, used: NDArray[np.uint16]) -> NDArray[np.float32]:
    dense = np.zeros((len(sample), len(used)), np.float32)
    rows = np.repeat(np.arange(len(sample)), np.diff(sample.starts))
    dense[rows, np.searchsorted(used, sample.buckets)] = np.log1p(sample.counts.astype(np.float32))
    made: NDArray[np.float32] = dense / np.maximum(np.linalg.norm(dense, axis=1, keepdims=True), np.float32(1e-9))
    return made


def grams(texts: Sequence[str]) -> Grams:
    """The 1- to 4-grams of each text, its two edges included as newlines; a count stops at 255."""
    points, rows = _points(texts)
    keys = [
        (rows[: len(codes)][inside].astype(np.int64) << 16) | _bucket(codes[inside]).astype(np.int64)
        for codes, inside in _codes(points, rows)
    ]
    unique, counts = np.unique(np.concatenate(keys), return_counts=True)
    starts = np.searchsorted(unique >> 16, np.arange(len(texts) + 1))
    return Grams(starts, (unique & 0xFFFF).astype(np.uint16), counts.clip(max=255).astype(np.uint8))


def spelled(texts: Sequence[str]) -> dict[int, str]:
    """Bucket -> the n-gram in `texts` that falls into it most often: what makes hashing readable."""
    counted = Counter(
        bounded[at : at + size]
        for text in texts
        for bounded in [f"\n{text}\n"]
        for size in range(1, LONGEST + 1)
        for at in range(len(bounded) - size + 1)
    )
    table: dict[int, str] = {}
    for gram, _ in counted.most_common():
        table.setdefault(bucket_of(gram), gram)
    return table


def bucket_of(gram: str) -> int:
    """The bucket of one n-gram."""
    code = np.zeros(1, np.uint64)
    for character in gram:
        code = _append(code, np.array([ord(character)], np.uint64))
    return int(_bucket(code)[0])


def _points(texts: Sequence[str]) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Code points of all texts, each between newlines, and the number of the text that each belongs to."""
    bounded = [f"\n{text}\n" for text in texts]
    points = np.frombuffer("".join(bounded).encode("utf-32-le", "replace"), np.uint32).astype(np.uint64)
    return points, np.repeat(np.arange(len(texts)), [len(text) for text in bounded])


def _codes(
    points: NDArray[np.uint64], rows: NDArray[np.int64]
) -> Iterable[tuple[NDArray[np.uint64], NDArray[np.bool_]]]:
    """For each size the code of the n-gram that starts at each place, and whether it ends in the same text."""
    codes = np.zeros(len(points), np.uint64)
    for size in range(1, LONGEST + 1):
        count = max(0, len(points) - size + 1)
        codes = _append(codes[:count], points[size - 1 :][:count])
        yield codes, rows[:count] == rows[size - 1 :][:count]


def _append(codes: NDArray[np.uint64], points: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Codes of n-grams, one character longer; 0x110000 is the number of code points, so no two of 3 share a code."""
    made: NDArray[np.uint64] = codes * np.uint64(0x110000) + points + np.uint64(1)
    return made


def _bucket(codes: NDArray[np.uint64]) -> NDArray[np.uint64]:
    mixed = (codes ^ (codes >> np.uint64(32))) * _MIX
    return mixed >> np.uint64(48)
