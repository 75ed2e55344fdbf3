"""How likely many texts are, side by side: for measuring, where one text after another would leave a machine idle.

An engine that reads several texts at once says so by `logprobs_of`; every other one is asked text by text.
"""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from soundalike.engines import Engine

LOGPROBS = NDArray[np.float32]


@runtime_checkable
class ScoresMany(Protocol):
    """An engine that reads many texts at once."""

    def logprobs_of(self, texts: Sequence[Sequence[int]]) -> list[LOGPROBS]:
        """`logprobs` of each text."""


def logprobs(engine: Engine, texts: Sequence[Sequence[int]]) -> list[LOGPROBS]:
    """For each text, in order, the natural-log probability of each of its tokens given those before; the first is 0."""
    given = [np.zeros(len(text), np.float32) for text in texts]
    numbers = [number for number, text in enumerate(texts) if len(text) > 1]
    asked = [texts[number] for number in numbers]
    many = engine.logprobs_of(asked) if isinstance(engine, ScoresMany) else map(engine.logprobs, asked)
    for number, told in zip(numbers, many, strict=True):
        given[number] = told
    return given


def alike(texts: Sequence[Sequence[int]], most: int) -> list[list[int]]:
    """Numbers of texts, those of like length together, in groups that hold at most `most` tokens when padded.

    Texts without tokens are in none; one longer than `most` is alone.
    """
    groups: list[list[int]] = []
    longest = 0
    for number in sorted(filter(lambda at: texts[at], range(len(texts))), key=lambda at: (-len(texts[at]), at)):
        if not groups or (len(groups[-1]) + 1) * longest > most:
            groups.append([])
            longest = len(texts[number])
        groups[-1].append(number)
    return groups


def padded(texts: Sequence[Sequence[int]]) -> NDArray[np.int64]:
    """(texts, longest): each text with zeros after it, where nothing that comes before can see them."""
    rows = np.zeros((len(texts), max(map(len, texts))), np.int64)
    for row, text in zip(rows, texts, strict=True):
        row[: len(text)] = text
    return rows
