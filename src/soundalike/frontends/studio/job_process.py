"""The process of a job: started in a session of its own with its output in files, and sent signals."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import IO

import psutil

from soundalike.errors import UsageError
from soundalike.progress_file import VARIABLE, WatchedProcess

STDIN, PROGRESS, RESULT, ERRORS = "input.bin", "progress.jsonl", "result.json", "errors.txt"  # in the job's folder
NEW_GROUP = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)  # Windows: a stop of one process reaches no other


def start_process(arguments: Sequence[str], cwd: Path, folder: Path) -> subprocess.Popen[bytes]:
    """`soundalike ARGUMENTS` in the folder `cwd`, with its files in the job's `folder`; `OSError` if it cannot start.

    PROGRESS is there from the start on, and STDIN no more.
    """
    progress = folder / PROGRESS
    with (
        _unnamed_copy(folder / STDIN) as stdin,
        (folder / RESULT).open("wb") as stdout,
        (folder / ERRORS).open("wb") as stderr,
    ):
        progress.touch(mode=0o600)  # from now on it is not started again, even if the studio is killed in this moment
        try:
            child = subprocess.Popen(
                # -P: no module is taken from the folder that it runs in, where anybody's files may lie.
                [sys.executable, "-P", "-m", "soundalike.cli", *arguments],
                stdin=stdin,
                stdout=stdout,
                stderr=stderr,
                cwd=cwd,
                env=os.environ | {VARIABLE: str(progress)},
                start_new_session=True,
                creationflags=NEW_GROUP,
            )
        except OSError:
            progress.unlink()
            raise
    (folder / STDIN).unlink(missing_ok=True)
    Thread(target=child.wait, daemon=True).start()  # the system keeps what is left of a child until it is awaited
    return child


@contextmanager
def signalling(told: WatchedProcess | None) -> Iterator[psutil.Process]:
    """The process that `told` its number, to be sent signals; `UsageError` if it has not begun, or ends meanwhile."""
    if told is None or told.pid is None:
        raise UsageError("This work is just starting.", "Try again in a second.")
    try:
        yield psutil.Process(told.pid)
    except (psutil.NoSuchProcess, ProcessLookupError):
        raise UsageError("This work has just ended.", "Look at what it does now.") from None


def suspend(process: psutil.Process) -> None:
    """Let a process that obeys its watcher suspend itself; on Windows, which has no SIGTSTP, suspend it."""
    suspending = getattr(signal, "SIGTSTP", None)
    process.send_signal(suspending) if suspending else process.suspend()


def is_suspended(pid: int) -> bool:
    """Whether a process is suspended; False for one that has ended."""
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_STOPPED)
    except psutil.NoSuchProcess:
        return False


def _unnamed_copy(path: Path) -> IO[bytes]:
    """An unnamed file with what is in `path`; an empty one if it is not there."""
    file = tempfile.TemporaryFile()
    if path.exists():
        file.write(path.read_bytes())
        file.seek(0)
    return file
