"""Inverse transform sampling: the token under a number, and the probability of those more likely."""

import numpy as np
import pytest

from soundalike.generation.sampling.inverse_cdf import mass_above, sample_logits
from soundalike.generation.sampling.logits_batch import LogitsBatch


def batch(count: int, size: int, padding: int = 0) -> LogitsBatch:
    """Logits of a model whose head may be wider than its vocabulary; some tokens are as likely, some impossible."""
    spread = np.random.default_rng(size).normal(0, 4, (count, size + padding)).round(1).astype(np.float32)
    logits = spread[:, :size]
    logits[:, 1::7] = -np.inf
    peaks = logits.max(axis=1)
    logsumexp = peaks + np.log(np.exp(logits - peaks[:, None]).sum(axis=1))
    return LogitsBatch(logits, peaks, logsumexp.astype(np.float32))


@pytest.mark.parametrize(("size", "padding"), [(1, 0), (50, 0), (64, 0), (65, 15), (1000, 0), (8192, 0)])
@pytest.mark.parametrize("temperature", [0.3, 1.0, 1.7])
def test_it_finds_what_a_running_sum_finds(size: int, padding: int, temperature: float) -> None:
    """The token, except where rounding decides between two neighbours, and the mass of those more likely."""
    count = 500
    logits, u = batch(count, size, padding), np.random.default_rng(1).random(count)
    skip_above = np.full(count, 0.05, np.float32)
    tokens = sample_logits(logits, np.full(count, temperature, np.float32), u)
    exact = logits.logits.astype(np.float64)
    sums = np.exp((exact - logits.peaks[:, None]) / temperature).cumsum(axis=1)
    assert (tokens == (sums <= (u * sums[:, -1])[:, None]).sum(axis=1)).mean() > 0.99
    chances, rows = np.exp(exact - logits.logsumexp[:, None]), np.arange(count)
    own = exact[rows, tokens][:, None]
    earlier = np.arange(size) < tokens[:, None]
    expected = np.where((exact > own) | ((exact == own) & earlier), chances, 0).sum(axis=1)
    expected[chances[rows, tokens] > 0.05] = 0
    assert mass_above(logits, tokens, skip_above) == pytest.approx(expected, abs=1e-5)


def test_the_ends_of_the_line() -> None:
    """The smallest number finds the first token that is possible, the largest the last; both stand after the middle."""
    with np.errstate(divide="ignore"):
        logits = np.log(np.array([[0, 0.25, 0.5, 0.25, 0]] * 2, np.float32))
    ones, rows = np.ones(2, np.float32), LogitsBatch(logits, logits.max(axis=1), np.zeros(2, np.float32))
    tokens = sample_logits(rows, ones, np.array([0.0, 1 - 2**-53]))
    assert tokens.tolist() == [1, 3]
    assert mass_above(rows, tokens, ones) == pytest.approx([0.5, 0.75])
