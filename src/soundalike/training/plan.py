"""A clone and a recipe -> an adapter in the clone: picks the budget and the engine, trains, writes down how.

Joins recipe, engine and loop; the command line calls it.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from soundalike import engines, pocket
from soundalike.clone import Clone
from soundalike.clone.folder import require_room
from soundalike.engines.distributed import process_group
from soundalike.errors import RecipeError
from soundalike.paths import bytes_in
from soundalike.training import checkpoint, estimate, versions
from soundalike.training.loop import Choose, train
from soundalike.training.numerics import VARIABLE, settled, unnamed
from soundalike.training.recipe import SMALL_BASE, Recipe, Training, large_base
from soundalike.training.status import Outcome, Progress, Succession

BUDGETS = ("minutes", "epochs", "iters")
# The time that one waits for, and steps beyond the 20 of the warm-up: a start, not measured yet.
LONGEST_MINUTES, FEWEST_STEPS = 10.0, 30
SAFE_EPOCHS = 2.0  # beyond, a string that was typed once can be pulled out of a clone (LOG.md, the defences)
OLDER = (
    "The checkpoint does not say in which number types it was computed, as older versions did not: it goes on in those "
    f"that `soundalike doctor` names. {VARIABLE}=fp32 or bf16 forces others."
)

Tell = Callable[[str], None]


def recipe_for(clone: Clone, base: str | None, given: Mapping[str, Any], tell: Tell = lambda line: None) -> Recipe:
    """The computed defaults for this clone, under what clone.toml says and the person asked for.

    Where none of the BUDGETS is in `given` one is chosen, and `tell` gets a line on why; where one is that reads the
    text more than SAFE_EPOCHS times, a line on what that means.
    """
    asked, tokens = {name: value for name, value in given.items() if value is not None}, tokens_to_learn(clone)
    base = base or estimate.default_base(estimate.estimates(tokens, estimate.this_machine()))
    training = {**defaults(base), **asked}
    recipe = Recipe.from_table({"base": base, **_kept(clone), "training": training})
    rate, read = estimate.tokens_per_second(recipe.base), tokens / (1 - recipe.training.replay)
    if not asked.keys().isdisjoint(BUDGETS):
        if SAFE_EPOCHS < (passes := epochs(recipe.training, read, rate)) < math.inf:
            tell(f"Note: about {passes:.1f} epochs. After {SAFE_EPOCHS:.0f}, what was typed once can be guessed.")
        return recipe
    budget, reason = default_budget(read, rate, recipe.training.step_tokens)
    tell(reason)
    return recipe.model_copy(update={"training": recipe.training.model_copy(update=budget)})


def defaults(base: str) -> dict[str, Any]:
    """The computed settings for a base; one whose size is not told is taken for a large one."""
    room = engines.engine_module_of(base)
    if room not in ("huggingface", "mlx"):
        return SMALL_BASE if room == "llama" else {}
    size = estimate.size_of(base)
    return large_base(size.weights if size else math.inf)


def resumed_recipe(
    clone: Clone, tell: Tell = lambda line: None, base: str | None = None, given: Mapping[str, Any] | None = None
) -> Recipe:
    """The recipe of the run that the last checkpoint belongs to; `RecipeError` where `base` or `given` is another.

    Where an older version wrote it, without the number types that it computed in, `tell` gets a line on what follows.
    """
    identity = checkpoint.read(clone).identity
    _demand_as_begun(identity, base, given or {})
    if unnamed(identity.training) and engines.engine_module_of(identity.base) != "markov":
        tell(OLDER)
    return Recipe.from_table({"base": identity.base, **_kept(clone), "training": identity.training})


def _demand_as_begun(identity: checkpoint.Identity, base: str | None, given: Mapping[str, Any]) -> None:
    """Refuse to pass over a setting that was asked for and is not the one that the training was begun with."""
    if base is not None and Path(base).resolve() != Path(identity.base).resolve():  # of a name, as of a folder
        raise _other("base", identity.base, base)
    for name, value in given.items():
        if value is not None and value != (begun := identity.training.get(name)):
            raise _other(name, begun, value)


def _other(name: str, begun: Any, value: Any) -> RecipeError:
    option = f"--{name.replace('_', '-')}"
    without = f"without {option}" if begun is None else f"with {option} {begun}"
    what = f"The training that was cut off was begun {without}, not {option} {value}."
    return RecipeError(what, f"Leave {option} out to go on with it, or start anew with --fresh in place of --resume.")


def prospect(learned: int) -> list[str]:
    """What training on so many bytes of documents will take here, and which larger bases make sense, in two lines."""
    tokens = learned / pocket.BYTES_A_TOKEN
    rows = estimate.estimates(tokens, estimate.this_machine())
    base = estimate.default_base(rows)
    training = Training.model_validate(defaults(base))
    rate, read = estimate.tokens_per_second(base), tokens / (1 - training.replay)
    budget, _ = default_budget(read, rate, training.step_tokens)
    minutes = _minutes(training.model_copy(update=budget), read, rate)
    time = estimate.spelled_estimate(minutes)
    return [f"Training takes {time} on this machine, with {base}.", _larger(estimate.sensible(rows))]


def _minutes(training: Training, tokens: float, rate: float) -> float:
    if training.minutes is not None:
        return training.minutes
    return epochs(training, tokens, rate) * max(tokens, 1.0) / rate / 60


def _larger(rows: Sequence[estimate.TrainingEstimate]) -> str:
    if not rows:
        return "Larger bases take longer; how long: soundalike doctor"
    each = ", ".join(f"{row.base} ({estimate.spelled_estimate(row.minutes or 0.0)})" for row in rows)
    return f"Larger bases for --base, with the time of one pass here: {each}."


def default_budget(tokens: float, rate: float, step_tokens: int) -> tuple[dict[str, float], str]:
    """How long to learn from so many tokens at `rate` tokens a second, as settings, and why in a line.

    One epoch, because after two what was typed once can be guessed (LOG.md, the defences), or the part of it that fits
    into LONGEST_MINUTES, but never under FEWEST_STEPS.
    """
    fitting, fewest = LONGEST_MINUTES * 60 * rate, FEWEST_STEPS * step_tokens
    spelled = estimate.spelled_estimate
    if min(tokens, fitting) < fewest:
        time = spelled(fewest / rate / 60)
        return {"iters": FEWEST_STEPS}, f"Budget: {FEWEST_STEPS} steps, the fewest, {time} on this machine."
    time = spelled(tokens / rate / 60)
    if tokens <= fitting:
        return {"epochs": 1.0}, f"Budget: one epoch, {time} on this machine."
    reason = f"about {fitting / tokens:.1f} epochs on this machine, where one would take {time}."
    return {"minutes": LONGEST_MINUTES}, f"Budget: {LONGEST_MINUTES:g} minutes, {reason}"


def epochs(training: Training, tokens: float, rate: float) -> float:
    """How often a training with a budget reads so many tokens, at `rate` tokens a second: infinite where that is."""
    if training.minutes is not None:
        return training.minutes * 60 * rate / max(tokens, 1.0)
    if training.epochs is not None:
        return training.epochs
    return (training.iters or 0) * training.step_tokens / max(tokens, 1.0)


def tokens_to_learn(clone: Clone) -> float:
    """Tokens of one pass, estimated from the bytes of the documents and an end for each."""
    return sum(len(document.text.encode()) / pocket.BYTES_A_TOKEN + 1 for document in clone.documents("train"))


def check(folder: Path, base: str | None, given: Mapping[str, Any]) -> None:
    """Whether such a training can be asked for in `folder`, before anything is read.

    `RecipeError`, `BaseModelError`, or `NoRoom` where the disk has less than it will need.
    """
    asked = {name: value for name, value in given.items() if value is not None}
    if len(budgets := [f"--{name}" for name in BUDGETS if name in asked]) > 1:
        raise RecipeError(f"{' and '.join(budgets)} are more than one budget.", "Give one of them.")
    base = base or "pocket"
    Recipe.from_table({"training": asked})
    _demand_room(folder, Recipe.from_table({"base": base, "training": {**defaults(base), **asked}}))


def _demand_room(folder: Path, recipe: Recipe) -> None:
    there = bytes_in((folder / "checkpoints").glob("*"))  # it will be replaced
    require_room(folder, estimate.disk_of(recipe.base, recipe.training) - there, "training")


def learn(
    clone: Clone,
    recipe: Recipe,
    resume: bool,
    on_step: Callable[[Progress], None],
    choose: Choose | None = None,
    succession: Succession | None = None,
) -> Outcome:
    """Train by `recipe`; the manifest then says what was used. Of several processes all go by the first one's.

    Without a `succession` the clone must have no voice yet, or `resume` one; see `versions.succession`.
    """
    succession = succession or versions.succession(clone, resume=resume)
    recipe = Recipe.from_table(process_group().broadcast(recipe.as_table()))
    _demand_room(clone.root, recipe)
    before = versions.bits_a_byte(clone, clone.root) if succession == "better" else None
    engine = engines.load(recipe.base, None, recipe.training)
    recipe = recipe.model_copy(update={"training": settled(recipe.training, engine.numerics)})
    used = {"base": recipe.base, **recipe.training.model_dump()}
    table = recipe.as_table()
    sections = {
        "training": used,
        "numerics": asdict(engine.numerics) if engine.numerics else {},
        "sampling": table["sampling"],
        "limits": table["limits"],
    }
    given: dict[str, Any] = {"base": recipe.base, "sections": sections, "choose": choose, "succession": succession}
    outcome = train(engine, clone, recipe.training, resume=resume, on_step=on_step, **given)
    if not outcome.finished:
        return outcome
    off = estimate.error(recipe.base, recipe.training, outcome.progress.seconds, outcome.progress.useful_tokens)
    after = versions.bits_a_byte(clone, clone.candidate_path) if before is not None else None
    if process_group().rank:
        return outcome
    if succession != "first":
        return replace(outcome, settled=versions.settle(clone, {"estimate": off}, before, after).line())
    with clone.locked("training"):
        clone.record(estimate=off)
    return outcome


def _kept(clone: Clone) -> dict[str, Any]:
    """The sections of clone.toml that training takes as they are: the import's, and what the owner set for speaking."""
    sections = clone.manifest()
    return {name: sections[name] for name in ("documents", "sampling", "limits") if name in sections}
