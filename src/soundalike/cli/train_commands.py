"""Commands on a clone's voice: train, rollback."""

import shlex
from typing import Annotated, Any

import typer

from soundalike.cli.correction_training import train_on_corrections
from soundalike.cli.option_conflicts import refuse_others
from soundalike.cli.output import CloneFolder, Json, command_text, out, print_json
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
)

app = typer.Typer()
Corrections = Annotated[
    bool, typer.Option("--corrections", help="Learn from what was said of replies (/no and /yes), and nothing else.")
]


@app.command(epilog="Example: soundalike train me --minutes 10")
def train(
    context: typer.Context,
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
    if corrections:
        refuse_others(context, "--corrections", "Train on messages and on corrections one by one.")
        print_json(train_on_corrections(me).as_dict(), json)
        return
    budget: dict[str, Any] = {"minutes": minutes, "epochs": epochs, "iters": iters}
    settings = budget | {"method": method, "learning_rate": learning_rate, "choose": choose}
    training = TrainingCommand(base, settings, resume, fresh, keep_better)
    training.check(me)
    result = training.run(me)
    figures, why_none = evaluate_briefly(me) if evaluate else (None, None)
    sentences = [*result.sentences(), *([why_none] if why_none else [])]
    evaluation = {"evaluation": figures, "sentences": sentences} if evaluate else {}
    print_json(result.as_dict() | evaluation, json)


@app.command(epilog="Example: soundalike rollback me")
def rollback(me: CloneFolder, json: Json = False) -> None:
    """Take the voice before this one; this one is kept as a version."""
    from soundalike.clone import Clone
    from soundalike.training.versions import roll_back

    kept = roll_back(Clone.open(me))
    command = f"soundalike chat {shlex.quote(str(kept))}"
    out.print(command_text("The voice before is in place. The one that was is kept: ", command), soft_wrap=True)
    print_json({"kept": str(kept)}, json)
