"""Verbs that make a clone: import, train, clone, demo; and what becomes of it elsewhere: export, doctor."""

import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from soundalike.cli.chat_commands import converse
from soundalike.cli.output import (
    DEFAULT_FOLDER,
    CloneFolder,
    Json,
    Out,
    bar,
    command,
    debug,
    err,
    give,
    out,
    tell,
    waiting,
)
from soundalike.cli.report_commands import brief

if TYPE_CHECKING:
    from soundalike.clone import Clone
    from soundalike.importing.preflight import ImportReport
    from soundalike.training.status import Outcome, Progress, Succession

app = typer.Typer()
Exports = Annotated[
    list[Path], typer.Argument(help="Discord data packages: the ZIP or the folder.", metavar="EXPORT...")
]
Base = Annotated[str | None, typer.Option(help="`pocket`, a model's folder, or a Hugging Face name: org/model.")]
Minutes = Annotated[float | None, typer.Option(help="Train for so many minutes.")]
Epochs = Annotated[float | None, typer.Option(help="Train on everything so many times.")]
Iters = Annotated[int | None, typer.Option(help="Train for so many steps.")]
Choose = Annotated[
    str | None, typer.Option(help="Keep the adapter of the fewest `bits`, or the one of the most `likeness`.")
]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with the training that was cut off, as it was begun.")]
Fresh = Annotated[
    bool, typer.Option("--fresh", help="Start anew over a voice or a training that was cut off; a voice is kept.")
]
KeepBetter = Annotated[
    bool, typer.Option("--keep-better", help="Over a voice: keep the one of the two that knows your later words best.")
]
Force = Annotated[bool, typer.Option("--force", help="Learn even from too little text.")]
Raw = Annotated[bool, typer.Option("--no-redact", help="Keep private data and secrets in the text as they are.")]
Mask = Annotated[Path | None, typer.Option("--mask", help="A file of more strings to mask, one a line.")]
Gap = Annotated[str, typer.Option(help="The silence that ends a conversation; several, with commas, are compared.")]


@app.command(epilog="Example: soundalike demo")
def demo(
    out_: Out = Path("soundalike-demo"),
    minutes: Annotated[float, typer.Option(help="Train for so many minutes.")] = 1.5,
    json: Json = False,
) -> None:
    """All of it on an invented person's export: import, training, a conversation."""
    from soundalike.demo import EXPORT, OPENERS
    from soundalike.importing.documents import DocumentSettings

    given: dict[str, Any] = {"minutes": minutes}
    succession = _allowed(out_, "pocket", given, fresh=True)
    report = _import([EXPORT], out_, DocumentSettings())
    outcome = _train(out_, "pocket", given, succession, why=lambda line: None)  # nobody's secrets
    said = converse(out_, OPENERS)
    delete = f". Delete it all: rm -r {out_}"
    out.print(command("\nTalk to it yourself: ", f"soundalike chat {out_}", delete), soft_wrap=True)
    give({"import": report.as_dict(), "training": outcome.as_dict(), "conversation": said}, json)


@app.command(epilog="Example: soundalike clone package.zip --out me --minutes 5")
def clone(
    exports: Exports,
    out_: Out = DEFAULT_FOLDER,
    minutes: Minutes = None,
    epochs: Epochs = None,
    iters: Iters = None,
    base: Base = None,
    choose: Choose = None,
    gap: Gap = "15m",
    no_redact: Raw = False,
    mask: Mask = None,
    force: Force = False,
    keep_better: KeepBetter = False,
    fresh: Fresh = False,
    resume: Resume = False,
    json: Json = False,
) -> None:
    """From an export to a voice: import, train, and a few lines."""
    from soundalike.importing.documents import DocumentSettings
    from soundalike.importing.gap_comparison import parse_duration

    given: dict[str, Any] = {"minutes": minutes, "epochs": epochs, "iters": iters, "choose": choose}
    settings = DocumentSettings(gap_minutes=parse_duration(gap))
    succession = _allowed(out_, base, given, resume, fresh, keep_better)
    report = None if resume else _import(exports, out_, settings, no_redact, mask, force)
    outcome = _train(out_, base, given, succession, resume)
    figures = brief(out_)
    said = converse(out_, [("sam", "hey"), ("sam", "what are you up to?"), ("sam", "tell me something")])
    out.print(command("\nTalk to it: ", f"soundalike chat {out_}"), soft_wrap=True)
    imported = report and report.as_dict()
    give({"import": imported, "training": outcome.as_dict(), "evaluation": figures, "conversation": said}, json)


@app.command("import", epilog="Example: soundalike import package.zip --out me")
def import_(
    exports: Exports,
    out_: Out = DEFAULT_FOLDER,
    gap: Gap = "15m",
    no_redact: Raw = False,
    mask: Mask = None,
    force: Force = False,
    json: Json = False,
) -> None:
    """Read exports into a clone folder; tells what was read and what training will cost."""
    from soundalike.importing.documents import DocumentSettings
    from soundalike.importing.gap_comparison import parse_gaps, table
    from soundalike.importing.importer import compare

    gaps = parse_gaps(gap)
    if len(gaps) > 1:
        rows = compare(exports, gaps, redacted=not no_redact)
        tell(table(rows))
        give([asdict(row) for row in rows], json)
        return
    report = _import(exports, out_, DocumentSettings(gap_minutes=gaps[0]), no_redact, mask, force)
    if not out.quiet:  # the machine's rate takes a moment to measure
        from soundalike.training.plan import prospect

        tell(["", *prospect(report.splits["train"]["bytes"])])
        out.print(command("Now: ", f"soundalike train {shlex.quote(str(out_))}"), soft_wrap=True)
    give(report.as_dict(), json)


