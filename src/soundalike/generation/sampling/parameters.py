"""The sampling settings of one reply, with their ranges."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import Any

from soundalike.errors import RecipeError

MAX_TEMPERATURE = 2.0
MAX_BEST_OF = 16
MIN_TEMPERATURE = 1e-5  # below it logits divided by the temperature overflow, so it is taken as 0


@dataclass(frozen=True, slots=True)
class Sampling:
    """The sampling settings of one reply. Raises `RecipeError` for a value out of range.

    `temperature`, 0 to 2, divides the logits that the filters keep; 0 is greedy, and values below 1e-5 become 0.
    `top_p` (1 is off), `top_k` (0 is off), `min_p` (0 is off) and `word_p` (0 is off) are filters, see `draw`.
    `seed` makes draws repeatable: stream i uses a generator seeded with (seed, streams[i]); an empty `streams` means
    0, 1, 2 ...
    `dry_multiplier` (0 is off), `dry_base` and `dry_allowed_length` configure DRY, see `TokenHistory`. `dry_skip` holds
    token sequences that DRY ignores, `dry_spare` tokens that it never penalises.
    `presence_penalty` and `frequency_penalty` (-2 to 2, 0 is off) are OpenAI's: the logit of a token that was
    generated c times is lowered by presence_penalty + c * frequency_penalty. Tokens in `dry_skip` and `dry_spare`,
    which belong to the template, are exempt.
    `best_of`, 1 to 16, is how many replies are drawn of which one is kept, see `generation.best_of`; at temperature 0,
    of a text that is continued and by a model on a server one is drawn.
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
    best_of: int = 1

    def __post_init__(self) -> None:
        _require(0 <= self.temperature <= MAX_TEMPERATURE, "temperature", self.temperature, f"0 to {MAX_TEMPERATURE:g}")
        _require(0 < self.top_p <= 1, "top_p", self.top_p, "above 0, at most 1")
        _require(self.top_k >= 0, "top_k", self.top_k, "0 or more")
        _require(0 <= self.min_p <= 1, "min_p", self.min_p, "between 0 and 1")
        _require(0 <= self.word_p <= 1, "word_p", self.word_p, "between 0 and 1")
        _require(self.seed is None or self.seed >= 0, "seed", self.seed, "0 or more")
        _require(0 <= self.dry_multiplier < inf, "dry_multiplier", self.dry_multiplier, "0 or more")
        _require(1 <= self.dry_base < inf, "dry_base", self.dry_base, "1 or more")
        _require(self.dry_allowed_length >= 1, "dry_allowed_length", self.dry_allowed_length, "1 or more")
        _require(-2 <= self.presence_penalty <= 2, "presence_penalty", self.presence_penalty, "-2 to 2")
        _require(-2 <= self.frequency_penalty <= 2, "frequency_penalty", self.frequency_penalty, "-2 to 2")
        _require(1 <= self.best_of <= MAX_BEST_OF, "best_of", self.best_of, f"1 to {MAX_BEST_OF}")
        if self.temperature < MIN_TEMPERATURE:
            object.__setattr__(self, "temperature", 0.0)

    def updated(self, **settings: Any) -> "Sampling":
        """These settings, with those of `settings` that are not None in their place."""
        return replace(self, **{name: value for name, value in settings.items() if value is not None})

    @property
    def penalises(self) -> bool:
        """Whether a presence or frequency penalty is set."""
        return bool(self.presence_penalty or self.frequency_penalty)


def for_each(items: Sequence[object], sampling: Sampling | Sequence[Sampling]) -> list[Sampling]:
    """The settings of each of `items`: `sampling` itself, if it has one for each."""
    return [sampling] * len(items) if isinstance(sampling, Sampling) else list(sampling)


def _require(holds: bool, name: str, value: float | None, allowed: str) -> None:
    if not holds:
        raise RecipeError(f"The sampling setting {name} is {value}.", f"Give {name} a value of {allowed}.")
