"""What every verb prints with: two consoles, a progress bar, JSON, and the arguments that many of them share."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from soundalike import machine

out, err = Console(highlight=False), Console(stderr=True, highlight=False)


def _alone(asked: bool) -> bool:
    """What is told for people stays unsaid where JSON has standard output to itself."""
    out.quiet = asked or not machine.is_first()
    return asked and machine.is_first()


CloneFolder = Annotated[Path, typer.Argument(help="The clone's folder.", metavar="ME")]
Out = Annotated[Path, typer.Option("--out", help="The clone's folder; made if it is not there.")]
Json = Annotated[bool, typer.Option("--json", callback=_alone, help="Print the result as JSON, and nothing else.")]


def tell(lines: list[str]) -> None:
    for line in lines:
        out.print(line, markup=False, soft_wrap=True)


def give(result: Any, json: bool) -> None:
    if json:
        import orjson

        sys.stdout.write(orjson.dumps(result, option=orjson.OPT_INDENT_2).decode() + "\n")


def command(before: str, typed: str, after: str = "") -> Text:
    """A command to type, printed as it stands: a folder's name may look like markup."""
    return Text.assemble(before, (typed, "bold"), after)


@contextmanager
def bar(label: str) -> Iterator[Any]:
    """A progress bar with time left, on stderr, so that what is printed can be piped."""
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err, disable=not machine.is_first()) as progress:
        yield progress, progress.add_task(label, total=None)
