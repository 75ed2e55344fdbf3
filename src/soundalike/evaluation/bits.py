"""What the owner's held-out words cost the model, in bits a byte: adapter off, on, and under somebody else's name.

Only the text of the owner's lines is counted, not the names before them, nor lines that stand word for word in what
was learned from. Unlike perplexity, bits per byte do not depend on the tokenizer.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from soundalike.evaluation.scenes import Conversation, Line
from soundalike.likeness.estimates import Estimate, from_draws
from soundalike.packing import Tokenizer
from soundalike.transcript import render
from soundalike.voice import Voice

DOCUMENTS = 96
BYTES = 400  # of a document: about a hundred and fifty tokens
DRAWS = 1000
STRANGERS = ("sam", "alex")

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Bits:
    """Bits of the owner's text in each held-out document, with the adapter, without it, and under another's name.

    `size` is its bytes; all have shape (documents,).
    """

    on: Floats
    off: Floats
    renamed: Floats
    size: Floats

    def per_byte(self, bits: Floats) -> Estimate:
        """Bits a byte, by a bootstrap over documents."""
        drawn = _draws(len(bits))
        return from_draws(float(bits.sum() / self.size.sum()), (drawn @ bits) / (drawn @ self.size), len(bits))


def _draws(count: int) -> NDArray[np.int64]:
    return np.random.default_rng(0).multinomial(count, np.full(count, 1 / count), DRAWS)


def measure(voice: Voice, chats: Sequence[Conversation], seed: int = 0) -> Bits | None:
    """On up to DOCUMENTS stretches of held-out conversations; None where there is none."""
    order = np.random.default_rng(seed).permutation(len(chats))
    some = [part for at in order for part in _stretches(chats[at])][:DOCUMENTS]
    if not some:
        return None
    right = [_cost(voice, part, voice.owner) for part in some]
    wrong = [_cost(voice, part, _another(voice, part)) for part in some]
    with voice.engine.adapter_off():
        plain = [_cost(voice, part, voice.owner) for part in some]
    sizes = [sum(len(line.text.encode()) + 1 for line in part if line.scored) for part in some]
    columns = [np.array(values, np.float64) for values in (right, plain, wrong, sizes)]
    return Bits(*columns)


def _stretches(chat: Conversation) -> Iterator[list[Line]]:
    """The first BYTES of a conversation, if anything in them is scored."""
    part, size = list[Line](), 0
    for line in chat:
        size += len(line.text.encode())
        if part and size > BYTES:
            break
        part.append(line)
    if any(line.scored for line in part):
        yield part


def _another(voice: Voice, part: Sequence[Line]) -> str:
    """Somebody who is not the owner: one who speaks there, else an invented name."""
    names = [line.name for line in part if not line.me] + [name for name in STRANGERS if name != voice.owner.casefold()]
    return names[0]


def _cost(voice: Voice, part: Sequence[Line], name: str) -> float:
    """Bits of the owner's text when it stands under `name`."""
    turns = [(name if line.me else line.name, line.text) for line in part]
    lines = [render([turn], tagged=voice.tagged) for turn in turns]
    text, starts = "".join(lines), np.cumsum([0, *map(len, lines)])
    heads = [len(turn[0]) + 1 if voice.tagged else 0 for turn in turns]
    spans = [(a + head, b) for a, head, b, line in zip(starts, heads, starts[1:], part, strict=False) if line.scored]
    return -_nats(voice, text, spans) / math.log(2)


def _nats(voice: Voice, text: str, spans: Sequence[tuple[int, int]]) -> float:
    tokenizer: Tokenizer = voice.engine.tokenizer
    places = np.array([start for start, _ in tokenizer.spans([text])[0]], np.int64)
    logprobs = voice.engine.logprobs([tokenizer.begin, *tokenizer.encode([text])[0]])[1:]
    return sum(float(logprobs[(places >= start) & (places < end)].sum()) for start, end in spans)
