"""The next training of a base is estimated by the speed of the last one on this machine."""

from pathlib import Path

import pytest

from soundalike import machine
from soundalike.clone import Clone
from soundalike.training import estimate
from soundalike.training.estimate import TrainingEstimate
from soundalike.training.measured_speed import SECTION, speed_section, tokens_per_second, with_measured
from soundalike.training.plan import plan_training
from soundalike.training.status import Progress
from tests.training.test_loop import clone_of

RUN = Progress(step=60, seconds=60.0, useful_tokens=60_000)


@pytest.fixture
def me(tmp_path: Path) -> Clone:
    """A clone whose last training read a thousand tokens a second here."""
    clone = clone_of(tmp_path / "me")
    with clone.locked("a test"):
        clone.record(**{SECTION: speed_section("pocket", RUN)})
    return Clone.open(clone.root)


def row(base: str) -> TrainingEstimate:
    """A base that was estimated at an hour and a half."""
    return TrainingEstimate(base, "MIT", 6_000_000, True, "fp32", 1 << 30, 90.0)


def test_a_measured_speed_takes_the_place_of_the_estimate(me: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of its own base alone; in the budget that `train` names too."""
    monkeypatch.setattr(estimate, "tokens_per_second", lambda base: 7.0)
    assert [one.minutes for one in with_measured([row("pocket"), row("smollm2")], 6e5, me)] == [10.0, 90.0]
    assert [tokens_per_second(me, base) for base in ("pocket", "smollm2")] == [1000.0, 7.0]
    assert "about 1 minute on" in plan_training(me, "pocket", {}).notes[0]


def test_a_speed_of_another_machine_is_not_used(me: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    """A clone that was carried elsewhere is estimated anew."""
    monkeypatch.setattr(machine, "description", lambda: "another one, 64 cores")
    assert with_measured([row("pocket")], 6e5, me) == [row("pocket")]


def test_a_few_seconds_measure_no_speed() -> None:
    """They are spent on warming up."""
    assert speed_section("pocket", Progress(step=3, seconds=5.0, useful_tokens=900)) == {}
