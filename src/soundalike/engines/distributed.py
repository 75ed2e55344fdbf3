"""The processes that learn as one: those that `accelerate launch` or `mlx.launch` started, or this one alone.

Each holds the whole model and learns from its share of every batch; gradients are added up, so that all of them make
the same step. Moving numbers between processes is accelerate's and MLX's affair. Light until it is asked for.
"""

import atexit
import json
import os
from collections.abc import Sequence
from functools import cache
from typing import Any, Protocol, TypeVar

from soundalike.engines.protocol import Batch
from soundalike.errors import EngineError

Value = TypeVar("Value")


class ProcessGroup(Protocol):
    """`rank` of `size` processes; the first, of rank 0, is the one that writes and tells."""

    rank: int
    size: int

    def broadcast(self, value: Value) -> Value:
        """The first process's value, plain enough for JSON, in all of them."""

    def all_reduce(self, arrays: Sequence[Any]) -> list[Any]:
        """Each array of the backend's kind, summed over all processes."""


class SingleProcess:
    """No other process."""

    rank, size = 0, 1

    def broadcast(self, value: Value) -> Value:
        """The value."""
        return value

    def all_reduce(self, arrays: Sequence[Any]) -> list[Any]:
        """The arrays."""
        return list(arrays)


class AccelerateGroup:
    """Processes of `accelerate launch`, or torchrun: over NCCL on GPUs, over gloo on processors."""

    def __init__(self) -> None:
        import torch
        from accelerate import PartialState

        state = PartialState(cpu=not torch.cuda.is_available())
        self.rank, self.size = state.process_index, state.num_processes
        # Left to the end of the process, gloo's threads may outlive what they use: an abort after all is done.
        atexit.register(state.destroy_process_group)

    def broadcast(self, value: Value) -> Value:
        """By accelerate's broadcast."""
        from accelerate.utils import broadcast_object_list

        held: list[Value] = [value]
        broadcast_object_list(held)
        return held[0]

    def all_reduce(self, arrays: Sequence[Any]) -> list[Any]:
        """By accelerate's reduction."""
        from accelerate.utils import reduce

        return list(reduce(list(arrays), "sum"))


class MlxGroup:
    """Processes of `mlx.launch`."""

    def __init__(self) -> None:
        import mlx.core as mx

        self._group = mx.distributed.init()
        self.rank, self.size = self._group.rank(), self._group.size()

    def broadcast(self, value: Value) -> Value:
        """Its JSON, to which all but the first add zeros."""
        import mlx.core as mx

        said = json.dumps(value).encode()
        length = int(self.all_reduce([mx.array(len(said) if self.rank == 0 else 0)])[0].item())
        letters = list(said) if self.rank == 0 else [0] * length
        told: Value = json.loads(bytes(self.all_reduce([mx.array(letters, dtype=mx.int32)])[0].tolist()))
        return told

    def all_reduce(self, arrays: Sequence[Any]) -> list[Any]:
        """By MLX's reduction."""
        import mlx.core as mx

        return [mx.distributed.all_sum(array, group=self._group) for array in arrays]


@cache
def process_group() -> ProcessGroup:
    """The processes that this one learns with."""
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        return AccelerateGroup()
    return MlxGroup() if "MLX_RANK" in os.environ else SingleProcess()


def process_group_for(kind: type) -> ProcessGroup:
    """The same for an engine that can be one of a crew of `kind` only; `EngineError` under another launcher."""
    found = process_group()
    if found.size > 1 and not isinstance(found, kind):
        launcher = "mlx.launch" if kind is MlxGroup else "accelerate launch"
        raise EngineError("This base cannot be trained under that launcher.", f"Start it with: {launcher}")
    return found


def shard(batch: Batch, mates: ProcessGroup) -> Batch:
    """This process's windows of a batch, perhaps none."""
    return batch if mates.size == 1 else batch.take(slice(mates.rank, None, mates.size))


def all_reduce_gradients(parameters: Sequence[Any], loss: float, mates: ProcessGroup) -> float:
    """Sum torch gradients over all processes, in place, and the loss, which is given back."""
    import torch

    if mates.size == 1:
        return loss
    gradients = [torch.zeros_like(p) if p.grad is None else p.grad for p in parameters]
    device = gradients[0].device if gradients else None
    *sums, total = mates.all_reduce([*gradients, torch.tensor(loss, dtype=torch.float32, device=device)])
    for p, gradient in zip(parameters, sums, strict=True):
        p.grad = gradient
    return float(total.item())
