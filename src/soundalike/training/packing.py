"""Documents -> fixed token windows with per-token loss weights; documents never see each other.

Takes texts in the transcript template and a tokenizer; gives windows in which each document keeps its own
positions and its own block of attention. It knows neither messages nor models.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from soundalike.clone.document import Document
from soundalike.engines.protocol import PADDING, Batch, Tokenizer

CHUNK = 4096  # texts encoded at a time, so that a large corpus never stands in memory twice


@dataclass(frozen=True, slots=True)
class DocumentPart:
    """The tokens of a document, or of a part of one that was longer than a window, begin and end included."""

    tokens: NDArray[np.int32]
    weights: NDArray[np.float32]


def encode(documents: Sequence[Document], tokenizer: Tokenizer, window: int) -> Iterator[DocumentPart]:
    """Tokens and weights of every document, cut at turn ends where one is longer than `window`.

    Every piece opens with `begin` and closes with `end`, and `end` is always learned. A single turn longer
    than a window is cut between tokens: nothing is lost.
    """
    for start in range(0, len(documents), CHUNK):
        chunk = documents[start : start + CHUNK]
        for document, ids in zip(chunk, tokenizer.encode([d.text for d in chunk]), strict=True):
            if document.turns is None and len(ids) + 2 <= window:
                yield _piece(tokenizer, np.asarray(ids, np.int32), np.ones(len(ids), np.float32))
            else:
                yield from _cut(document, np.asarray(ids, np.int32), tokenizer, window)


def _piece(tokenizer: Tokenizer, ids: NDArray[np.int32], weights: NDArray[np.float32]) -> DocumentPart:
    last = weights[-1] if len(weights) else 1.0
    return DocumentPart(
        np.concatenate(([tokenizer.begin], ids, [tokenizer.end])).astype(np.int32),
        np.concatenate(([0.0], weights, [last])).astype(np.float32),
    )


def _cut(document: Document, ids: NDArray[np.int32], tokenizer: Tokenizer, window: int) -> Iterator[DocumentPart]:
    starts = np.array([span[0] for span in tokenizer.spans([document.text])[0]], np.int64)
    weights = _weights(document, starts)
    ends = _turn_ends(document.text, starts)
    room, at = window - 2, 0
    while at < len(ids):
        stop = min(at + room, len(ids))
        if stop < len(ids):
            fitting = ends[(ends > at) & (ends <= stop)]
            stop = int(fitting[-1]) if len(fitting) else stop
        yield _piece(tokenizer, ids[at:stop], weights[at:stop])
        at = stop


def _weights(document: Document, starts: NDArray[np.int64]) -> NDArray[np.float32]:
    """Weight of each token: that of the turn in which it starts."""
    if document.turns is None:
        return np.ones(len(starts), np.float32)
    edges = np.cumsum([len(text) for text, _ in document.turns])
    values = np.array([weight for _, weight in document.turns], np.float32)
    weights: NDArray[np.float32] = values[np.searchsorted(edges, starts, side="right").clip(max=len(values) - 1)]
    return weights


def _turn_ends(text: str, starts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Token counts after which a turn is over: where a newline is passed that no tab follows."""
    characters = np.frombuffer(text.encode("utf-32-le"), np.uint32)
    newline = characters == ord("\n")
    newline[:-1] &= characters[1:] != ord("\t")
    passed = np.concatenate(([0], np.cumsum(newline)))[starts]
    return np.flatnonzero(np.diff(passed)) + 1


def pack(pieces: Sequence[DocumentPart], window: int, seed: int) -> Batch:
    """Windows of `window` tokens filled best-fit, longest piece first, then shuffled by `seed`.

    Source: best-fit decreasing (Johnson 1973), with the open windows indexed by the room left in them.
    """
    order = sorted(range(len(pieces)), key=lambda i: -len(pieces[i].tokens))
    bins: list[list[int]] = []
    by_room: list[list[int]] = [[] for _ in range(window + 1)]
    open_rooms = 0  # bit r is set where a window with r tokens of room is open
    for index in order:
        size = len(pieces[index].tokens)
        fitting = open_rooms >> size
        if fitting:
            room = size + (fitting & -fitting).bit_length() - 1
            target = by_room[room].pop()
            open_rooms &= ~(1 << room) if not by_room[room] else open_rooms
        else:
            room, target = window, len(bins)
            bins.append([])
        bins[target].append(index)
        by_room[room - size].append(target)
        open_rooms |= 1 << (room - size)
    shuffled = np.random.default_rng(seed).permutation(len(bins))
    return _lay_out([[pieces[i] for i in bins[b]] for b in shuffled], window)


def _lay_out(rows: Sequence[Sequence[DocumentPart]], window: int) -> Batch:
    batch = Batch(
        np.zeros((len(rows), window), np.int32),
        np.full((len(rows), window), PADDING, np.int32),
        np.zeros((len(rows), window), np.int32),
        np.zeros((len(rows), window), np.float32),
    )
    for row, pieces in enumerate(rows):
        at = 0
        for number, piece in enumerate(pieces):
            spot = slice(at, at + len(piece.tokens))
            batch.tokens[row, spot] = piece.tokens
            batch.documents[row, spot] = number
            batch.positions[row, spot] = np.arange(len(piece.tokens))
            batch.weights[row, spot] = piece.weights
            at += len(piece.tokens)
    return batch
