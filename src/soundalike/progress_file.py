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
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from soundalike.errors import SoundalikeError, UsageError
from soundalike.file_lock import acquire, is_locked
from soundalike.signals import active_time

VARIABLE = "SOUNDALIKE_PROGRESS"
INTERVAL = 1.0  # seconds between two lines
STEP = b'{"done":'  # how a line of progress begins
TAIL = 16_384  # bytes at the end of a file that are read for what it tells now: some lines at least


class ProgressFile:
    """Writes the file of this process; before `begin`, and without a path, it writes nothing."""

    def __init__(self, clock: Callable[[], float] = active_time) -> None:
        self._clock = clock
        self._handle: int | None = None
        self._began = 0.0
        self._last = -INTERVAL
        self._unwritten = b""  # of lines for which the disk had no room

    def begin(self, path: str | None) -> None:
        """Lock the file, made if it is not there, and write the first line; without a path do nothing.

        `UsageError` on a disk without file locks.
        """
        if not path:
            return
        self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            acquire(self._handle, wait=True)  # another process looks whether it is locked, for a moment
        except OSError as error:
            what = f"{path} cannot be locked: {error.strerror or error}."
            raise UsageError(what, "Choose a folder on another disk.") from error
        self._began = self._clock()
        self._write({"pid": os.getpid()}, required=True)

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
        failure = {"error": _as_told(error)} if error else {}
        self._write({"exit": code, **failure}, required=True)

    def _write(self, line: Mapping[str, Any], required: bool = False) -> None:
        """Write a line. While the disk is full, lines that are not `required` are dropped, and the work goes on; one of
        which a part was written is finished before another begins."""
        if self._handle is None:
            return
        import orjson

        if required or not self._unwritten:
            self._unwritten += orjson.dumps(line) + b"\n"
        with suppress(OSError):  # whoever watches sees no news; the next line tries again
            self._unwritten = self._unwritten[os.write(self._handle, self._unwritten) :]


def _as_told(error: SoundalikeError) -> dict[str, str]:
    return {"what": error.what, "do": error.do} | ({"control": error.control} if error.control else {})


@dataclass(frozen=True, slots=True)
class WatchedProcess:
    """What a progress file says now: its first line and the last ones, without those that are damaged or not whole."""

    alive: bool
    first: Mapping[str, Any]
    last: Sequence[Mapping[str, Any]]

    @property
    def pid(self) -> int | None:
        """The number of the process; None before it has told it."""
        return self.first.get("pid")

    @property
    def exit_code(self) -> int | None:
        """None before the last line."""
        return self._end.get("exit")

    @property
    def error(self) -> dict[str, str] | None:
        """`what` was wrong and what to `do`, if it ended with an error that is known; `control` if that has one."""
        return self._end.get("error")

    @property
    def last_step(self) -> Mapping[str, Any] | None:
        """How far the work is; None before it has begun."""
        return next((line for line in reversed(self.last) if "done" in line), None)

    @property
    def _end(self) -> Mapping[str, Any]:
        return self.last[-1] if self.last else {}


def read_progress(path: Path) -> WatchedProcess:
    """The state of the process that writes the file at `path`, of which only the first line and TAIL bytes are read."""
    alive = is_locked(path)  # before reading: a process that ends in between has written its last line
    with path.open("rb") as file:
        first = _parsed([file.readline(TAIL)])
        beginning = max(0, file.seek(0, os.SEEK_END) - TAIL)
        file.seek(beginning)
        lines = file.read().split(b"\n")
    return WatchedProcess(alive, first[0] if first else {}, _parsed(lines[bool(beginning) : -1]))


def read_steps(path: Path, most: int) -> list[dict[str, Any]]:
    """At most `most` lines of progress of a whole file, evenly spread over all, with the first and the last."""
    lines = [line for line in path.read_bytes().split(b"\n")[:-1] if line.startswith(STEP)]
    if len(lines) > most:
        lines = [lines[round(i * (len(lines) - 1) / (most - 1))] for i in range(most)]
    return _parsed(lines)


def _parsed(lines: Sequence[bytes]) -> list[dict[str, Any]]:
    """The objects of lines; one that is damaged, as after a crash, counts as one that was never written."""
    import orjson

    found = []
    for line in lines:
        with suppress(orjson.JSONDecodeError):
            found.append(orjson.loads(line))
    return [line for line in found if isinstance(line, dict)]
