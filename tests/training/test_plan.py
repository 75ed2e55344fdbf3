"""The recipe of a run: what the clone keeps, what was asked for, and a budget where none was."""

import signal
from pathlib import Path
from typing import Any

import pytest

from soundalike.errors import RecipeError
from soundalike.pocket import BYTES_A_TOKEN
from soundalike.training import plan
from soundalike.training.estimate import MAX_MINUTES
from soundalike.training.plan import (
    MIN_STEPS,
    default_budget,
    plan_resumed,
    plan_training,
    tokens_to_learn,
)
from soundalike.training.recipe import Limits, Training
from soundalike.training.status import Progress
from soundalike.training.train_clone import train_clone
from tests.training.test_loop import clone_of


@pytest.mark.parametrize(
    ("tokens", "rate", "chosen", "told"),
    [
        (200_000, 1_500, {"epochs": 1.0}, "Budget: one epoch, 2 to 3 minutes on this machine."),
        (900_000, 1_500, {"epochs": 1.0}, "Budget: one epoch, 7 to 14 minutes on this machine."),
        (
            3_600_000,
            1_500,
            {"minutes": MAX_MINUTES},
            "Budget: 10 minutes, about 0.2 epochs on this machine, where one would take 28 to 56 minutes.",
        ),
        (9_000, 1_500, {"iters": MIN_STEPS}, "Budget: 30 steps, the fewest, 30 to 60 seconds on this machine."),
        (9e6, 100, {"iters": MIN_STEPS}, "Budget: 30 steps, the fewest, 7 to 14 minutes on this machine."),
        (0, 1_500, {"iters": MIN_STEPS}, "Budget: 30 steps, the fewest, 30 to 60 seconds on this machine."),
        (9e9, float("inf"), {"epochs": 1.0}, "Budget: one epoch, about 10 seconds on this machine."),
    ],
)
def test_a_budget_is_enough_and_not_too_long(tokens: float, rate: float, chosen: dict[str, float], told: str) -> None:
    """An epoch where it fits, else the minutes that one waits, and never fewer steps than teach anything."""
    assert default_budget(tokens, rate, 2_048) == (chosen, told)


def test_what_the_owner_asks_for_wins(tmp_path: Path) -> None:
    """With a given budget none is chosen, and there is no note; minutes end after two epochs."""
    clone = clone_of(tmp_path / "me", lines=600)
    for budget, kept in (
        ({"minutes": 3.0}, {"minutes": 3.0, "epochs": plan.SAFE_EPOCHS}),
        ({"epochs": 0.5}, {"epochs": 0.5}),
        ({"iters": 7}, {"iters": 7}),
    ):
        given = {"minutes": None, "epochs": None, "iters": None, "method": "lora", **budget}
        planned = plan_training(clone, "markov", given)
        training = planned.recipe.training
        assert training.model_dump(include=set(plan.BUDGETS), exclude_none=True) == kept
        assert training.method == "lora" and not planned.notes


@pytest.mark.parametrize(
    ("budget", "passes"),
    [
        ({"epochs": 3.0}, 3.0),
        ({"iters": 100}, 2.0),
        ({"minutes": 1.0}, 0.6),
        ({"minutes": 1.0, "epochs": 0.5}, 0.5),
        ({}, 0.0),
    ],
)
def test_how_often_a_budget_reads_the_text(budget: dict[str, Any], passes: float) -> None:
    """Of 100,000 tokens, 1,000 a second, 2,000 a step."""
    assert plan.epochs_of(Training(step_tokens=2_000, **budget), 100_000, 1_000) == passes


def test_who_reads_too_often_is_told(tmp_path: Path) -> None:
    """A budget is kept as it was asked for; a note says that the clone will know text by heart."""
    planned = plan_training(clone_of(tmp_path / "me"), "markov", {"epochs": 4.0})
    assert planned.recipe.training.epochs == 4
    assert planned.notes == ["Note: about 4.0 epochs. After 2, what was typed once can be guessed."]


