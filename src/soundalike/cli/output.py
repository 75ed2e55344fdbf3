"""What commands print with: consoles for stdout and stderr, a progress bar, JSON; and arguments that many share."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from json import dumps, loads
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from soundalike import machine
from soundalike.console import make_console, spinner
from soundalike.progress_file import ProgressFile

if TYPE_CHECKING:
    from rich.status import Status

DEFAULT_FOLDER = Path("me")
WITH_BAR = 110  # terminal columns needed for the longest label, the bar and both times
out, err = make_console(), make_console(stderr=True)
progress_file = ProgressFile()
"""Progress for a parent process such as the studio."""


def _json_only(requested: bool) -> bool:
    """With --json, silence the console for people: stdout holds the JSON alone."""
    out.quiet = requested or not machine.is_main_process()
    return requested and machine.is_main_process()


CloneFolder = Annotated[Path, typer.Argument(help="The clone's folder.", metavar="ME")]
Out = Annotated[Path, typer.Option("--out", help="The clone's folder; made if it is not there.")]
Json = Annotated[bool, typer.Option("--json", callback=_json_only, help="Print the result as JSON, and nothing else.")]


def print_lines(lines: list[str]) -> None:
    for line in lines:
        out.print(line, markup=False)


def print_json(result: Any, json: bool) -> None:
    if json:
        import orjson

        text = orjson.dumps(result, option=orjson.OPT_INDENT_2).decode()
        if not out.encoding.startswith("utf"):  # escapes are the same JSON in every encoding
            text = dumps(loads(text), indent=2)
        sys.stdout.write(text + "\n")
        sys.stdout.flush()  # so that a full disk raises here, not while Python exits


def command_text(before: str, command: str, after: str = "") -> Text:
    """A command in bold between two texts; not parsed as markup, because a folder's name may look like it."""
    return Text.assemble(before, (command, "bold"), after)


def show_status(what: str) -> "Status":
    """A status line with a spinner on stderr; use it as a context manager. `progress_file` gets `what` too."""
    progress_file.next_work(what)
    return err.status(what, spinner=spinner(err))


def debug() -> bool:
    """Whether --debug was given."""
    return "--debug" in sys.argv


class ProgressBar:
    """A progress bar on stderr. Call it with the work done so far.

    It appears with the first work done; until then a status line shows `label`. Once enough was measured it shows, as
    a range, how long all of the work takes. On a narrow terminal the text takes the place of the bar. `progress_file`
    gets how far the work is and how long the rest takes.
    """

    def __init__(self, label: str) -> None:
        self._label = label
        self._status = show_status(label)
        if machine.is_main_process():
            self._status.start()
        self._progress: Any = None
        self._duration: Any = None

    def __call__(
        self, done: float, of: float | None, label: str | None = None, figures: Mapping[str, Any] | None = None
    ) -> None:
        """Show `done` units of work out of `of`, which is None while the total is unknown.

        `figures` of the work, such as the loss, are for `progress_file` alone.
        """
        if self._progress is None and done:
            self.start()
        total = self._duration.at(done, of) if self._progress is not None and of else ""
        progress_file.step(done, of, label or self._label, self._duration and self._duration.left, figures)
        if self._progress is None:
            return
        takes = total and f"of {total}"
        self._progress.update(0, completed=done, total=of, description=label or self._label, takes=takes)

    def start(self) -> None:
        """Show the bar before the first work is done, where that takes long."""
        if not machine.is_main_process():
            return
        self._status.stop()
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

        from soundalike.progress import DurationEstimate
        from soundalike.signals import active_time

        text, times = TextColumn("{task.description}"), (TaskProgressColumn(), TimeElapsedColumn())
        bar = (BarColumn(),) if err.width >= WITH_BAR else ()
        takes = TextColumn("{task.fields[takes]}")
        self._progress, self._duration = Progress(text, *bar, *times, takes, console=err), DurationEstimate(active_time)
        self._progress.add_task(self._label, total=None, takes="")
        self._progress.start()

    def stop(self) -> None:
        """Stop updating; the bar stays on the terminal as it is."""
        self._status.stop()
        if self._progress is not None:
            self._progress.stop()


@contextmanager
def progress_bar(label: str) -> Iterator[ProgressBar]:
    """A progress bar that stops when the block ends."""
    bar = ProgressBar(label)
    try:
        yield bar
    finally:
        bar.stop()
