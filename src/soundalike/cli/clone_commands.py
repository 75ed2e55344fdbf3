"""Commands from an export to a voice: demo, clone."""

import shlex
from pathlib import Path
from typing import Annotated, Any

import typer

from soundalike.cli.chat_commands import show_conversation
from soundalike.cli.import_options import (
    Also,
    Exports,
    Force,
    Gap,
    Invented,
    Mask,
    Me,
    Only,
    Raw,
    Replace,
    Without,
    by_voice,
    import_each,
    import_into,
    read_options,
    show_voice,
)
from soundalike.cli.option_conflicts import refuse
from soundalike.cli.output import DEFAULT_FOLDER, Json, Out, command_text, out, print_json, print_lines
from soundalike.cli.report_commands import evaluate_briefly
from soundalike.cli.training_options import (
    Base,
    Choose,
    Epochs,
    Fresh,
    Iters,
    KeepBetter,
    Minutes,
    Resume,
    TrainingCommand,
    hint_on_interrupt,
)

app = typer.Typer()
OF_THE_IMPORT = (
    *("--gap", "--also", "--only", "--without", "--no-redact", "--mask", "--pseudonyms"),
    *("--replace", "--force"),
)  # options that --resume has no use for; --me names the folders of several voices


@app.command(epilog="Example: soundalike demo")
def demo(
    out_: Out = Path("soundalike-demo"),
    minutes: Annotated[float, typer.Option(help="Train for so many minutes.")] = 1.5,
    json: Json = False,
) -> None:
    """Import, training and a conversation on an invented person's export."""
    from soundalike.demo import EXPORT, OPENERS, TEMPERATURE
    from soundalike.importing.document_settings import DocumentSettings

    training = TrainingCommand("pocket", {"minutes": minutes}, fresh=True)
    training.check(out_)
    print_lines(_demo_plan(out_, minutes))
    report = import_into([EXPORT], out_, DocumentSettings(), read_options())
    result = training.run(out_, show_notes=False)  # nobody's secrets
    said = show_conversation(out_, OPENERS, TEMPERATURE)
    folder = shlex.quote(str(out_))
    chat, delete = f"soundalike chat {folder} --temperature {TEMPERATURE}", f". Delete it all: rm -r {folder}"
    out.print(command_text("\nTalk to it yourself: ", chat, delete), soft_wrap=True)
    print_json({"import": report, "training": result.as_dict(), "conversation": said}, json)


def _demo_plan(folder: Path, minutes: float) -> list[str]:
    """What the demo does, and how long it takes beside the `minutes` of training."""
    return [
        "This makes the voice of an invented person: a year of chats is read, a small model learns from it, and "
        "friends ask it.",
        f"It takes about {minutes + 0.5:g} minutes, needs no internet, and writes to the folder {folder} alone.",
        "",
    ]


@app.command(epilog="Example: soundalike clone package.zip --out me --minutes 5")
def clone(
    context: typer.Context,
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
    from soundalike.importing.document_settings import DocumentSettings
    from soundalike.importing.gap_comparison import parse_duration

    if resume:
        refuse(context, "--resume", "Leave it out: what was imported is trained on.", *OF_THE_IMPORT)
    budget = {"minutes": minutes, "epochs": epochs, "iters": iters, "choose": choose}
    training = TrainingCommand(base, budget, resume, fresh, keep_better)
    settings = DocumentSettings(gap_minutes=parse_duration(gap))
    voices = by_voice(out_, me, read_options(me, also, only, without, no_redact, mask, pseudonyms))
    for folder in voices:
        training.check(folder)
    reports = {} if resume else import_each(exports, settings, voices, force, replace)
    results = {}
    for folder in voices:
        show_voice(folder, voices)
        result = training.run(folder)
        results[folder.name] = {"import": reports.get(folder), "training": result.as_dict(), **_present(folder)}
    if len(voices) > 1:
        together = shlex.join(map(str, voices))
        out.print(command_text("\nLet them talk together: ", f"soundalike room {together}"), soft_wrap=True)
    print_json(results if len(voices) > 1 else results[out_.name], json)


def _present(folder: Path) -> dict[str, Any]:
    """The figures of a new voice and a conversation with it, printed; returns both for --json."""
    chat = f"soundalike chat {shlex.quote(str(folder))}"
    with hint_on_interrupt(lambda: command_text("Stopped. The voice is finished; talk to it: ", chat)):
        figures, _ = evaluate_briefly(folder)
        said = show_conversation(folder, [("sam", "hey"), ("sam", "what are you up to?"), ("sam", "tell me something")])
    out.print(command_text("\nTalk to it: ", chat), soft_wrap=True)
    return {"evaluation": figures, "conversation": said}
