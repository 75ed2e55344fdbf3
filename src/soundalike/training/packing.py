"""Packs documents into fixed windows of tokens with a loss weight for each token.

Documents in a window do not see each other: attention is block-diagonal by document, and positions start at 0 in each.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from soundalike.clone.document import Document
from soundalike.engines.protocol import PADDING, Batch, Tokenizer

CHUNK = 4096  # documents encoded at a time, so that not all token lists are in memory at once


@dataclass(frozen=True, slots=True)
class DocumentPart:
    """A document, or a part of one that is longer than a window, from its begin token to its end token.

    `tokens` int32 and `weights` float32, both (length,).
    """

    tokens: NDArray[np.int32]
    weights: NDArray[np.float32]


def encode(documents: Sequence[Document], tokenizer: Tokenizer, window: int) -> Iterator[DocumentPart]:
    """Tokens and loss weights of every document, in parts of at most `window` tokens.

    A document is cut after a turn, and inside a turn only if that turn is longer than a window. Each part opens with
    the begin token, of weight 0, and closes with the end token, which has the weight of the token before it.
    """
    for start in range(0, len(documents), CHUNK):
        chunk = documents[start : start + CHUNK]
        for document, ids in zip(chunk, tokenizer.encode([d.text for d in chunk]), strict=True):
            if document.turns is None and len(ids) + 2 <= window:
                yield _part(tokenizer, np.asarray(ids, np.int32), np.ones(len(ids), np.float32))
            else:
                yield from _cut(document, np.asarray(ids, np.int32), tokenizer, window)


def _part(tokenizer: Tokenizer, ids: NDArray[np.int32], weights: NDArray[np.float32]) -> DocumentPart:
    last = weights[-1] if len(weights) else 1.0
    return DocumentPart(
        np.concatenate(([tokenizer.begin], ids, [tokenizer.end])).astype(np.int32),
        np.concatenate(([0.0], weights, [last])).astype(np.float32),
    )


def _cut(document: Document, ids: NDArray[np.int32], tokenizer: Tokenizer, window: int) -> Iterator[DocumentPart]:
    starts = np.array([span[0] for span in tokenizer.spans([document.text])[0]], np.int64)  # (tokens,)
    weights = _token_weights(document, starts)
    ends = _turn_ends(document.text, starts)
    capacity, at = window - 2, 0
    while at < len(ids):
        stop = min(at + capacity, len(ids))
        if stop < len(ids):
            fitting = ends[(ends > at) & (ends <= stop)]
            stop = int(fitting[-1]) if len(fitting) else stop
        yield _part(tokenizer, ids[at:stop], weights[at:stop])
        at = stop


def _token_weights(document: Document, starts: NDArray[np.int64]) -> NDArray[np.float32]:
    """The weight of the turn in which each token starts, (tokens,)."""
    if document.turns is None:
        return np.ones(len(starts), np.float32)
    edges = np.cumsum([len(text) for text, _ in document.turns])
    values = np.array([weight for _, weight in document.turns], np.float32)
    weights: NDArray[np.float32] = values[np.searchsorted(edges, starts, side="right").clip(max=len(values) - 1)]
    return weights


def _turn_ends(text: str, starts: NDArray[np.int64]) -> NDArray[np.int64]:
    """The numbers of tokens after which a turn ends: where a newline without a tab after it was passed."""
    characters = np.frombuffer(text.encode("utf-32-le"), np.uint32)
    newline = characters == ord("\n")
    newline[:-1] &= characters[1:] != ord("\t")
    passed = np.concatenate(([0], np.cumsum(newline)))[starts]
    return np.flatnonzero(np.diff(passed)) + 1


def pack(parts: Sequence[DocumentPart], window: int, seed: int) -> Batch:
    """Windows of `window` tokens, filled by best-fit decreasing (Johnson 1973) and shuffled by `seed`.

    Open windows are indexed by their free space, and bit r of `open_spaces` is set where one with r free tokens exists.
    """
    order = sorted(range(len(parts)), key=lambda i: -len(parts[i].tokens))
    windows: list[list[int]] = []
    by_space: list[list[int]] = [[] for _ in range(window + 1)]
    open_spaces = 0
    for index in order:
        size = len(parts[index].tokens)
        fitting = open_spaces >> size
        if fitting:
            space = size + (fitting & -fitting).bit_length() - 1  # the least that is enough
            target = by_space[space].pop()
            open_spaces &= ~(1 << space) if not by_space[space] else open_spaces
        else:
            space, target = window, len(windows)
            windows.append([])
        windows[target].append(index)
        by_space[space - size].append(target)
        open_spaces |= 1 << (space - size)
    shuffled = np.random.default_rng(seed).permutation(len(windows))
    return _lay_out([[parts[i] for i in windows[w]] for w in shuffled], window)


def _lay_out(rows: Sequence[Sequence[DocumentPart]], window: int) -> Batch:
    batch = Batch(  # arrays (rows, window)
        np.zeros((len(rows), window), np.int32),
        np.full((len(rows), window), PADDING, np.int32),
        np.zeros((len(rows), window), np.int32),
        np.zeros((len(rows), window), np.float32),
    )
    for row, parts in enumerate(rows):
        at = 0
        for number, part in enumerate(parts):
            span = slice(at, at + len(part.tokens))
            batch.tokens[row, span] = part.tokens
            batch.documents[row, span] = number
            batch.positions[row, span] = np.arange(len(part.tokens))
            batch.weights[row, span] = part.weights
            at += len(part.tokens)
    return batch
