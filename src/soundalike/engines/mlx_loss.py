"""An MLX model as a trunk and a head, and cross-entropy that never holds all logits.

The head is the model's own forward with the trunk left out, so that caps and scales of logits are where its authors put
them; logits are made for a slice of positions at a time, and with them their gradient. It knows tensors, never text.
"""

import copy
from collections.abc import Iterator
from typing import Any

import mlx.core as mx
import mlx.nn as nn
import numpy as np

from soundalike.engines.protocol import Batch
from soundalike.training.base_models import ENTRIES

PROBE_TOKENS = 3  # tokens on which trunk and head apart are held against the model
PROBE_TOLERANCE = 2e-2  # of the largest logit: a few roundings of bf16


class _Handed:
    """Stands in a model where its trunk was, and gives the hidden states that it is handed as tokens."""

    def __init__(self, trunk: Any) -> None:
        self._trunk = trunk

    def __getattr__(self, name: str) -> Any:
        return getattr(self._trunk, name)

    def __call__(self, hidden: mx.array, *_: Any, **__: Any) -> mx.array:
        return hidden


class ChunkedLmHead:
    """What makes logits of `model`'s hidden states. A model that cannot be parted so gives its logits whole."""

    def __init__(self, model: Any) -> None:
        self._model, self._logits = model, copy.copy(model)
        self._logits.model = _Handed(getattr(model, "model", None))
        self.parted = self._parts()

    def _parts(self) -> bool:
        tokens = mx.array([list(range(PROBE_TOKENS))])
        whole = self._model(tokens).astype(mx.float32)
        try:
            apart = self._logits(self._model.model(tokens)).astype(mx.float32)
        except (AttributeError, TypeError, ValueError):
            return False
        size = max(1.0, float(mx.abs(whole).max().item()))
        return apart.shape == whole.shape and float(mx.abs(apart - whole).max().item()) <= PROBE_TOLERANCE * size

    def loss(self, batch: Batch, cache: list[Any], learning: bool) -> mx.array:
        """Sum of weighted nats; `learning` says that it will be differentiated in what the trunk learns."""
        tokens, weights = mx.array(batch.tokens), batch.weights[:, 1:].ravel()
        at = mx.array(np.flatnonzero(weights).astype(np.int32))
        targets, counted = tokens[:, 1:].flatten()[at], mx.array(weights)[at]
        out = (self._model.model if self.parted else self._model)(tokens, cache)[:, :-1]
        rows = out.reshape(-1, out.shape[-1])[at]
        if not self.parted:
            return (_nats(rows, targets) * counted).sum()
        return self._sliced(rows, targets, counted, learning)

    def _sliced(self, hidden: mx.array, targets: mx.array, weights: mx.array, learning: bool) -> mx.array:
        """The gradient is made beside the loss, so that no slice is made again in the backward pass.

        What is given is the loss, plus a product that is 0 and has that gradient.
        """
        total = mx.array(0.0)
        for part in self._slices(len(targets), hidden):
            h, given = hidden[part], (targets[part], weights[part])
            if not learning:
                total = total + self._loss_of_slice(h, *given)
                continue
            still = mx.stop_gradient(h)
            loss, slope = mx.value_and_grad(self._loss_of_slice)(still, *given)
            loss, slope = mx.stop_gradient(loss), mx.stop_gradient(slope)
            total = total + loss + ((h - still) * slope).astype(mx.float32).sum()
        return total

    def _loss_of_slice(self, hidden: mx.array, targets: mx.array, weights: mx.array) -> mx.array:
        return (_nats(self._logits(hidden[None])[0], targets) * weights).sum()

    def _slices(self, count: int, hidden: mx.array) -> Iterator[slice]:
        rows = max(1, ENTRIES // int(self._logits(hidden[None, :1]).shape[-1]))
        return (slice(start, start + rows) for start in range(0, count, rows))


def _nats(logits: mx.array, targets: mx.array) -> mx.array:
    losses: mx.array = nn.losses.cross_entropy(logits.astype(mx.float32), targets)
    return losses