@app.command(epilog="Example: soundalike train me --minutes 10")
def train(
    me: CloneFolder,
    base: Base = None,
    minutes: Minutes = None,
    epochs: Epochs = None,
    iters: Iters = None,
    method: Annotated[str | None, typer.Option(help="`full` (all weights) or `lora`.")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="The peak rate.")] = None,
    choose: Choose = None,
    keep_better: KeepBetter = False,
    fresh: Fresh = False,
    resume: Resume = False,
    json: Json = False,
) -> None:
    """Teach the clone its owner's voice."""
    budget: dict[str, Any] = {"minutes": minutes, "epochs": epochs, "iters": iters}
    given = budget | {"method": method, "learning_rate": learning_rate, "choose": choose}
    outcome = _train(me, base, given, _allowed(me, base, given, resume, fresh, keep_better), resume)
    give(outcome.as_dict(), json)


@app.command(epilog="Example: soundalike export me --to gguf")
def export(
    me: CloneFolder,
    to: Annotated[str, typer.Option(help="`gguf` (llama.cpp, Ollama), `merged` (transformers, vLLM) or `mlx`.")],
    precision: Annotated[str, typer.Option(help="Of a GGUF file: `f16`, or `q8_0` for half the size.")] = "f16",
    json: Json = False,
) -> None:
    """Write the clone for other programs."""
    from soundalike.clone import Clone
    from soundalike.export import export as write

    with waiting("writing"):
        exported = write(Clone.open(me), to, precision)
    tell(exported.lines())
    give(exported.as_dict(), json)


@app.command(epilog="Example: soundalike doctor")
def doctor(json: Json = False) -> None:
    """What this machine can run, what is missing, and how long each suggested base would take."""
    from soundalike.doctor import checkup

    with waiting("looking"):
        found = checkup()
    tell(found.lines())
    give(found.as_dict(), json)


def _allowed(
    folder: Path,
    base: str | None,
    given: dict[str, Any],
    resume: bool = False,
    fresh: bool = False,
    keep_better: bool = False,
) -> "Succession":
    """What a training asked for so becomes; every option is checked here, before anything is read or written."""
    from soundalike.training import versions
    from soundalike.training.plan import check

    check(folder, base, given)
    return versions.succession(versions.clone_at(folder), resume=resume, fresh=fresh, keep_better=keep_better)


def _import(
    exports: list[Path],
    folder: Path,
    settings: Any,
    no_redact: bool = False,
    mask: Path | None = None,
    force: bool = False,
) -> "ImportReport":
    from soundalike.importing import preflight
    from soundalike.importing.importer import run_import
    from soundalike.redact.owners import read_list
    from soundalike.signals import tidily

    with tidily(), bar("Reading") as shown:
        report = run_import(
            exports,
            folder,
            settings,
            on_progress=shown,
            redacted=not no_redact,
            mask=read_list(mask) if mask else (),
            force=force,
        )
    tell(preflight.lines(report))
    return report


@contextmanager
def _going_on(clone_: "Clone") -> Iterator[None]:
    """Where Ctrl-C comes before the first step or after the last one, say how to go on."""
    try:
        yield
    except KeyboardInterrupt:
        resume = " --resume" if clone_.run_path.exists() else ""
        err.print(command("Stopped. Go on with: ", f"soundalike train {clone_.root}{resume}"), soft_wrap=True)
        raise


def _train(
    folder: Path,
    base: str | None,
    given: dict[str, Any],
    succession: "Succession",
    resume: bool = False,
    why: Callable[[str], None] = lambda line: tell([line]),
) -> "Outcome":
    """Train, with what is to be said of the budget going to `why`."""
    from soundalike.clone import Clone
    from soundalike.evaluation.adapter_selection import likeness_chooser
    from soundalike.training.plan import learn, recipe_for, resumed_recipe

    clone_ = Clone.open(folder)
    recipe = resumed_recipe(clone_, why, base, given) if resume else recipe_for(clone_, base, given, why)
    if debug():
        settings = {"base": recipe.base, **recipe.training.used()}
        tell(["Settings: " + ", ".join(f"{name} {value}" for name, value in settings.items())])
    with _going_on(clone_), bar("Learning") as shown:

        def on_step(p: "Progress") -> None:
            if not p.step:
                shown.start()
            shown(p.step, p.steps, p.line())

        outcome = learn(clone_, recipe, resume, on_step, likeness_chooser(clone_, recipe), succession)
    if not outcome.finished:
        err.print(command("Stopped and saved. Go on with: ", f"soundalike train {folder} --resume"), soft_wrap=True)
        raise typer.Exit(128 + outcome.signal)
    tell([*outcome.progress.summary(), *([outcome.settled] if outcome.settled else [])])
    return outcome
