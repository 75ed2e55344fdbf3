"""How long the owner takes to type the next message of a burst, learned from the gaps in their own export."""

import math
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import polars as pl

LONGEST_GAP = 30.0  # seconds; after a longer silence the owner was away, not typing
SHORTEST_GAP = 0.3  # seconds; exports are exact to a second at times, and nobody types in none
ENOUGH = 50  # gaps


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds before a message of n characters: exp(start + slope * log(1 + n) + spread * z), z standard normal.

    The default is a person who types about 20 characters in 3 seconds, for an export with too few bursts.
    """

    start: float = -0.4
    slope: float = 0.5
    spread: float = 0.5

    def seconds(self, text: str, rng: Random, speed: float = 1.0, longest: float = math.inf) -> float:
        """How long this message takes, once."""
        typed = math.exp(self.start + self.slope * math.log1p(len(text)) + self.spread * rng.gauss(0, 1))
        return min(longest, typed / speed)


def fit(messages: "pl.DataFrame") -> Pace:
    """The pace of the owner in a message frame: least squares over the gaps inside their own bursts."""
    gaps, lengths = own_gaps(messages)
    if gaps.size < ENOUGH:
        return Pace()
    seconds = np.log(np.maximum(gaps, SHORTEST_GAP))
    design = np.stack([np.ones_like(seconds), np.log1p(lengths)], axis=1)
    (start, slope), *_ = np.linalg.lstsq(design, seconds, rcond=None)
    spread = float(np.std(seconds - design @ np.array([start, slope])))
    return Pace(float(start), float(slope), spread)


def own_gaps(messages: "pl.DataFrame") -> tuple["np.ndarray[tuple[int], np.dtype[np.float64]]", ...]:
    """(seconds since the owner's message before, characters of this one) for every message that follows their own."""
    import polars as pl

    sent = pl.col("sent_at").dt.epoch("ms")
    rows = messages.sort("channel", "sent_at", "id").with_columns(
        gap=(sent.diff() / 1000).over("channel"),
        after_own=(pl.col("me") & pl.col("me").shift()).over("channel"),
        characters=pl.col("text").str.len_chars().cast(pl.Float64),
    )
    burst = rows.filter(pl.col("after_own") & (pl.col("gap") <= LONGEST_GAP))
    return burst["gap"].to_numpy(), burst["characters"].to_numpy()
