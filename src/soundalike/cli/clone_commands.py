"""Commands that make a clone (import, train, clone, demo), export it, and check this machine (doctor)."""

import shlex
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from soundalike.cli.chat_commands import show_conversation
from soundalike.cli.correction_training import train_on_corrections
from soundalike.cli.import_options import (
    Also,
    Exports,
    Invented,
    Mask,
    Me,
    Only,
    Raw,
    Replace,
    Without,
    by_voice,
    read_options,
)
from soundalike.cli.output import (
    DEFAULT_FOLDER,
    CloneFolder,
    Json,
    Out,
    command_text,
    debug,
    err,
    out,
    print_json,
    print_lines,
    progress_bar,
    show_status,
)
from soundalike.cli.report_commands import evaluate_briefly

if TYPE_CHECKING:
    from rich.text import Text

    from soundalike.clone import Clone
    from soundalike.importing.documents import DocumentSettings
    from soundalike.importing.preflight import ImportReport
    from soundalike.importing.reading import ReadOptions
    from soundalike.training.status import Progress, TrainingResult

app = typer.Typer()
Base = Annotated[
    str | None, typer.Option(help="`pocket`, `smollm2`, a model's folder, or a Hugging Face name: org/model.")
]
Minutes = Annotated[float | None, typer.Option(help="Train for so many minutes.")]
Epochs = Annotated[float | None, typer.Option(help="Train for so many passes over the text.")]
Iters = Annotated[int | None, typer.Option(help="Train for so many steps.")]
Choose = Annotated[
    str | None, typer.Option(help="Which adapter to keep: that with the lowest `bits` or the highest `likeness`.")
]
Resume = Annotated[bool, typer.Option("--resume", help="Continue an interrupted training with its own settings.")]
Fresh = Annotated[bool, typer.Option("--fresh", help="Start anew, not from the voice; that is kept as a version.")]
KeepBetter = Annotated[
    bool, typer.Option("--keep-better", help="Keep whichever voice, old or new, predicts your later words better.")
]
Corrections = Annotated[
    bool, typer.Option("--corrections", help="Learn from what was said of replies (/no and /yes), and nothing else.")
]
Force = Annotated[bool, typer.Option("--force", help="Train even on too little text.")]
Gap = Annotated[str, typer.Option(help="The silence that ends a conversation; several, with commas, are compared.")]


@app.command(epilog="Example: soundalike demo")
def demo(
    out_: Out = Path("soundalike-demo"),
    minutes: Annotated[float, typer.Option(help="Train for so many minutes.")] = 1.5,
    json: Json = False,
) -> None:
    """Import, training and a conversation on an invented person's export."""
    from soundalike.demo import EXPORT, OPENERS
    from soundalike.importing.documents import DocumentSettings

    options: dict[str, Any] = {"minutes": minutes}
    _check_options(out_, "pocket", options, fresh=True)
    report = _import([EXPORT], out_, DocumentSettings(), read_options())
    result = _train(out_, "pocket", options, fresh=True, show_notes=False)  # nobody's secrets
    said = show_conversation(out_, OPENERS)
    folder = shlex.quote(str(out_))
    delete = f". Delete it all: rm -r {folder}"
    out.print(command_text("\nTalk to it yourself: ", f"soundalike chat {folder}", delete), soft_wrap=True)
    print_json({"import": report, "training": result.as_dict(), "conversation": said}, json)


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
    me: Me = None,
    also: Also = None,
    only: Only = None,
    without: Without = None,
    no_redact: Raw = False,
    mask: Mask = None,
    pseudonyms: Invented = False,
    replace: Replace = False,
    force: Force = False,
    keep_better: KeepBetter = False,
    fresh: Fresh = False,
    resume: Resume = False,
    json: Json = False,
) -> None:
    """From an export to a voice: import, training, evaluation, a few lines."""
    from soundalike.importing.documents import DocumentSettings
    from soundalike.importing.gap_comparison import parse_duration

    options: dict[str, Any] = {"minutes": minutes, "epochs": epochs, "iters": iters, "choose": choose}
    settings = DocumentSettings(gap_minutes=parse_duration(gap))
    voices = by_voice(out_, me, read_options(me, also, only, without, no_redact, mask, pseudonyms))
    for folder in voices:
        _check_options(folder, base, options, resume, fresh, keep_better)
    reports = {} if resume else _import_each(exports, settings, voices, force, replace)
    results = {}
    for folder in voices:
        _show_voice(folder, voices)
        result = _train(folder, base, options, resume, fresh, keep_better)
        results[folder.name] = {"import": reports.get(folder), "training": result.as_dict(), **_present(folder)}
    if len(voices) > 1:
        together = shlex.join(map(str, voices))
        out.print(command_text("\nLet them talk together: ", f"soundalike room {together}"), soft_wrap=True)
    print_json(results if len(voices) > 1 else results[out_.name], json)


