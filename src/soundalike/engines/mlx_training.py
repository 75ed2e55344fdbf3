"""What training with MLX needs beyond mlx-lm: packed windows, cross-entropy in chunks, gradient checkpointing."""

import copy
from collections.abc import Iterator, Sequence
from typing import Any

import mlx.core as mx
import mlx.nn as nn
import numpy as np

from soundalike.engines.protocol import Batch
from soundalike.training.base_models import LOGITS_AT_ONCE

PROBE_TOKENS = 3
PROBE_TOLERANCE = 2e-2  # of the largest logit: a few roundings of bf16


class PackedCache:
    """A cache without content that makes a block-diagonal attention mask: tokens attend within their own document.

    `documents` (windows, time) has equal ids where two tokens belong to one document. Rotary positions are not
    restarted at a document, which does not matter to attention: only their differences do. Sliding windows are
    respected.
    """

    offset = 0

    def __init__(self, documents: mx.array) -> None:
        self._same_document = documents[:, None, :, None] == documents[:, None, None, :]  # (windows, 1, time, time)

    def make_mask(self, length: int, return_array: bool = False, window_size: int | None = None) -> mx.array:
        """Bool (windows, 1, time, time), True where the row's token attends to the column's."""
        positions = mx.arange(length)
        distance = positions[:, None] - positions[None]  # (time, time)
        causal = (distance >= 0) if window_size is None else (distance >= 0) & (distance < window_size)
        return self._same_document & causal

    def update_and_fetch(self, keys: mx.array, values: mx.array) -> tuple[mx.array, mx.array]:
        """The keys and values themselves: there are none from before."""
        return keys, values


class _MlxIdentityBackbone:
    """Takes a backbone's place in a model: returns the hidden states that it is called with."""

    def __init__(self, backbone: Any) -> None:
        self._backbone = backbone

    def __getattr__(self, name: str) -> Any:
        return getattr(self._backbone, name)

    def __call__(self, hidden: mx.array, *_: Any, **__: Any) -> mx.array:
        return hidden


class ChunkedLmHead:
    """The loss of a model, with logits computed for a chunk of positions at a time.

    The head is the model's own forward pass with the backbone replaced by the identity, so that soft caps and scales of
    logits are applied where the model's authors apply them. `separable` says whether backbone and head reproduce the
    model's logits; if they do not, all logits are computed at once.
    """

    def __init__(self, model: Any) -> None:
        self._model, self._head = model, copy.copy(model)
        self._head.model = _MlxIdentityBackbone(getattr(model, "model", None))
        self.separable = self._probe()

    def _probe(self) -> bool:
        tokens = mx.array([list(range(PROBE_TOKENS))])
        whole = self._model(tokens).astype(mx.float32)  # (1, PROBE_TOKENS, vocabulary)
        try:
            halves = self._head(self._model.model(tokens)).astype(mx.float32)
        except (AttributeError, TypeError, ValueError):
            return False
        size = max(1.0, float(mx.abs(whole).max().item()))
        return halves.shape == whole.shape and float(mx.abs(halves - whole).max().item()) <= PROBE_TOLERANCE * size

    def loss(self, batch: Batch, cache: list[Any], needs_gradient: bool) -> mx.array:
        """Weighted sum of nats; `needs_gradient` if it will be differentiated in the backbone's parameters."""
        tokens, flat_weights = mx.array(batch.tokens), batch.weights[:, 1:].ravel()
        learned = mx.array(np.flatnonzero(flat_weights).astype(np.int32))  # (learned,), into windows * (time - 1)
        targets, weights = tokens[:, 1:].flatten()[learned], mx.array(flat_weights)[learned]
        output = (self._model.model if self.separable else self._model)(tokens, cache)[:, :-1]
        rows = output.reshape(-1, output.shape[-1])[learned]  # (learned, hidden), or logits (learned, vocabulary)
        if not self.separable:
            return (_cross_entropy(rows, targets) * weights).sum()
        return self._chunked_loss(rows, targets, weights, needs_gradient)

    def _chunked_loss(self, hidden: mx.array, targets: mx.array, weights: mx.array, needs_gradient: bool) -> mx.array:
        """Computes each chunk's gradient together with its loss, so that no chunk is computed again backwards.

        The result is the loss, plus a term whose value is 0 and whose gradient is the gradient of the loss.
        """
        total = mx.array(0.0)
        for rows in self._chunks(len(targets), hidden):
            h, labels = hidden[rows], (targets[rows], weights[rows])
            if not needs_gradient:
                total = total + self._chunk_loss(h, *labels)
                continue
            constant = mx.stop_gradient(h)
            loss, gradient = mx.value_and_grad(self._chunk_loss)(constant, *labels)
            loss, gradient = mx.stop_gradient(loss), mx.stop_gradient(gradient)
            total = total + loss + ((h - constant) * gradient).astype(mx.float32).sum()
        return total

    def _chunk_loss(self, hidden: mx.array, targets: mx.array, weights: mx.array) -> mx.array:
        return (_cross_entropy(self._head(hidden[None])[0], targets) * weights).sum()

    def _chunks(self, count: int, hidden: mx.array) -> Iterator[slice]:
        rows = max(1, LOGITS_AT_ONCE // int(self._head(hidden[None, :1]).shape[-1]))
        return (slice(start, start + rows) for start in range(0, count, rows))


def _cross_entropy(logits: mx.array, targets: mx.array) -> mx.array:
    losses: mx.array = nn.losses.cross_entropy(logits.astype(mx.float32), targets)
    return losses


def enable_gradient_checkpointing(layers: Sequence[Any]) -> None:
    """Make each layer keep only its input for the backward pass while it trains (arXiv 1604.06174)."""
    for layer in layers:
        plain = type(layer)
        layer.__class__ = type(f"Checkpointed{plain.__name__}", (plain,), {"__call__": _checkpointed(plain)})


def _checkpointed(plain: type[Any]) -> Any:
    def call(layer: Any, x: mx.array, *arguments: Any, **named: Any) -> Any:
        if not layer.training:
            return plain.__call__(layer, x, *arguments, **named)

        def inner(parameters: Any, x: mx.array) -> Any:
            layer.update(parameters)
            return plain.__call__(layer, x, *arguments, **named)

        return mx.checkpoint(inner)(layer.trainable_parameters(), x)

    return call
