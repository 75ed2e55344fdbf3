"""Let a voice listen: held-out stretches of conversation -> what each of the owner's lines costs it, on and off."""

import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from soundalike.engines.scoring import logprobs
from soundalike.evaluation.held_out import Conversation, DialogueLine
from soundalike.generation.voice import Voice
from soundalike.portrait.findings.heard import Spoken
from soundalike.prompt_template import normalise, render

STRETCHES, BYTES = 160, 500  # how many stretches are heard, and how much of a conversation is one
AT_ONCE = 32

Floats = NDArray[np.float64]
Span = tuple[int, int]
Progress = Callable[[int, int], None]  # done, of: stretches


def listen(voice: Voice, chats: Sequence[Conversation], on_progress: Progress, seed: int = 0) -> list[Spoken]:
    """Every line of the owner's in up to STRETCHES of the held-out `chats`, drawn by `seed`.

    Lines that stand word for word in what was learned from are heard, but not given.
    """
    parts = [part for chat in chats for part in _stretches(chat)]
    chosen = sorted(np.random.default_rng(seed).permutation(len(parts))[:STRETCHES].tolist())
    spoken = list[Spoken]()
    for start in range(0, len(chosen), AT_ONCE):
        some = [parts[at] for at in chosen[start : start + AT_ONCE]]
        spoken += _heard(voice, some)
        on_progress(start + len(some), len(chosen))
    return spoken


def _stretches(chat: Conversation) -> Iterator[list[DialogueLine]]:
    """A conversation in parts of about BYTES, those in which the owner says something new."""
    part, size = list[DialogueLine](), 0
    for line in chat:
        if part and size + len(line.text.encode()) > BYTES:
            yield from [part] if any(one.scored for one in part) else []
            part, size = [], 0
        part.append(line)
        size += len(line.text.encode())
    yield from [part] if any(one.scored for one in part) else []


def _heard(voice: Voice, some: Sequence[Sequence[DialogueLine]]) -> Iterator[Spoken]:
    tokenizer = voice.engine.tokenizer
    turns = [
        [render([(voice.owner if line.me else line.name, line.text)], tagged=voice.tagged) for line in part]
        for part in some
    ]
    texts = ["".join(written) for written in turns]
    rows = [[tokenizer.begin, *tokens] for tokens in tokenizer.encode(texts)]
    on = _bits(voice, rows)
    with voice.engine.adapter_off():
        off = _bits(voice, rows)
    for part, written, spans, with_it, without in zip(some, turns, tokenizer.spans(texts), on, off, strict=True):
        yield from _spoken(part, written, spans, with_it, without)


def _spoken(
    part: Sequence[DialogueLine], turns: Sequence[str], spans: Sequence[Span], on: Floats, off: Floats
) -> Iterator[Spoken]:
    """The owner's lines of one stretch, from the bits of all its tokens."""
    ends = np.array([end for _, end in spans])
    start = 0
    for line, turn in zip(part, turns, strict=True):
        written = normalise(line.text).replace("\n", "\n\t")
        first = start + len(turn) - 1 - len(written)  # the turn ends in a newline
        start += len(turn)
        if line.scored:
            inside = np.flatnonzero((ends > first) & (ends <= start - 1))
            own = [(max(0, spans[at][0] - first), spans[at][1] - first) for at in inside.tolist()]
            yield Spoken(written, own, on[inside], off[inside])


def _bits(voice: Voice, rows: Sequence[Sequence[int]]) -> list[Floats]:
    return [-np.asarray(given[1:], np.float64) / math.log(2) for given in logprobs(voice.engine, rows, voice.window)]