@app.command("import", epilog="Example: soundalike import package.zip --out me")
def import_(
    exports: Exports,
    out_: Out = DEFAULT_FOLDER,
    gap: Gap = "15m",
    me: Me = None,
    also: Also = None,
    only: Only = None,
    without: Without = None,
    no_redact: Raw = False,
    mask: Mask = None,
    pseudonyms: Invented = False,
    replace: Replace = False,
    force: Force = False,
    preview: Annotated[
        bool, typer.Option("--preview", help="Only say who wrote in the exports, and where; write nothing.")
    ] = False,
    json: Json = False,
) -> None:
    """Read exports into a clone folder; prints what was read and how long training would take."""
    if preview:
        _preview(exports, json)
        return
    from soundalike.importing.documents import DocumentSettings
    from soundalike.importing.gap_comparison import parse_gaps, table
    from soundalike.importing.importer import compare

    gaps, reading = parse_gaps(gap), read_options(me, also, only, without, no_redact, mask, pseudonyms)
    voices = by_voice(out_, me, reading)
    if len(gaps) > 1:
        rows = compare(exports, gaps, options=next(iter(voices.values())))
        print_lines(table(rows))
        print_json(rows, json)
        return
    reports = _import_each(exports, DocumentSettings(gap_minutes=gaps[0]), voices, force, replace)
    if not out.quiet:  # measuring this machine's speed takes a moment
        from soundalike.training.plan import describe_cost

        for folder, report in reports.items():
            _show_voice(folder, voices)
            print_lines(["", *describe_cost(report.splits["train"]["bytes"])])
            out.print(command_text("Now: ", f"soundalike train {shlex.quote(str(folder))}"), soft_wrap=True)
    found = {folder.name: report for folder, report in reports.items()}
    print_json(found if len(voices) > 1 else reports[out_], json)


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
    evaluate: Annotated[bool, typer.Option("--evaluate", help="Then say how close it is, as `clone` does.")] = False,
    corrections: Corrections = False,
    json: Json = False,
) -> None:
    """Train the clone's adapter on the imported messages, or on corrections."""
    budget: dict[str, Any] = {"minutes": minutes, "epochs": epochs, "iters": iters}
    options = budget | {"method": method, "learning_rate": learning_rate, "choose": choose}
    if corrections:
        others = {"base": base, **options, "keep_better": keep_better, "fresh": fresh, "resume": resume}
        print_json(train_on_corrections(me, others).as_dict(), json)
        return
    _check_options(me, base, options, resume, fresh, keep_better)
    result = _train(me, base, options, resume, fresh, keep_better)
    figures, said = evaluate_briefly(me) if evaluate else (None, [])
    told = {"evaluation": figures, "sentences": [*result.sentences(), *said]} if evaluate else {}
    print_json(result.as_dict() | told, json)


@app.command(epilog="Example: soundalike rollback me")
def rollback(me: CloneFolder, json: Json = False) -> None:
    """Take the voice before this one; this one is kept as a version."""
    from soundalike.clone import Clone
    from soundalike.training.versions import roll_back

    kept = roll_back(Clone.open(me))
    command = f"soundalike chat {shlex.quote(str(kept))}"
    out.print(command_text("The voice before is in place. The one that was is kept: ", command), soft_wrap=True)
    print_json({"kept": str(kept)}, json)


