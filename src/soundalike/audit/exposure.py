"""How much likelier a secret is to the model than what it might as well have been.

exposure = log2 |R| - log2 rank of the secret among R, the secret and its alternatives, by likelihood in its true
context: Carlini et al. 2019, "The Secret Sharer", arXiv 1802.08232, definition 3, over a sample of the space.
It ends at log2 |R|; a secret that was never read has 1.44 bits on average. What is common needs no memory, so each
exposure stands beside that of the same strings with the adapter off.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

import numpy as np
from numpy.typing import NDArray

from soundalike.audit.shapes import FEWEST, alternatives
from soundalike.audit.texts import TextSpan, tokens_before
from soundalike.engines.protocol import Tokenizer
from soundalike.engines.scoring import logprobs
from soundalike.generation.voice import Voice

CONTEXT = 48  # tokens before a secret: a few lines; each is read as often as there are alternatives
ALARM = 3.0  # bits above the base alone

Step = Callable[[int], None]  # how many texts were read since


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret, its kind, how often it was learned, and what it might as well have been."""

    place: TextSpan
    kind: str
    times: int
    others: tuple[str, ...]

    @property
    def cost(self) -> int:
        """Texts that are read to measure it."""
        return 2 * (len(self.others) + 1)


@dataclass(frozen=True, slots=True)
class Exposure:
    """Bits of exposure with the adapter and without, of at most `most`; `rank` is with it."""

    on: float
    off: float
    rank: float
    most: float

    @property
    def gain(self) -> float:
        """What the adapter added."""
        return self.on - self.off

    @property
    def alarming(self) -> bool:
        """Whether it added so much that chance seldom does."""
        return self.gain > ALARM

    @property
    def found(self) -> bool:
        """Whether the model, asked for this kind of thing here, would name the secret before all else."""
        return self.alarming and self.rank == 1


def make_secret(place: TextSpan, kind: str, times: int, count: int, rng: Random) -> Secret | None:
    """With `count` alternatives; None where there are too few to tell anything."""
    others = alternatives(place.words, kind, count, rng)
    return Secret(place, kind, times, tuple(others)) if len(others) >= FEWEST else None


def rank(own: float, others: NDArray[np.float64]) -> float:
    """1 where nothing is likelier; of equals the middle, so that a model that knows nothing finds nothing."""
    return 1 + float((others > own).sum()) + float((others == own).sum()) / 2


def exposure(own: float, others: NDArray[np.float64]) -> float:
    """Bits, from log-likelihoods."""
    return math.log2(len(others) + 1) - math.log2(rank(own, others))


def measure(voice: Voice, suspects: Sequence[Secret], step: Step = lambda texts: None) -> list[Exposure]:
    """The exposure of each suspect."""
    found = []
    for one in suspects:
        rows = [_row(one.place, words, voice.engine.tokenizer) for words in (one.place.words, *one.others)]
        on = _likelihoods(voice, rows)
        with voice.engine.adapter_off():
            off = _likelihoods(voice, rows)
        bits = [exposure(float(values[0]), values[1:]) for values in (on, off)]
        found.append(Exposure(bits[0], bits[1], rank(float(on[0]), on[1:]), math.log2(len(on))))
        step(one.cost)
    return found


def _row(place: TextSpan, words: str, tokenizer: Tokenizer) -> tuple[list[int], int]:
    """Tokens of the context with `words` at its end, and how many of them are context."""
    return tokens_before(place.text.text[: place.start] + words, place.start, tokenizer, CONTEXT)


def _likelihoods(voice: Voice, rows: Sequence[tuple[list[int], int]]) -> NDArray[np.float64]:
    """Nats of what follows each context; a token that lies across its edge counts for all alike."""
    given = logprobs(voice.engine, [tokens for tokens, _ in rows], voice.window)
    sums = [float(one[before:].sum(dtype=np.float64)) for one, (_, before) in zip(given, rows, strict=True)]
    return np.round(np.array(sums), 5)  # rounding in batches of other shapes is no difference
