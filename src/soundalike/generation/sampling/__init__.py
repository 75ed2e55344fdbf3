"""How a token is chosen: temperature, the cuts (top-p, top-k, min-p, word-p), DRY, penalties, one seed for it all.

Takes logits and what each stream has read so far; returns one token a stream with its log-probability under the raw
model. Works on numpy arrays of token ids; `WordContinuation` says which tokens continue a word. Every rule works on
its own row, so that what stream i draws does not depend on which streams run beside it.
"""

from soundalike.generation.sampling.draw import WordContinuation, draw
from soundalike.generation.sampling.knobs import HOTTEST, Sampling
from soundalike.generation.sampling.repeats import DRY_LONGEST, Repeats
from soundalike.generation.sampling.rows import Floats
from soundalike.generation.sampling.sampler import Sampler, generators

__all__ = [
    "DRY_LONGEST",
    "HOTTEST",
    "Floats",
    "WordContinuation",
    "Repeats",
    "Sampler",
    "Sampling",
    "draw",
    "generators",
]
