"""Jobs: commands in processes of their own, whose state is told as it is whatever is killed."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread

import psutil
import pytest

from soundalike.clone import Clone
from soundalike.errors import UsageError
from soundalike.frontends.studio.job_record import Job
from soundalike.frontends.studio.jobs import Jobs
from soundalike.sources._unsupported import ON_PAGE
from tests.frontends.studio.running_studio import trained
from tests.training.test_loop import clone_of

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTSTP")
ENDLESS = ("--base", "markov", "--iters", "1000000")


@pytest.fixture
def jobs(tmp_path: Path) -> Iterator[Jobs]:
    """Jobs in an empty folder; what still runs in the end is killed."""
    (tmp_path / "jobs").mkdir()
    jobs = Jobs(tmp_path / "jobs", tmp_path)
    yield jobs
    for job in jobs.all():
        if job.state in ("running", "paused") and job.process and job.process.pid:
            os.kill(job.process.pid, signal.SIGKILL)
            until(lambda name=job.id: jobs.find(name).state == "failed")  # type: ignore[misc]


def until(holds: Callable[[], bool], seconds: float = 60.0) -> None:
    """Look again and again until it holds; fails after so many seconds."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not come to hold"
        time.sleep(0.02)


def learning(jobs: Jobs, clone: Clone) -> Job:
    """A training that has saved its first checkpoint."""
    job = jobs.add("train", ["train", str(clone.root), *ENDLESS], clone.root.name)
    until(lambda: clone.run_path.exists() or jobs.find(job.id).state == "failed")
    assert jobs.find(job.id).state == "running", jobs.find(job.id).error
    return job


def pid(jobs: Jobs, job: Job) -> int:
    process = jobs.find(job.id).process
    assert process and process.pid
    return process.pid


def test_what_a_command_is_given_stands_in_no_list_of_processes_and_is_not_kept(jobs: Jobs, tmp_path: Path) -> None:
    """It comes by standard input, from a file that is deleted at the start, or when the work is stopped before."""
    clone = trained(tmp_path / "me")
    word = next(word for word in clone.messages()["text"][0].split() if word.isalpha())
    first, waiting = (jobs.add("mask", ["forget", "me", "--mask=-"], "me", stdin=word.encode()) for _ in range(2))
    jobs.stop(waiting.id)
    assert not list(jobs_given(tmp_path)) and word not in " ".join(first.arguments)
    until(lambda: jobs.find(first.id).state == "done")
    assert "something" in " ".join(clone.messages()["text"]).split()
    assert word not in " ".join(clone.messages()["text"]).split()


def jobs_given(root: Path) -> Iterator[Path]:
    return (root / "jobs").rglob("input.bin")


def test_a_command_runs_and_leaves_its_result(jobs: Jobs, tmp_path: Path) -> None:
    """What it prints with --json; the arguments of the command are all that a job is made of."""
    clone = clone_of(tmp_path / "me")
    job = jobs.add("train", ["train", "me", "--base", "markov", "--iters", "3"], "me")
    until(lambda: jobs.find(job.id).state == "done")
    assert jobs.result(job.id)["steps"] == 3 and clone.has_voice
    told = jobs.find(job.id).process
    assert told and told.last_step and told.last_step["done"] == told.last_step["of"] == 3
    assert told.last_step["loss"] > 0 and told.last_step["valid"][0] == 3


def test_an_error_is_told_in_its_two_sentences_and_no_file_of_the_folder_is_run(jobs: Jobs, tmp_path: Path) -> None:
    """As the command prints it; a typer.py among the voices is not taken for the library of that name."""
    (tmp_path / "typer.py").write_text("import pathlib; pathlib.Path('executed').touch()", encoding="utf-8")
    job = jobs.add("train", ["train", "nobody"], "nobody")
    until(lambda: jobs.find(job.id).state == "failed")
    error = jobs.find(job.id).error
    assert error and error["what"] == "There is no clone at nobody." and "soundalike clone" in error["do"]
    with pytest.raises(UsageError, match="no result yet"):
        jobs.result(job.id)
    assert not (tmp_path / "executed").exists()


def test_a_dropped_file_that_is_no_export_is_told_by_its_name(jobs: Jobs, tmp_path: Path) -> None:
    """Where the studio put it tells nobody anything; what to do is named as the page has it."""
    upload = tmp_path / "uploads" / "6d35647cd3d2" / "notes.txt"
    upload.parent.mkdir(parents=True)
    upload.write_text("milk and eggs", encoding="utf-8")
    job = jobs.add("preview", ["import", "--preview", str(upload)])
    until(lambda: jobs.find(job.id).state == "failed")
    assert jobs.find(job.id).error == {"what": "notes.txt is no chat export that is known here.", "do": ON_PAGE}


