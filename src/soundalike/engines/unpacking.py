"""Batches of one document per row, for models in which packed documents would influence each other."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from soundalike.engines.protocol import PADDING, Batch

Span = tuple[int, int, int]  # row of a batch, start, stop


def unpack_documents(batch: Batch, max_tokens: int) -> Iterator[Batch]:
    """The batch's documents, one per row, as batches of at most `max_tokens` positions, of one document at least.

    Documents of similar length are put together. Rows are padded on the right, where causal models do not look.
    """
    spans = [(row, start, stop) for row, ids in enumerate(batch.documents) for start, stop in _documents(ids)]
    spans.sort(key=lambda span: (span[1] - span[2], span))
    while spans:
        length = spans[0][2] - spans[0][1]
        count = max(1, max_tokens // length)
        yield _padded(batch, spans[:count], length)
        spans = spans[count:]


def _documents(ids: NDArray[np.int32]) -> Iterator[tuple[int, int]]:
    """(start, stop) of each document in a row of document ids."""
    edges = [0, *(np.flatnonzero(np.diff(ids)) + 1).tolist(), len(ids)]
    yield from ((start, stop) for start, stop in zip(edges, edges[1:], strict=False) if ids[start] != PADDING)


def _padded(batch: Batch, spans: list[Span], length: int) -> Batch:
    shape = (len(spans), length)
    rows = Batch(
        np.zeros(shape, np.int32),
        np.full(shape, PADDING, np.int32),
        np.zeros(shape, np.int32),
        np.zeros(shape, np.float32),
    )
    for at, (row, start, stop) in enumerate(spans):
        for name in ("tokens", "documents", "positions", "weights"):
            getattr(rows, name)[at, : stop - start] = getattr(batch, name)[row, start:stop]
    return rows
