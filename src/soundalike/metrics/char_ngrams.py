"""Character n-grams of texts, hashed into 65,536 buckets that can be read back.

Not scikit-learn's HashingVectorizer: reference_population.npz holds buckets of the hash below.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LONGEST = 4
BUCKETS = 1 << 16
_MIX = np.uint64(0x9E3779B97F4A7C15)  # the fractional part of the golden ratio: Fibonacci hashing, Knuth 6.4

Codes = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class NgramCounts:
    """How often each bucket occurs in each text: row i's are `buckets` and `counts` [starts[i]:starts[i + 1]]."""

    starts: NDArray[np.int64]
    buckets: NDArray[np.uint16]
    counts: NDArray[np.uint8]

    def take(self, rows: Sequence[int] | NDArray[np.intp]) -> "NgramCounts":
        """The texts at `rows`, in that order."""
        parts = [np.arange(self.starts[row], self.starts[row + 1]) for row in rows]
        inside = np.concatenate(parts) if parts else np.zeros(0, np.int64)
        starts = np.concatenate(([0], np.cumsum([len(part) for part in parts]))).astype(np.int64)
        return NgramCounts(starts, self.buckets[inside], self.counts[inside])

    def __len__(self) -> int:
        return len(self.starts) - 1


def count_ngrams(texts: Sequence[str]) -> NgramCounts:
    """The n-grams of 1 to 4 characters of each text, its two edges included as newlines; a count stops at 255."""
    points, rows = _code_points(texts)
    keys = [
        (rows[: len(codes)][inside].astype(np.int64) << 16) | _buckets(codes[inside]).astype(np.int64)
        for codes, inside in _codes_by_size(points, rows)
    ]
    unique, counts = np.unique(np.concatenate(keys), return_counts=True)
    starts = np.searchsorted(unique >> 16, np.arange(len(texts) + 1))
    return NgramCounts(starts, (unique & 0xFFFF).astype(np.uint16), counts.clip(max=255).astype(np.uint8))


def unit_vectors(*samples: NgramCounts) -> list[NDArray[np.float32]]:
    """(texts, buckets that occur in any sample) for each sample: the logarithm of 1 + count, each row of length 1."""
    used = np.unique(np.concatenate([sample.buckets for sample in samples]))
    return [_dense(sample, used) for sample in samples]


def _dense(sample: NgramCounts, used: NDArray[np.uint16]) -> NDArray[np.float32]:
    dense = np.zeros((len(sample), len(used)), np.float32)
    rows = np.repeat(np.arange(len(sample)), np.diff(sample.starts))
    dense[rows, np.searchsorted(used, sample.buckets)] = np.log1p(sample.counts.astype(np.float32))
    made: NDArray[np.float32] = dense / np.maximum(np.linalg.norm(dense, axis=1, keepdims=True), np.float32(1e-9))
    return made


def ngrams_by_bucket(texts: Sequence[str]) -> dict[int, str]:
    """Bucket -> the n-gram of `texts` that falls into it most often."""
    counted = Counter(
        bounded[at : at + size]
        for text in texts
        for bounded in [f"\n{text}\n"]
        for size in range(1, LONGEST + 1)
        for at in range(len(bounded) - size + 1)
    )
    table: dict[int, str] = {}
    for ngram, _ in counted.most_common():
        table.setdefault(bucket_of(ngram), ngram)
    return table


def bucket_of(ngram: str) -> int:
    """The bucket of one n-gram."""
    code = np.zeros(1, np.uint64)
    for character in ngram:
        code = _longer(code, np.array([ord(character)], np.uint64))
    return int(_buckets(code)[0])


def _code_points(texts: Sequence[str]) -> tuple[Codes, NDArray[np.int64]]:
    """(characters,) code points of all texts, each text between newlines, and the number of each one's text."""
    bounded = [f"\n{text}\n" for text in texts]
    points = np.frombuffer("".join(bounded).encode("utf-32-le", "replace"), np.uint32).astype(np.uint64)
    return points, np.repeat(np.arange(len(texts)), [len(text) for text in bounded])


def _codes_by_size(points: Codes, rows: NDArray[np.int64]) -> Iterator[tuple[Codes, NDArray[np.bool_]]]:
    """For each size the code of the n-gram that starts at each place, and whether it ends in the same text."""
    codes = np.zeros(len(points), np.uint64)
    for size in range(1, LONGEST + 1):
        count = max(0, len(points) - size + 1)
        codes = _longer(codes[:count], points[size - 1 :][:count])
        yield codes, rows[:count] == rows[size - 1 :][:count]


def _longer(codes: Codes, points: Codes) -> Codes:
    """Codes of n-grams one character longer; there are 0x110000 code points, so no two n-grams of 3 share a code."""
    made: Codes = codes * np.uint64(0x110000) + points + np.uint64(1)
    return made


def _buckets(codes: Codes) -> Codes:
    mixed = (codes ^ (codes >> np.uint64(32))) * _MIX
    return mixed >> np.uint64(48)
