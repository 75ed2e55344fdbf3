"""Surprisal of the owner's held-out lines: bits per token, with the clone's adapter and without it."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from soundalike.evaluation.held_out import Conversation
from soundalike.evaluation.line_scores import Excerpt, LineScore, excerpts, score_excerpts
from soundalike.generation.voice import Voice
from soundalike.progress import OnProgress

EXCERPTS, BYTES = 160, 500  # how many excerpts are scored, and about how long each is
BATCH = 32

Floats = NDArray[np.float64]
Span = tuple[int, int]  # first and past-the-last character


@dataclass(frozen=True, slots=True)
class ScoredLine:
    """One held-out line: `text`, the `spans` of its tokens in it, and each token's bits with the adapter and without.

    `with_adapter` and `without_adapter` are float64 (tokens,).
    """

    text: str
    spans: Sequence[Span]
    with_adapter: Floats
    without_adapter: Floats

    @property
    def cost(self) -> float:
        """Bits per character with the adapter."""
        return float(self.with_adapter.sum()) / max(len(self.text), 1)

    @property
    def base_cost(self) -> float:
        """Bits per character without the adapter."""
        return float(self.without_adapter.sum()) / max(len(self.text), 1)

    @property
    def saved(self) -> float:
        """Bits per character that the adapter saves."""
        return self.base_cost - self.cost


def score_lines(
    voice: Voice, chats: Sequence[Conversation], on_progress: OnProgress, seed: int = 0
) -> list[ScoredLine]:
    """Score the owner's lines in up to EXCERPTS excerpts of the held-out `chats`, drawn by `seed`.

    A line that stands word for word in the training text is context only.
    """
    parts = [part for chat in chats for part in excerpts(chat, BYTES) if any(line.scored for line in part)]
    drawn = sorted(np.random.default_rng(seed).permutation(len(parts))[:EXCERPTS].tolist())
    scored = list[ScoredLine]()
    for start in range(0, len(drawn), BATCH):
        batch = [parts[at] for at in drawn[start : start + BATCH]]
        scored += _score(voice, batch)
        on_progress(start + len(batch), len(drawn))
    return scored


def _score(voice: Voice, batch: Sequence[Excerpt]) -> Iterator[ScoredLine]:
    adapted = score_excerpts(voice, batch)
    with voice.engine.adapter_off():
        base = score_excerpts(voice, batch)
    for one, two in zip(chain(*adapted), chain(*base), strict=True):
        yield _line(one, two)


def _line(adapted: LineScore, base: LineScore) -> ScoredLine:
    """The same line with and without the adapter: of its tokens those that end inside its text."""
    inside = np.flatnonzero((adapted.ends > 0) & (adapted.ends <= len(adapted.text)))
    spans = [
        (max(0, start), end)
        for start, end in zip(adapted.starts[inside].tolist(), adapted.ends[inside].tolist(), strict=True)
    ]
    return ScoredLine(adapted.text, spans, _bits(adapted.logprobs[inside]), _bits(base.logprobs[inside]))


def _bits(logprobs: NDArray[np.float32]) -> Floats:
    return -np.asarray(logprobs, np.float64) / math.log(2)
