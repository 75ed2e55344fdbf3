"""Whether a checkpoint's arrays are those of the training that goes on with them. Light: arrays only."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

REMEMBERED = "optimizer/"  # what begins so is an optimizer's memory, of one parameter up to the last stroke


def check_state(stored: Mapping[str, NDArray[Any]], wanted: Mapping[str, NDArray[Any]]) -> None:
    """`ValueError` where `stored` differs from `wanted` in a name, a shape or a type, or counts steps below 0.

    What an optimizer remembers of a parameter may be missing, all of it, as that parameter may never have been learned.
    """
    for name, array in stored.items():
        like = wanted.get(name)
        if like is None:
            raise ValueError(f"it holds {name[:80]!r}, which this training has not")
        if (array.shape, array.dtype) != (like.shape, like.dtype):
            raise ValueError(f"{name} is {array.dtype} {array.shape} and not {like.dtype} {like.shape}")
        if array.ndim == 0 and not (np.isfinite(array) and array >= 0):
            raise ValueError(f"{name} is {array}")
    known = {_parameter(name) for name in stored}
    for name in wanted.keys() - stored.keys():
        if not name.startswith(REMEMBERED) or _parameter(name) in known:
            raise ValueError(f"{name} is missing")


def _parameter(name: str) -> str:
    return name.rpartition("/")[0] if name.startswith(REMEMBERED) else name
