"""Layers of an MLX model that keep no activations for the backward pass but their input, and compute the rest anew."""

from collections.abc import Sequence
from typing import Any

import mlx.core as mx


def enable_gradient_checkpointing(layers: Sequence[Any]) -> None:
    """Make each layer forget, while it trains, what it computes (gradient checkpointing, arXiv 1604.06174)."""
    for layer in layers:
        plain = type(layer)
        layer.__class__ = type(f"Forgetful{plain.__name__}", (plain,), {"__call__": _forgetful(plain)})


def _forgetful(plain: type[Any]) -> Any:
    def call(layer: Any, x: mx.array, *given: Any, **named: Any) -> Any:
        if not layer.training:
            return plain.__call__(layer, x, *given, **named)

        def inner(factors: Any, x: mx.array) -> Any:
            layer.update(factors)
            return plain.__call__(layer, x, *given, **named)

        return mx.checkpoint(inner)(layer.trainable_parameters(), x)

    return call
