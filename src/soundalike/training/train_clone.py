"""Training a clone by a recipe: loads the engine, trains, resolves two voices, and records how it was done."""

from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

from soundalike import engines
from soundalike.clone import Clone
from soundalike.engines.distributed import process_group
from soundalike.engines.protocol import Engine
from soundalike.training import estimate, versions
from soundalike.training.loop import ScoreAdapter, train
from soundalike.training.measured_speed import speed_section
from soundalike.training.numerics import with_numerics
from soundalike.training.plan import require_disk_space
from soundalike.training.recipe import Recipe
from soundalike.training.start import Start
from soundalike.training.status import Progress, Succession, TrainingResult


def train_clone(
    clone: Clone,
    recipe: Recipe,
    *,
    resume: bool = False,
    on_step: Callable[[Progress], None] = lambda progress: None,
    score: ScoreAdapter | None = None,
    succession: Succession | None = None,
    start: Start | None = None,
) -> TrainingResult:
    """Train the clone's adapter by `recipe`, and record in clone.toml what was used; for errors see `loop.train`.

    With a `start` that is warm the training goes on from the clone's adapter. Without `succession` the clone must have
    no voice, or be in the middle of a training that is resumed; see `versions.succession`. Of several processes all use
    the recipe of the first one.
    """
    succession = succession or versions.succession(clone, start, resume=resume)
    warm = start is not None and start.warm and not resume
    recipe = Recipe.from_table(process_group().broadcast(recipe.as_table()))
    require_disk_space(clone.root, recipe)
    before = versions.bits_per_byte_of(clone, clone.root) if succession == "better" else None
    engine = engines.load(recipe.base, clone.intact_adapter() if warm else None, recipe.training)
    recipe = recipe.model_copy(update={"training": with_numerics(recipe.training, engine.numerics)})
    result = train(
        engine,
        clone,
        recipe.training,
        base=recipe.base,
        resume=resume,
        on_step=on_step,
        sections=_sections(recipe, engine),
        score=score,
        succession=succession,
        epochs_before=start.epochs if start and warm else 0.0,
    )
    if not result.finished:
        return result
    progress = result.progress
    took = {
        **estimate.compare_with_actual(recipe.base, recipe.training, progress.seconds, progress.useful_tokens),
        **speed_section(recipe.base, progress),
    }
    after = versions.bits_per_byte_of(clone, clone.candidate_path) if before is not None else None
    if process_group().rank:
        return result
    if succession != "first":
        settled = versions.resolve_candidate(clone, {"estimate": took}, before, after)
        return replace(result, settled=settled.line(), version=settled.version)
    with clone.locked("training"):
        clone.record(estimate=took)
    return result


def _sections(recipe: Recipe, engine: Engine) -> dict[str, Any]:
    """The sections of clone.toml that describe how an adapter was made and how it speaks."""
    table = recipe.as_table()
    return {
        "training": {"base": recipe.base, **recipe.training.model_dump()},
        "numerics": asdict(engine.numerics) if engine.numerics else {},
        "sampling": table["sampling"],
        "limits": table["limits"],
    }
