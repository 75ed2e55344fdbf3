"""What each base would take for one person's text on this machine, in a sentence, and which is advised."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from soundalike import pocket
from soundalike.progress import format_minutes
from soundalike.training import estimate
from soundalike.training.estimate import MAX_MINUTES, TrainingEstimate
from soundalike.training.plan import SAFE_EPOCHS
from soundalike.training.status import ALL_READ

TOKENS = 1e6
SHARES = {
    0.05: "a twentieth",
    0.1: "a tenth",
    0.2: "a fifth",
    0.25: "a quarter",
    1 / 3: "a third",
    0.5: "half",
    2 / 3: "two thirds",
    0.75: "three quarters",
    0.9: "most",
}
LEAST = 0.03  # of the text; less has no fraction in words


@dataclass(frozen=True, slots=True)
class BaseChoice:
    """A base: `here` if it needs no download; `minutes` of one pass over the text, None where it does not fit."""

    base: str
    licence: str
    weights: int
    here: bool
    minutes: float | None
    advised: bool
    says: str


def base_choices(
    rows: Sequence[TrainingEstimate], document_bytes: int, budget: float | None = None
) -> list[BaseChoice]:
    """A choice for each of `rows`, the estimates for TOKENS tokens, for a text of so many bytes of documents.

    `budget` is in minutes, None for the default one.
    """
    share = document_bytes / pocket.BYTES_A_TOKEN / TOKENS
    scaled = [replace(row, minutes=row.minutes and row.minutes * share) for row in rows]
    advised = estimate.default_base(scaled)
    return [_choice(row, row.base == advised, budget) for row in scaled]


def _choice(row: TrainingEstimate, advised: bool, budget: float | None) -> BaseChoice:
    minutes = row.minutes and row.minutes / (1 - row.replay)
    says = "It does not fit into the memory of this machine." if minutes is None else _says(minutes, budget)
    return BaseChoice(row.base, row.licence, row.weights, row.here, minutes, advised, says)


def _says(minutes: float, budget: float | None) -> str:
    """What a training of `budget` minutes reads of a text that takes `minutes` once."""
    once = estimate.format_estimate(minutes)
    if budget is None and minutes <= MAX_MINUTES:
        return f"Reads all of you once, in {once}."
    given = MAX_MINUTES if budget is None else budget
    times, period = given / minutes, format_minutes(given)
    if times < ALL_READ:
        return f"Reads {share_in_words(times)} of you in {period}; all of you would take {once}."
    if times <= SAFE_EPOCHS:
        return f"Reads all of you {'once' if times < 1.5 else 'twice'} in {period}."
    twice = estimate.format_estimate(SAFE_EPOCHS * minutes)
    return f"Reads all of you twice, in {twice}, and ends: after more, what was typed once can be guessed."


def share_in_words(share: float) -> str:
    """A share below 1 as the nearest fraction that has a name."""
    if share < LEAST:
        return "very little"
    return min(SHARES.items(), key=lambda one: abs(one[0] - share) / one[0])[1]
