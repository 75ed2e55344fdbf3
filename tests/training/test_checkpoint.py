"""A checkpoint is what the training wrote, or resuming is refused in a sentence before anything is made of it."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from soundalike.clone import Clone, integrity
from soundalike.engines import llama
from soundalike.errors import CloneError
from soundalike.training import checkpoint
from soundalike.training.checkpoint import STATE
from soundalike.training.loop import train
from soundalike.training.recipe import Training
from tests.training.test_loop import clone_of, interrupted

TRAINING = Training(iters=3, window=32, step_tokens=64)
State = dict[str, NDArray[Any]]


@pytest.fixture(scope="module")
def _stopped(base: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone whose training was stopped after its first step."""
    clone = clone_of(tmp_path_factory.mktemp("made") / "me", lines=20)
    engine = llama.load(base, None, TRAINING)
    train(engine, clone, TRAINING, base=base, on_step=interrupted)
    return clone.root


@pytest.fixture
def clone(_stopped: Path, tmp_path: Path) -> Clone:
    """A copy of it, to be damaged."""
    return Clone.open(shutil.copytree(_stopped, tmp_path / "me"))


def resume(clone: Clone, base: str) -> bool:
    """Whether the training can be gone on with to its end."""
    return train(llama.load(base, None, TRAINING), clone, TRAINING, base=base, resume=True).finished


def moment(state: State, key: str = "exp_avg") -> str:
    """The name of one of AdamW's moments."""
    return next(name for name in state if name.endswith(f"/{key}"))


def renamed(state: State) -> None:
    state[moment(state) + "x"] = state.pop(moment(state))


def gone(state: State) -> None:
    del state[moment(state)]


def flat(state: State) -> None:
    state[moment(state, "exp_avg_sq")] = state[moment(state, "exp_avg_sq")].reshape(-1)


def whole_numbers(state: State) -> None:
    state[moment(state)] = state[moment(state)].astype(np.int64)


def counted_below_zero(state: State) -> None:
    state[moment(state, "step")] = np.full_like(state[moment(state, "step")], -1)


def of_nobody(state: State) -> None:
    state["optimizer/0/9999/exp_avg"] = state[moment(state)]


def without_a_weight(state: State) -> None:
    del state[next(name for name in state if name.startswith("weight/"))]


@pytest.mark.parametrize(
    "harm",
    [renamed, gone, flat, whole_numbers, counted_below_zero, of_nobody, without_a_weight],
    ids=lambda f: f.__name__,
)
def test_arrays_of_another_name_shape_or_type_are_refused(
    clone: Clone, base: str, harm: Callable[[State], None]
) -> None:
    """When the state is read and not at the next step, though its hash was made to fit."""
    path = clone.checkpoints_path / STATE
    state = load_file(path)
    harm(state)
    save_file(state, path)
    about = json.loads(clone.run_path.read_text(encoding="utf-8")) | {"state": integrity.digest(path)}
    clone.run_path.write_text(json.dumps(about), encoding="utf-8")
    with pytest.raises(CloneError, match=r"^The checkpoint in .* is damaged: .*--fresh"):
        resume(clone, base)


def test_a_checkpoint_as_it_was_written_is_gone_on_with(clone: Clone, base: str) -> None:
    """What is refused above is refused for its damage."""
    assert resume(clone, base)


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("progress", "step", -1),
        ("progress", "step", 10**18),
        ("progress", "losses", []),
        ("progress", "valid", []),
        ("progress", "valid", [[0, "x"]]),
        ("progress", "seconds", float("nan")),
        ("progress", "valid_windows", 0),
        ("progress", "valid_windows", 10**6),
        ("progress", "steps", 10**15),
        ("progress", "steps", None),
        ("progress", "best", "x"),
        ("identity", "training", {}),
        ("identity", "base", 7),
        ("", "succession", "later"),
        ("", "identity", None),
        ("", "progress", []),
        ("", "state", 3),
    ],
)
def test_values_that_no_training_wrote_are_refused(
    clone: Clone, base: str, section: str, key: str, value: object
) -> None:
    """Each in one sentence, wherever in run.json it stands."""
    about = json.loads(clone.run_path.read_text(encoding="utf-8"))
    (about[section] if section else about)[key] = value
    clone.run_path.write_text(json.dumps(about), encoding="utf-8")
    with pytest.raises(CloneError, match=r"^The checkpoint in .* is damaged: [^\n]*--fresh") as told:
        checkpoint.read(clone)
        resume(clone, base)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("data", [b"", b"null", b"[1]", b"\xff\xfe", b"[" * 100_000, b'{"progress": {}}'])
def test_a_file_that_is_no_run_is_refused(clone: Clone, data: bytes) -> None:
    """Whatever lies there instead."""
    clone.run_path.write_bytes(data)
    with pytest.raises(CloneError, match=r"is damaged: .*--fresh"):
        checkpoint.read(clone)
