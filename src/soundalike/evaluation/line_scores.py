"""The log-likelihood of the owner's lines in conversations, token by token, under a voice's model."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from soundalike.engines.scoring import loglikelihood_rolling
from soundalike.evaluation.held_out import Conversation, DialogueLine
from soundalike.generation.voice import Voice
from soundalike.prompt_template import normalise, render

AT_ONCE = 48  # excerpts, where progress is shown

Excerpt = Sequence[DialogueLine]
OnExcerpts = Callable[[float], None]  # excerpts scored since the last call


@dataclass(frozen=True, slots=True)
class LineScore:
    """One line of the owner's. `text` is as the model reads it, a line break in it as newline and tab.

    Of each token that begins in the line, its name before and the newline behind included: `starts` and `ends` int64
    (tokens,), characters from the first of `text`, negative before it, and `logprobs` float32 (tokens,) in nats.
    """

    text: str
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    logprobs: NDArray[np.float32]


def excerpts(chat: Conversation, most_bytes: int) -> Iterator[list[DialogueLine]]:
    """A conversation in parts of at most so many bytes of text; a longer line is a part by itself."""
    part, size = list[DialogueLine](), 0
    for line in chat:
        added = len(line.text.encode())
        if part and size + added > most_bytes:
            yield part
            part, size = [], 0
        part.append(line)
        size += added
    if part:
        yield part


def score_excerpts(voice: Voice, some: Sequence[Excerpt], names: Sequence[str] | None = None) -> list[list[LineScore]]:
    """For each excerpt its lines that are `scored`, in order, each in the context of the lines before it.

    The owner's lines stand under the owner's name, or under the one of `names` (excerpts,).
    """
    tokenizer = voice.engine.tokenizer
    turns = [
        [render([(name if line.me else line.name, line.text)], tagged=voice.tagged) for line in excerpt]
        for excerpt, name in zip(some, names or [voice.owner] * len(some), strict=True)
    ]
    texts = ["".join(written) for written in turns]
    rows = [[tokenizer.begin, *tokens] for tokens in tokenizer.encode(texts)]
    scores = loglikelihood_rolling(voice.engine, rows, voice.window)
    found = zip(some, turns, tokenizer.spans(texts), scores, strict=True)
    return [list(_by_line(excerpt, written, spans, logprobs[1:])) for excerpt, written, spans, logprobs in found]


def score_in_parts(
    voice: Voice, some: Sequence[Excerpt], names: Sequence[str] | None, on_excerpts: OnExcerpts
) -> list[list[LineScore]]:
    """`score_excerpts`, AT_ONCE at a time."""
    found: list[list[LineScore]] = []
    for start in range(0, len(some), AT_ONCE):
        part = slice(start, start + AT_ONCE)
        found += score_excerpts(voice, some[part], names and names[part])
        on_excerpts(len(some[part]))
    return found


def _by_line(
    excerpt: Excerpt, turns: Sequence[str], spans: Sequence[tuple[int, int]], logprobs: NDArray[np.float32]
) -> Iterator[LineScore]:
    places = np.array(spans, np.int64).reshape(-1, 2)
    edges = np.cumsum([0, *map(len, turns)])
    cuts = np.searchsorted(places[:, 0], edges)  # the first token that begins in each turn
    for line, turn, edge, start, end in zip(excerpt, turns, edges, cuts, cuts[1:], strict=False):
        if line.scored:
            text = normalise(line.text).replace("\n", "\n\t")
            first = edge + len(turn) - 1 - len(text)
            inside = places[start:end] - first
            yield LineScore(text, inside[:, 0], inside[:, 1], logprobs[start:end])
