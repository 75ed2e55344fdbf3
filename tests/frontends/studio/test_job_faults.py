"""Jobs whose files cannot be written, cannot be read, or whose process ends just then. Nothing is ever started here."""

import os
import subprocess
from collections.abc import Callable
from errno import ENOSPC
from pathlib import Path

import psutil
import pytest

from soundalike.errors import DiskFull, UsageError
from soundalike.frontends.studio import job_process, jobs
from soundalike.frontends.studio.jobs import Jobs

LIVES = b'{"pid": %d}\n' % os.getpid()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "jobs").mkdir()
    return tmp_path / "jobs"


@pytest.fixture
def waiting(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Jobs:
    """Jobs that are never started."""
    monkeypatch.setattr(Jobs, "start_next", lambda jobs: None)
    return Jobs(folder, folder.parent)


def no_room(*_: object, **__: object) -> None:
    raise OSError(ENOSPC, os.strerror(ENOSPC))


@pytest.mark.parametrize(
    ("where", "what"),
    [(Path, "write_bytes"), (Path, "touch"), (subprocess, "Popen"), (job_process, "_unnamed_copy")],
    ids=["its files", "its progress", "its process", "its input"],
)
def test_a_job_that_cannot_be_written_or_started_is_no_job(
    folder: Path, where: object, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is full: that is said in two sentences, and nothing of the job is left."""
    monkeypatch.setattr(where, what, no_room)
    with pytest.raises(DiskFull, match="The disk is full"):
        Jobs(folder, folder.parent).add("mask", ["forget"], "me", stdin=b"a secret")
    assert list(folder.iterdir()) == []


def test_a_job_that_waits_is_not_lost_when_it_cannot_be_started(
    folder: Path, waiting: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It waits on, with its input, until there is room."""
    job = waiting.add("mask", ["forget"], "me", stdin=b"a secret")
    monkeypatch.undo()
    monkeypatch.setattr(subprocess, "Popen", no_room)
    with pytest.raises(DiskFull):
        waiting.start_next()
    assert waiting.find(job.id).state == "queued" and (folder / job.id / "input.bin").read_bytes() == b"a secret"


@pytest.mark.parametrize("damaged", [b"", b"{", b"[]", b'{"kind": "train", "words": []}'])
def test_a_job_that_cannot_be_read_is_listed_and_removed(folder: Path, waiting: Jobs, damaged: bytes) -> None:
    """It hides no other; its error says what to do."""
    lost, other = waiting.add("train", ["train"]), waiting.add("train", ["train"])
    (folder / lost.id / "job.json").write_bytes(damaged)
    (folder / other.id / "progress.jsonl").write_bytes(b'{"pid": 4\n\0\0\n{"done": 1, "o')
    first, second = waiting.all()
    assert first.state == "failed" and first.error and first.error["do"] == "Remove it from the list."
    assert second.id == other.id and second.process and second.process.pid is None
    waiting.remove(lost.id)
    assert [job.id for job in waiting.all()] == [other.id]


@pytest.mark.parametrize("result", [b"", b'{"steps"', None])
def test_a_result_that_is_lost_is_told(folder: Path, waiting: Jobs, result: bytes | None) -> None:
    """The job is done, and its result cannot be read."""
    job = waiting.add("train", ["train"])
    (folder / job.id / "progress.jsonl").write_bytes(b'{"exit": 0}\n')
    if result is not None:
        (folder / job.id / "result.json").write_bytes(result)
    with pytest.raises(UsageError, match="is not there or damaged"):
        waiting.result(job.id)


@pytest.mark.parametrize(
    ("state", "act"), [("running", Jobs.pause), ("paused", Jobs.resume), ("running", Jobs.stop), ("paused", Jobs.stop)]
)
def test_a_process_that_has_just_ended_is_no_fault_of_the_studio(
    folder: Path, waiting: Jobs, state: str, act: Callable[[Jobs, str], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was there when the button was pressed."""

    def gone(pid: int) -> None:
        raise psutil.NoSuchProcess(pid)

    job = waiting.add("train", ["train"])
    (folder / job.id / "progress.jsonl").write_bytes(LIVES)
    monkeypatch.setattr("soundalike.progress_file.is_locked", lambda path: True)
    monkeypatch.setattr(jobs, "is_suspended", lambda pid: state == "paused")
    assert waiting.find(job.id).state == state
    monkeypatch.setattr(psutil, "Process", gone)
    with pytest.raises(UsageError, match="This work has just ended"):
        act(waiting, job.id)
