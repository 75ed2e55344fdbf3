"""How odd a language model that never saw the owner finds each message of a reply, in its context."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from soundalike.evaluation.held_out import DialogueLine, HeldOutScene
from soundalike.evaluation.line_scores import LineScore, score_excerpts
from soundalike.generation.voice import Voice
from soundalike.metrics.stats import Floats
from soundalike.metrics.windows import MessageWindows

CONTEXT_BYTES = 300  # of the lines before a reply that the model reads: about a hundred tokens
MESSAGE_CHARACTERS = 200  # of each message; a longer one is read so far

Messages = Sequence[str]


@dataclass(frozen=True, slots=True)
class MessageSurprisal:
    """One message under the judging model, in nats given what stands before: its `text`, the `first` token of it, each
    of its `words` (words,), and the `end` of the line. `size` is its bytes."""

    size: int
    text: float
    first: float
    words: Floats
    end: float


def reply_surprisals(
    judge: Voice, scenes: Sequence[HeldOutScene], systems: Sequence[MessageWindows]
) -> list[list[list[MessageSurprisal]]]:
    """By system, scene and message. The judge reads the owner's lines and every reply under the owner's name.

    All systems' replies to one context are read together, so that an engine that keeps prefixes reads it once.
    """
    places, excerpts = list[tuple[int, int]](), list[list[DialogueLine]]()
    for number, scene in enumerate(scenes):
        for system, windows in enumerate(systems):
            for turn, messages in scene.answers(windows.messages[number]):
                places.append((system, number))
                said = [DialogueLine(judge.owner, True, text[:MESSAGE_CHARACTERS]) for text in messages]
                excerpts.append([*context_lines(judge.owner, turn.history), *said])
    found: list[list[list[MessageSurprisal]]] = [[[] for _ in scenes] for _ in systems]
    for (system, number), lines in zip(places, score_excerpts(judge, excerpts), strict=True):
        found[system][number] += map(_surprisal, lines)
    return found


def context_lines(owner: str, context: Sequence[tuple[str, str]]) -> list[DialogueLine]:
    """The last CONTEXT_BYTES of the (name, text) lines before, one at least, as lines that are not scored."""
    first, size = len(context), 0
    while first and (size == 0 or size + len(context[first - 1][1].encode()) <= CONTEXT_BYTES):
        first -= 1
        size += len(context[first][1].encode())
    return [DialogueLine(name, name == owner, text, in_training=True) for name, text in context[first:]]


def _surprisal(line: LineScore) -> MessageSurprisal:
    nats = -line.logprobs.astype(np.float64)
    inside, ends = line.starts >= -1, line.starts >= len(line.text)
    own, starts = nats[inside & ~ends], line.starts[inside & ~ends]
    heads = [at for at, start in enumerate(starts.tolist()) if at == 0 or _begins_word(line.text, start)]
    words = np.add.reduceat(own, heads) if len(own) else np.zeros(0)
    first = float(own[0]) if len(own) else 0.0
    return MessageSurprisal(len(line.text.encode()) + 1, float(own.sum()), first, words, float(nats[ends].sum()))


def _begins_word(text: str, start: int) -> bool:
    return text[start].isspace() or text[start - 1].isspace()