@app.command(epilog='Example: soundalike forget me --person "Bo" --retrain')
def forget(
    me: CloneFolder,
    person: Annotated[list[str] | None, typer.Option(help="Whose messages; may be repeated.", metavar="NAME")] = None,
    channel: Annotated[list[str] | None, typer.Option(help="Of which channel.", metavar="NAME")] = None,
    before: Annotated[str | None, typer.Option(help="Sent before this day, month or year.", metavar="DATE")] = None,
    retrain: Annotated[bool, typer.Option("--retrain", help="Train a new voice on what is left.")] = False,
    minutes: Annotated[float | None, typer.Option(help="With --retrain: train for so many minutes.")] = None,
    json: Json = False,
) -> None:
    """Remove messages from a clone, with its earlier voices and reports."""
    from soundalike.clone import Clone
    from soundalike.importing import forgetting, preflight
    from soundalike.importing.documents import DocumentSettings

    named = [("person", name) for name in person or ()] + [("channel", name) for name in channel or ()]
    patterns = [f"{kind}:{name}" for kind, name in [*named, *([("before", before)] if before else [])]]
    clone_ = Clone.open(me)
    base, options = clone_.manifest().get("training", {}).get("base"), {"minutes": minutes}
    if retrain:
        _check_options(me, base, options, fresh=True)
    report = forgetting.forget(clone_, patterns, DocumentSettings(**clone_.manifest()["documents"]))
    print_lines(preflight.lines(report))
    if clone_.has_voice and not retrain:
        command = f"soundalike train {shlex.quote(str(me))} --fresh"
        note = "Note: the voice has learned from them, and only a new training unlearns it: "
        out.print(command_text(note, command, ". Then delete its versions."), soft_wrap=True)
    result = _train(me, base, options, fresh=True, show_settled=False) if retrain else None
    if result is not None:
        forgetting.drop_versions(clone_)
        print_lines(["The voice that had learned from them is deleted, and every earlier one."])
    print_json({"import": report, "training": result and result.as_dict()}, json)


@app.command(epilog="Example: soundalike export me --to gguf")
def export(
    me: CloneFolder,
    to: Annotated[
        str, typer.Option(help="`gguf` (llama.cpp, Ollama), `merged` (transformers, vLLM), `mlx`, or `prompt` (any).")
    ],
    precision: Annotated[str, typer.Option(help="Of a GGUF file: `f16`, or `q8_0` for half the size.")] = "f16",
    examples: Annotated[int, typer.Option(help="Of a prompt: how many examples to choose from.", min=0)] = 40,
    json: Json = False,
) -> None:
    """Export the clone for other programs."""
    from soundalike.clone import Clone
    from soundalike.export import PROMPT
    from soundalike.export import export as write
    from soundalike.persona.persona_prompt import export_prompt

    with show_status("writing"):
        exported = export_prompt(Clone.open(me), examples) if to == PROMPT else write(Clone.open(me), to, precision)
    print_lines(exported.lines())
    print_json(exported, json)


@app.command(epilog="Example: soundalike doctor")
def doctor(json: Json = False) -> None:
    """What this machine can run, what is missing, and how long each suggested base would take."""
    from soundalike.doctor import inspect_machine

    with show_status("looking"):
        found = inspect_machine()
    print_lines(found.lines())
    print_json(found, json)


def _check_options(
    folder: Path,
    base: str | None,
    options: dict[str, Any],
    resume: bool = False,
    fresh: bool = False,
    keep_better: bool = False,
) -> None:
    """Check every option before anything is read or written."""
    from soundalike.training import versions
    from soundalike.training.plan import check_options

    check_options(folder, base, options)
    versions.require_settled(versions.clone_at(folder), resume=resume, fresh=fresh, keep_better=keep_better)


def _preview(exports: list[Path], json: bool) -> None:
    from soundalike.importing.export_preview import preview_exports

    with progress_bar("Looking through it") as bar:
        found = preview_exports(exports, bar)
    print_lines(found.lines())
    print_json(found, json)


