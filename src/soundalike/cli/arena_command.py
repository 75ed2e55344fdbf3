"""`soundalike arena`: friends judge which of two replies is really the owner's."""

from typing import Annotated

import typer

from soundalike.cli.option_conflicts import refuse_others
from soundalike.cli.output import CloneFolder, Json, out, print_json, print_lines, progress_bar

app = typer.Typer()


@app.command(epilog="Example: soundalike arena me")
def arena(
    context: typer.Context,
    me: CloneFolder,
    pairs: Annotated[
        int | None, typer.Option(help="Prepare so many pairs anew.", min=1, max=500, show_default="40, once")
    ] = None,
    lan: Annotated[bool, typer.Option("--lan", help="Let judges of the local network in, by a link.")] = False,
    port: Annotated[int, typer.Option(help="The port to listen at; 0 takes a free one.", min=0, max=65535)] = 0,
    results: Annotated[bool, typer.Option("--results", help="Print the results so far, and stop.")] = False,
    json: Json = False,
) -> None:
    """Let friends judge blind which of two replies is really yours; nothing is shown that you do not release."""
    from soundalike.frontends.arena import open_arena, read_results
    from soundalike.plain import plain

    if results or json:
        refuse_others(context, "--results", "Leave it out: results are printed, and nothing else is done.")
        found = read_results(me)
        print_lines(found.lines())
        print_json(plain(found), json)
        return
    open_arena(
        me,
        port=port,
        lan=lan,
        count=pairs,
        progress=lambda: progress_bar("Answering"),
        print_line=lambda line: out.print(line, markup=False, soft_wrap=True),
    )
