"""The settings of a training: what was asked for, over computed defaults for the base and this machine."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from soundalike import engines, pocket
from soundalike.clone import Clone
from soundalike.clone.folder import require_free_space
from soundalike.errors import RecipeError
from soundalike.paths import bytes_in
from soundalike.training import checkpoint, estimate, measured_speed
from soundalike.training.estimate import MAX_MINUTES
from soundalike.training.numerics import VARIABLE, missing_types
from soundalike.training.recipe import Recipe, Training, large_base, small_base
from soundalike.training.start import Start, start_of

BUDGETS = ("minutes", "epochs", "iters")
MIN_STEPS = 30  # of the default budget, beyond the 20 of the warm-up. Not measured.
SAFE_EPOCHS = 2.0  # with more, a string that was typed once can be pulled out of a clone (LOG.md, the defences)
OLDER_CHECKPOINT = (
    "The checkpoint does not say in which number types it was computed, as older versions did not: it goes on in those "
    f"that `soundalike doctor` names. {VARIABLE}=fp32 or bf16 forces others."
)


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """The recipe of a training, lines that its owner should read before it starts, and what it starts from.

    `start` is None where the clone has no voice, or a new adapter was asked for.
    """

    recipe: Recipe
    notes: Sequence[str] = ()
    start: Start | None = None


def plan_training(clone: Clone, base: str | None, options: Mapping[str, Any], *, fresh: bool = False) -> TrainingPlan:
    """The plan of a new training; `options` are settings of `Training`, None where they were not given.

    It goes on from the clone's adapter where that is possible, see `start`; with `fresh` it never does. Without a base
    that of the adapter is taken, else the default one. Without one of BUDGETS a budget is chosen, and a note says why;
    minutes without epochs end after SAFE_EPOCHS, and a note tells what it means to read the text more often.
    """
    asked, tokens = _without_none(options), tokens_to_learn(clone)
    start = start_of(clone, base, asked) if clone.has_voice and not fresh else None
    base = start.base if start else base
    base = base or _default_base(clone, tokens)
    settings = {**defaults(base), **((start and start.settings) or {}), **asked}
    recipe = Recipe.from_table({"base": base, **_kept(clone), "training": settings})
    rate, read = measured_speed.tokens_per_second(clone, recipe.base), tokens / (1 - recipe.training.replay)
    notes = [_start_note(start)] if start else []
    before = start.epochs if start else 0.0
    if asked.keys().isdisjoint(BUDGETS):
        budget, reason = default_budget(read, rate, recipe.training.step_tokens)
        recipe = _with_training(recipe, budget)
        notes.append(reason)
    planned = epochs_of(recipe.training, read, rate)
    if recipe.training.minutes is not None and recipe.training.epochs is None:
        notes += _minutes_note(recipe.training.minutes, planned)
        recipe = _with_training(recipe, {"epochs": SAFE_EPOCHS})
        planned = min(planned, SAFE_EPOCHS)
    if before or not asked.keys().isdisjoint(BUDGETS):
        notes += _epochs_note(before, planned)
    return TrainingPlan(recipe, notes, start)


def _default_base(clone: Clone, tokens: float) -> str:
    rows = estimate.estimates(tokens, estimate.training_device())
    return estimate.default_base(measured_speed.with_measured(rows, tokens, clone))


def _start_note(start: Start) -> str:
    if start.warm:
        return "It goes on from the voice that is there; --fresh would start anew."
    return f"It starts anew, not from the voice that is there: {start.obstacle}."


def _with_training(recipe: Recipe, settings: Mapping[str, Any]) -> Recipe:
    return recipe.model_copy(update={"training": recipe.training.model_copy(update=dict(settings))})


def _minutes_note(minutes: float, planned: float) -> list[str]:
    if not SAFE_EPOCHS < planned < math.inf:
        return []
    return [
        f"Note: in {minutes:g} minutes it would read the text about {planned:.1f} times; it ends after "
        f"{SAFE_EPOCHS:.0f}, since what is typed once can be guessed after more. --epochs reads it more often."
    ]


def _epochs_note(before: float, planned: float) -> list[str]:
    if not SAFE_EPOCHS < before + planned < math.inf:
        return []
    epochs = f"{before + planned:.1f} epochs{' with those before' if before else ''}"
    return [f"Note: about {epochs}. After {SAFE_EPOCHS:.0f}, what was typed once can be guessed."]


def plan_resumed(clone: Clone, base: str | None = None, options: Mapping[str, Any] | None = None) -> TrainingPlan:
    """The plan of the run that the last checkpoint belongs to.

    `RecipeError` where `base` or one of `options` was given and is another than that run's. A note says in which
    number types a checkpoint of an older version continues.
    """
    identity = checkpoint.read(clone).identity
    _require_same(identity, base, options or {})
    recipe = Recipe.from_table({"base": identity.base, **_kept(clone), "training": identity.training})
    older = missing_types(identity.training) and engines.engine_module_of(identity.base) != "markov"
    return TrainingPlan(recipe, [OLDER_CHECKPOINT] if older else [])


def _require_same(identity: checkpoint.Identity, base: str | None, options: Mapping[str, Any]) -> None:
    if base is not None and Path(base).resolve() != Path(identity.base).resolve():  # a name resolves like a folder
        raise _changed("base", identity.base, base)
    for name, value in _without_none(options).items():
        if value != (begun := identity.training.get(name)):
            raise _changed(name, begun, value)


def _changed(name: str, begun: Any, value: Any) -> RecipeError:
    option = f"--{name.replace('_', '-')}"
    without = f"without {option}" if begun is None else f"with {option} {begun}"
    what = f"The training that was cut off was begun {without}, not {option} {value}."
    return RecipeError(what, f"Leave {option} out to go on with it, or start anew with --fresh in place of --resume.")


def check_options(folder: Path, base: str | None, options: Mapping[str, Any]) -> None:
    """Check the options of a training in `folder` before anything is read.

    `RecipeError` for a wrong setting or more than one budget, `BaseModelError` for a base that cannot be used,
    `DiskFull` where the disk has less space than the training needs.
    """
    asked = _without_none(options)
    if len(budgets := [f"--{name}" for name in BUDGETS if name in asked]) > 1:
        raise RecipeError(f"{' and '.join(budgets)} are more than one budget.", "Give one of them.")
    base = base or "pocket"
    Recipe.from_table({"training": asked})
    require_disk_space(folder, Recipe.from_table({"base": base, "training": {**defaults(base), **asked}}))


def require_disk_space(folder: Path, recipe: Recipe) -> None:
    """`DiskFull` where the disk has less space than the training needs; a checkpoint that is there will be replaced."""
    replaced = bytes_in((folder / "checkpoints").glob("*"))
    require_free_space(folder, estimate.disk_of(recipe.base, recipe.training) - replaced, "training")


def defaults(base: str) -> dict[str, Any]:
    """The settings of `Training` that differ for a base; one of unknown shape is treated as a large one."""
    kind = engines.engine_module_of(base)
    if kind not in ("huggingface", "mlx", "llama"):
        return {}
    shape = estimate.read_shape(base)
    if kind == "llama":
        return small_base(shape.weights, shape.layers) if shape else {}
    return large_base(shape.weights if shape else math.inf)


def default_budget(tokens: float, rate: float, step_tokens: int) -> tuple[dict[str, float], str]:
    """A budget for `tokens` tokens at `rate` tokens a second, as settings of `Training`, and the reason in a line.

    One epoch, because after two, what was typed once can be guessed (LOG.md, the defences); MAX_MINUTES where an epoch
    takes longer; at least MIN_STEPS in any case.
    """
    fitting, fewest = MAX_MINUTES * 60 * rate, MIN_STEPS * step_tokens
    if min(tokens, fitting) < fewest:
        time = estimate.format_estimate(fewest / rate / 60)
        return {"iters": MIN_STEPS}, f"Budget: {MIN_STEPS} steps, the fewest, {time} on this machine."
    time = estimate.format_estimate(tokens / rate / 60)
    if tokens <= fitting:
        return {"epochs": 1.0}, f"Budget: one epoch, {time} on this machine."
    reason = f"about {fitting / tokens:.1f} epochs on this machine, where one would take {time}."
    return {"minutes": MAX_MINUTES}, f"Budget: {MAX_MINUTES:g} minutes, {reason}"


def epochs_of(training: Training, tokens: float, rate: float) -> float:
    """How often a training with a budget reads `tokens` tokens at `rate` tokens a second; infinite if `rate` is.

    Minutes with epochs end with whichever is reached first.
    """
    if training.minutes is not None:
        fitting = training.minutes * 60 * rate / max(tokens, 1.0)
        return fitting if training.epochs is None else min(fitting, training.epochs)
    if training.epochs is not None:
        return training.epochs
    return (training.iters or 0) * training.step_tokens / max(tokens, 1.0)


def tokens_to_learn(clone: Clone) -> float:
    """Tokens of one epoch, estimated from the bytes of the documents and an end token for each."""
    return sum(len(document.text.encode()) / pocket.BYTES_A_TOKEN + 1 for document in clone.documents("train"))


def describe_cost(document_bytes: int) -> list[str]:
    """What training on `document_bytes` bytes takes on this machine, and which larger bases are practical."""
    tokens = document_bytes / pocket.BYTES_A_TOKEN
    rows = estimate.estimates(tokens, estimate.training_device())
    base = estimate.default_base(rows)
    training = Training.model_validate(defaults(base))
    rate, read = estimate.tokens_per_second(base), tokens / (1 - training.replay)
    budget, _ = default_budget(read, rate, training.step_tokens)
    time = estimate.format_estimate(_minutes(training.model_copy(update=budget), read, rate))
    return [f"Training takes {time} on this machine, with {base}.", _larger(estimate.practical_bases(rows))]


def _minutes(training: Training, tokens: float, rate: float) -> float:
    if training.minutes is not None:
        return training.minutes
    return epochs_of(training, tokens, rate) * max(tokens, 1.0) / rate / 60


def _larger(rows: Sequence[estimate.TrainingEstimate]) -> str:
    if not rows:
        return "Larger bases take longer; how long: soundalike doctor"
    each = ", ".join(f"{row.base} ({estimate.format_estimate(row.minutes or 0.0)})" for row in rows)
    return f"Larger bases for --base, with the time of one pass here: {each}."


def _kept(clone: Clone) -> dict[str, Any]:
    """Sections of clone.toml that training keeps: those of the import, and the owner's settings for speaking."""
    sections = clone.manifest()
    return {name: sections[name] for name in ("documents", "sampling", "limits") if name in sections}


def _without_none(options: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}
