"""What a model believes of the next token of each of some streams, with and without what DRY takes away."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Row:
    """One stream's logits, the highest of them, and the logarithm of their exponentials' sum."""

    logits: Floats
    peak: float
    mass: float


@dataclass(frozen=True, slots=True)
class Rows:
    """The same of many: logits (streams, vocabulary), peaks and masses (streams,)."""

    logits: Floats
    peaks: Floats
    masses: Floats

    def row(self, at: int) -> Row:
        """One of them."""
        return Row(self.logits[at], float(self.peaks[at]), float(self.masses[at]))

    def some(self, at: list[int]) -> "Rows":
        """Some of them."""
        return self if len(at) == len(self.peaks) else Rows(self.logits[at], self.peaks[at], self.masses[at])

    def without(self, lost: Sequence[dict[int, float]]) -> "Rows":
        """The rows after row i's tokens have lost what `lost[i]` says."""
        if not any(lost):
            return self
        logits, peaks, masses = self.logits.copy(), self.peaks.copy(), self.masses.copy()
        for at, penalties in enumerate(lost):
            if penalties:
                logits[at, list(penalties)] -= np.array(list(penalties.values()), np.float32)
                peaks[at] = logits[at].max()
                masses[at] = peaks[at] + math.log(np.exp(logits[at] - peaks[at]).sum())
        return Rows(logits, peaks, masses)
