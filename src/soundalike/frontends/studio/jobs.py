"""Long work: a job is a command of soundalike in a process of its own, which outlives the studio and is found again.

A job is a folder, and all that is known of it is in there:

    job.json          what it is: kind, clone, the command's arguments, when it was made
    after.json        what is to be done once it is done, if anything (`after_import`)
    input.bin         what the command reads on standard input, if anything; deleted at its start
    progress.jsonl    what the process tells of itself (`progress_file`); it exists once the process was started
    result.json       what the command printed with --json
    errors.txt        what it printed on standard error

Its state is derived from them and from the lock that a running process holds, and is stored nowhere, so after `kill -9`
of the studio, of the process or of both the studio still tells what is true. One job runs at a time; the others wait.
Long-running ones, which end only when they are stopped, start at once, and none waits for them.
"""

import os
import re
import secrets
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from threading import RLock
from typing import Any

import orjson

from soundalike.clone import Clone
from soundalike.clone.folder import disk_errors
from soundalike.errors import CloneError, UsageError
from soundalike.frontends.studio.job_process import (
    ERRORS,
    PROGRESS,
    RESULT,
    STDIN,
    is_suspended,
    signalling,
    start_process,
    suspend,
)
from soundalike.frontends.studio.job_record import ENDED, Job, State
from soundalike.progress_file import WatchedProcess, read_progress, read_steps
from soundalike.signals import stop_signal

STOP_CODES = (129, 130, 143, 149)  # exit codes after SIGHUP, SIGINT, SIGTERM and SIGBREAK
START_SECONDS = 30.0  # that a process has to tell its number, where another studio started it
AFTER = "after.json"
UNREADABLE = {
    "what": "What this work was cannot be read: its job.json is damaged, or of another version.",
    "do": "Remove it from the list.",
}
KILLED = "The process was ended from outside, or the machine was switched off."
_UPLOADED = re.compile(r"uploads[/\\][0-9a-f]{12}[/\\]")  # the folder of an upload within the studio's
WITH_CHECKPOINT = "Go on with it under Training: at most a minute of it is lost."


