"""Logits of several streams, and the same with penalties applied."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float32]
SMALL = 0.01  # share of a row's probability below which logsumexp is computed anew instead of corrected


@dataclass(frozen=True, slots=True)
class Row:
    """One stream's logits (vocabulary,), their maximum and their logsumexp."""

    logits: Floats
    peak: float
    logsumexp: float


@dataclass(frozen=True, slots=True)
class LogitsBatch:
    """Logits (streams, vocabulary) with the maximum and the logsumexp of each row, (streams,)."""

    logits: Floats
    peaks: Floats
    logsumexp: Floats

    def row(self, index: int) -> Row:
        """One stream."""
        return Row(self.logits[index], float(self.peaks[index]), float(self.logsumexp[index]))

    def rows(self, indices: list[int]) -> "LogitsBatch":
        """The streams at ascending `indices`."""
        if len(indices) == len(self.peaks):
            return self
        return LogitsBatch(self.logits[indices], self.peaks[indices], self.logsumexp[indices])

    def penalised(self, penalties: Sequence[dict[int, float]]) -> "LogitsBatch":
        """The batch after the logits of row i's tokens are lowered by `penalties[i]`, in nats; negative ones raise."""
        triples = [(row, token, nats) for row, of_row in enumerate(penalties) for token, nats in of_row.items()]
        if not triples:
            return self
        rows, tokens, nats = (np.array(column) for column in zip(*triples, strict=True))
        logits, peaks = self.logits.copy(), self.peaks.copy()
        before = logits[rows, tokens].astype(np.float64)
        logits[rows, tokens] -= nats.astype(np.float32)
        for row in {*rows[(before == peaks[rows]) | (nats < 0)].tolist()}:
            peaks[row] = logits[row].max()
        lost = np.exp(before - self.logsumexp[rows]) * -np.expm1(-nats.clip(0))
        remaining = 1 - np.bincount(rows, lost, len(peaks))
        remaining[rows[nats < 0]] = 0  # computed anew below: a raised logit may overflow the correction
        logsumexp = self.logsumexp + np.log(remaining.clip(SMALL)).astype(np.float32)
        for row in np.flatnonzero(remaining < SMALL).tolist():  # the difference of two nearly equal numbers is rounding
            logsumexp[row] = peaks[row] + math.log(np.exp(logits[row] - peaks[row]).sum())
        return LogitsBatch(logits, peaks, logsumexp)
