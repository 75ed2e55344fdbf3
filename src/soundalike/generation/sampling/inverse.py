"""The inverse of a distribution: the token under a number between 0 and 1, for many rows of logits at once.

By inverse.c where it can be compiled, else by numpy, four times as slowly.
"""

from collections.abc import Sequence
from ctypes import CDLL, c_int32, c_int64, c_void_p
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.ctypeslib import ndpointer
from numpy.typing import NDArray

from soundalike.generation.sampling.rows import Floats, LogitsBatch
from soundalike.native import load_library

Found: TypeAlias = tuple[NDArray[np.int64], Floats]

SOURCE = Path(__file__).with_name("inverse.c")
BLOCK = 64


def drawn(rows: LogitsBatch, temperatures: Floats, shares: NDArray[np.float64], enough: Floats) -> Found:
    """A token of each row, int64 (rows,), and what stands before it, float32 (rows,).

    `shares`, in [0, 1), say which token at `temperatures`. Before it stand, by their probability at temperature 1, the
    likelier tokens, and of those as likely the earlier ones; 0 is told of a token that holds more than `enough` by
    itself. All are (rows,).
    """
    compiled, knobs = _compiled(), (temperatures, shares, enough)
    return _in_c(compiled, rows, *knobs) if compiled else in_numpy(rows, *knobs)


def _compiled() -> CDLL | None:
    """inverse.c as a library; None where it cannot be compiled."""
    return load_library(SOURCE, _declare)


def _declare(compiled: CDLL) -> None:
    floats, doubles, ints = (_vector(kind) for kind in (np.float32, np.float64, np.int64))
    sizes = (c_int32, c_int32, c_int64, c_void_p)
    compiled.sample_rows.argtypes = (*sizes, *[floats] * 4, doubles, floats, ints, floats)
    compiled.sample_rows.restype = None


def _vector(kind: type[np.generic]) -> Any:
    """A one-dimensional array whose numbers lie side by side, for ctypes to check."""
    return ndpointer(kind, 1, flags="C")


def _in_c(
    compiled: CDLL, rows: LogitsBatch, temperatures: Floats, shares: NDArray[np.float64], enough: Floats
) -> Found:
    logits = rows.logits
    if logits.dtype != np.float32 or logits.strides[1] != logits.itemsize:
        logits = np.ascontiguousarray(logits, np.float32)
    singles = [np.ascontiguousarray(each, np.float32) for each in (rows.peaks, rows.logsumexp, temperatures, enough)]
    (count, size), step = logits.shape, logits.strides[0] // logits.itemsize
    tokens, before, sums = np.empty(count, np.int64), np.empty(count, np.float32), np.empty(size, np.float32)
    compiled.sample_rows(count, size, step, logits.ctypes.data, *singles, shares, sums, tokens, before)
    return tokens, before


def in_numpy(rows: LogitsBatch, temperatures: Floats, shares: NDArray[np.float64], enough: Floats) -> Found:
    """`drawn` without a compiler."""
    logits, logsumexp = rows.logits, rows.logsumexp
    chances = logits - rows.peaks[:, None]
    chances /= temperatures[:, None]
    tokens = places(np.exp(chances, out=chances), shares)
    its, before = logits[np.arange(len(tokens)), tokens], np.zeros(len(tokens), np.float32)
    for row in np.flatnonzero(np.exp(its - logsumexp) <= enough).tolist():
        ahead = logits[row] > its[row]
        ahead[: tokens[row]] |= logits[row, : tokens[row]] == its[row]
        before[row] = np.dot(np.exp(logits[row] - logsumexp[row]), ahead)
    return tokens, before


def places(chances: Floats, shares: Sequence[float] | NDArray[np.float64]) -> NDArray[np.int64]:
    """Where the running sum of each row of `chances`, float32 (rows, tokens), passes its share of the row's end.

    By blocks, a long running sum being slow: first the block, then the place in it.
    """
    size = chances.shape[1]
    blocks = _sums(chances).cumsum(axis=1, dtype=np.float64)
    goals = np.array(shares) * blocks[:, -1]
    block = _passed(blocks, goals)
    rows = np.arange(len(chances))
    before = np.where(block > 0, blocks[rows, block - 1], 0.0)
    places = np.minimum(block[:, None] * BLOCK + np.arange(BLOCK), size - 1)
    heights = chances[rows[:, None], places].cumsum(axis=1, dtype=np.float64)
    # The two sums of a block differ by rounding, so the share of it is taken of its own end.
    last = np.minimum(BLOCK, size - block * BLOCK) - 1
    ends = heights[rows, last]
    goals = (goals - before) / (blocks[rows, block] - before) * ends
    made: NDArray[np.int64] = block * BLOCK + np.minimum(_passed(heights, goals), last)
    return made


def _sums(chances: Floats) -> Floats:
    """The sum of each block of each row; as a product it is ten times as fast as summed."""
    rows, size = chances.shape
    whole = size - size % BLOCK
    sums: Floats = chances[:, :whole].reshape(rows, -1, BLOCK) @ np.ones(BLOCK, np.float32)
    return sums if whole == size else np.column_stack((sums, chances[:, whole:].sum(axis=1)))


def _passed(heights: NDArray[np.float64], goals: NDArray[np.float64]) -> NDArray[np.int64]:
    """The first place of each row that is above its goal, or the last."""
    found: NDArray[np.int64] = np.minimum((heights <= goals[:, None]).sum(axis=1), heights.shape[1] - 1)
    return found
