"""Many lanes give one gradient."""

import torch
from torch import Tensor, nn

from soundalike.engines.data_parallel import ThreadedDataParallel


def loss(model: nn.Linear, part: Tensor) -> Tensor:
    total: Tensor = model(part).square().sum()
    return total


def gradient(lanes: int, parts: list[Tensor], rounds: int = 1) -> tuple[float, Tensor]:
    torch.manual_seed(3)
    model = nn.Linear(8, 4)
    team = ThreadedDataParallel(model, lanes)
    total = sum(team.gradient(loss, parts) for _ in range(rounds))
    assert model.weight.grad is not None
    return total, model.weight.grad


def test_lanes_add_up_to_the_plain_gradient() -> None:
    """However many lanes, more parts or fewer, the sum is that of one lane; a second batch adds to it."""
    parts = [torch.randn(5, 8, generator=torch.Generator().manual_seed(at)) for at in range(5)]
    for rounds in (1, 2):
        total, plain = gradient(1, parts, rounds)
        for lanes in (2, 3, 8):
            other, shared = gradient(lanes, parts, rounds)
            assert abs(other - total) < 1e-3 * total
            torch.testing.assert_close(shared, plain)


def test_the_same_parts_give_the_same_gradient_to_the_bit() -> None:
    """Which lane is done first changes nothing."""
    parts = [torch.randn(64, 8, generator=torch.Generator().manual_seed(at)) for at in range(6)]
    first = gradient(3, parts)[1]
    assert all(torch.equal(first, gradient(3, parts)[1]) for _ in range(5))


def test_a_step_moves_every_lane() -> None:
    """The lanes share their weights: what the optimizer does to the model, the twins see."""
    model = nn.Linear(8, 4)
    team = ThreadedDataParallel(model, 3)
    with torch.no_grad():
        model.weight.zero_()
    assert all(torch.equal(twin.weight, model.weight) for twin in team.models)


def test_the_callers_threads_stay_as_they_were() -> None:
    """Lanes compute on a core each; outside them all cores still share a product."""
    before = torch.get_num_threads()
    team = ThreadedDataParallel(nn.Linear(2, 2), 2)
    assert team.map(lambda _: torch.get_num_threads(), [0, 1]) == [1, 1]
    assert torch.get_num_threads() == before
