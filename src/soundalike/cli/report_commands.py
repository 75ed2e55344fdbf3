"""Commands that report on a clone: evaluate, portrait, audit."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from soundalike.cli.chat_commands import announce_address
from soundalike.cli.option_conflicts import refuse
from soundalike.cli.output import CloneFolder, Json, command_text, err, out, print_json, print_lines, progress_bar

if TYPE_CHECKING:
    from soundalike.generation.prompted_model import ServerPrompt
    from soundalike.next_step import Frontend

app = typer.Typer()
ForStudio = Annotated[bool, typer.Option("--for-studio", hidden=True, help="Name the studio's sections, no commands.")]


@app.command(epilog="Example: soundalike evaluate me")
def evaluate(
    context: typer.Context,
    me: CloneFolder,
    other: Annotated[Path | None, typer.Argument(help="Another clone, to compare with.", metavar="[OTHER]")] = None,
    split: Annotated[str, typer.Option(help="`test`, or `valid` to choose settings by.")] = "test",
    at: Annotated[
        str | None, typer.Option("--at", help="A server's chat model that gets --prompt, to compare.")
    ] = None,
    prompt: Annotated[Path | None, typer.Option(help="The prompt, as `export --to prompt` writes it.")] = None,
    json: Json = False,
) -> None:
    """How close is it? The clone answers held-out conversations; with OTHER, says which of the two is closer."""
    from soundalike.evaluation import compare_clones, evaluate
    from soundalike.evaluation.advice import advice
    from soundalike.evaluation.guidance import guidance
    from soundalike.plain import plain

    if other is not None:
        refuse(context, "A comparison of two clones", "Leave it out: it is of the validation part.", "--split")
    server_prompt = _server_prompt(at, prompt, other)
    with progress_bar("Answering") as bar:
        if other is not None:
            found = compare_clones.compare(me, other, on_progress=bar)
        else:
            report = evaluate.evaluate(me, split=split, prompt=server_prompt, on_progress=bar)
    if other is not None:
        print_lines(compare_clones.lines(found))
        print_json(plain(found), json)
        return
    out.print(report.table())
    meaning = advice(report)
    print_lines(["", *report.legend(), "", *report.lines(), *meaning.evidence, "", *meaning.lines()])
    print_json({**plain(report), "advice": plain(guidance(report))}, json)


def _server_prompt(at: str | None, prompt: Path | None, other: Path | None) -> "ServerPrompt | None":
    """The prompt for a server's model, announced; None without --at and --prompt, which go together."""
    from soundalike.errors import UsageError
    from soundalike.generation.prompted_model import ServerPrompt, read_prompt

    if at is None and prompt is None:
        return None
    if at is None or prompt is None:
        raise UsageError("--at and --prompt go together.", "Give a chat model's address and the file of its prompt.")
    if other is not None:
        raise UsageError("A prompt is measured beside one clone.", "Leave the other one out.")
    server_prompt = ServerPrompt(at, read_prompt(prompt))
    announce_address(at)
    err.print("The prompt and the held-out conversations are sent there.", style="dim")
    return server_prompt


@app.command(epilog="Example: soundalike portrait me")
def portrait(
    me: CloneFolder,
    quotes: Annotated[bool, typer.Option("--quotes", help="Put lines of yours into it, not only counts.")] = False,
    studio: ForStudio = False,
    json: Json = False,
) -> None:
    """How you write, as a one-page HTML report of ten cards; nothing is uploaded."""
    from soundalike.portrait.build import build_portrait

    with progress_bar("Reading") as bar:
        portrait, page = build_portrait(me, quotations=quotes, frontend=_frontend(studio), on_progress=bar)
    print_lines(portrait.lines())
    out.print(command_text("\nThe page, for a browser: ", str(page)), soft_wrap=True)
    print_json(portrait, json)


@app.command(epilog="Example: soundalike audit me")
def audit(
    me: CloneFolder,
    canaries: Annotated[
        bool, typer.Option("--canaries", help="Train once more, as long, with made-up secrets, and look for them.")
    ] = False,
    studio: ForStudio = False,
    json: Json = False,
) -> None:
    """What private text could be extracted from it? A verdict to share, and a private page with the strings."""
    from soundalike.audit.run_audit import audit as run_audit

    with progress_bar("Finding the riskiest strings") as bar:
        report, page = run_audit(
            me,
            with_canaries=canaries,
            frontend=_frontend(studio),
            on_progress=lambda what, done, of: bar(done, of, what),
        )
    print_lines([*report.lines(), "", report.verdict])
    typed = shlex.quote(str(me))
    if mending := report.steps(typed):
        print_lines(["To mend it:"])
        for step in mending:
            out.print(command_text("  ", step.command), soft_wrap=True)
    out.print(command_text("\nWhat it found, for you alone: ", str(page)), soft_wrap=True)
    print_json(report.as_dict(typed), json)


def _frontend(studio: bool) -> "Frontend":
    from soundalike.next_step import Frontend

    return Frontend.STUDIO if studio else Frontend.COMMAND_LINE


def evaluate_briefly(folder: Path) -> tuple[dict[str, Any] | None, str | None]:
    """A short evaluation, printed: its figures with what helps; if there is too little text, none and why."""
    from soundalike.errors import TooLittleText
    from soundalike.evaluation import evaluate
    from soundalike.evaluation.advice import advice
    from soundalike.evaluation.guidance import guidance
    from soundalike.plain import plain

    with progress_bar("Evaluating") as bar:
        try:
            report = evaluate.evaluate(folder, brief=True, on_progress=bar)
        except TooLittleText as error:
            print_lines([error.what])
            return None, error.what
    print_lines(["", *report.headline(), "", *advice(report).lines(), *report.unkept()])
    out.print(command_text(f"{report.extent()} The full figure: ", f"soundalike evaluate {shlex.quote(str(folder))}"))
    return {**plain(report), "advice": plain(guidance(report))}, None