def test_minutes_that_read_too_often_end_early(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody who waits longer wants a voice that knows them by heart: a note names the option that reads on."""
    monkeypatch.setattr("soundalike.training.measured_speed.tokens_per_second", lambda clone, base: 100.0)
    clone = clone_of(tmp_path / "me", lines=600)
    times = 5.0
    minutes = times * tokens_to_learn(clone) / 100 / 60
    planned = plan_training(clone, "markov", {"minutes": minutes})
    assert planned.recipe.training.epochs == plan.SAFE_EPOCHS
    (note,) = planned.notes
    assert "about 5.0 times; it ends after 2" in note and "--epochs" in note
    asked = plan_training(clone, "markov", {"epochs": times})
    assert asked.recipe.training.epochs == times and asked.recipe.training.minutes is None


def test_a_chosen_budget_is_kept_and_resumed(tmp_path: Path) -> None:
    """It is a setting like any other: a stopped run goes on with it, and clone.toml tells it at the end."""
    clone = clone_of(tmp_path / "me")
    planned = plan_training(clone, "markov", {"minutes": None})
    recipe = planned.recipe
    assert recipe.training.iters == MIN_STEPS and planned.notes[0].startswith("Budget: ")
    assert not train_clone(clone, recipe, on_step=_stop_at_the_first_step).finished
    resumed = plan_resumed(clone).recipe
    assert resumed == recipe
    assert train_clone(clone, resumed, resume=True).progress.step == MIN_STEPS
    assert clone.manifest()["training"]["iters"] == MIN_STEPS


def test_how_the_owner_set_it_to_speak_outlives_training(tmp_path: Path) -> None:
    """[sampling] and [limits] of clone.toml are kept by a new run and by a resumed one."""
    clone = clone_of(tmp_path / "me")
    with clone.locked("test"):
        clone.record(sampling={"temperature": 0.5}, limits={"retries": 0})
    recipe = plan_training(clone, "markov", {"iters": 2}).recipe
    assert recipe.sampling.temperature == 0.5 and recipe.limits == Limits(retries=0)
    train_clone(clone, recipe)
    sections = clone.manifest()
    assert sections["sampling"]["temperature"] == 0.5 and sections["limits"]["retries"] == 0


def test_tokens_are_counted_from_the_documents(tmp_path: Path) -> None:
    """Bytes to learn from, and an end for each document."""
    clone = clone_of(tmp_path / "me", lines=10)
    text = "bo: the soup is number 0\nbo: no because 0 spoons\n"
    assert tokens_to_learn(clone) == pytest.approx(10 * (len(text) / BYTES_A_TOKEN + 1))


@pytest.mark.parametrize(
    ("base", "given", "told"),
    [
        ("pocket", {}, "begun with --base markov, not --base pocket"),
        (None, {"iters": 9}, "begun with --iters 5, not --iters 9"),
        (None, {"iters": None, "minutes": 1.0}, "begun without --minutes, not --minutes 1.0"),
        (None, {"iters": 5, "learning_rate": 0.5}, "not --learning-rate 0.5. Leave --learning-rate out"),
    ],
)
def test_resume_passes_over_nothing_that_was_asked_for(
    tmp_path: Path, base: str | None, given: dict[str, Any], told: str
) -> None:
    """The same settings once more are no question; another one is refused by name, and the checkpoint stays."""
    clone = clone_of(tmp_path / "me")
    recipe = plan_training(clone, "markov", {"iters": 5}).recipe
    assert not train_clone(clone, recipe, on_step=_stop_at_the_first_step).finished
    assert plan_resumed(clone, base="markov", options={"iters": 5, "minutes": None}).recipe == recipe
    with pytest.raises(RecipeError, match=told):
        plan_resumed(clone, base=base, options=given)
    assert clone.run_path.exists()


def _stop_at_the_first_step(progress: Progress) -> None:
    if progress.step == 1:
        signal.raise_signal(signal.SIGINT)
