"""One token a stream from what a model believes: DRY, the cuts (top-p, top-k, min-p, word-p), the temperature."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from soundalike.errors import EngineError
from soundalike.generation.sampling.inverse import drawn, places
from soundalike.generation.sampling.knobs import Sampling
from soundalike.generation.sampling.repeats import Repeats
from soundalike.generation.sampling.rows import Floats, LogitsBatch, Row

Mask: TypeAlias = NDArray[np.bool_]
Drawn: TypeAlias = tuple[NDArray[np.int64], NDArray[np.float32]]

NONE = -1
SURE = 1.0001  # what all tokens hold, and a little for rounding
TRIES = 8  # draws from all tokens in search of one that the cuts keep, before they are sorted


@dataclass(frozen=True, slots=True, eq=False)
class WordContinuation:
    """Which tokens of a vocabulary make words, each bool (vocabulary,).

    `on` are those that begin with a letter and no space: after a token of `open`, which end with one, they go on with
    its word.
    """

    on: Mask
    open: Mask

    def padded(self, size: int) -> "WordContinuation":
        """For a model that has more ids than its tokenizer: the others are no letters."""
        more = (0, max(0, size - self.on.size))
        return WordContinuation(np.pad(self.on, more), np.pad(self.open, more)) if more[1] else self


def draw(
    logits: Floats,
    logsumexp: Floats,
    history: Sequence[Repeats | Sequence[int]],
    samplings: Sequence[Sampling],
    generators: Sequence[np.random.Generator],
    within: Sequence[Mask | None] = (),
) -> Drawn:
    """One token a stream: logits float32 (streams, vocabulary) -> tokens int64 and logprobs float32, (streams,).

    `masses` float32 (streams,) are the logarithms of the sums of the rows' exponentials.

    The order is DRY, then the cuts, then the temperature, as in llama.cpp and mlx-lm: the cuts look at what the
    model believes, so that min_p 0.05 means the same at every temperature. Each cut is reckoned on the whole
    distribution, and a token must pass them all; the likeliest always does. top-p (nucleus, Holtzman et al.
    2019) keeps the fewest likeliest tokens whose probabilities sum to top_p, min-p (Nguyen et al. 2024) those
    with at least min_p times the likeliest one's probability. word_p is a min-p for the tokens that `within` holds for
    a stream, bool (vocabulary,): those that go on with its last word. What follows a whole word is hundreds of unlikely
    endings that are each no word, one of which comes every so often; a rare word may begin as it likes. Logprobs are
    the model's own, before any rule.

    `history` may be plain token lists, but only a `Repeats` that lives as long as its stream is fast.
    `EngineError` where a row holds no finite maximum.
    """
    peaks = logits.max(axis=1)
    if not np.isfinite(peaks).all():
        raise EngineError("The model gave numbers that are no numbers.", "Train again with a lower learning rate.")
    lost = [_penalties(past, sampling) for past, sampling in zip(history, samplings, strict=True)]
    rows = LogitsBatch(logits, peaks, logsumexp).without(lost)
    rules = [_Rules(*pair) for pair in zip(samplings, within or [None] * len(samplings), strict=True)]
    tokens = _tried(rows, rules, generators)
    for at in np.flatnonzero(tokens == NONE).tolist():
        tokens[at] = _chosen(rows.row(at), rules[at], generators[at])
    return tokens, logits[np.arange(len(tokens)), tokens] - logsumexp


def _penalties(past: Repeats | Sequence[int], sampling: Sampling) -> dict[int, float]:
    return (past if isinstance(past, Repeats) else Repeats(past, sampling)).penalties()


@dataclass(frozen=True, slots=True)
class _Rules:
    """The knobs of one stream, and the tokens that go on with its last word."""

    knobs: Sampling
    within: Mask | None

    def least(self, token: int) -> float:
        """The share of the likeliest one's probability that a token must have."""
        inside = self.within is not None and self.within[token]
        return max(self.knobs.min_p, self.knobs.word_p) if inside else self.knobs.min_p


def _tried(rows: LogitsBatch, rules: Sequence[_Rules], generators: Sequence[np.random.Generator]) -> NDArray[np.int64]:
    """For each row a token found by drawing from all until the cuts keep one; NONE without luck.

    Nothing is sorted, and the draws of all rows are made together. Rows with other cuts are left out.
    """
    tokens, knobs = np.full(len(rules), NONE, dtype=np.int64), [rule.knobs for rule in rules]
    open_ = [at for at, knob in enumerate(knobs) if knob.temperature and knob.top_p < 1 and not knob.top_k]
    for _ in range(TRIES):
        if not open_:
            break
        tokens[open_] = _once(rows.some(open_), [rules[at] for at in open_], [generators[at] for at in open_])
        open_ = [at for at in open_ if tokens[at] == NONE]
    return tokens


def _once(rows: LogitsBatch, rules: Sequence[_Rules], generators: Sequence[np.random.Generator]) -> NDArray[np.int64]:
    """One draw from all tokens of each row: the token where top-p, min-p and word-p keep it, else NONE."""
    temperatures = np.array([rule.knobs.temperature for rule in rules], np.float32)
    top_p = np.array([rule.knobs.top_p for rule in rules], np.float32)
    shares = np.array([generator.random() for generator in generators])
    found, before = drawn(rows, temperatures, shares, SURE - top_p)
    its = rows.logits[np.arange(len(found)), found]
    least = [rule.least(token) for rule, token in zip(rules, found.tolist(), strict=True)]
    likely = (its == rows.peaks) | (np.exp(its - rows.peaks) >= least)
    return np.where(likely & (before < top_p), found, NONE)


def _chosen(row: Row, rules: _Rules, generator: np.random.Generator) -> int:
    if rules.knobs.temperature == 0:
        return int(row.logits.argmax())
    kept = _cut(row, rules.knobs)
    if rules.within is not None and rules.knobs.word_p > 0:
        likely = row.logits[kept] >= row.peak + math.log(rules.knobs.word_p)
        kept = kept[likely | ~rules.within[kept]]
    chances = np.exp((row.logits[kept] - row.peak) / rules.knobs.temperature)
    return int(kept[places(chances[None], [generator.random()])[0]])


def _cut(row: Row, sampling: Sampling) -> NDArray[np.int64]:
    """Ids that every cut keeps. Nothing sorts more than a few tokens: a whole vocabulary costs more than the draw."""
    if sampling.min_p > 0:
        kept = _within(row, -math.log(sampling.min_p))
    elif sampling.top_p < 1:
        kept = _holding(row, sampling.top_p)
    else:
        kept = np.arange(row.logits.size)
    if sampling.top_p < 1:
        order = (-row.logits[kept]).argsort()
        heights = np.exp(row.logits[kept[order]] - row.mass).cumsum(dtype=np.float64)
        kept = kept[order[: int(heights.searchsorted(sampling.top_p)) + 1]]
    if 0 < sampling.top_k < kept.size:
        kept = kept[row.logits[kept].argpartition(-sampling.top_k)[-sampling.top_k :]]
    return kept


def _within(row: Row, reach: float) -> NDArray[np.int64]:
    return (row.logits >= row.peak - reach).nonzero()[0]


def _holding(row: Row, top_p: float) -> NDArray[np.int64]:
    """The ids above the first of a few falling floors that hold top_p between them: the nucleus lies among them."""
    for reach in (2.0, 4.0, 6.0, 8.0, 12.0):
        kept = _within(row, reach)
        if float(np.exp(row.logits[kept] - row.mass).sum()) >= top_p:
            return kept
    return np.arange(row.logits.size)
