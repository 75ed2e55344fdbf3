"""The command line: verbs to functions, and what is printed. No logic; imports as late as it can."""

import gc
import sys
from errno import ELOOP, ENAMETOOLONG
from typing import Annotated, NoReturn

import typer
from rich.text import Text

from soundalike import __version__
from soundalike.cli import chat_commands, clone_commands, report_commands
from soundalike.cli.output import err, out
from soundalike.console import accept_every_character
from soundalike.errors import FULL_DISK, NoRoom, SoundalikeError, UsageError

app = typer.Typer(
    help="Turn a person's chat export into a bot that talks like them.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
for commands in (clone_commands, chat_commands, report_commands):
    app.add_typer(commands.app)


def _version(asked: bool) -> None:
    if asked:
        out.print(f"soundalike {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print it.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
) -> None:
    """Everything stays on this machine."""


def main() -> None:
    """Run a verb; tell errors in two sentences and exit 2 for the person's mistake, 1 for ours.

    With --json too an error is two sentences on standard error: standard output then stays empty.
    """
    debug = "--debug" in sys.argv
    accept_every_character()
    gc.set_threshold(100_000)  # what imports make stays: no use in looking through it again every 700 objects
    try:
        app()
    except SoundalikeError as error:
        if debug:
            raise
        _tell(error)
    except OSError as error:
        told = _of_the_system(error)
        if debug or told is None:
            raise
        _tell(told)
    finally:
        gc.freeze()  # nor once more when the process ends


def _of_the_system(error: OSError) -> SoundalikeError | None:
    """What a person can mend of an error of the system; None for all others."""
    if error.errno in (ENAMETOOLONG, ELOOP):
        what = f"{str(error.filename)[:100]}… is no possible path ({error.strerror})."
        return UsageError(what, "Give a shorter one, without links that lead in a circle.")
    if error.errno in FULL_DISK:
        if error.filename is None:  # standard output, whose rest would fail once more at the end
            sys.stdout = None
        where = error.filename or "what is printed"
        return NoRoom(f"The disk is full: {where} could not be written.", "Make room and try again.")
    return None


def _tell(error: SoundalikeError) -> NoReturn:
    err.print(Text.assemble((error.what, "red"), f" {error.do}"))
    sys.exit(error.exit_code)
