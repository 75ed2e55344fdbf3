"""A training over a voice goes on from its adapter where that knows nothing but what the clone still holds."""

import shutil
from pathlib import Path

import pytest

from soundalike.clone import Clone
from soundalike.errors import CloneError
from soundalike.importing.document_settings import DocumentSettings
from soundalike.importing.forgetting import forget
from soundalike.importing.importer import run_import
from soundalike.training.plan import TrainingPlan, plan_training
from soundalike.training.status import TrainingResult
from soundalike.training.train_clone import train_clone
from soundalike.training.versions import bits_per_byte_of, roll_back, succession
from tests.importing.tables import table

DAYS = 5
OPTIONS = {"window": 64, "step_tokens": 128, "learning_rate": 5e-3, "warmup_steps": 4, "iters": 20, "replay": 0.0}


def trained(me: Clone, base: str, **options: object) -> TrainingResult:
    """As `soundalike train` does it."""
    plan = plan_training(me, base, OPTIONS | options)
    return train_clone(me, plan.recipe, succession=succession(me, plan.start), start=plan.start)


def planned(me: Clone, base: str | None = None, **options: object) -> TrainingPlan:
    """The plan of a training that was given these options alone."""
    return plan_training(me, base, options)


def added(me: Clone, days: int, replace_held: bool = False) -> None:
    """Import a table of so many days of talk."""
    run_import([table(me.root.parent, days)], me.root, force=True, replace_held=replace_held)


@pytest.fixture(scope="module")
def voice(tmp_path_factory: pytest.TempPathFactory, base: str) -> Path:
    """The folder of a clone of some days of talk, with a voice."""
    folder = tmp_path_factory.mktemp("start") / "me"
    run_import([table(folder.parent, DAYS)], folder, force=True)
    trained(Clone.open(folder), base)
    return folder


@pytest.fixture
def me(voice: Path, tmp_path: Path) -> Clone:
    """A copy of it for one test."""
    return Clone.open(shutil.copytree(voice, tmp_path / "me"))


def test_training_goes_on_at_the_loss_of_the_adapter(me: Clone, base: str) -> None:
    """After an import that adds messages: the first figure of the run is that of the voice, the last one is lower."""
    before, learned = me.manifest()["result"], me.adapter_path.joinpath("adapter_model.safetensors").read_bytes()
    added(me, DAYS + 1)
    here = bits_per_byte_of(me, me.root)
    result = trained(me, base)
    bits = dict(result.progress.valid)
    assert bits[0] == pytest.approx(here, abs=0.1) and bits[0] < before["bits_per_byte_before"] - 1
    assert result.progress.best < bits[0] and bits_per_byte_of(me, me.root) < here
    assert me.manifest()["result"]["epochs"] > before["epochs"] > 0
    assert (me.versions_path / "1" / "adapter" / "adapter_model.safetensors").read_bytes() == learned
    roll_back(me)
    assert (start := planned(me).start) and start.warm  # the voice before can be gone on from as well


def test_nothing_new_must_be_asked_about(me: Clone, base: str) -> None:
    """An import that adds nothing leaves nothing to learn; --keep-better goes on from the voice all the same."""
    added(me, DAYS)
    with pytest.raises(CloneError, match="nothing was imported that it does not know.*--keep-better.*--fresh"):
        trained(me, base)
    start = planned(me).start
    assert start and start.warm and not start.unread and succession(me, start, keep_better=True) == "better"


def test_what_has_to_start_anew(me: Clone, base: str, tmp_path: Path) -> None:
    """Another base, another kind of adapter: the plan and the refusal say which."""
    added(me, DAYS + 1)
    for asked, told in (({"base": "pocket"}, "its base is"), ({"method": "lora"}, "was trained with method full")):
        plan = planned(me, **asked)
        assert plan.start and not plan.start.warm and told in plan.notes[0]
        with pytest.raises(CloneError, match=told):
            succession(me, plan.start)
        assert succession(me, plan.start, fresh=True) == "replace"
    assert planned(me).recipe.base == base and planned(me).notes[0].startswith("It goes on from the voice")
    assert plan_training(me, None, {"iters": 1}, fresh=True).start is None


def test_what_was_taken_away_is_not_gone_on_from(me: Clone, tmp_path: Path) -> None:
    """After forgetting, and after an import that replaces: only a new adapter does not know what is gone."""
    forget(me, ["before:2024-01-02"], DocumentSettings())
    added(me, DAYS + 1)
    assert (start := planned(me).start) and not start.warm and "no longer in the clone" in (start.obstacle or "")
    added(me, DAYS - 1, replace_held=True)
    assert (start := planned(me).start) and not start.warm


def test_reading_again_and_again_is_told(me: Clone) -> None:
    """The epochs of all trainings count, since what was typed once can be guessed after two."""
    with me.locked("test"):
        me.record(result={**me.manifest()["result"], "epochs": 1.5})
    assert planned(me, epochs=1.0).notes[-1].startswith("Note: about 2.5 epochs with those before.")
