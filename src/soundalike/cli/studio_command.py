"""The command that opens the studio: one local page for all of the others."""

from pathlib import Path
from typing import Annotated

import typer

from soundalike.cli.output import out

app = typer.Typer()


@app.command(epilog="Example: soundalike studio")
def studio(
    folder: Annotated[Path, typer.Option(help="Where the voices are, a folder each; made if it is not there.")] = Path(
        "."
    ),
    port: Annotated[int, typer.Option(help="The port to listen at; 0 takes a free one.", min=0, max=65535)] = 0,
) -> None:
    """Everything in your browser: read exports, train, talk, look, delete. It prints a link."""
    from soundalike.frontends.studio import open_studio

    open_studio(folder, port, lambda line: out.print(line, markup=False, soft_wrap=True))
