"""Long work: a job is a command of soundalike in a process of its own, which outlives the studio and is found again.

A job is a folder, and all that is known of it is in there:

    job.json          what it is: kind, clone, the command's words, when it was made
    input.bin         what the command reads on standard input, if anything; deleted at its start
    progress.jsonl    what the process tells of itself (`progress_file`); it exists once the process was started
    result.json       what the command printed with --json
    errors.txt        what it printed on standard error

Its state is derived from them and from the lock that a running process holds, and is stored nowhere, so after `kill -9`
of the studio, of the process or of both the studio still tells what is true. One job runs at a time; the others wait.
Lasting ones, which run until they are stopped, start at once, and none waits for them.
"""

import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import RLock, Thread
from typing import IO, Any, Literal

import orjson
import psutil

from soundalike.errors import UsageError
from soundalike.progress_file import VARIABLE, WatchedProcess, read_progress
from soundalike.signals import stop_signal

State = Literal["queued", "running", "paused", "stopped", "failed", "done"]
ENDED: tuple[State, ...] = ("stopped", "failed", "done")
STOP_CODES = (129, 130, 143, 149)  # exit codes after SIGHUP, SIGINT, SIGTERM and SIGBREAK
NEW_GROUP = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)  # Windows: a stop of one process reaches no other
START_SECONDS = 30.0  # that a process has to tell its number, where another studio started it
KILLED = {
    "what": "The process was ended from outside, or the machine was switched off.",
    "do": "Start it again; a training goes on from its last checkpoint.",
}


@dataclass(frozen=True, slots=True)
class Job:
    """A job as it is now; `process` is None before it was started."""

    id: str
    kind: str
    clone: str | None
    words: list[str]
    made_at: str
    state: State
    lasting: bool = False
    process: WatchedProcess | None = None
    error: dict[str, str] | None = None


