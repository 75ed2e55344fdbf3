"""How far a command is, in a file, for another program that watches it.

A command that is started with SOUNDALIKE_PROGRESS=FILE appends JSON lines to FILE:

    {"pid": 4711}                                                       first: its process
    {"done": 12, "of": 300, "label": "Learning", "left": 71.5, "seconds": 4.1, ...}   at most one a second
    {"exit": 0}                                                         last: its exit code, with `error` if it failed

The file is locked while the process runs: without a last line and without a lock it is that of a process that was
killed. `of` is null while the total is unknown, `left` is how many seconds the rest will take, null before enough was
measured, `seconds` is the time since this piece of work began, and more fields are figures, such as the loss.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from soundalike.errors import SoundalikeError
from soundalike.file_lock import acquire, is_locked
from soundalike.signals import active_time

VARIABLE = "SOUNDALIKE_PROGRESS"
INTERVAL = 1.0  # seconds between two lines


class ProgressFile:
    """Writes the file of this process; before `begin`, and without a path, it writes nothing."""

    def __init__(self, clock: Callable[[], float] = active_time) -> None:
        self._clock = clock
        self._handle: int | None = None
        self._began = 0.0
        self._last = -INTERVAL

    def begin(self, path: str | None) -> None:
        """Lock the file, made if it is not there, and write the first line; without a path do nothing."""
        if not path:
            return
        self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        acquire(self._handle, wait=True)  # another process looks whether it is locked, for a moment
        self._began = self._clock()
        self._write({"pid": os.getpid()})

    def next_work(self, label: str) -> None:
        """Say that another piece of work of the same command begins, and count the seconds anew."""
        self._began = self._clock()
        self._last = self._began - INTERVAL
        self._write({"done": 0, "of": None, "label": label, "left": None, "seconds": 0.0})

    def step(
        self,
        done: float,
        of: float | None,
        label: str,
        left: float | None = None,
        figures: Mapping[str, Any] | None = None,
    ) -> None:
        """Write how far the work is, unless a line was written less than INTERVAL ago; the end is always written."""
        now = self._clock()
        if self._handle is None or (now - self._last < INTERVAL and done != of):
            return
        self._last = now
        seconds = round(now - self._began, 1)
        left = None if left is None else round(left, 1)
        line = {"done": done, "of": of, "label": label, "left": left, "seconds": seconds, **(figures or {})}
        self._write(line)

    def end(self, code: int, error: SoundalikeError | None = None) -> None:
        """Write the last line. The lock stays until the process ends."""
        failure = {"error": {"what": error.what, "do": error.do}} if error else {}
        self._write({"exit": code, **failure})

    def _write(self, line: Mapping[str, Any]) -> None:
        if self._handle is None:
            return
        import orjson

        os.write(self._handle, orjson.dumps(line) + b"\n")


@dataclass(frozen=True, slots=True)
class WatchedProcess:
    """What a progress file says; a line that is being written is left out."""

    alive: bool
    lines: list[bytes]

    @property
    def pid(self) -> int | None:
        """The number of the process; None before it has told it."""
        return self._parsed(0).get("pid")

    @property
    def exit_code(self) -> int | None:
        """None before the last line."""
        return self._parsed(-1).get("exit")

    @property
    def error(self) -> dict[str, str] | None:
        """What was wrong and what to do, if it ended with an error that is known."""
        return self._parsed(-1).get("error")

    @property
    def last_step(self) -> dict[str, Any] | None:
        """How far the work is; None before it has begun."""
        return next((line for line in map(self._parsed, range(-1, -3, -1)) if "done" in line), None)

    def steps(self, most: int) -> list[dict[str, Any]]:
        """At most `most` lines of progress, evenly spread over all, with the first and the last."""
        numbers = range(1, len(self.lines) - ("exit" in self._parsed(-1)))
        if len(numbers) > most:
            return [self._parsed(numbers[round(i * (len(numbers) - 1) / (most - 1))]) for i in range(most)]
        return [self._parsed(number) for number in numbers]

    def _parsed(self, number: int) -> dict[str, Any]:
        import orjson

        try:
            line: dict[str, Any] = orjson.loads(self.lines[number])
        except IndexError:
            return {}
        return line


def read_progress(path: Path) -> WatchedProcess:
    """The state of the process that writes the file at `path`."""
    alive = is_locked(path)  # before reading: a process that ends in between has written its last line
    *lines, _ = path.read_bytes().split(b"\n")
    return WatchedProcess(alive, lines)
