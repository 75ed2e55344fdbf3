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
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
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
    def compute_model(self) -> Model:
        """The model that multiplies: the one given, or a copy of it whose matrices are in `dtype`."""
        return self._main if self._dtype == torch.float32 else _replica(self._main, self._dtype)

    @cached_property
    def models(self) -> list[Model]:
        """`compute_model` and its replicas, one for each thread; made for the first gradient: only that needs them."""
        return [self.compute_model, *(_replica(self.compute_model, self._dtype) for _ in range(self.count - 1))]

    @torch.no_grad()
    def weights_changed(self) -> None:
        """Bring what has been made of the model's weights up to date; matrices of other models than it are shared."""
        if "compute_model" not in vars(self):
            return
        for model in vars(self).get("models", [self.compute_model]):
            for p, copied in zip(self._main.parameters(), model.parameters(), strict=True):
                if copied.dtype == p.dtype:
                    copied.data = p.data
                elif p.requires_grad and model is self.compute_model:
                    copied.copy_(p)

    def gradient(self, loss: Callable[[Model, Part], Tensor], parts: Sequence[Part]) -> float:
        """Add the gradient of the sum of `loss(model, part)` over all parts to the model's; returns that sum."""

        def run(replica: int) -> tuple[float, deque[Tensor | None]]:
            model, mine = self.models[replica], parts[replica :: len(self.models)]
            with _summed_gradients(model) as sums:
                total = sum(_backward(loss(model, part)) for part in mine)
            return total, deque(sums.get(p) for p in model.parameters())

        total = 0.0
        for of_replica, gradients in self.map(run, range(min(len(self.models), len(parts)))):
            total += of_replica
            for p in self._main.parameters():
                if (gradient := gradients.popleft()) is not None:
                    p.grad = gradient.float() if p.grad is None else p.grad.add_(gradient)
        return total

    def map(self, work: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
        """`work` of each item, in the threads; results in the order of the items."""
        return list(self._pool.map(work, items)) if self._pool else [work(item) for item in items]


def _replica(model: Model, dtype: torch.dtype) -> Model:
    """A copy that shares the weights of `model`, but for matrices of another type than `dtype`, which are copied."""
    shared = {
        id(p): nn.Parameter(p.data.to(dtype) if p.dim() > 1 else p.data, p.requires_grad) for p in model.parameters()
    }
    return copy.deepcopy(model, shared)


def _backward(loss: Tensor) -> float:
    loss.backward()  # type: ignore[no-untyped-call]
    return loss.item()


@contextmanager
def _summed_gradients(model: nn.Module) -> Iterator[dict[nn.Parameter, Tensor]]:
    """Moves each gradient from its parameter into a sum as soon as it is there; a sum of several is fp32."""
    sums: dict[nn.Parameter, Tensor] = {}

    def add(p: Tensor) -> None:
        assert isinstance(p, nn.Parameter) and p.grad is not None
        sums[p] = sums[p].float().add_(p.grad) if p in sums else p.grad
        p.grad = None

    trained = [p for p in model.parameters() if p.requires_grad]
    hooks = [p.register_post_accumulate_grad_hook(add) for p in trained]  # type: ignore[no-untyped-call]
    try:
        yield sums
    finally:
        for hook in hooks:
            hook.remove()


def _pool(count: int) -> ThreadPoolExecutor:
    """`count` threads that compute on one core each. torch keeps that number per thread; the caller's is restored."""
    before = torch.get_num_threads()
    pool = ThreadPoolExecutor(count, "replica", initializer=torch.set_num_threads, initargs=(1,))
    for started in [pool.submit(torch.get_num_threads) for _ in range(count)]:
        started.result()
    torch.set_num_threads(before)
    return pool