class Jobs:
    """The jobs in a folder; every process runs in the folder of the clones."""

    def __init__(self, folder: Path, clones_path: Path) -> None:
        self._folder, self._clones_path = folder, clones_path
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._lock = RLock()

    def add(
        self, kind: str, words: Sequence[str], clone: str | None = None, lasting: bool = False, given: bytes = b""
    ) -> Job:
        """A new job that runs `soundalike WORDS --json` when those before it have ended; a lasting one without --json,
        at once. `given` is its standard input: what other users of the machine must not read, as they can WORDS."""
        now = datetime.now(UTC)
        name = f"{now:%Y%m%dT%H%M%S%f}-{secrets.token_hex(2)}"
        about = {
            "kind": kind,
            "clone": clone,
            "words": [*words, *([] if lasting else ["--json"])],
            "lasting": lasting,
            "made_at": now.isoformat(timespec="seconds"),
        }
        with self._lock:
            incoming = self._folder / f".{name}"
            incoming.mkdir(mode=0o700)
            (incoming / "job.json").write_bytes(orjson.dumps(about))
            if given:
                (incoming / "input.bin").write_bytes(given)
            incoming.rename(self._folder / name)
            if lasting:
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
        return orjson.loads((self._existing(name) / "result.json").read_bytes())

    def printed(self, name: str) -> str:
        """What its command has printed on standard output until now."""
        path = self._existing(name) / "result.json"
        return path.read_text("utf-8", "replace") if path.exists() else ""

    def start_next(self) -> None:
        """Start the oldest job that waits, unless one runs."""
        with self._lock:
            waiting = [name for name in self._names() if not (self._folder / name / "progress.jsonl").exists()]
            if waiting and not any(job.state == "running" and not job.lasting for job in self.all()):
                self._start(self.find(waiting[0]))

    def pause(self, name: str) -> Job:
        """Suspend a running job where it is; it keeps its memory, and others may run meanwhile."""
        job = self._in_state(name, "running")
        suspending = getattr(signal, "SIGTSTP", None)  # Windows has none
        process = _process(job)
        process.send_signal(suspending) if suspending else process.suspend()
        return self.find(name)

    def go_on(self, name: str) -> Job:
        """Continue a paused job."""
        _process(self._in_state(name, "paused")).resume()
        return self.find(name)

    def stop(self, name: str) -> Job:
        """Ask a job to end, as Ctrl-C does: a training writes a checkpoint first. One that waits is stopped at once."""
        with self._lock:
            job = self._in_state(name, "queued", "running", "paused")
            if job.state == "queued":
                (self._existing(name) / "progress.jsonl").write_bytes(orjson.dumps({"exit": 130}) + b"\n")
                (self._existing(name) / "input.bin").unlink(missing_ok=True)
            else:
                _process(job).send_signal(stop_signal())
                if job.state == "paused":
                    self.go_on(name)
        return self.find(name)

    def remove(self, name: str) -> None:
        """Forget a job that has ended, with its result."""
        with self._lock:
            self._in_state(name, *ENDED)
            shutil.rmtree(self._existing(name))

    def _read(self, name: str, folder: Path) -> Job:
        about = orjson.loads((folder / "job.json").read_bytes())
        path = folder / "progress.jsonl"
        if not path.exists():
            return Job(name, **about, state="queued")
        process = read_progress(path)
        state = self._state(name, process)
        error = process.error or (self._unexplained(folder, process) if state == "failed" else None)
        return Job(name, **about, state=state, process=process, error=error)

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
        folder = self._folder / job.id
        progress = folder / "progress.jsonl"
        progress.touch(mode=0o600)  # from now on it is not started again, even if the studio is killed in this moment
        result_path, errors_path = folder / "result.json", folder / "errors.txt"
        with _taken(folder / "input.bin") as given, result_path.open("wb") as result, errors_path.open("wb") as errors:
            child = subprocess.Popen(
                # -P: no module is taken from the folder that it runs in, where anybody's files may lie.
                [sys.executable, "-P", "-m", "soundalike.cli", *job.words],
                stdin=given,
                stdout=result,
                stderr=errors,
                cwd=self._clones_path,
                env=os.environ | {VARIABLE: str(progress)},
                start_new_session=True,
                creationflags=NEW_GROUP,
            )
        self._children[job.id] = child
        Thread(target=child.wait, daemon=True).start()  # the system keeps what is left of a child until it is awaited

    def _state(self, name: str, process: WatchedProcess) -> State:
        if process.exit_code is not None:
            return "done" if process.exit_code == 0 else "stopped" if process.exit_code in STOP_CODES else "failed"
        if process.alive and process.pid is not None:
            return "paused" if _is_suspended(process.pid) else "running"
        return "running" if process.pid is None and self._starts(name) else "failed"

    def _starts(self, name: str) -> bool:
        """Whether a process was started that has not told its number yet."""
        if name in self._children:
            return self._children[name].returncode is None
        return time.time() - (self._folder / name / "progress.jsonl").stat().st_mtime < START_SECONDS

    def _unexplained(self, folder: Path, process: WatchedProcess) -> dict[str, str]:
        """The error of a job whose process told none: killed, or ended by an exception that nobody expected."""
        said = (folder / "errors.txt").read_text("utf-8", "replace").strip() if (folder / "errors.txt").exists() else ""
        if "Traceback" in said or (said and process.exit_code is not None):
            return {"what": said.splitlines()[-1], "do": f"{folder / 'errors.txt'} says more."}
        return KILLED


def _taken(path: Path) -> IO[bytes]:
    """An unnamed file with what is in `path`, which is deleted; an empty one if it is not there."""
    file = tempfile.TemporaryFile()
    if path.exists():
        file.write(path.read_bytes())
        file.seek(0)
        path.unlink()
    return file


def _process(job: Job) -> psutil.Process:
    if job.process is None or job.process.pid is None:
        raise UsageError("This work is just starting.", "Try again in a second.")
    return psutil.Process(job.process.pid)


def _is_suspended(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_STOPPED)
    except psutil.NoSuchProcess:  # it has just ended
        return False
