"""`soundalike base`: fetches the base models that clones are trained on."""

import shlex
from typing import Annotated

import typer

from soundalike.cli.output import Json, command_text, out, print_json, show_status

app = typer.Typer()
base = typer.Typer(help="Fetch base models.", no_args_is_help=True)
app.add_typer(base, name="base")


@base.command(epilog="Example: soundalike base add smollm2")
def add(
    name: Annotated[str, typer.Argument(help="`smollm2` (92 MB), or a Hugging Face name: org/model.")],
    json: Json = False,
) -> None:
    """Fetch a base, so that training needs no network."""
    from soundalike.engines import base_files

    with show_status(f"fetching {name}"):
        folder = base_files.add(name)
    use = f"soundalike clone package.zip --base {shlex.quote(name)}"
    out.print(command_text(f"{name} is here. Use it with: ", use), soft_wrap=True)
    print_json({"base": name, "folder": str(folder)}, json)


@base.callback()
def group() -> None:
    """Fetch base models."""
