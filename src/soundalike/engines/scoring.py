"""How likely many texts are, side by side: for measuring, where one text after another would leave a machine idle.

An engine that reads several texts at once says so by `logprobs_of`; every other one is asked text by text.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from os.path import commonprefix
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from soundalike.engines.protocol import Engine

LOGPROBS = NDArray[np.float32]


@runtime_checkable
class ScoresMany(Protocol):
    """An engine that reads many texts at once."""

    def logprobs_of(self, texts: Sequence[Sequence[int]]) -> list[LOGPROBS]:
        """`logprobs` of each text."""


def logprobs(engine: Engine, texts: Sequence[Sequence[int]], window: int) -> list[LOGPROBS]:
    """For each text, in order, the natural-log probability of each of its tokens given those before; the first is 0.

    What of a text goes beyond `window` tokens is read in halves of one, each together with the half before it.
    """
    given = [np.zeros(len(text), np.float32) for text in texts]
    parts = [(number, *part) for number, text in enumerate(texts) for part in _parts(len(text), window)]
    asked = [texts[number][start:end] for number, start, _, end in parts]
    many = engine.logprobs_of(asked) if isinstance(engine, ScoresMany) else map(engine.logprobs, asked)
    for (number, _, fresh, end), told in zip(parts, many, strict=True):
        given[number][fresh:end] = told[fresh - end :]
    return given


def _parts(length: int, window: int) -> Iterator[tuple[int, int, int]]:
    """(where reading starts, where what is new starts, where both end); nothing of a text of one token."""
    half, end = max(1, window // 2), min(length, window)
    if length > 1:
        yield 0, 0, end
    while end < length:
        fresh, end = end, min(length, end + half)
        yield fresh - half, fresh, end


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


@dataclass(frozen=True, slots=True)
class Tree:
    """Texts that begin alike as one row: what they share, then the rest of each, blind to the others' rests.

    `tokens` and `positions` int64 (length,), `mask` bool (length, length) with True where a row sees a column, `before`
    int64 (length,): the place whose state foretells the token. Text `numbers[i]` stands at `places[i]`.
    """

    tokens: NDArray[np.int64]
    positions: NDArray[np.int64]
    mask: NDArray[np.bool_]
    before: NDArray[np.int64]
    numbers: list[int]
    places: list[NDArray[np.int64]]


def trees(texts: Sequence[Sequence[int]], most: int) -> Iterator[Tree]:
    """Every text in one tree; a tree has more than `most` tokens only where a single text has."""
    shared = len(commonprefix([list(text) for text in texts]))
    group, size = list[int](), shared
    for number, text in enumerate(texts):
        rest = len(text) - shared
        if group and size + rest > most:
            yield _tree(texts, group, shared)
            group, size = [], shared
        group.append(number)
        size += rest
    if group:
        yield _tree(texts, group, shared)


def _tree(texts: Sequence[Sequence[int]], numbers: list[int], shared: int) -> Tree:
    trunk, rests = list(texts[numbers[0]][:shared]), [list(texts[number][shared:]) for number in numbers]
    sizes = [len(rest) for rest in rests]
    starts = np.cumsum([shared, *sizes])
    branch = np.repeat(np.arange(len(sizes) + 1), [shared, *sizes])  # 0 is the trunk
    at = np.arange(len(branch))
    offset = np.concatenate(([0], starts[:-1] - shared))[branch]
    first = np.isin(at, starts[:-1])
    mask = (at[:, None] >= at) & ((branch[:, None] == branch) | (branch == 0))
    places = [
        np.concatenate((np.arange(shared), np.arange(a, a + size))) for a, size in zip(starts, sizes, strict=False)
    ]
    tokens = np.array([*trunk, *(token for rest in rests for token in rest)], np.int64)
    before = np.where(first, shared - 1, at - 1).clip(min=0)
    return Tree(tokens, at - offset, mask, before, numbers, places)
