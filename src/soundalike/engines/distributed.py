"""Data-parallel training across processes, as `accelerate launch`, torchrun or `mlx.launch` starts them.

Every process holds the whole model and computes the gradient of its shard of each batch. Gradients are summed over all
processes, so that all make the same step. Communication is accelerate's and MLX's. Importing this loads no tensor
library.
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
    """`size` processes, of which this one has number `rank`. Rank 0 writes files and prints."""

    rank: int
    size: int

    def broadcast(self, value: Value) -> Value:
        """Rank 0's value, in every process; it must be representable in JSON."""

    def all_reduce(self, arrays: Sequence[Any]) -> list[Any]:
        """Each array, torch's or MLX's, summed over all processes."""


class SingleProcess:
    """A group of this process alone."""

    rank, size = 0, 1

    def broadcast(self, value: Value) -> Value:
        """The value itself."""
        return value

    def all_reduce(self, arrays: Sequence[Any]) -> list[Any]:
        """The arrays themselves."""
        return list(arrays)


class AccelerateGroup:
    """Processes of `accelerate launch` or torchrun, over NCCL on GPUs and gloo on processors."""

    def __init__(self) -> None:
        import torch
        from accelerate import PartialState

        state = PartialState(cpu=not torch.cuda.is_available())
        self.rank, self.size = state.process_index, state.num_processes
        # Left to interpreter shutdown, gloo's threads may outlive what they use, and the process aborts after its work.
        atexit.register(state.destroy_process_group)

    def broadcast(self, value: Value) -> Value:
        """By accelerate's broadcast of objects."""
        from accelerate.utils import broadcast_object_list

        objects: list[Value] = [value]
        broadcast_object_list(objects)
        return objects[0]

    def all_reduce(self, arrays: Sequence[Any]) -> list[Any]:
        """By accelerate's reduction of tensors."""
        from accelerate.utils import reduce

        return list(reduce(list(arrays), "sum"))


class MlxGroup:
    """Processes of `mlx.launch`."""

    def __init__(self) -> None:
        import mlx.core as mx

        self._group = mx.distributed.init()
        self.rank, self.size = self._group.rank(), self._group.size()

    def broadcast(self, value: Value) -> Value:
        """Sums JSON bytes over all processes, to which all but rank 0 contribute zeros: MLX has no broadcast."""
        import mlx.core as mx

        encoded = json.dumps(value).encode()
        length = int(self.all_reduce([mx.array(len(encoded) if self.rank == 0 else 0)])[0].item())
        contribution = list(encoded) if self.rank == 0 else [0] * length
        received = self.all_reduce([mx.array(contribution, dtype=mx.int32)])[0]
        decoded: Value = json.loads(bytes(received.tolist()))
        return decoded

    def all_reduce(self, arrays: Sequence[Any]) -> list[Any]:
        """By MLX's sum over a group."""
        import mlx.core as mx

        return [mx.distributed.all_sum(array, group=self._group) for array in arrays]


@cache
def process_group() -> ProcessGroup:
    """The group that this process was started in."""
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        return AccelerateGroup()
    return MlxGroup() if "MLX_RANK" in os.environ else SingleProcess()


def process_group_for(kind: type) -> ProcessGroup:
    """The group of this process, for an engine that works in groups of `kind` only.

    `EngineError` under another launcher: each process would train on its own.
    """
    group = process_group()
    if group.size > 1 and not isinstance(group, kind):
        launcher = "mlx.launch" if kind is MlxGroup else "accelerate launch"
        raise EngineError("This base cannot be trained under that launcher.", f"Start it with: {launcher}")
    return group


def shard(batch: Batch, group: ProcessGroup) -> Batch:
    """The windows of a batch that this process computes; none if there are fewer windows than processes."""
    return batch if group.size == 1 else batch.take(slice(group.rank, None, group.size))


def all_reduce_gradients(parameters: Sequence[Any], loss: float, group: ProcessGroup) -> float:
    """Sum the gradients of torch parameters over all processes, in place; returns the sum of `loss`."""
    import torch

    if group.size == 1:
        return loss
    gradients = [torch.zeros_like(p) if p.grad is None else p.grad for p in parameters]
    device = gradients[0].device if gradients else None
    *sums, total = group.all_reduce([*gradients, torch.tensor(loss, dtype=torch.float32, device=device)])
    for p, gradient in zip(parameters, sums, strict=True):
        p.grad = gradient
    return float(total.item())
