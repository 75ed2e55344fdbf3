"""How likely texts are to a model, many at a time: for measuring, where one text after another would leave it idle.

The functions are named as in lm-evaluation-harness. An engine that reads several texts at once has `logprobs_of`; every
other one is asked text by text. Below them are the two ways in which engines put texts side by side: padded rows, and
prefix trees.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from os.path import commonprefix
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from soundalike.engines.protocol import Engine

FEWEST_SHARED = 32  # tokens; texts that share fewer stand in one row, for many short rows cost more than they save

Logprobs = NDArray[np.float32]
Request = tuple[Sequence[int], Sequence[int]]  # tokens of a context, tokens of what follows it


@runtime_checkable
class SupportsBatchScoring(Protocol):
    """An engine that reads many texts at once."""

    def logprobs_of(self, texts: Sequence[Sequence[int]]) -> list[Logprobs]:
        """`Engine.logprobs` of each text, perhaps with weights of fewer bits."""


def loglikelihood(engine: Engine, requests: Sequence[Request], window: int) -> NDArray[np.float64]:
    """(requests,): the log-likelihood of what follows each context, in nats."""
    texts = [[*context, *following] for context, following in requests]
    scores = loglikelihood_rolling(engine, texts, window)
    sums = [
        float(score[len(context) :].sum(dtype=np.float64)) for score, (context, _) in zip(scores, requests, strict=True)
    ]
    return np.array(sums)


def loglikelihood_rolling(engine: Engine, texts: Sequence[Sequence[int]], window: int) -> list[Logprobs]:
    """For each text (tokens,): the log-probability in nats of each token given those before it; the first is 0.

    Longer texts are scored in strides of half a window, each with the half before it as context.
    """
    scores = [np.zeros(len(text), np.float32) for text in texts]
    parts = [(number, *part) for number, text in enumerate(texts) for part in _parts(len(text), window)]
    asked = [texts[number][start:end] for number, start, _, end in parts]
    many = engine.logprobs_of(asked) if isinstance(engine, SupportsBatchScoring) else map(engine.logprobs, asked)
    for (number, _, fresh, end), logprobs in zip(parts, many, strict=True):
        scores[number][fresh:end] = logprobs[fresh - end :]
    return scores


def _parts(length: int, window: int) -> Iterator[tuple[int, int, int]]:
    """(where reading starts, where what is new starts, where both end); nothing of a text of one token."""
    half, end = max(1, window // 2), min(length, window)
    if length > 1:
        yield 0, 0, end
    while end < length:
        fresh, end = end, min(length, end + half)
        yield fresh - half, fresh, end


def group_by_length(texts: Sequence[Sequence[int]], most: int) -> list[list[int]]:
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


def pad(texts: Sequence[Sequence[int]]) -> NDArray[np.int64]:
    """(texts, longest): each text with zeros after it, where nothing that comes before can see them."""
    rows = np.zeros((len(texts), max(map(len, texts))), np.int64)
    for row, text in zip(rows, texts, strict=True):
        row[: len(text)] = text
    return rows


@dataclass(frozen=True, slots=True)
class PrefixTree:
    """Texts that begin alike as one row: what they share, then the rest of each, which no other text's rest can see.

    `tokens` and `positions` int64 (length,), `mask` bool (length, length) with True where a row sees a column, `before`
    int64 (length,): the place whose state predicts the token. Text `numbers[i]` stands at `places[i]`.
    """

    tokens: NDArray[np.int64]
    positions: NDArray[np.int64]
    mask: NDArray[np.bool_]
    before: NDArray[np.int64]
    numbers: list[int]
    places: list[NDArray[np.int64]]


def prefix_trees(texts: Sequence[Sequence[int]], most: int) -> Iterator[PrefixTree]:
    """Every text in one tree, beside those that begin as it does.

    A tree has more than `most` tokens only where a single text has.
    """
    groups = families(texts)
    alone = sorted(family[0] for family in groups if len(family) == 1)
    for family in [*(family for family in groups if len(family) > 1), *([alone] if alone else [])]:
        shared = shared_tokens(texts, family)
        group, size = list[int](), shared
        for number in family:
            rest = len(texts[number]) - shared
            if group and size + rest > most:
                yield _tree(texts, group, shared)
                group, size = [], shared
            group.append(number)
            size += rest
        if group:
            yield _tree(texts, group, shared)


def families(texts: Sequence[Sequence[int]]) -> list[list[int]]:
    """Numbers of texts that begin alike, all others alone: neighbours in sorted order that share FEWEST_SHARED tokens
    and half of each."""
    found: list[list[int]] = []
    for number in sorted(range(len(texts)), key=lambda number: list(texts[number])):
        if found and _begin_alike(texts[found[-1][-1]], texts[number]):
            found[-1].append(number)
        else:
            found.append([number])
    return [sorted(family) for family in found]


def shared_tokens(texts: Sequence[Sequence[int]], numbers: Sequence[int]) -> int:
    """How many tokens at their beginning these texts share."""
    return len(commonprefix([list(texts[number]) for number in numbers]))


def _begin_alike(one: Sequence[int], other: Sequence[int]) -> bool:
    shared = len(commonprefix([list(one), list(other)]))
    return shared >= FEWEST_SHARED and 2 * shared >= max(len(one), len(other))


def _tree(texts: Sequence[Sequence[int]], numbers: list[int], shared: int) -> PrefixTree:
    trunk, rests = list(texts[numbers[0]][:shared]), [list(texts[number][shared:]) for number in numbers]
    sizes = [len(rest) for rest in rests]
    starts = np.cumsum([shared, *sizes])
    branch = np.repeat(np.arange(len(sizes) + 1), [shared, *sizes])  # (length,), 0 is the trunk
    at = np.arange(len(branch))
    offset = np.concatenate(([0], starts[:-1] - shared))[branch]
    first = np.isin(at, starts[:-1])
    mask = (at[:, None] >= at) & ((branch[:, None] == branch) | (branch == 0))
    places = [
        np.concatenate((np.arange(shared), np.arange(a, a + size))) for a, size in zip(starts, sizes, strict=False)
    ]
    tokens = np.array([*trunk, *(token for rest in rests for token in rest)], np.int64)
    before = np.where(first, shared - 1, at - 1).clip(min=0)
    return PrefixTree(tokens, at - offset, mask, before, numbers, places)
