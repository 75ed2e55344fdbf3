"""Options of the commands that train, and the training behind them: checked first, shown while it runs."""

import shlex
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from soundalike.cli.output import command_text, debug, err, out, print_lines, progress_bar

if TYPE_CHECKING:
    from rich.text import Text

    from soundalike.clone import Clone
    from soundalike.training.plan import TrainingPlan
    from soundalike.training.status import Progress, TrainingResult

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


@dataclass(frozen=True, slots=True)
class TrainingCommand:
    """What a command asks of a training: the base, settings of the recipe by name (None: the default), and whether to
    continue an interrupted one, to start anew, to keep the better of the old and the new voice."""

    base: str | None
    settings: Mapping[str, Any]
    resume: bool = False
    fresh: bool = False
    keep_better: bool = False

    def check(self, folder: Path) -> None:
        """Check every option for the clone in `folder` before anything is read or written."""
        from soundalike.training import plan, versions

        plan.check_options(folder, self.base, self.settings)
        clone = versions.clone_at(folder)
        versions.require_settled(clone, resume=self.resume, fresh=self.fresh, keep_better=self.keep_better)

    def run(self, folder: Path, show_notes: bool = True, show_settled: bool = True) -> "TrainingResult":
        """Train the clone in `folder`.

        `show_notes`: print the notes of the training plan, such as the reason for the budget. `show_settled`: print
        what became of the voice before.
        """
        from soundalike.clone import Clone
        from soundalike.evaluation.adapter_selection import likeness_chooser
        from soundalike.training import versions
        from soundalike.training.train_clone import train_clone

        clone = Clone.open(folder)
        plan = self._plan(clone)
        recipe, start, resume = plan.recipe, plan.start, self.resume
        succession = versions.succession(clone, start, resume=resume, fresh=self.fresh, keep_better=self.keep_better)
        if show_notes:
            print_lines(list(plan.notes))
        if debug():
            settings = {"base": recipe.base, **recipe.training.used()}
            print_lines(["Settings: " + ", ".join(f"{name} {value}" for name, value in settings.items())])
        with hint_on_interrupt(lambda: _hint_to_continue(clone)), progress_bar("Learning") as bar:

            def on_step(p: "Progress") -> None:
                if not p.step:
                    bar.start()
                bar(p.step, p.expected_steps(recipe.training.minutes), p.line(), p.latest())

            score = likeness_chooser(clone, recipe)
            result = train_clone(
                clone, recipe, resume=resume, on_step=on_step, score=score, succession=succession, start=start
            )
        if not result.finished:
            resume_command = f"soundalike train {shlex.quote(str(folder))} --resume"
            err.print(command_text("Stopped and saved. Continue with: ", resume_command), soft_wrap=True)
            raise typer.Exit(128 + result.signal)
        print_lines(result.sentences() if show_settled else result.progress.summary())
        if result.version and show_settled:
            chat = f"soundalike chat {shlex.quote(str(result.version))}"
            out.print(command_text("Talk to the other one: ", chat), soft_wrap=True)
        return result

    def _plan(self, clone: "Clone") -> "TrainingPlan":
        from soundalike.training.plan import plan_resumed, plan_training

        if self.resume:
            return plan_resumed(clone, self.base, self.settings)
        return plan_training(clone, self.base, self.settings, fresh=self.fresh)


@contextmanager
def hint_on_interrupt(hint: Callable[[], "Text"]) -> Iterator[None]:
    """On Ctrl-C, print how to continue."""
    try:
        yield
    except KeyboardInterrupt:
        err.print(hint(), soft_wrap=True)
        raise


def _hint_to_continue(clone_: "Clone") -> "Text":
    """For Ctrl-C before the first training step or after the last one."""
    resume = " --resume" if clone_.run_path.exists() else ""
    return command_text("Stopped. Continue with: ", f"soundalike train {shlex.quote(str(clone_.root))}{resume}")
