"""Commands on this machine: what it can run (doctor), and base models for it (base)."""

import shlex
from typing import Annotated

import typer

from soundalike.cli.output import Json, command_text, out, print_json, print_lines, show_status

app = typer.Typer()
base = typer.Typer(help="Fetch base models.", no_args_is_help=True)
app.add_typer(base, name="base")


@app.command(epilog="Example: soundalike doctor")
def doctor(json: Json = False) -> None:
    """What this machine can run, what is missing, and how long each suggested base would take."""
    from soundalike.doctor import inspect_machine

    with show_status("Looking"):
        found = inspect_machine()
    print_lines(found.lines())
    print_json(found, json)


@base.command(epilog="Example: soundalike base add smollm2")
def add(
    name: Annotated[str, typer.Argument(help="`smollm2` (92 MB), or a Hugging Face name: org/model.")],
    json: Json = False,
) -> None:
    """Fetch a base, so that training needs no network."""
    from soundalike.engines import base_files

    with show_status(f"Fetching {name}"):
        folder = base_files.add(name)
    use = f"soundalike clone package.zip --base {shlex.quote(name)}"
    out.print(command_text(f"{name} is here. Use it with: ", use), soft_wrap=True)
    print_json({"base": name, "folder": str(folder)}, json)


@base.callback()
def group() -> None:
    """Fetch base models."""
