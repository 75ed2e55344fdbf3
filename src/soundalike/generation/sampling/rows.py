"""What a model believes of the next token of each of some streams, with and without what DRY takes away."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float32]
LEAST = 0.01  # of a row's chances


@dataclass(frozen=True, slots=True)
class Row:
    """One stream's logits, the highest of them, and the logarithm of their exponentials' sum."""

    logits: Floats
    peak: float
    mass: float


@dataclass(frozen=True, slots=True)
class LogitsBatch:
    """The same of many: logits (streams, vocabulary), peaks and masses (streams,)."""

    logits: Floats
    peaks: Floats
    logsumexp: Floats

    def row(self, at: int) -> Row:
        """One of them."""
        return Row(self.logits[at], float(self.peaks[at]), float(self.logsumexp[at]))

    def some(self, at: list[int]) -> "LogitsBatch":
        """Some of them."""
        return self if len(at) == len(self.peaks) else LogitsBatch(self.logits[at], self.peaks[at], self.logsumexp[at])

    def without(self, lost: Sequence[dict[int, float]]) -> "LogitsBatch":
        """The rows after row i's tokens have lost what `lost[i]` says, in nats; below 0 they gain."""
        taken = [(at, token, loss) for at, losses in enumerate(lost) for token, loss in losses.items()]
        if not taken:
            return self
        at, tokens, losses = (np.array(column) for column in zip(*taken, strict=True))
        logits, peaks = self.logits.copy(), self.peaks.copy()
        before = logits[at, tokens].astype(np.float64)
        logits[at, tokens] -= losses.astype(np.float32)
        for row in {*at[(before == peaks[at]) | (losses < 0)].tolist()}:
            peaks[row] = logits[row].max()
        shares = np.exp(before - self.logsumexp[at]) * -np.expm1(-losses.clip(0))
        left = 1 - np.bincount(at, shares, len(peaks))
        left[at[losses < 0]] = 0  # summed anew: what is gained may leave the floats
        logsumexp = self.logsumexp + np.log(left.clip(LEAST)).astype(np.float32)
        for row in np.flatnonzero(left < LEAST).tolist():  # a difference of two numbers so alike is mostly rounding
            logsumexp[row] = peaks[row] + math.log(np.exp(logits[row] - peaks[row]).sum())
        return LogitsBatch(logits, peaks, logsumexp)
