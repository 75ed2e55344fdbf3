"""Sampling: logits to tokens with temperature, top-p, top-k, min-p, word-p, DRY and OpenAI's penalties.

Works on numpy arrays of logits and token ids. Every rule is applied to its own row, so what stream i draws does not
depend on the other streams.
"""

from soundalike.generation.sampling.filters import WordContinuation, draw
from soundalike.generation.sampling.logits_batch import Floats
from soundalike.generation.sampling.parameters import MAX_BEST_OF, MAX_TEMPERATURE, Sampling, for_each
from soundalike.generation.sampling.penalties import DRY_LONGEST, TokenHistory
from soundalike.generation.sampling.sampler import Sampler, random_generator
from soundalike.generation.sampling.sequence_bias import SequenceBias

__all__ = [
    "DRY_LONGEST",
    "MAX_BEST_OF",
    "MAX_TEMPERATURE",
    "Floats",
    "Sampler",
    "Sampling",
    "SequenceBias",
    "TokenHistory",
    "WordContinuation",
    "draw",
    "for_each",
    "random_generator",
]
