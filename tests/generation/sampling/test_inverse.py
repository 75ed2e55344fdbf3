"""The token under a number: in C and by numpy the same."""

from collections.abc import Callable

import numpy as np
import pytest

from soundalike.generation.sampling import inverse
from soundalike.generation.sampling.rows import LogitsBatch
from soundalike.native import load_library

needs_compiler = pytest.mark.skipif(load_library(inverse.SOURCE) is None, reason="no C compiler")


def rows(count: int, size: int, padding: int = 0) -> LogitsBatch:
    """Logits of a model whose head may be wider than its vocabulary; some tokens are as likely, some impossible."""
    spread = np.random.default_rng(size).normal(0, 4, (count, size + padding)).round(1).astype(np.float32)
    logits = spread[:, :size]
    logits[:, 1::7] = -np.inf
    peaks = logits.max(axis=1)
    logsumexp = peaks + np.log(np.exp(logits - peaks[:, None]).sum(axis=1))
    return LogitsBatch(logits, peaks, logsumexp.astype(np.float32))


@needs_compiler
@pytest.mark.parametrize(("size", "padding"), [(1, 0), (50, 0), (64, 0), (65, 15), (1000, 0), (8192, 0)])
@pytest.mark.parametrize("temperature", [0.3, 1.0, 1.7])
def test_both_ways_find_the_same(size: int, padding: int, temperature: float) -> None:
    """The token, but where rounding parts two neighbours, and what stands before it."""
    count = 500
    believed, shares = rows(count, size, padding), np.random.default_rng(1).random(count)
    knobs = (np.full(count, temperature, np.float32), shares, np.full(count, 0.05, np.float32))
    (ours, before), (theirs, ahead) = inverse.drawn(believed, *knobs), inverse.in_numpy(believed, *knobs)
    same = ours == theirs
    assert same.mean() > 0.99
    assert before[same] == pytest.approx(ahead[same], abs=1e-5)


@pytest.mark.parametrize("way", [inverse.drawn, inverse.in_numpy])
def test_the_ends_of_the_line(way: Callable[..., inverse.Found]) -> None:
    """The smallest number finds the first token that is possible, the largest the last; both stand after the middle."""
    with np.errstate(divide="ignore"):
        logits = np.log(np.array([[0, 0.25, 0.5, 0.25, 0]] * 2, np.float32))
    peaks, ones, zeros = logits.max(axis=1), np.ones(2, np.float32), np.zeros(2, np.float32)
    tokens, before = way(LogitsBatch(logits, peaks, zeros), ones, np.array([0.0, 1 - 2**-53]), ones)
    assert tokens.tolist() == [1, 3]
    assert before == pytest.approx([0.5, 0.75])
