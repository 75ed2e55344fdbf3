"""How a command ends when it is told to: Ctrl-C, SIGTERM as from `kill`, SIGHUP as from a terminal that is closed."""

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

Handler = Callable[[int, FrameType | None], Any]
NAMES = ("SIGINT", "SIGTERM", "SIGHUP")


@contextmanager
def interruptible() -> Iterator[Callable[[], int]]:
    """The first signal to stop within it is only noted, and its number given; a second one acts as it did before."""
    noted: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        noted.append(number)
        _put_back(before)

    before = _replaced(NAMES, note)
    try:
        yield lambda: noted[0] if noted else 0
    finally:
        _put_back(before)


@contextmanager
def tidily() -> Iterator[None]:
    """SIGTERM and SIGHUP within it end the process as Ctrl-C does, so that what is half written is taken away."""

    def end(number: int, frame: FrameType | None) -> None:
        sys.exit(128 + number)

    before = _replaced(NAMES[1:], end)
    try:
        yield
    finally:
        _put_back(before)


def _replaced(names: tuple[str, ...], handler: Handler) -> dict[int, Any]:
    """Handle these signals, as far as this system has them, and give what handled them before.

    One that is ignored, as SIGHUP is under `nohup`, stays ignored.
    """
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    return {one: signal.signal(one, handler) for one in numbers if signal.getsignal(one) != signal.SIG_IGN}


def _put_back(before: dict[int, Any]) -> None:
    for number, handler in before.items():
        signal.signal(number, handler)
