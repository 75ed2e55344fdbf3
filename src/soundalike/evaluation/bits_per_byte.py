"""What the owner's held-out words cost the model, in bits a byte: adapter off, on, and under somebody else's name.

Only the text of the owner's lines is counted, not the names before them, nor lines that stand word for word in what
was learned from. Unlike perplexity, bits per byte do not depend on the tokenizer.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from soundalike.engines.protocol import Tokenizer
from soundalike.engines.scoring import logprobs
from soundalike.evaluation.held_out import Conversation, DialogueLine
from soundalike.generation.voice import Voice
from soundalike.metrics.stats import Estimate, percentile_interval
from soundalike.prompt_template import render

DOCUMENTS = 96
BYTES = 400  # of a document: about a hundred and fifty tokens
DRAWS = 1000
STRANGERS = ("sam", "alex")

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class BitsPerDocument:
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
        return percentile_interval(float(bits.sum() / self.size.sum()), (drawn @ bits) / (drawn @ self.size), len(bits))


def _draws(count: int) -> NDArray[np.int64]:
    return np.random.default_rng(0).multinomial(count, np.full(count, 1 / count), DRAWS)


def measure(voice: Voice, chats: Sequence[Conversation], seed: int = 0) -> BitsPerDocument | None:
    """On up to DOCUMENTS stretches of held-out conversations; None where there is none."""
    order = np.random.default_rng(seed).permutation(len(chats))
    some = [part for at in order for part in _stretches(chats[at])][:DOCUMENTS]
    if not some:
        return None
    owners = [voice.owner] * len(some)
    right = _costs(voice, some, owners)
    wrong = _costs(voice, some, [_another(voice, part) for part in some])
    with voice.engine.adapter_off():
        plain = _costs(voice, some, owners)
    sizes = [sum(len(line.text.encode()) + 1 for line in part if line.scored) for part in some]
    columns = [np.array(values, np.float64) for values in (right, plain, wrong, sizes)]
    return BitsPerDocument(*columns)


def _stretches(chat: Conversation) -> Iterator[list[DialogueLine]]:
    """The first BYTES of a conversation, if anything in them is scored."""
    part, size = list[DialogueLine](), 0
    for line in chat:
        size += len(line.text.encode())
        if part and size > BYTES:
            break
        part.append(line)
    if any(line.scored for line in part):
        yield part


def _another(voice: Voice, part: Sequence[DialogueLine]) -> str:
    """Somebody who is not the owner: one who speaks there, else an invented name."""
    names = [line.name for line in part if not line.me] + [name for name in STRANGERS if name != voice.owner.casefold()]
    return names[0]


def _costs(voice: Voice, some: Sequence[Sequence[DialogueLine]], names: Sequence[str]) -> list[float]:
    """Bits of the owner's text in each stretch when it stands under the name given for it."""
    tokenizer: Tokenizer = voice.engine.tokenizer
    written = [_written(voice, part, name) for part, name in zip(some, names, strict=True)]
    texts = [text for text, _ in written]
    rows = [[tokenizer.begin, *tokens] for tokens in tokenizer.encode(texts)]
    costs = list[float]()
    told = zip(logprobs(voice.engine, rows, voice.window), tokenizer.spans(texts), written, strict=True)
    for given, tokens, (_, owned) in told:
        places = np.array([start for start, _ in tokens], np.int64)
        nats = sum(float(given[1:][(places >= start) & (places < end)].sum()) for start, end in owned)
        costs.append(-nats / math.log(2))
    return costs


def _written(voice: Voice, part: Sequence[DialogueLine], name: str) -> tuple[str, list[tuple[int, int]]]:
    """A stretch in the template, the owner under `name`, and where the owner's scored words stand in it."""
    turns = [(name if line.me else line.name, line.text) for line in part]
    lines = [render([turn], tagged=voice.tagged) for turn in turns]
    starts = np.cumsum([0, *map(len, lines)]).tolist()
    heads = [len(turn[0]) + 1 if voice.tagged else 0 for turn in turns]
    owned = [(a + head, b) for a, head, b, line in zip(starts, heads, starts[1:], part, strict=False) if line.scored]
    return "".join(lines), owned
