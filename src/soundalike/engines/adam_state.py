"""An optimizer's memory as named arrays, and back: what exact resume needs besides the weights."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from soundalike.engines.state_check import check_state


def optimizer_arrays(optimizers: Iterable[torch.optim.Optimizer]) -> dict[str, NDArray[Any]]:
    """All that the optimizers remember, by `optimizer/number/parameter/name`."""
    return {
        f"optimizer/{number}/{index}/{key}": torch.as_tensor(value).cpu().numpy()
        for number, optimizer in enumerate(optimizers)
        for index, held in optimizer.state_dict()["state"].items()
        for key, value in _flat(held)
    }


def prime(optimizers: Iterable[torch.optim.Optimizer]) -> None:
    """Have them make the memory that a first step makes; with gradients and a rate of 0 no weight moves."""
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["lr"] = 0.0
            for p in group["params"]:
                p.grad = torch.zeros_like(p)
        optimizer.step()
        optimizer.zero_grad()


def check_training_state(
    optimizers: Sequence[torch.optim.Optimizer], weights: Mapping[str, NDArray[Any]], state: Mapping[str, NDArray[Any]]
) -> None:
    """`ValueError` where a `state` does not hold these weights and what these optimizers remember of them."""
    prime(optimizers)
    check_state(state, {**weights, **optimizer_arrays(optimizers)})


def load_optimizers(optimizers: Iterable[torch.optim.Optimizer], state: Mapping[str, NDArray[Any]]) -> None:
    """Put back what `optimizer_arrays` gave."""
    for number, optimizer in enumerate(optimizers):
        held: dict[int, dict[str, Any]] = {}
        for path, value in state.items():
            if path.startswith(f"optimizer/{number}/"):
                _, _, index, key = path.split("/")
                held.setdefault(int(index), {})[key] = _value(value)
        optimizer.load_state_dict(optimizer.state_dict() | {"state": held})


def _flat(held: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """bitsandbytes wraps what it quantizes in a dict of its own, and reads it back without."""
    for key, value in held.items():
        yield from _flat(value) if isinstance(value, Mapping) else ((key, value),)


def _value(array: NDArray[Any]) -> Any:
    """Whole numbers alone are counts of steps, which bitsandbytes keeps as Python's."""
    return int(array) if array.ndim == 0 and array.dtype.kind == "i" else torch.from_numpy(np.array(array))