def _import(
    exports: list[Path],
    folder: Path,
    settings: "DocumentSettings",
    reading: "ReadOptions",
    force: bool = False,
    replace: bool = False,
) -> "ImportReport":
    from soundalike.importing import preflight
    from soundalike.importing.importer import run_import
    from soundalike.signals import exit_on_signals

    with exit_on_signals(), progress_bar("Reading") as bar:
        report = run_import(
            exports, folder, settings, on_progress=bar, options=reading, force=force, replace_held=replace
        )
    print_lines(preflight.lines(report))
    return report


def _import_each(
    exports: list[Path], settings: "DocumentSettings", voices: dict[Path, "ReadOptions"], force: bool, replace: bool
) -> dict[Path, "ImportReport"]:
    """Import for every voice before any is trained, so that what is too little for one is known at once."""
    reports = {}
    for folder, reading in voices.items():
        _show_voice(folder, voices)
        reports[folder] = _import(exports, folder, settings, reading, force, replace)
    return reports


def _show_voice(folder: Path, voices: Collection[Path]) -> None:
    """Print whose lines follow, where there are several."""
    if len(voices) > 1:
        out.print(f"\n{folder.name}:", style="bold", markup=False)


def _present(folder: Path) -> dict[str, Any]:
    """The figures of a new voice and a conversation with it, printed; returns both for --json."""
    chat = f"soundalike chat {shlex.quote(str(folder))}"
    with _hint_on_interrupt(lambda: command_text("Stopped. The voice is finished; talk to it: ", chat)):
        figures, _ = evaluate_briefly(folder)
        said = show_conversation(folder, [("sam", "hey"), ("sam", "what are you up to?"), ("sam", "tell me something")])
    out.print(command_text("\nTalk to it: ", chat), soft_wrap=True)
    return {"evaluation": figures, "conversation": said}


@contextmanager
def _hint_on_interrupt(hint: Callable[[], "Text"]) -> Iterator[None]:
    """Print what can be done if Ctrl-C comes."""
    try:
        yield
    except KeyboardInterrupt:
        err.print(hint(), soft_wrap=True)
        raise


def _hint_to_continue(clone_: "Clone") -> "Text":
    """For Ctrl-C before the first training step or after the last one."""
    resume = " --resume" if clone_.run_path.exists() else ""
    return command_text("Stopped. Continue with: ", f"soundalike train {shlex.quote(str(clone_.root))}{resume}")


def _train(
    folder: Path,
    base: str | None,
    options: dict[str, Any],
    resume: bool = False,
    fresh: bool = False,
    keep_better: bool = False,
    show_notes: bool = True,
    show_settled: bool = True,
) -> "TrainingResult":
    """Train. `show_notes`: print the notes of the training plan, such as the reason for the budget; `show_settled`:
    print what became of the voice before."""
    from soundalike.clone import Clone
    from soundalike.evaluation.adapter_selection import likeness_chooser
    from soundalike.training import versions
    from soundalike.training.plan import plan_resumed, plan_training
    from soundalike.training.train_clone import train_clone

    clone_ = Clone.open(folder)
    plan = plan_resumed(clone_, base, options) if resume else plan_training(clone_, base, options, fresh=fresh)
    recipe, start = plan.recipe, plan.start
    succession = versions.succession(clone_, start, resume=resume, fresh=fresh, keep_better=keep_better)
    if show_notes:
        print_lines(list(plan.notes))
    if debug():
        settings = {"base": recipe.base, **recipe.training.used()}
        print_lines(["Settings: " + ", ".join(f"{name} {value}" for name, value in settings.items())])
    with _hint_on_interrupt(lambda: _hint_to_continue(clone_)), progress_bar("Learning") as bar:

        def on_step(p: "Progress") -> None:
            if not p.step:
                bar.start()
            bar(p.step, p.steps, p.line(), p.latest())

        score = likeness_chooser(clone_, recipe)
        result = train_clone(
            clone_, recipe, resume=resume, on_step=on_step, score=score, succession=succession, start=start
        )
    if not result.finished:
        resume_command = f"soundalike train {shlex.quote(str(folder))} --resume"
        err.print(command_text("Stopped and saved. Continue with: ", resume_command), soft_wrap=True)
        raise typer.Exit(128 + result.signal)
    print_lines([*result.progress.summary(), *([result.settled] if result.settled and show_settled else [])])
    return result
