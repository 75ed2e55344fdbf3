"""Where a training stands and how it ended: in the checkpoint, on the screen, in the clone."""

import math
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import Field

Succession = Literal["first", "fresh", "better"]
"""What a training's adapter becomes: the `first` voice of its clone; the one that replaces the voice, which becomes a
version (`fresh`); or the same only if it is the `better` of the two."""


Count = Annotated[int, Field(ge=0, lt=1 << 53)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
WHOLE = 0.95  # of the text, from which on it counts as read


@dataclass(frozen=True, slots=True)
class Choice:
    """How good an adapter is by a measure of the caller's: the higher `score` the better, those that `recite` last."""

    score: float
    recites: bool = False

    @property
    def key(self) -> tuple[bool, float]:
        """For comparison: the larger the better."""
        return not self.recites, self.score


@dataclass
class Progress:
    """Where training stands; all of it survives in the checkpoint, whose reader holds it to these ranges."""

    step: Count = 0
    steps: Count | None = None
    seconds: NotNegative = 0.0
    useful_tokens: Count = 0
    losses: list[float] = field(default_factory=list)
    """Nats a token, by step."""
    valid: list[tuple[Count, float]] = field(default_factory=list)
    """(step, bits per byte of the owner's held-out text)."""
    best: float = math.inf
    """Bits per byte of the adapter that was kept."""
    chosen: list[tuple[Count, float, bool]] = field(default_factory=list)
    """(step, score, whether it recites) of the adapters that the caller's measure was asked about."""
    read: NotNegative = 0.0
    """How often all text was read once."""
    held_out: bool = True
    """Whether `valid` is of text that was not learned; where no later conversation is, there is no such text."""
    valid_windows: Count = 0
    """Held-out windows that every evaluation of this run measures on."""

    def check(self) -> None:
        """`ValueError` where a training that has begun cannot stand so."""
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
        """Useful tokens, padding excluded."""
        return self.useful_tokens / self.seconds if self.seconds else 0.0

    @property
    def seconds_left(self) -> float | None:
        """None until the number of steps is known."""
        if self.steps is None or not self.step:
            return None
        return self.seconds / self.step * (self.steps - self.step)

    def line(self) -> str:
        """Where it stands, in a line that leaves half a terminal to the time it takes."""
        bits = f", {self.valid[-1][1]:.3f} bits a byte" if self.valid else ""
        speed = f", {self.tokens_per_second:,.0f} tokens/s" if self.step else ""
        return f"Learning{bits}{speed}"

    def figures(self) -> dict[str, float]:
        """What came of it, as plain values."""
        return {
            "steps": self.step,
            "seconds": round(self.seconds, 1),
            "useful_tokens": self.useful_tokens,
            "tokens_per_second": round(self.tokens_per_second, 1),
            "bits_per_byte_before": round(self.valid[0][1], 4),
            "bits_per_byte": round(self.best, 4),
        }

    def summary(self) -> list[str]:
        """What came of it, in plain words."""
        before, after = self.valid[0][1], self.best
        best = max(self.chosen, key=lambda one: Choice(*one[1:]).key, default=None)
        kept = (
            [f"Of {len(self.chosen)} adapters the one after step {best[0]} was kept: likeness {best[1]:.0%}."]
            if best
            else []
        )
        return [
            f"Learned from {self.useful_tokens:,} tokens in {self.seconds / 60:.1f} minutes "
            f"({self.tokens_per_second:,.0f} a second, {self.step:,} steps).",
            *self._cost(before, after),
            *([f"It read {self.read:.0%} of your text once; more minutes help."] if 0 < self.read < WHOLE else []),
            *kept,
        ]

    def _cost(self, before: float, after: float) -> list[str]:
        fell = f"cost {after:.2f} bits a byte; before training they cost {before:.2f}"
        if not self.held_out:
            return [f"The words that it learned {fell}. No conversation is left to check it on: import more for that."]
        fewer = f"{1 - after / before:.0%} fewer: the lower, the better it knows how you write"
        return [f"Your held-out words {fell} ({fewer})."]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended.

    `signal` is the number of the one that stopped it; `settled` says which voice was kept, where there were two.
    """

    progress: Progress
    finished: bool
    signal: int = 0
    settled: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """As plain values, for JSON: `valid` and `chosen` as in `Progress`."""
        seen = {"valid": self.progress.valid, "chosen": self.progress.chosen}
        return {"finished": self.finished, "settled": self.settled, **self.progress.figures(), **seen}
