"""Data parallelism within one process: a thread for each core, and for gradients a replica of the model.

Replicas share the model's weights and have gradients of their own. Within a thread no product waits for another core,
so that a core which other programs use slows down one thread only. If all cores shared each product instead, every one
of thousands of products a second would wait for the slowest core. Gradients are summed in a fixed order, so the same
batches give the same weights.
"""

import copy
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import Generic, TypeVar

import torch
from torch import Tensor, nn

Model = TypeVar("Model", bound=nn.Module)
Part = TypeVar("Part")
Item = TypeVar("Item")
Result = TypeVar("Result")


class ThreadedDataParallel(Generic[Model]):
    """`count` threads for `model`. With a `count` of 1 there are none, and PyTorch uses all cores."""

    def __init__(self, model: Model, count: int) -> None:
        self._model, self.count = model, count
        self._pool = _pool(count) if count > 1 else None

    @cached_property
    def models(self) -> list[Model]:
        """The model and its replicas, one for each thread; made for the first gradient, since only that needs them."""
        return [self._model, *(_replica(self._model) for _ in range(self.count - 1))]

    def gradient(self, loss: Callable[[Model, Part], Tensor], parts: Sequence[Part]) -> float:
        """Add the gradient of the sum of `loss(model, part)` over all parts to the model's; returns that sum."""

        def run(replica: int) -> list[float]:
            return [_backward(loss(self.models[replica], part)) for part in parts[replica :: len(self.models)]]

        losses = self.map(run, range(min(len(self.models), len(parts))))
        self._sum_gradients()
        return sum(sum(of_replica) for of_replica in losses)

    def map(self, work: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
        """`work` of each item, in the threads; results in the order of the items."""
        return list(self._pool.map(work, items)) if self._pool else [work(item) for item in items]

    def _sum_gradients(self) -> None:
        """Add the replicas' gradients to the model's and clear them."""
        for parameter, *copies in zip(*(model.parameters() for model in self.models), strict=True):
            for copied in copies:
                if copied.grad is not None:
                    parameter.grad = copied.grad if parameter.grad is None else parameter.grad.add_(copied.grad)
                    copied.grad = None


def _replica(model: Model) -> Model:
    replica = copy.deepcopy(model)
    for parameter, copied in zip(model.parameters(), replica.parameters(), strict=True):
        copied.data = parameter.data
    return replica


def _backward(loss: Tensor) -> float:
    loss.backward()  # type: ignore[no-untyped-call]
    return loss.item()


def _pool(count: int) -> ThreadPoolExecutor:
    """`count` threads that compute on one core each. torch keeps that number per thread; the caller's is restored."""
    before = torch.get_num_threads()
    pool = ThreadPoolExecutor(count, "replica", initializer=torch.set_num_threads, initargs=(1,))
    for started in [pool.submit(torch.get_num_threads) for _ in range(count)]:
        started.result()
    torch.set_num_threads(before)
    return pool
