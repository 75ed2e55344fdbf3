"""Clones damaged at random still give an answer or a sentence: short runs of `python -m benchmarks.damaged_clones`."""

import contextlib
import os
import shutil
import time
from pathlib import Path
from random import Random

import pytest

from benchmarks.damaged_clones import BLOCKED, NOTHING_LEFT, NoEnd, build, damage, limited, resign, run


def _in_place_of(path: Path, kind: str) -> None:
    path.unlink()
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero")


@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_a_second_damage_waits_for_no_pipe_or_device_that_a_first_one_left(tmp_path: Path, kind: str) -> None:
    """In place of any file, those that a damage reads before it changes them among them."""
    made = build(tmp_path / "made", ("chain",))["chain"]
    names = [path.relative_to(made) for path in sorted(made.rglob("*")) if path.is_file()]
    for number in range(8 * len(names)):
        folder = tmp_path / "me"
        shutil.copytree(made, folder)
        _in_place_of(folder / names[number // 8], kind)
        with limited(3):
            with contextlib.suppress(*NOTHING_LEFT):
                damage(folder, [made], Random(number))
            resign(folder)
        shutil.rmtree(folder)


def test_damaged_word_chains_never_end_in_a_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    """With an earlier voice and a training beside them that was cut off; nor hang, nor change what is outside."""
    verbs = ("say", "older", "resume", "keep_better")
    assert run(40, seed=5, verbs=verbs, names=("chain", "beside")) == 0, capsys.readouterr().out


def test_what_waits_or_works_without_end_is_stopped_and_what_is_slow_on_a_busy_machine_is_not(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(NoEnd), limited(1):
        while True:
            pass
    with limited(1):
        time.sleep(1.5)
    began = time.monotonic()
    with pytest.raises(NoEnd), limited(1):
        (tmp_path / "pipe").read_bytes()
    assert time.monotonic() - began > BLOCKED - 1


@pytest.mark.slow
def test_damaged_clones_never_end_in_a_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    """Nor hang; what is neither is printed with its case."""
    assert run(200, seed=5) == 0, capsys.readouterr().out
