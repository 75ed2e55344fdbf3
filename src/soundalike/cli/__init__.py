"""The command line. Commands parse options, call one function of the package and print its result.

Imports are inside the commands, so that `--help` starts fast.
"""

import gc
import os
import sys
from errno import ELOOP, ENAMETOOLONG
from typing import Annotated, NoReturn

import typer
from rich.text import Text

from soundalike.cli import (
    arena_command,
    chat_commands,
    clone_commands,
    export_command,
    import_commands,
    machine_commands,
    report_commands,
    studio_command,
    train_commands,
)
from soundalike.cli.output import err, out, progress_file
from soundalike.console import accept_every_character
from soundalike.errors import FULL_DISK, DiskFull, SoundalikeError, UsageError
from soundalike.progress_file import VARIABLE
from soundalike.signals import exit_on_signals, obey_watcher
from soundalike.version import __version__

app = typer.Typer(
    help="Turn a person's chat export into a bot that talks like them.",
    epilog="No habit of typing commands? `soundalike studio` has all of it on a page in your browser.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
for commands in (
    studio_command,
    clone_commands,
    import_commands,
    train_commands,
    machine_commands,
    export_command,
    chat_commands,
    report_commands,
    arena_command,
):
    app.add_typer(commands.app)


def _print_version(requested: bool) -> None:
    if requested:
        out.print(f"soundalike {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print it.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
) -> None:
    """Everything stays on this machine."""


def main() -> None:
    """Run one command. An error prints two sentences on stderr; exit code 2 for the user's mistake, 1 for ours.

    This holds with --json too: standard output then stays empty.
    """
    debug = "--debug" in sys.argv
    accept_every_character()
    gc.set_threshold(100_000)  # objects made by imports live on: scanning them every 700 allocations is wasted time
    watched = os.environ.pop(VARIABLE, None)
    if watched:
        obey_watcher()
    try:
        with exit_on_signals():
            progress_file.begin(watched)
            app()
    except KeyboardInterrupt:  # before or after typer, which turns it into an exit
        progress_file.end(130)
        sys.exit(130)
    except SystemExit as end:
        progress_file.end(end.code if isinstance(end.code, int) else int(end.code is not None))
        raise
    except SoundalikeError as error:
        progress_file.end(error.exit_code, error)
        if debug:
            raise
        _exit_with(error)
    except OSError as error:
        user_error = _as_user_error(error)
        if debug or user_error is None:
            raise
        progress_file.end(user_error.exit_code, user_error)
        _exit_with(user_error)
    finally:
        gc.freeze()  # spares the same scan at exit


def _as_user_error(error: OSError) -> SoundalikeError | None:
    """An operating-system error that the user can fix, in two sentences; None for any other."""
    if error.errno in (ENAMETOOLONG, ELOOP):
        what = f"{str(error.filename)[:100]}… is no possible path ({error.strerror})."
        return UsageError(what, "Give a shorter one, without links that lead in a circle.")
    if error.errno in FULL_DISK:
        if error.filename is None:  # standard output; flushing it at exit would fail again
            sys.stdout = None
        where = error.filename or "what is printed"
        return DiskFull(f"The disk is full: {where} could not be written.", "Make room and try again.")
    return None


def _exit_with(error: SoundalikeError) -> NoReturn:
    err.print(Text.assemble((error.what, "red"), f" {error.do}"))
    sys.exit(error.exit_code)
