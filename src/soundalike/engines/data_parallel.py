"""Data parallelism within one process: a thread for each core, and for gradients a replica of the model.

Replicas share the weights that are multiplied and have gradients of their own. Within a thread no product waits for
another core, so that a core which other programs use slows down one thread only. If all cores shared each product
instead, every one of thousands of products a second would wait for the slowest core. Gradients are summed in a fixed
order, so the same batches give the same weights.

With bf16 products (mixed precision, arXiv 1710.03740) the replicas share a copy of the matrices in bf16, made once a
step instead of by autocast in each replica, and gradients are summed in fp32.
"""

import copy
from collections import deque
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
    """`count` threads for `model`, which multiply in `dtype`. With a `count` of 1 PyTorch uses all cores.

    `model` keeps its weights and gets the gradients, both in fp32.
    """

    def __init__(self, model: Model, count: int, dtype: torch.dtype = torch.float32) -> None:
        self._main, self.count, self._dtype = model, count, dtype
        self._pool = _pool(count) if count > 1 else None

    @cached_property
    def model(self) -> Model:
        """The model that multiplies: the one given, or a copy of it whose matrices are in the type of products."""
        if self._dtype == torch.float32:
            return self._main
        model = _replica(self._main)
        for p in model.parameters():
            if p.dim() > 1:
                p.data = p.data.to(self._dtype)
        return model

    @torch.no_grad()
    def weights_changed(self) -> None:
        """Copy the trained weights into the model that multiplies."""
        if "model" not in vars(self) or self.model is self._main:
            return
        for p, copied in zip(self._main.parameters(), self.model.parameters(), strict=True):
            if p.dim() <= 1:
                copied.data = p.data
            elif p.requires_grad:
                copied.copy_(p)

    @cached_property
    def models(self) -> list[Model]:
        """`model` and its replicas, one for each thread; made for the first gradient, since only that needs them."""
        return [self.model, *(_replica(self.model) for _ in range(self.count - 1))]

    def gradient(self, loss: Callable[[Model, Part], Tensor], parts: Sequence[Part]) -> float:
        """Add the gradient of the sum of `loss(model, part)` over all parts to the model's; returns that sum."""

        def run(replica: int) -> tuple[float, deque[Tensor | None]]:
            model, total = self.models[replica], 0.0
            gradients: list[Tensor | None] = [None for _ in model.parameters()]
            for part in parts[replica :: len(self.models)]:
                total += _backward(loss(model, part))
                _add_gradients(model, gradients)
            return total, deque(gradients)

        total = 0.0
        for of_replica, gradients in self.map(run, range(min(len(self.models), len(parts)))):
            total += of_replica
            for parameter in self._main.parameters():
                if (gradient := gradients.popleft()) is not None:
                    parameter.grad = gradient.float() if parameter.grad is None else parameter.grad.add_(gradient)
        return total

    def map(self, work: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
        """`work` of each item, in the threads; results in the order of the items."""
        return list(self._pool.map(work, items)) if self._pool else [work(item) for item in items]


def _replica(model: Model) -> Model:
    replica = copy.deepcopy(model)
    for parameter, copied in zip(model.parameters(), replica.parameters(), strict=True):
        copied.data = parameter.data
    return replica


def _backward(loss: Tensor) -> float:
    loss.backward()  # type: ignore[no-untyped-call]
    return loss.item()


def _add_gradients(model: nn.Module, sums: list[Tensor | None]) -> None:
    """Move the gradients of a part from the parameters into their sums; a sum of several is fp32."""
    for number, p in enumerate(model.parameters()):
        if p.grad is not None:
            before = sums[number]
            sums[number] = p.grad if before is None else before.float().add_(p.grad)
            p.grad = None


def _pool(count: int) -> ThreadPoolExecutor:
    """`count` threads that compute on one core each. torch keeps that number per thread; the caller's is restored."""
    before = torch.get_num_threads()
    pool = ThreadPoolExecutor(count, "replica", initializer=torch.set_num_threads, initargs=(1,))
    for started in [pool.submit(torch.get_num_threads) for _ in range(count)]:
        started.result()
    torch.set_num_threads(before)
    return pool
