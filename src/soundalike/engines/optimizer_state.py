"""The part of a checkpoint that an engine writes: weights and optimizer state as named arrays, checked before loading.

Names are `weight/...` for what is learned, and `optimizer/number/parameter/key` for the optimizer's state of a
parameter. The number is 0: an engine has one optimizer.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

PREFIX = "optimizer/"


def optimizer_arrays(optimizer: torch.optim.Optimizer) -> dict[str, NDArray[Any]]:
    """The optimizer's state, by `optimizer/0/parameter/key`."""
    return {
        f"{PREFIX}0/{parameter}/{key}": torch.as_tensor(value).cpu().numpy()
        for parameter, state in optimizer.state_dict()["state"].items()
        for key, value in _flattened(state)
    }


def load_optimizer(optimizer: torch.optim.Optimizer, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Restore what `optimizer_arrays` returned; other names in `arrays` are ignored."""
    state: dict[int, dict[str, Any]] = {}
    for name, array in arrays.items():
        if name.startswith(f"{PREFIX}0/"):
            _, _, parameter, key = name.split("/")
            state.setdefault(int(parameter), {})[key] = _value(array)
    optimizer.load_state_dict(optimizer.state_dict() | {"state": state})


def check_training_state(
    optimizer: torch.optim.Optimizer, weights: Mapping[str, NDArray[Any]], state: Mapping[str, NDArray[Any]]
) -> None:
    """`ValueError` unless `state` holds arrays of exactly these weights and of this optimizer's state of them."""
    _initialize(optimizer)
    check_state(state, {**weights, **optimizer_arrays(optimizer)})


def check_state(stored: Mapping[str, NDArray[Any]], expected: Mapping[str, NDArray[Any]]) -> None:
    """`ValueError` if `stored` differs from `expected` in a name, a shape or a type, or has a negative step count.

    The optimizer's state of a parameter may be missing altogether: that parameter had no gradient yet.
    """
    for name, array in stored.items():
        like = expected.get(name)
        if like is None:
            raise ValueError(f"{name[:80]!r} is not part of this training")
        if (array.shape, array.dtype) != (like.shape, like.dtype):
            raise ValueError(f"{name} is {array.dtype} {array.shape} and not {like.dtype} {like.shape}")
        if array.ndim == 0 and not (np.isfinite(array) and array >= 0):
            raise ValueError(f"{name} is {array}")
    parameters = {_parameter(name) for name in stored}
    for name in expected.keys() - stored.keys():
        if not name.startswith(PREFIX) or _parameter(name) in parameters:
            raise ValueError(f"{name} is missing")


def _initialize(optimizer: torch.optim.Optimizer) -> None:
    """Make the optimizer create its state, by a step with zero gradients and a learning rate of 0: no weight moves."""
    for group in optimizer.param_groups:
        group["lr"] = 0.0
        for p in group["params"]:
            p.grad = torch.zeros_like(p)
    optimizer.step()
    optimizer.zero_grad()


def _flattened(state: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """bitsandbytes nests the state of quantized moments in a dict of its own; it also reads it without."""
    for key, value in state.items():
        yield from _flattened(value) if isinstance(value, Mapping) else ((key, value),)


def _value(array: NDArray[Any]) -> Any:
    """A single integer is a step count, which bitsandbytes keeps as a Python int."""
    return int(array) if array.ndim == 0 and array.dtype.kind == "i" else torch.from_numpy(np.array(array))


def _parameter(name: str) -> str:
    return name.rpartition("/")[0] if name.startswith(PREFIX) else name
