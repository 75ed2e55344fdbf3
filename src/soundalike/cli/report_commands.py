"""Verbs that look at a clone: evaluate, portrait, audit."""

import shlex
from pathlib import Path
from typing import Annotated, Any

import typer

from soundalike.cli.output import CloneFolder, Json, bar, command, give, out, tell

app = typer.Typer()


@app.command(epilog="Example: soundalike evaluate me")
def evaluate(
    me: CloneFolder,
    other: Annotated[Path | None, typer.Argument(help="Another clone, to compare with.", metavar="[OTHER]")] = None,
    split: Annotated[str, typer.Option(help="`test`, or `valid` to choose settings by.")] = "test",
    json: Json = False,
) -> None:
    """How close is it? Lets the clone answer held-out conversations; with OTHER, tells which of two is closer."""
    from soundalike.evaluation import compare_clones, evaluate
    from soundalike.evaluation.advice import advice

    with bar("Answering") as shown:
        if other is not None:
            found = compare_clones.compare(me, other, on_progress=shown)
        else:
            report = evaluate.evaluate(me, split=split, on_progress=shown)
    if other is not None:
        tell(compare_clones.lines(found))
        give({name: one.as_dict() for name, one in found.items()}, json)
        return
    out.print(report.table())
    tell(["", *report.legend(), "", *report.lines(), "", *advice(report)])
    give(report.as_dict(), json)


@app.command(epilog="Example: soundalike portrait me")
def portrait(
    me: CloneFolder,
    quotes: Annotated[bool, typer.Option("--quotes", help="Put lines of yours into it, not only counts.")] = False,
    json: Json = False,
) -> None:
    """Your diction as observed by a model: ten cards on one page that stays on this machine."""
    from soundalike.portrait.build import paint

    with bar("Listening") as shown:
        painted, page = paint(me, quotations=quotes, on_progress=shown)
    tell(painted.lines())
    out.print(command("\nThe page, for a browser: ", str(page)), soft_wrap=True)
    give(painted.as_dict(), json)


@app.command(epilog="Example: soundalike audit me")
def audit(
    me: CloneFolder,
    canaries: Annotated[
        bool, typer.Option("--canaries", help="Train once more, as long, with made-up secrets, and look for them.")
    ] = False,
    json: Json = False,
) -> None:
    """What could be pulled out of it? A verdict to share, and a private page with the strings."""
    from soundalike.audit.run_audit import audit as ask

    with bar("Looking") as shown:
        report, page = ask(me, with_canaries=canaries, on_progress=lambda what, done, of: shown(done, of, what))
    tell([*report.lines(), "", report.verdict])
    if mending := report.commands(str(me)):
        masks = "--mask" in mending[0]
        tell([f"To mend it{', with the strings that the page lists in strings.txt' if masks else ''}:"])
        for line in mending:
            out.print(command("  ", line), soft_wrap=True)
    out.print(command("\nWhat it found, for you alone: ", str(page)), soft_wrap=True)
    give(report.as_dict(), json)


def brief(folder: Path) -> dict[str, Any] | None:
    """The four needles; a line where there is too little text for them."""
    from soundalike.errors import TooLittleText
    from soundalike.evaluation import evaluate

    with bar("Evaluating") as shown:
        try:
            report = evaluate.evaluate(
                folder,
                brief=True,
                on_progress=shown,
            )
        except TooLittleText as error:
            tell([error.what])
            return None
    tell(["", *report.headline()])
    out.print(command(f"{report.extent()} The full figure: ", f"soundalike evaluate {shlex.quote(str(folder))}"))
    return report.as_dict()
