"""The speed of a clone's last training, for the estimate of the next one of the same base on the same machine."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from soundalike import machine
from soundalike.clone import Clone
from soundalike.training import estimate
from soundalike.training.estimate import TrainingEstimate
from soundalike.training.status import Progress

SECTION = "estimate"  # of clone.toml
LEAST_SECONDS = 20.0  # of steps, from which a speed is measured rather than the warming up


def speed_section(base: str, progress: Progress) -> dict[str, Any]:
    """What a finished training leaves in clone.toml for the next estimate; empty if it was too short."""
    if progress.seconds < LEAST_SECONDS:
        return {}
    rate = round(progress.tokens_per_second, 1)
    return {"base": base, "tokens_per_second": rate, "machine": machine.description()}


def measured_speed(clone: Clone, base: str) -> float | None:
    """Tokens a second of the clone's last training; None if that was of another base or on another machine."""
    left = clone.manifest().get(SECTION, {})
    same = left.get("base") == base and left.get("machine") == machine.description()
    return float(left["tokens_per_second"]) if same else None


def tokens_per_second(clone: Clone, base: str) -> float:
    """The measured training speed with `base`, else the estimated one."""
    return measured_speed(clone, base) or estimate.tokens_per_second(base)


def with_measured(rows: Sequence[TrainingEstimate], tokens: float, clone: Clone) -> list[TrainingEstimate]:
    """`rows`, the estimates for `tokens` tokens, with the measured time of the base that the clone was trained on."""
    rates = [measured_speed(clone, row.base) for row in rows]
    return [replace(row, minutes=tokens / rate / 60) if rate else row for row, rate in zip(rows, rates, strict=True)]
