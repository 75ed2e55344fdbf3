"""Inverse transform sampling for many rows at once: the token at which the cumulative probability passes a number u."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from soundalike.generation.sampling.logits_batch import Floats, LogitsBatch

BLOCK = 64  # tokens summed at a time


def sample_logits(batch: LogitsBatch, temperatures: Floats, u: NDArray[np.float64]) -> NDArray[np.int64]:
    """Tokens int64 (rows,), drawn from each row's softmax at its temperature by u in [0, 1), both (rows,)."""
    weights = batch.logits - batch.peaks[:, None]
    weights /= temperatures[:, None]
    return sample_inverse_cdf(np.exp(weights, out=weights), u)


def mass_above(batch: LogitsBatch, tokens: NDArray[np.int64], skip_above: Floats) -> Floats:
    """For each row's token the total probability of more likely tokens at temperature 1; float32 (rows,).

    Of equally likely tokens those with a lower id count as more likely. The result is 0, and nothing is summed, for a
    token whose own probability exceeds `skip_above` (rows,).
    """
    own = batch.logits[np.arange(len(tokens)), tokens]
    above = np.zeros(len(tokens), np.float32)
    for row in np.flatnonzero(np.exp(own - batch.logsumexp) <= skip_above).tolist():
        logits, token = batch.logits[row], tokens[row]
        likelier = logits > own[row]
        likelier[:token] |= logits[:token] == own[row]
        above[row] = np.dot(np.exp(logits - batch.logsumexp[row]), likelier)
    return above


def sample_inverse_cdf(weights: Floats, u: Sequence[float] | NDArray[np.float64]) -> NDArray[np.int64]:
    """Indices int64 (rows,) where the cumulative sum of `weights` (rows, tokens) passes the share u of its total.

    A cumulative sum over a vocabulary is slow, so first the block is found and then the token in it.
    """
    size, rows = weights.shape[1], np.arange(len(weights))
    block_sums = _block_sums(weights).cumsum(axis=1, dtype=np.float64)
    goals = np.array(u) * block_sums[:, -1]
    block = _first_above(block_sums, goals)
    before = np.where(block > 0, block_sums[rows, block - 1], 0.0)
    indices = np.minimum(block[:, None] * BLOCK + np.arange(BLOCK), size - 1)
    sums = weights[rows[:, None], indices].cumsum(axis=1, dtype=np.float64)
    last = np.minimum(BLOCK, size - block * BLOCK) - 1
    # The two sums of a block differ by rounding, so the goal is scaled to the second one.
    goals = (goals - before) / (block_sums[rows, block] - before) * sums[rows, last]
    drawn: NDArray[np.int64] = block * BLOCK + np.minimum(_first_above(sums, goals), last)
    return drawn


def _block_sums(weights: Floats) -> Floats:
    """(rows, blocks); a matrix product with ones is ten times as fast as a sum over an axis."""
    rows, size = weights.shape
    whole = size - size % BLOCK
    sums: Floats = weights[:, :whole].reshape(rows, -1, BLOCK) @ np.ones(BLOCK, np.float32)
    return sums if whole == size else np.column_stack((sums, weights[:, whole:].sum(axis=1)))


def _first_above(sums: NDArray[np.float64], goals: NDArray[np.float64]) -> NDArray[np.int64]:
    """The first index of each row whose sum is above its goal, or the last index."""
    found: NDArray[np.int64] = np.minimum((sums <= goals[:, None]).sum(axis=1), sums.shape[1] - 1)
    return found
