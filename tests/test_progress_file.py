"""The file in which a command tells another program how far it is."""

import json
import os
import subprocess
import sys
from errno import ENOSPC
from pathlib import Path

import pytest

from soundalike.progress_file import TAIL, VARIABLE, ProgressFile, read_progress, read_steps


def test_lines_are_a_second_apart_and_the_end_is_always_told(tmp_path: Path) -> None:
    """However often the work reports."""
    clock = iter([0.0, *(number / 10 for number in range(1, 31))])
    file = ProgressFile(lambda: next(clock))
    file.begin(str(tmp_path / "progress"))
    for done in range(1, 31):
        file.step(done, 30, "Reading", figures={"loss": done / 2})
    told = read_steps(tmp_path / "progress", 100)
    assert [(step["done"], step["loss"]) for step in told] == [(1, 0.5), (11, 5.5), (21, 10.5), (30, 15.0)]


def test_each_piece_of_work_is_told_before_its_first_step_and_has_its_own_time(tmp_path: Path) -> None:
    """A training and the evaluation after it, which takes a while to begin: what is done meanwhile is told."""
    clock = iter([0.0, 8.0, 10.0, 13.0])
    file = ProgressFile(lambda: next(clock))
    file.begin(str(tmp_path / "progress"))
    file.step(1, 1, "Learning")
    file.next_work("Evaluating")
    file.step(1, 4, "Evaluating", left=9.04)
    told = read_steps(tmp_path / "progress", 100)
    assert [(step["label"], step["of"], step["seconds"]) for step in told] == [
        ("Learning", 1, 8.0),
        ("Evaluating", None, 0.0),
        ("Evaluating", 4, 3.0),
    ]
    assert [step["left"] for step in told] == [None, None, 9.0]


def test_a_file_without_a_path_is_none(tmp_path: Path) -> None:
    """A command that nobody watches writes nothing."""
    file = ProgressFile()
    file.begin(None)
    file.step(1, 2, "Reading")
    file.end(0)
    assert list(tmp_path.iterdir()) == []


def test_a_curve_is_spread_evenly_over_all_lines(tmp_path: Path) -> None:
    """The first and the last are in it, and neither the process nor the end is."""
    lines = [{"pid": 1}, *({"done": number, "of": 1000} for number in range(1001)), {"exit": 0}]
    (tmp_path / "progress").write_text("".join(json.dumps(line) + "\n" for line in lines))
    told = read_progress(tmp_path / "progress")
    assert [step["done"] for step in read_steps(tmp_path / "progress", 5)] == [0, 250, 500, 750, 1000]
    assert (tmp_path / "progress").stat().st_size > TAIL and told.pid == 1  # only the ends of a long file are read
    assert told.last_step == {"done": 1000, "of": 1000} and told.exit_code == 0


def test_a_line_that_is_being_written_is_left_out(tmp_path: Path) -> None:
    """The lines before it count."""
    (tmp_path / "progress").write_text('{"pid": 7}\n{"done": 1, "of": 2}\n{"done": 2')
    told = read_progress(tmp_path / "progress")
    assert (told.pid, told.last_step, told.exit_code, told.alive) == (7, {"done": 1, "of": 2}, None, False)


def test_a_damaged_line_counts_as_one_that_was_never_written(tmp_path: Path) -> None:
    """As a crash of the machine leaves it, wherever it stands: what the others tell still counts."""
    lines = ['{"pid": 7}', '{"done": 1, "of": 3}', '{"done": 2, "o{"done": 3, "of": 3}', "\0\0", "[1]", '{"exit": 0}']
    for gone in range(len(lines)):
        kept = ["{" if number == gone else line for number, line in enumerate(lines)]
        (tmp_path / "progress").write_text("".join(f"{line}\n" for line in kept), encoding="utf-8")
        told = read_progress(tmp_path / "progress")
        assert told.pid == (None if gone == 0 else 7) and told.exit_code == (None if gone == 5 else 0)
        assert told.last_step == (None if gone == 1 else {"done": 1, "of": 3})
        assert len(read_steps(tmp_path / "progress", 9)) == (gone != 1)


def test_a_full_disk_ends_no_work_and_tears_no_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines of progress are dropped meanwhile; the process and its end are told as soon as there is room."""
    room, write = [4], os.write

    def write_some(handle: int, data: bytes) -> int:
        taken = min(room[0], len(data))
        if not taken:
            raise OSError(ENOSPC, os.strerror(ENOSPC))
        room[0] -= taken
        return write(handle, data[:taken])

    monkeypatch.setattr(os, "write", write_some)
    clock = iter(range(0, 100, 2))
    file = ProgressFile(lambda: float(next(clock)))
    file.begin(str(tmp_path / "progress"))
    file.step(1, 4, "Learning")
    assert read_progress(tmp_path / "progress").pid is None
    room[0] = 40
    file.step(2, 4, "Learning")  # the process is told in its place
    file.step(3, 4, "Learning")  # of which a part is written
    file.end(0)
    room[0] = 1_000
    file.end(0)
    told = read_progress(tmp_path / "progress")
    assert (told.pid, told.exit_code) == (os.getpid(), 0)
    assert [step["done"] for step in read_steps(tmp_path / "progress", 9)] == [3]


def test_a_command_tells_its_error_and_its_exit_code(tmp_path: Path) -> None:
    """In the two sentences that it prints."""
    given = [sys.executable, "-m", "soundalike.cli", "train", str(tmp_path / "nobody"), "--json"]
    with subprocess.Popen(
        given, env=os.environ | {VARIABLE: str(tmp_path / "progress")}, stderr=subprocess.PIPE, text=True
    ) as process:
        _, said = process.communicate()
    told = read_progress(tmp_path / "progress")
    assert (told.exit_code, told.pid, told.alive) == (2, process.pid, False)
    assert told.error and " ".join(told.error.values()) == " ".join(said.split())
