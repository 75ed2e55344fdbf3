"""How a token is chosen: temperature, the cuts (top-p, top-k, min-p, word-p), DRY, penalties, one seed for it all.

Takes logits and what each stream has read so far, gives one token a stream with its log-probability under
the raw model. Knows numpy only: no text, no model; of words only which tokens make them, by `Letters`. Every rule
works on its own row, so that what stream i draws does not depend on which streams run beside it.
"""

from soundalike.sampling.draw import Letters, draw
from soundalike.sampling.knobs import HOTTEST, Sampling
from soundalike.sampling.repeats import DRY_LONGEST, Repeats
from soundalike.sampling.rows import Floats
from soundalike.sampling.sampler import Sampler, generators

__all__ = ["DRY_LONGEST", "HOTTEST", "Floats", "Letters", "Repeats", "Sampler", "Sampling", "draw", "generators"]
