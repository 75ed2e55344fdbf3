"""Handlers for the signals that stop a command: SIGINT (Ctrl-C), SIGTERM (`kill`), SIGHUP (terminal closed).

SIGTSTP suspends one until SIGCONT, and `active_time` is a clock that stands still meanwhile. On Windows a program can
send Ctrl-Break alone to another one, which that one gets as SIGBREAK and takes for Ctrl-C.
"""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

Handler = Callable[[int, FrameType | None], Any]
NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")

_suspended = 0.0  # seconds that this process was suspended, by SIGTSTP


@contextmanager
def deferred_interrupt() -> Iterator[Callable[[], int]]:
    """Only record the first stop signal; a second one acts as usual. Yields a function: its number, or 0 for none."""
    received: list[int] = []

    def record(number: int, frame: FrameType | None) -> None:
        received.append(number)
        _restore_handlers(before)

    before = _install_handler(NAMES, record)
    try:
        yield lambda: received[0] if received else 0
    finally:
        _restore_handlers(before)


@contextmanager
def exit_on_signals() -> Iterator[None]:
    """Turn SIGTERM and SIGHUP into `SystemExit`, so that clean-up runs as it does on Ctrl-C.

    The same signal again is ignored, because a terminal that is closed sends SIGHUP twice: clean-up goes on.
    """

    def end(number: int, frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_IGN)
        sys.exit(128 + number)

    before = _install_handler(("SIGTERM", "SIGHUP"), end)
    try:
        yield
    finally:
        _restore_handlers(before)


def stop_signal() -> int:
    """What asks another process to end as Ctrl-C does; on Windows that process leads a group of processes."""
    return int(getattr(signal, "CTRL_BREAK_EVENT", signal.SIGINT))


def obey_watcher() -> None:
    """Let the program that watches this process stop and suspend it.

    SIGBREAK does what Ctrl-C does. SIGTSTP suspends also a process without a terminal, which ignores that signal
    otherwise; Windows has no such signal, and suspends processes from outside.
    """
    _install_handler(("SIGBREAK",), signal.default_int_handler)
    if sys.platform == "win32":
        return

    def suspend(number: int, frame: FrameType | None) -> None:
        global _suspended
        began = time.perf_counter()
        os.kill(os.getpid(), signal.SIGSTOP)
        _suspended += time.perf_counter() - began

    _install_handler(("SIGTSTP",), suspend)


def active_time() -> float:
    """A clock in seconds like `time.perf_counter`, without the time in which this process was suspended."""
    return time.perf_counter() - _suspended


def _install_handler(names: tuple[str, ...], handler: Handler) -> dict[int, Any]:
    """Install `handler` for those of `names` that this system has; returns the previous handlers by signal number.

    An ignored signal, such as SIGHUP under `nohup`, stays ignored.
    """
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    return {one: signal.signal(one, handler) for one in numbers if signal.getsignal(one) != signal.SIG_IGN}


def _restore_handlers(before: dict[int, Any]) -> None:
    for number, handler in before.items():
        signal.signal(number, handler)
