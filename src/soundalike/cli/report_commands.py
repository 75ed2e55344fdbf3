"""Commands that report on a clone: evaluate, portrait, audit."""

import shlex
from pathlib import Path
from typing import Annotated, Any

import typer

from soundalike.cli.output import CloneFolder, Json, command_text, out, print_json, print_lines, progress_bar

app = typer.Typer()


@app.command(epilog="Example: soundalike evaluate me")
def evaluate(
    me: CloneFolder,
    other: Annotated[Path | None, typer.Argument(help="Another clone, to compare with.", metavar="[OTHER]")] = None,
    split: Annotated[str, typer.Option(help="`test`, or `valid` to choose settings by.")] = "test",
    json: Json = False,
) -> None:
    """How close is it? The clone answers held-out conversations; with OTHER, says which of the two is closer."""
    from soundalike.evaluation import compare_clones, evaluate
    from soundalike.evaluation.advice import advice
    from soundalike.plain import plain

    with progress_bar("Answering") as bar:
        if other is not None:
            found = compare_clones.compare(me, other, on_progress=bar)
        else:
            report = evaluate.evaluate(me, split=split, on_progress=bar)
    if other is not None:
        print_lines(compare_clones.lines(found))
        print_json(plain(found), json)
        return
    out.print(report.table())
    print_lines(["", *report.legend(), "", *report.lines(), "", *advice(report)])
    print_json(plain(report), json)


@app.command(epilog="Example: soundalike portrait me")
def portrait(
    me: CloneFolder,
    quotes: Annotated[bool, typer.Option("--quotes", help="Put lines of yours into it, not only counts.")] = False,
    json: Json = False,
) -> None:
    """How you write, as a one-page HTML report of ten cards; nothing is uploaded."""
    from soundalike.portrait.build import build_portrait

    with progress_bar("Reading") as bar:
        portrait, page = build_portrait(me, quotations=quotes, on_progress=bar)
    print_lines(portrait.lines())
    out.print(command_text("\nThe page, for a browser: ", str(page)), soft_wrap=True)
    print_json(portrait, json)


@app.command(epilog="Example: soundalike audit me")
def audit(
    me: CloneFolder,
    canaries: Annotated[
        bool, typer.Option("--canaries", help="Train once more, as long, with made-up secrets, and look for them.")
    ] = False,
    json: Json = False,
) -> None:
    """What private text could be extracted from it? A verdict to share, and a private page with the strings."""
    from soundalike.audit.run_audit import audit as run_audit

    with progress_bar("Looking") as bar:
        report, page = run_audit(me, with_canaries=canaries, on_progress=lambda what, done, of: bar(done, of, what))
    print_lines([*report.lines(), "", report.verdict])
    if mending := report.commands(shlex.quote(str(me))):
        masks = "--mask" in mending[0]
        print_lines([f"To mend it{', with the strings that the page lists in strings.txt' if masks else ''}:"])
        for line in mending:
            out.print(command_text("  ", line), soft_wrap=True)
    out.print(command_text("\nWhat it found, for you alone: ", str(page)), soft_wrap=True)
    print_json(report.as_dict(), json)


def evaluate_briefly(folder: Path) -> dict[str, Any] | None:
    """Print the headline figures from a short evaluation; None, with a line why, if there is too little text."""
    from soundalike.errors import TooLittleText
    from soundalike.evaluation import evaluate
    from soundalike.evaluation.advice import remedy
    from soundalike.plain import plain

    with progress_bar("Evaluating") as bar:
        try:
            report = evaluate.evaluate(folder, brief=True, on_progress=bar)
        except TooLittleText as error:
            print_lines([error.what])
            return None
    print_lines(["", *report.headline(), remedy(report)])
    out.print(command_text(f"{report.extent()} The full figure: ", f"soundalike evaluate {shlex.quote(str(folder))}"))
    found: dict[str, Any] = plain(report)
    return found
