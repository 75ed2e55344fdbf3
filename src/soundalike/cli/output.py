"""What every verb prints with: two consoles, a progress bar, JSON, and the arguments that many of them share."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from json import dumps, loads
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from soundalike import machine
from soundalike.console import make_console, spinner

if TYPE_CHECKING:
    from rich.status import Status

DEFAULT_FOLDER = Path("me")
WITH_BAR = 110  # columns that the longest label, a bar and both times take
out, err = make_console(), make_console(stderr=True)


def _alone(asked: bool) -> bool:
    """What is told for people stays unsaid where JSON has standard output to itself."""
    out.quiet = asked or not machine.is_main_process()
    return asked and machine.is_main_process()


CloneFolder = Annotated[Path, typer.Argument(help="The clone's folder.", metavar="ME")]
Out = Annotated[Path, typer.Option("--out", help="The clone's folder; made if it is not there.")]
Json = Annotated[bool, typer.Option("--json", callback=_alone, help="Print the result as JSON, and nothing else.")]


def tell(lines: list[str]) -> None:
    for line in lines:
        out.print(line, markup=False)


def give(result: Any, json: bool) -> None:
    if json:
        import orjson

        text = orjson.dumps(result, option=orjson.OPT_INDENT_2).decode()
        if not out.encoding.startswith("utf"):  # escapes are the same JSON in every encoding
            text = dumps(loads(text), indent=2)
        sys.stdout.write(text + "\n")
        sys.stdout.flush()  # a full disk is told here, not while Python ends


def command(before: str, typed: str, after: str = "") -> Text:
    """A command to type, printed as it stands: a folder's name may look like markup."""
    return Text.assemble(before, (typed, "bold"), after)


def waiting(what: str) -> "Status":
    """A line on standard error that says what is being done, until it is done."""
    return err.status(what, spinner=spinner(err))


def debug() -> bool:
    """Whether what only a developer wants to see is shown."""
    return "--debug" in sys.argv


class Bar:
    """A progress bar on stderr, so that what is printed can be piped; there from the first work that was done.

    Until then a line says what is waited for, and goes away again. The bar says once, as a range, how long all of it
    takes. On a narrow terminal the text has the place of the bar itself.
    """

    def __init__(self, label: str) -> None:
        self._label = label
        self._waiting = waiting(label)
        if machine.is_main_process():
            self._waiting.start()
        self._shown: Any = None
        self._pace: Any = None

    def __call__(self, done: float, of: float | None, label: str | None = None) -> None:
        """So much is `done` of all; None where that is not known yet."""
        if self._shown is None and done:
            self.start()
        if self._shown is None:
            return
        told = self._pace.at(done, of) if of else ""
        self._shown.update(0, completed=done, total=of, description=label or self._label, takes=told and f"of {told}")

    def start(self) -> None:
        """Show it before the first work is done, where that is sure to come and takes long."""
        if not machine.is_main_process():
            return
        self._waiting.stop()
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

        from soundalike.progress import Pace

        text, times = TextColumn("{task.description}"), (TaskProgressColumn(), TimeElapsedColumn())
        drawn = (BarColumn(),) if err.width >= WITH_BAR else ()
        takes = TextColumn("{task.fields[takes]}")
        self._shown, self._pace = Progress(text, *drawn, *times, takes, console=err), Pace()
        self._shown.add_task(self._label, total=None, takes="")
        self._shown.start()

    def stop(self) -> None:
        """Leave the bar as it is."""
        self._waiting.stop()
        if self._shown is not None:
            self._shown.stop()


@contextmanager
def bar(label: str) -> Iterator[Bar]:
    """A bar for as long as the work goes on."""
    shown = Bar(label)
    try:
        yield shown
    finally:
        shown.stop()
