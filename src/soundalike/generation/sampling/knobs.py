"""The knobs of one reply, their neutral values and their bounds."""

from dataclasses import dataclass
from math import inf

from soundalike.errors import RecipeError

HOTTEST = 2.0
COLDEST = 1e-5  # a lower temperature than this takes the likeliest token: logits divided by it leave the floats


@dataclass(frozen=True, slots=True)
class Sampling:
    """The knobs of one reply. A knob at its neutral value does nothing; `RecipeError` where one is out of range.

    `temperature` divides the logits that the cuts kept, 0 to 2; 0 takes the likeliest token, as does any below 1e-5,
    which reads as 0 afterwards.
    `top_p` (1 is neutral), `top_k` (0 is neutral), `min_p` (0 is neutral) and `word_p` (0 is neutral) cut, see `draw`.
    `seed` makes draws repeatable; stream i draws from a generator seeded with (seed, streams[i]), where
    `streams` left empty means 0, 1, 2 ...
    `dry_multiplier` (0 is neutral), `dry_base`, `dry_allowed_length` are DRY's, see `Repeats`; `dry_skip`
    are token sequences that it reads as if they were not there, `dry_spare` tokens that it never punishes.
    `presence_penalty` and `frequency_penalty` (-2 to 2, 0 is neutral) are OpenAI's: a token that was generated c times
    loses presence_penalty + c * frequency_penalty of its logit. The tokens of `dry_skip` and `dry_spare`, which are the
    template's and not words of the reply, lose nothing.
    """

    temperature: float = 1.0
    top_p: float = 0.99
    top_k: int = 0
    min_p: float = 0.0
    word_p: float = 0.02
    seed: int | None = None
    dry_multiplier: float = 0.8
    dry_base: float = 1.75
    dry_allowed_length: int = 2
    dry_skip: tuple[tuple[int, ...], ...] = ()
    dry_spare: tuple[int, ...] = ()
    streams: tuple[int, ...] = ()
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0

    def __post_init__(self) -> None:
        _demand(0 <= self.temperature <= HOTTEST, "temperature", self.temperature, f"0 to {HOTTEST:g}")
        _demand(0 < self.top_p <= 1, "top_p", self.top_p, "above 0, at most 1")
        _demand(self.top_k >= 0, "top_k", self.top_k, "0 or more")
        _demand(0 <= self.min_p <= 1, "min_p", self.min_p, "between 0 and 1")
        _demand(0 <= self.word_p <= 1, "word_p", self.word_p, "between 0 and 1")
        _demand(self.seed is None or self.seed >= 0, "seed", self.seed, "0 or more")
        _demand(0 <= self.dry_multiplier < inf, "dry_multiplier", self.dry_multiplier, "0 or more")
        _demand(1 <= self.dry_base < inf, "dry_base", self.dry_base, "1 or more")
        _demand(self.dry_allowed_length >= 1, "dry_allowed_length", self.dry_allowed_length, "1 or more")
        _demand(-2 <= self.presence_penalty <= 2, "presence_penalty", self.presence_penalty, "-2 to 2")
        _demand(-2 <= self.frequency_penalty <= 2, "frequency_penalty", self.frequency_penalty, "-2 to 2")
        if self.temperature < COLDEST:
            object.__setattr__(self, "temperature", 0.0)

    @property
    def penalises(self) -> bool:
        """Whether a token that was generated is made less likely, or likelier, for that."""
        return bool(self.presence_penalty or self.frequency_penalty)


def _demand(holds: bool, name: str, value: float | None, allowed: str) -> None:
    if not holds:
        raise RecipeError(f"The sampling setting {name} is {value}.", f"Give {name} a value of {allowed}.")
