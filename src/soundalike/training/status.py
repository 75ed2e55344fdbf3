"""The progress of a training and its result, as the checkpoint, the terminal and clone.toml have them."""

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

Succession = Literal["first", "replace", "better"]
"""What becomes of the new adapter: the `first` voice of its clone; a new voice in place of the present one, which is
kept as a version (`replace`); the same, but only if it is the `better` of the two."""

Count = Annotated[int, Field(ge=0, lt=1 << 53)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
ALL_READ = 0.95  # epochs, from which on all text counts as read once


@dataclass(frozen=True, slots=True)
class AdapterScore:
    """How good an adapter is: the higher `score` the better, but any that `recites` is worse than one that does not.

    `draws` are bootstrap draws of the score, where there are any; those of two adapters belong together one by one.
    """

    score: float
    recites: bool = False
    draws: tuple[float, ...] = field(default=(), repr=False, compare=False)

    @property
    def key(self) -> tuple[bool, float]:
        """The better adapter has the larger key."""
        return not self.recites, self.score


@dataclass
class Progress:
    """The state of a training, which survives in the checkpoint; reading one checks these types and ranges."""

    step: Count = 0
    steps: Count | None = None
    """None until the steps of a budget in minutes were timed."""
    seconds: NotNegative = 0.0
    """In steps, without evaluations and checkpoints."""
    useful_tokens: Count = 0
    """Read so far, without padding."""
    losses: list[float] = field(default_factory=list)
    """Nats a token, by step."""
    valid: list[tuple[Count, float]] = field(default_factory=list)
    """(step, bits per byte of the owner's held-out text)."""
    best: float = math.inf
    """Bits per byte of the adapter that was kept."""
    chosen: list[tuple[Count, float, bool]] = field(default_factory=list)
    """(step, score, recites) of the adapters that were scored."""
    read: NotNegative = 0.0
    """Epochs so far."""
    read_before: NotNegative = 0.0
    """Epochs of the trainings whose adapter this one goes on from."""
    held_out: bool = True
    """Whether `valid` is text that is not trained on; False where the import has no later conversation."""
    valid_windows: Count = 0
    """Held-out windows in every evaluation of this run."""

    def require_consistent(self) -> None:
        """`ValueError` where a training that has begun cannot have this state."""
        if len(self.losses) != self.step:
            raise ValueError(f"it has {len(self.losses)} losses of {self.step} steps")
        if not self.valid or not self.valid_windows:
            raise ValueError("nothing was measured before its first step")
        if not all(math.isfinite(bits) for _, bits in self.valid[:1]) or math.isnan(self.best):
            raise ValueError("what it measured is not a number")
        if self.steps is not None and self.steps < self.step:
            raise ValueError(f"it made {self.step} of {self.steps} steps")

    @property
    def tokens_per_second(self) -> float:
        """Useful tokens a second of steps."""
        return self.useful_tokens / self.seconds if self.seconds else 0.0

    def expected_steps(self, minutes: float | None) -> float | None:
        """All steps: those planned, and before that as many as fit into a budget of `minutes` at the pace until now;
        None where neither is known."""
        if self.steps is not None or minutes is None or not self.seconds:
            return self.steps
        return max(self.step, self.step * minutes * 60 / self.seconds)

    def line(self) -> str:
        """A line for a progress bar, short enough to leave half a terminal to the times."""
        bits = f", {self.valid[-1][1]:.3f} bits a byte" if self.valid else ""
        speed = f", {self.tokens_per_second:,.0f} tokens/s" if self.step else ""
        return f"Learning{bits}{speed}"

    def latest(self) -> dict[str, Any]:
        """The latest figures, for who watches: nats a token of the last step, and the last measurement in `valid`."""
        return {
            "loss": round(self.losses[-1], 4) if self.losses else None,
            "valid": self.valid[-1] if self.valid else None,
            "tokens_per_second": round(self.tokens_per_second, 1),
            "read": round(self.read, 4),
        }

    def figures(self) -> dict[str, float]:
        """The figures of [result] in clone.toml."""
        return {
            "steps": self.step,
            "seconds": round(self.seconds, 1),
            "useful_tokens": self.useful_tokens,
            "tokens_per_second": round(self.tokens_per_second, 1),
            "epochs": round(self.read_before + self.read, 3),
            "bits_per_byte_before": round(self.valid[0][1], 4),
            "bits_per_byte": round(self.best, 4),
        }

    def summary(self) -> list[str]:
        """The result in sentences."""
        lines = [
            f"Learned from {self.useful_tokens:,} tokens in {self.seconds / 60:.1f} minutes "
            f"({self.tokens_per_second:,.0f} a second, {self.step:,} steps).",
            *self._bits(self.valid[0][1], self.best),
        ]
        if 0 < self.read < ALL_READ:
            lines.append(f"It read {self.read:.0%} of your text once; more minutes help.")
        if self.chosen:
            step, score, _ = max(self.chosen, key=lambda one: AdapterScore(*one[1:]).key)
            lines.append(f"Of {len(self.chosen)} adapters the one after step {step} was kept: likeness {score:.0%}.")
        return lines

    def _bits(self, before: float, after: float) -> list[str]:
        cost = f"cost it {after:.2f} bits a byte; before the training they cost {before:.2f}"
        if not self.held_out:
            return [f"The words that it learned {cost}. No conversation is left to check it on: import more for that."]
        words = f"In the check during the training ({self.valid_windows} windows that it did not learn from) your words"
        if after >= before:
            return [f"{words} {cost}: it did not come to know better how you write."]
        return [
            f"{words} {cost}. That is {1 - after / before:.0%} fewer: the fewer, the better it knows how you write."
        ]


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """How a training ended.

    `signal`: the number of the signal that stopped it, or 0; `settled`: a sentence on which voice was kept, and
    `version`: the folder of the other one, where there were two.
    """

    progress: Progress
    finished: bool
    signal: int = 0
    settled: str | None = None
    version: Path | None = None

    def sentences(self) -> list[str]:
        """The result in sentences."""
        return [*self.progress.summary(), *([self.settled] if self.settled else [])]

    def as_dict(self) -> dict[str, Any]:
        """The result for JSON; `valid` and `chosen` as in `Progress`."""
        seen = {"valid": self.progress.valid, "chosen": self.progress.chosen}
        return {"finished": self.finished, "settled": self.settled, **self.progress.figures(), **seen}
