"""Replicas in threads have the gradient of one model."""

import pytest
import torch
from torch import Tensor, nn

from soundalike.engines.data_parallel import ThreadedDataParallel


def linear() -> nn.Linear:
    torch.manual_seed(3)
    return nn.Linear(8, 4, bias=False)


def loss(model: nn.Linear, part: Tensor) -> Tensor:
    total: Tensor = model(part).square().sum()
    return total


def gradient(replicas: int, parts: list[Tensor], rounds: int = 1) -> tuple[float, Tensor]:
    model = linear()
    parallel = ThreadedDataParallel(model, replicas)
    total = sum(parallel.gradient(loss, parts) for _ in range(rounds))
    assert model.weight.grad is not None
    return total, model.weight.grad


def test_replicas_sum_to_the_plain_gradient() -> None:
    """With more replicas than parts or fewer, the sum is that of one model; a second batch is added to it."""
    parts = [torch.randn(5, 8, generator=torch.Generator().manual_seed(at)) for at in range(5)]
    for rounds in (1, 2):
        total, plain = gradient(1, parts, rounds)
        for replicas in (2, 3, 8):
            other, summed = gradient(replicas, parts, rounds)
            assert abs(other - total) < 1e-3 * total
            torch.testing.assert_close(summed, plain)


def test_the_same_parts_give_the_same_gradient_to_the_bit() -> None:
    """Which replica finishes first changes nothing."""
    parts = [torch.randn(64, 8, generator=torch.Generator().manual_seed(at)) for at in range(6)]
    first = gradient(3, parts)[1]
    assert all(torch.equal(first, gradient(3, parts)[1]) for _ in range(5))


def test_a_step_changes_every_replica() -> None:
    """Replicas share the model's weights, so that an update of the model is an update of all."""
    model = nn.Linear(8, 4)
    parallel = ThreadedDataParallel(model, 3)
    with torch.no_grad():
        model.weight.zero_()
    assert all(torch.equal(replica.weight, model.weight) for replica in parallel.models)


def test_products_in_bf16_have_nearly_the_gradient_of_fp32() -> None:
    """The model keeps its fp32 weights; its gradient is off by bf16's rounding and no more."""
    parts = [torch.randn(5, 8, generator=torch.Generator().manual_seed(at)) for at in range(40)]
    plain, model = gradient(1, parts)[1], linear()
    parallel = ThreadedDataParallel(model, 3, torch.bfloat16)
    parallel.gradient(loss_in_bf16, parts)
    assert model.weight.dtype == torch.float32 and model.weight.grad is not None
    assert model.weight.grad.dtype == torch.float32
    assert {replica.weight.dtype for replica in parallel.models} == {torch.bfloat16}
    torch.testing.assert_close(model.weight.grad, plain, rtol=2e-2, atol=0.3)


def test_gradients_of_bf16_are_summed_in_fp32() -> None:
    """Of 2,000 equal parts on one replica: a sum in bf16 would stop growing at 256 times one of them."""
    part, model = torch.randn(5, 8, generator=torch.Generator().manual_seed(1)), linear()
    parallel = ThreadedDataParallel(model, 1, torch.bfloat16)
    parallel.gradient(loss_in_bf16, [part])
    assert model.weight.grad is not None
    one = model.weight.grad.clone()
    model.weight.grad = None
    parallel.gradient(loss_in_bf16, [part] * 2_000)
    torch.testing.assert_close(model.weight.grad, 2_000 * one, rtol=1e-3, atol=1e-3)


def loss_in_bf16(model: nn.Linear, part: Tensor) -> Tensor:
    return model(part.bfloat16()).float().square().sum()  # type: ignore[no-any-return]


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_exchanged_weights_reach_every_replica(dtype: torch.dtype) -> None:
    """Matrices of bf16 are copied, all else is shared; what was exchanged is never written to."""
    model = nn.Sequential(nn.Linear(8, 4), nn.LayerNorm(4))
    parallel = ThreadedDataParallel(model, 3, dtype)
    trained = {name: p.data for name, p in model.named_parameters()}
    kept = {name: value.clone() for name, value in trained.items()}
    for exchange in ({name: torch.full_like(value, 0.5) for name, value in trained.items()}, trained):
        for name, p in model.named_parameters():
            p.data = exchange[name]
        parallel.weights_changed()
        for replica in parallel.models:
            for p, copied in zip(model.parameters(), replica.parameters(), strict=True):
                assert copied.dtype == (dtype if p.dim() > 1 else torch.float32)
                assert torch.equal(copied, p.to(copied.dtype))
    assert all(torch.equal(trained[name], kept[name]) for name in kept)


def test_the_callers_threads_stay_as_they_were() -> None:
    """Replicas compute on one core each; outside of them PyTorch still uses as many threads as before."""
    before = torch.get_num_threads()
    parallel = ThreadedDataParallel(nn.Linear(2, 2), 2)
    assert parallel.map(lambda _: torch.get_num_threads(), [0, 1]) == [1, 1]
    assert torch.get_num_threads() == before
