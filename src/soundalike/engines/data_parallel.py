"""One batch's gradient on many cores: a lane a core, each with its own part of the batch.

A lane is a copy of the model that shares its weights and holds gradients of its own. Within a lane nothing waits
for another core, so a core that other work takes slows its own lane only; where all cores share each product
instead, every one of thousands of products a second waits for the slowest. The lanes' gradients are added in one
fixed order, so the same batches give the same weights. It knows tensors, never text.
"""

import copy
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

import torch
from torch import Tensor, nn

Model = TypeVar("Model", bound=nn.Module)
Part = TypeVar("Part")
Item = TypeVar("Item")
Result = TypeVar("Result")


class ThreadedDataParallel(Generic[Model]):
    """`model` and `count` - 1 twins of it; one lane is the plain loop on all cores."""

    def __init__(self, model: Model, count: int) -> None:
        self.models = [model, *(_twin(model) for _ in range(count - 1))]
        self._pool = _pool(count) if count > 1 else None

    def gradient(self, loss: Callable[[Model, Part], Tensor], parts: Sequence[Part]) -> float:
        """Add the gradient of the sum of `loss(model, part)` to the model's parameters; gives that sum."""

        def drive(lane: int) -> list[float]:
            return [_backward(loss(self.models[lane], part)) for part in parts[lane :: len(self.models)]]

        driven = self.map(drive, range(min(len(self.models), len(parts))))
        self._gather()
        return sum(sum(losses) for losses in driven)

    def map(self, work: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
        """`work` on each item, lane by lane; results in the order of the items."""
        return list(self._pool.map(work, items)) if self._pool else [work(item) for item in items]

    def _gather(self) -> None:
        """Add the twins' gradients to the model's and clear them."""
        for shared in zip(*(model.parameters() for model in self.models), strict=True):
            first, *twins = shared
            for twin in twins:
                if twin.grad is not None:
                    first.grad = twin.grad if first.grad is None else first.grad.add_(twin.grad)
                    twin.grad = None


def _twin(model: Model) -> Model:
    twin = copy.deepcopy(model)
    for mine, its in zip(model.parameters(), twin.parameters(), strict=True):
        its.data = mine.data
    return twin


def _backward(loss: Tensor) -> float:
    loss.backward()  # type: ignore[no-untyped-call]
    return loss.item()


def _pool(count: int) -> ThreadPoolExecutor:
    """Threads that compute on one core each; torch keeps that number by thread, the caller's stays as it was."""
    before = torch.get_num_threads()
    pool = ThreadPoolExecutor(count, "lane", initializer=torch.set_num_threads, initargs=(1,))
    started = [pool.submit(torch.get_num_threads) for _ in range(count)]
    for lane in started:
        lane.result()
    torch.set_num_threads(before)
    return pool