class Jobs:
    """The jobs in a folder; every process runs in the folder of the clones."""

    def __init__(self, folder: Path, clones_path: Path) -> None:
        self._folder, self._clones_path = folder, clones_path
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._asked_to_stop: set[str] = set()
        self._lock = RLock()

    def add(
        self,
        kind: str,
        arguments: Sequence[str],
        clone: str | None = None,
        *,
        long_running: bool = False,
        subject: str = "",
        stdin: bytes = b"",
        after: bytes = b"",
    ) -> Job:
        """A new job that runs `soundalike ARGUMENTS --json` when those before it have ended; a long-running one without
        --json, at once. For `subject` see `Job`.

        `stdin` is what other users of the machine must not read, as they can ARGUMENTS; `after` is kept in after.json.
        `CloneError` where it cannot be written or started; then there is no such job.
        """
        now = datetime.now(UTC)
        name = f"{now:%Y%m%dT%H%M%S%f}-{secrets.token_hex(2)}"
        about = {
            "kind": kind,
            "clone": clone,
            "arguments": [*arguments, *([] if long_running else ["--json"])],
            "long_running": long_running,
            "subject": subject,
            "made_at": now.isoformat(timespec="seconds"),
        }
        files = {"job.json": orjson.dumps(about), STDIN: stdin, AFTER: after}
        with self._lock, disk_errors(self._folder), self._removed_on_error(name):
            incoming = self._folder / f".{name}"
            incoming.mkdir(mode=0o700)
            for file, data in files.items():
                if data:
                    (incoming / file).write_bytes(data)
            incoming.rename(self._folder / name)
            if long_running:
                self._start(self.find(name))
            else:
                self.start_next()
            return self.find(name)

    def all(self) -> list[Job]:
        """Every job, the oldest first."""
        with self._lock:  # none of them is removed meanwhile
            return [self.find(name) for name in self._names()]

    def find(self, name: str) -> Job:
        """The job `name`; `UsageError` if there is none."""
        with self._lock:
            return self._read(name, self._existing(name))

    def result(self, name: str) -> Any:
        """What the command of a job that is done printed; `UsageError` for one that is not done."""
        if self.find(name).state != "done":
            raise UsageError("This work has no result yet.", "Wait until it is done.")
        path = self._existing(name) / RESULT
        try:
            return orjson.loads(path.read_bytes())
        except (OSError, orjson.JSONDecodeError) as error:
            raise CloneError(f"{path} is not there or damaged.", "Remove this work, and begin it again.") from error

    def steps(self, name: str, most: int) -> list[dict[str, Any]]:
        """At most `most` lines of its progress, evenly spread over all until now."""
        path = self._existing(name) / PROGRESS
        return read_steps(path, most) if path.exists() else []

    def start_next(self) -> None:
        """Start the oldest job that waits, unless one runs; `CloneError` where it cannot be started, and waits on."""
        with self._lock:
            waiting = [name for name in self._names() if not (self._folder / name / PROGRESS).exists()]
            if waiting and not any(_holds_others(job) for job in self.all()):
                self._start(self.find(waiting[0]))

    def pause(self, name: str) -> Job:
        """Suspend a running job where it is; it keeps its memory, and others may run meanwhile."""
        with signalling(self._in_state(name, "running").process) as process:
            suspend(process)
        return self.find(name)

    def resume(self, name: str) -> Job:
        """Continue a paused job."""
        with signalling(self._in_state(name, "paused").process) as process:
            process.resume()
        return self.find(name)

    def stop(self, name: str) -> Job:
        """Ask a job to end, as Ctrl-C does: a training writes a checkpoint first. One that waits is stopped at once."""
        with self._lock:
            job = self._in_state(name, "queued", "running", "paused")
            if job.state == "queued":
                with disk_errors(self._folder):
                    _write_whole(self._existing(name) / PROGRESS, orjson.dumps({"exit": 130}) + b"\n")
                    (self._existing(name) / STDIN).unlink(missing_ok=True)
            else:
                with signalling(job.process) as process:
                    self._asked_to_stop.add(name)
                    process.send_signal(stop_signal())
                    if job.state == "paused":
                        process.resume()
        return self.find(name)

    def remove(self, name: str) -> None:
        """Forget a job that has ended, with its result."""
        with self._lock:
            self._in_state(name, *ENDED)
            with disk_errors(self._folder):
                shutil.rmtree(self._existing(name))

    def remove_ended(self) -> None:
        """Forget all that have ended."""
        with self._lock:
            for job in self.all():
                if not job.goes_on:
                    self.remove(job.id)

    def _read(self, name: str, folder: Path) -> Job:
        try:
            about = orjson.loads((folder / "job.json").read_bytes())
            waiting = Job(name, **about, state="queued")
        except (OSError, ValueError, TypeError):
            return Job(name, "unknown", None, [], "", "failed", error=UNREADABLE)
        path = folder / PROGRESS
        if not path.exists():
            return waiting
        process = read_progress(path)
        state = self._state(name, process)
        error = self._on_page(process.error) or (self._unexplained(waiting, process) if state == "failed" else None)
        printed = _text(folder / RESULT).strip() if waiting.long_running else ""
        return replace(waiting, state=state, printed=printed, process=process, error=error)

    def _on_page(self, error: dict[str, str] | None) -> dict[str, str] | None:
        """What a process told of its error, as the page says it: a dropped export has its name alone."""
        if error is None:
            return None
        what = _UPLOADED.sub("", error["what"].replace(f"{self._folder.parent}{os.sep}", ""))
        return {"what": what, "do": error.get("control") or error["do"]}

    @contextmanager
    def _removed_on_error(self, name: str) -> Iterator[None]:
        """Nothing of the new job `name` is left where it could not be written or started."""
        try:
            yield
        except Exception:
            for path in (self._folder / f".{name}", self._folder / name):
                shutil.rmtree(path, ignore_errors=True)
            raise

    def _names(self) -> list[str]:
        return sorted(path.name for path in self._folder.iterdir() if not path.name.startswith("."))

    def _existing(self, name: str) -> Path:
        folder = self._folder / name
        if folder.parent != self._folder or name.startswith(".") or not folder.is_dir():
            raise UsageError("There is no such work.", "Look at what is there now.")
        return folder

    def _in_state(self, name: str, *states: State) -> Job:
        job = self.find(name)
        if job.state not in states:
            raise UsageError(f"This work is {job.state}.", "Look at what it does now.")
        return job

    def _start(self, job: Job) -> None:
        """Start its process; `CloneError` where that cannot be, and the job waits on."""
        folder = self._folder / job.id
        with disk_errors(folder):
            self._children[job.id] = start_process(job.arguments, self._clones_path, folder)

    def _state(self, name: str, process: WatchedProcess) -> State:
        if process.exit_code is not None:
            return "done" if process.exit_code == 0 else "stopped" if process.exit_code in STOP_CODES else "failed"
        if process.alive:
            if name in self._asked_to_stop:
                return "stopping"
            return "paused" if process.pid is not None and is_suspended(process.pid) else "running"
        return "running" if process.pid is None and self._starts(name) else "failed"

    def _starts(self, name: str) -> bool:
        """Whether a process was started that has not told its number yet."""
        if name in self._children:
            return self._children[name].returncode is None
        return time.time() - (self._folder / name / PROGRESS).stat().st_mtime < START_SECONDS

    def _unexplained(self, job: Job, process: WatchedProcess) -> dict[str, str]:
        """The error of a job whose process told none: killed, or ended by an exception that nobody expected."""
        path = self._folder / job.id / ERRORS
        said = _text(path).strip()
        if "Traceback" in said or (said and process.exit_code is not None):
            return {"what": said.splitlines()[-1], "do": f"{path} says more."}
        return {"what": KILLED, "do": WITH_CHECKPOINT if self._has_checkpoint(job) else "Start it again."}

    def _has_checkpoint(self, job: Job) -> bool:
        """Whether it is a training that can go on from what it has saved."""
        return job.kind == "train" and job.clone is not None and Clone(self._clones_path / job.clone).run_path.exists()


def _holds_others(job: Job) -> bool:
    """Whether others wait for it: it runs, and will end by itself."""
    return job.state in ("running", "stopping") and not job.long_running


def _text(path: Path) -> str:
    """What is in a file until now; "" where there is none yet."""
    return path.read_text("utf-8", "replace") if path.exists() else ""


def _write_whole(path: Path, data: bytes) -> None:
    """Write a file that is there as a whole or not at all."""
    aside = path.with_name(f"{path.name}.new")
    aside.write_bytes(data)
    aside.replace(path)