def test_a_training_is_paused_continued_stopped_and_resumed(jobs: Jobs, tmp_path: Path) -> None:
    """A pause takes no processor time and is no time of the training; a stop saves, and --resume goes on from there."""
    clone = clone_of(tmp_path / "me")
    job = learning(jobs, clone)
    jobs.pause(job.id)
    until(lambda: jobs.find(job.id).state == "paused")
    assert psutil.Process(pid(jobs, job)).status() == psutil.STATUS_STOPPED
    assert jobs.resume(job.id).state == "running"
    assert jobs.stop(job.id).state == "stopping"
    with pytest.raises(UsageError, match="This work is stopping"):
        jobs.stop(job.id)
    until(lambda: jobs.find(job.id).state == "stopped")
    assert clone.run_path.exists() and clone.has_voice is False
    again = jobs.add("train", ["train", "me", "--resume"], "me")
    until(lambda: has_begun(jobs, again))
    jobs.stop(again.id)
    until(lambda: jobs.find(again.id).state == "stopped")


def has_begun(jobs: Jobs, job: Job) -> bool:
    process = jobs.find(job.id).process
    return process is not None and process.pid is not None


def test_a_training_that_is_killed_is_told_as_such_and_the_next_job_starts(jobs: Jobs, tmp_path: Path) -> None:
    """After `kill -9` nothing waits for it, and its clone holds the checkpoint to go on from."""
    clone = clone_of(tmp_path / "me")
    job = learning(jobs, clone)
    waiting = jobs.add("train", ["train", "nobody"], None)
    assert jobs.find(waiting.id).state == "queued"
    os.kill(pid(jobs, job), signal.SIGKILL)
    until(lambda: jobs.find(job.id).state == "failed")
    error = jobs.find(job.id).error
    assert error and error["what"].startswith("The process was ended from outside") and clone.run_path.exists()
    assert error["do"].startswith("Go on with it under Training")
    clone.run_path.unlink()  # as before the first checkpoint
    assert (jobs.find(job.id).error or {})["do"] == "Start it again."
    jobs.start_next()
    until(lambda: jobs.find(waiting.id).state == "failed")


STARTER = """
import sys
from pathlib import Path
from soundalike.frontends.studio.jobs import Jobs
jobs = Jobs(Path(sys.argv[1]), Path(sys.argv[2]))
jobs.add("train", sys.argv[3:], "me")
print("started", flush=True)
sys.stdin.read()
"""


def test_a_training_outlives_the_studio_that_started_it_and_is_found_again(jobs: Jobs, tmp_path: Path) -> None:
    """The studio is killed with -9; another one sees the training at work and can stop it."""
    clone = clone_of(tmp_path / "me")
    words = ["train", "me", *ENDLESS]
    given = [sys.executable, "-c", STARTER, str(tmp_path / "jobs"), str(tmp_path), *words]
    with subprocess.Popen(given, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout and starter.stdout.readline() == "started\n"
        starter.kill()
    until(clone.run_path.exists)
    (job,) = jobs.all()
    assert job.state == "running"
    jobs.stop(job.id)
    until(lambda: jobs.find(job.id).state == "stopped")


def test_what_waits_can_be_stopped_and_what_has_ended_forgotten(jobs: Jobs, tmp_path: Path) -> None:
    """It never starts; what still runs cannot be forgotten."""
    job = learning(jobs, clone_of(tmp_path / "me"))
    waiting = jobs.add("train", ["train", "nobody"])
    assert jobs.stop(waiting.id).state == "stopped"
    with pytest.raises(UsageError, match="This work is running"):
        jobs.remove(job.id)
    jobs.remove(waiting.id)
    assert [one.id for one in jobs.all()] == [job.id]
    with pytest.raises(UsageError, match="no such work"):
        jobs.find(waiting.id)


def test_a_job_that_is_being_removed_is_listed_as_a_whole_or_not_at_all(
    jobs: Jobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page lists jobs each second, also in the moment in which one of them is removed."""
    monkeypatch.setattr(Jobs, "start_next", lambda jobs: None)
    job = jobs.stop(jobs.add("train", ["train", "nobody"]).id)
    listed: list[list[Job]] = []
    listing = Thread(target=lambda: listed.append(jobs.all()))
    remove = shutil.rmtree

    def half_removed(folder: Path) -> None:
        (folder / "job.json").unlink()
        listing.start()
        listing.join(timeout=0.2)  # it waits for the end of the removal
        remove(folder)

    monkeypatch.setattr(shutil, "rmtree", half_removed)
    jobs.remove(job.id)
    listing.join()
    assert listed == [[]]


@pytest.mark.parametrize("name", ["..", "../jobs", ".hidden", "nothing", ""])
def test_no_name_of_a_job_leads_out_of_the_folder(jobs: Jobs, name: str) -> None:
    """It is no such work."""
    with pytest.raises(UsageError, match="no such work"):
        jobs.find(name)


def test_a_process_of_the_same_number_is_not_taken_for_the_job(jobs: Jobs, tmp_path: Path) -> None:
    """A file that names a process which runs but does not hold its lock is that of a killed one."""
    folder = tmp_path / "jobs" / "20261129T200000-abcd"
    folder.mkdir()
    about = {"kind": "train", "clone": "me", "arguments": ["train", "me"], "made_at": "2026-11-29T20:00:00+00:00"}
    (folder / "job.json").write_text(json.dumps(about))
    (folder / "progress.jsonl").write_text(f'{{"pid": {os.getpid()}}}\n')
    (found,) = jobs.all()
    assert found.state == "failed" and found.error and "ended from outside" in found.error["what"]
