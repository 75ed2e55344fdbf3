"""Surprisal of the owner's held-out lines: bits per token, with the clone's adapter and without it."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from soundalike.engines.scoring import logprobs
from soundalike.evaluation.held_out import Conversation, DialogueLine
from soundalike.generation.voice import Voice
from soundalike.prompt_template import normalise, render

EXCERPTS, BYTES = 160, 500  # how many excerpts are scored, and about how long each is
BATCH = 32

Floats = NDArray[np.float64]
Span = tuple[int, int]  # first and past-the-last character
Progress = Callable[[int, int], None]  # done, of: excerpts


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


def score_lines(voice: Voice, chats: Sequence[Conversation], on_progress: Progress, seed: int = 0) -> list[ScoredLine]:
    """Score the owner's lines in up to EXCERPTS excerpts of the held-out `chats`, drawn by `seed`.

    A line that stands word for word in the training text is context only.
    """
    excerpts = [excerpt for chat in chats for excerpt in _excerpts(chat)]
    drawn = sorted(np.random.default_rng(seed).permutation(len(excerpts))[:EXCERPTS].tolist())
    scored = list[ScoredLine]()
    for start in range(0, len(drawn), BATCH):
        batch = [excerpts[at] for at in drawn[start : start + BATCH]]
        scored += _score(voice, batch)
        on_progress(start + len(batch), len(drawn))
    return scored


def _excerpts(chat: Conversation) -> Iterator[list[DialogueLine]]:
    """A conversation in parts of about BYTES; only those with a line to score."""
    part, size = list[DialogueLine](), 0
    for line in chat:
        if part and size + len(line.text.encode()) > BYTES:
            yield from [part] if any(one.scored for one in part) else []
            part, size = [], 0
        part.append(line)
        size += len(line.text.encode())
    yield from [part] if any(one.scored for one in part) else []


def _score(voice: Voice, batch: Sequence[Sequence[DialogueLine]]) -> Iterator[ScoredLine]:
    tokenizer = voice.engine.tokenizer
    turns = [
        [render([(voice.owner if line.me else line.name, line.text)], tagged=voice.tagged) for line in lines]
        for lines in batch
    ]
    texts = ["".join(written) for written in turns]
    tokens = [[tokenizer.begin, *row] for row in tokenizer.encode(texts)]
    adapted = _bits(voice, tokens)
    with voice.engine.adapter_off():
        base = _bits(voice, tokens)
    for lines, written, spans, one, two in zip(batch, turns, tokenizer.spans(texts), adapted, base, strict=True):
        yield from _scored_lines(lines, written, spans, one, two)


def _scored_lines(
    lines: Sequence[DialogueLine], turns: Sequence[str], spans: Sequence[Span], adapted: Floats, base: Floats
) -> Iterator[ScoredLine]:
    """The owner's lines of one excerpt, from its rendered `turns` and the bits of all its tokens, (tokens,) each."""
    ends = np.array([end for _, end in spans])
    start = 0
    for line, turn in zip(lines, turns, strict=True):
        written = normalise(line.text).replace("\n", "\n\t")
        first = start + len(turn) - 1 - len(written)  # a turn ends in a newline
        start += len(turn)
        if line.scored:
            inside = np.flatnonzero((ends > first) & (ends <= start - 1))
            own = [(max(0, spans[at][0] - first), spans[at][1] - first) for at in inside.tolist()]
            yield ScoredLine(written, own, adapted[inside], base[inside])


def _bits(voice: Voice, tokens: Sequence[Sequence[int]]) -> list[Floats]:
    """Bits of each token but the first of each row."""
    return [-np.asarray(row[1:], np.float64) / math.log(2) for row in logprobs(voice.engine, tokens, voice.window)]
