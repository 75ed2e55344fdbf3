"""What the owner's held-out words cost the model, in bits per byte: with its adapter, without, and under another name.

Only the text of the owner's lines is counted, not the names before them, nor lines that stand word for word in the
training part. Unlike perplexity, bits per byte do not depend on the tokenizer.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from soundalike.evaluation.held_out import Conversation
from soundalike.evaluation.line_scores import Excerpt, LineScore, OnExcerpts, excerpts, score_in_parts
from soundalike.generation.voice import Voice
from soundalike.metrics.stats import Bootstrap, Estimate, Floats, percentile_interval

EXCERPTS = 96
MODES = 3  # in which each is scored: with the adapter, without, under another's name
BYTES = 400  # of a conversation: about a hundred and fifty tokens
STRANGERS = ("sam", "alex")


@dataclass(frozen=True, slots=True)
class BitsPerExcerpt:
    """Bits of the owner's text in each held-out excerpt, with the adapter, without it, and under another's name.

    `size` is its bytes; all have shape (excerpts,).
    """

    on: Floats
    off: Floats
    renamed: Floats
    size: Floats

    def per_byte(self, bits: Floats) -> Estimate:
        """Bits per byte, by a bootstrap over excerpts."""
        each = np.arange(len(bits))
        draws = Bootstrap(each).ratio(bits, self.size, each)
        return percentile_interval(float(bits.sum() / self.size.sum()), draws, len(bits))


def measure(
    voice: Voice, chats: Sequence[Conversation], seed: int = 0, on_excerpts: OnExcerpts = lambda excerpts: None
) -> BitsPerExcerpt | None:
    """On the beginnings of up to EXCERPTS conversations; None where the owner says nothing in any."""
    order = np.random.default_rng(seed).permutation(len(chats))
    beginnings = (next(excerpts(chats[at], BYTES), []) for at in order)
    some = list(islice((part for part in beginnings if any(line.scored for line in part)), EXCERPTS))
    if not some:
        return None
    others = [_another_name(voice, part) for part in some]
    on, renamed = (score_in_parts(voice, some, names, on_excerpts) for names in (None, others))
    with voice.engine.adapter_off():
        off = score_in_parts(voice, some, None, on_excerpts)
    size = [float(sum(len(line.text.encode()) + 1 for line in part if line.scored)) for part in some]
    return BitsPerExcerpt(_bits(on), _bits(off), _bits(renamed), np.array(size))


def _another_name(voice: Voice, part: Excerpt) -> str:
    """Somebody who is not the owner: one who speaks there, else an invented name."""
    names = [line.name for line in part if not line.me] + [name for name in STRANGERS if name != voice.owner.casefold()]
    return names[0]


def _bits(scored: Sequence[Sequence[LineScore]]) -> Floats:
    """(excerpts,): the bits of each one's text, with the space before it and the newline behind it."""
    nats = [sum(float(line.logprobs[line.starts >= -1].sum()) for line in lines) for lines in scored]
    return -np.array(nats) / math.log(2)
