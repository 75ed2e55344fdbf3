"""One token for each stream from its logits: penalties, the filters (top-p, top-k, min-p, word-p), the temperature."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from soundalike.errors import EngineError
from soundalike.generation.sampling.inverse_cdf import mass_above, sample_inverse_cdf, sample_logits
from soundalike.generation.sampling.logits_batch import Floats, LogitsBatch, Row
from soundalike.generation.sampling.parameters import Sampling
from soundalike.generation.sampling.penalties import TokenHistory

Mask: TypeAlias = NDArray[np.bool_]
Drawn: TypeAlias = tuple[NDArray[np.int64], NDArray[np.float32]]

REJECTED = -1
TOTAL = 1.0001  # the probability of all tokens, with a margin for rounding
TRIES = 8  # draws from the whole distribution, in search of a token that the filters keep, before any sorting


@dataclass(frozen=True, slots=True, eq=False)
class WordContinuation:
    """Masks bool (vocabulary,) of the tokens that start with a letter (and no space), and of those that end with one.

    A token that starts with a letter continues the word of a token before it that ends with one.
    """

    starts_with_letter: Mask
    ends_with_letter: Mask

    def padded(self, size: int) -> "WordContinuation":
        """For a model with more ids than its tokenizer: the others continue no word."""
        more = (0, max(0, size - self.starts_with_letter.size))
        if not more[1]:
            return self
        return WordContinuation(np.pad(self.starts_with_letter, more), np.pad(self.ends_with_letter, more))


def draw(
    logits: Floats,
    logsumexp: Floats,
    histories: Sequence[TokenHistory],
    samplings: Sequence[Sampling],
    generators: Sequence[np.random.Generator],
    continuations: Sequence[Mask | None] = (),
) -> Drawn:
    """Logits float32 (streams, vocabulary) -> tokens int64 and log-probabilities float32, both (streams,).

    `logsumexp` is that of each row, (streams,). `continuations` holds for each stream the tokens that would continue
    its last word, bool (vocabulary,), or None.

    The order is penalties, filters, temperature, as in llama.cpp and mlx-lm: the filters see the model's own
    distribution, so min_p 0.05 means the same at every temperature. Each filter applies to the whole distribution and a
    token must pass all of them; the likeliest always does. top-p (nucleus, Holtzman et al. 2019) keeps the fewest
    likeliest tokens whose probabilities sum to top_p; min-p (Nguyen et al. 2024) keeps those with at least min_p times
    the highest probability. word_p is a min-p for continuations only: after a whole word hundreds of unlikely endings
    would make it no word, and one of them is drawn every so often, while a rare word may begin freely.
    Log-probabilities are the model's own, before any rule. `EngineError` where a row has no finite maximum.
    """
    peaks = logits.max(axis=1)
    if not np.isfinite(peaks).all():
        raise EngineError("The model produced NaN or infinite logits.", "Train again with a lower learning rate.")
    batch = LogitsBatch(logits, peaks, logsumexp).penalised([history.penalties() for history in histories])
    pairs = zip(samplings, continuations or [None] * len(samplings), strict=True)
    filters = [_Filters(sampling, mask) for sampling, mask in pairs]
    tokens = _draw_without_sorting(batch, filters, generators)
    for row in np.flatnonzero(tokens == REJECTED).tolist():
        tokens[row] = _draw_row(batch.row(row), filters[row], generators[row])
    return tokens, logits[np.arange(len(tokens)), tokens] - logsumexp


@dataclass(frozen=True, slots=True)
class _Filters:
    """The settings of one stream, and the tokens that continue its last word."""

    sampling: Sampling
    continuations: Mask | None

    def min_p(self, token: int) -> float:
        """The share of the highest probability that a token needs."""
        continues = self.continuations is not None and self.continuations[token]
        return max(self.sampling.min_p, self.sampling.word_p) if continues else self.sampling.min_p


def _draw_without_sorting(
    batch: LogitsBatch, filters: Sequence[_Filters], generators: Sequence[np.random.Generator]
) -> NDArray[np.int64]:
    """Draw from each row's whole distribution until the filters keep the token; REJECTED where none of TRIES did.

    The draws of all rows are made together. Greedy rows, and those with a top_k or no top_p, are left out.
    """
    tokens, samplings = np.full(len(filters), REJECTED, dtype=np.int64), [one.sampling for one in filters]
    rows = [row for row, one in enumerate(samplings) if one.temperature and one.top_p < 1 and not one.top_k]
    for _ in range(TRIES):
        if not rows:
            break
        tokens[rows] = _try(batch.rows(rows), [filters[row] for row in rows], [generators[row] for row in rows])
        rows = [row for row in rows if tokens[row] == REJECTED]
    return tokens


def _try(
    batch: LogitsBatch, filters: Sequence[_Filters], generators: Sequence[np.random.Generator]
) -> NDArray[np.int64]:
    """One draw for each row: the token if top-p, min-p and word-p keep it, else REJECTED."""
    temperatures = np.array([one.sampling.temperature for one in filters], np.float32)
    top_p = np.array([one.sampling.top_p for one in filters], np.float32)
    tokens = sample_logits(batch, temperatures, np.array([generator.random() for generator in generators]))
    above = mass_above(batch, tokens, skip_above=TOTAL - top_p)
    own = batch.logits[np.arange(len(tokens)), tokens]
    min_p = [one.min_p(token) for one, token in zip(filters, tokens.tolist(), strict=True)]
    likely = (own == batch.peaks) | (np.exp(own - batch.peaks) >= min_p)
    return np.where(likely & (above < top_p), tokens, REJECTED)


def _draw_row(row: Row, filters: _Filters, generator: np.random.Generator) -> int:
    if filters.sampling.temperature == 0:
        return int(row.logits.argmax())
    kept = _filtered(row, filters.sampling)
    if filters.continuations is not None and filters.sampling.word_p > 0:
        likely = row.logits[kept] >= row.peak + math.log(filters.sampling.word_p)
        kept = kept[likely | ~filters.continuations[kept]]
    weights = np.exp((row.logits[kept] - row.peak) / filters.sampling.temperature)
    return int(kept[sample_inverse_cdf(weights[None], [generator.random()])[0]])


def _filtered(row: Row, sampling: Sampling) -> NDArray[np.int64]:
    """Ids that pass min-p, top-p and top-k. Only a few are sorted: a whole vocabulary takes longer than a draw."""
    if sampling.min_p > 0:
        kept = _at_least(row, row.peak + math.log(sampling.min_p))
    elif sampling.top_p < 1:
        kept = _holding(row, sampling.top_p)
    else:
        kept = np.arange(row.logits.size)
    if sampling.top_p < 1:
        order = (-row.logits[kept]).argsort()
        cumulative = np.exp(row.logits[kept[order]] - row.logsumexp).cumsum(dtype=np.float64)
        kept = kept[order[: int(cumulative.searchsorted(sampling.top_p)) + 1]]
    if 0 < sampling.top_k < kept.size:
        kept = kept[row.logits[kept].argpartition(-sampling.top_k)[-sampling.top_k :]]
    return kept


def _at_least(row: Row, logit: float) -> NDArray[np.int64]:
    return (row.logits >= logit).nonzero()[0]


def _holding(row: Row, top_p: float) -> NDArray[np.int64]:
    """Ids above the first of a few falling thresholds that together hold top_p: the nucleus is among them."""
    for nats in (2.0, 4.0, 6.0, 8.0, 12.0):
        kept = _at_least(row, row.peak - nats)
        if float(np.exp(row.logits[kept] - row.logsumexp).sum()) >= top_p:
            return kept
    return np.arange(row.logits.size)
