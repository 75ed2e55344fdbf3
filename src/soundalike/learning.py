"""A clone and a recipe -> an adapter in the clone: picks the engine, trains, writes down how.

Joins recipe, engine and loop; the command line calls it.
"""

from collections.abc import Callable, Mapping
from typing import Any

from soundalike import engines
from soundalike.clone import Clone
from soundalike.recipe import Recipe, Training
from soundalike.train import Outcome, Progress, read_checkpoint, train


def recipe_for(clone: Clone, base: str | None, given: Mapping[str, Any]) -> Recipe:
    """The computed defaults for this clone, under what the person asked for."""
    asked = {name: value for name, value in given.items() if value is not None}
    table = {"base": base or "pocket", "documents": clone.manifest().get("documents", {}), "training": asked}
    return Recipe.from_table(table)


def resumed_recipe(clone: Clone) -> Recipe:
    """The recipe of the run that the last checkpoint belongs to."""
    identity = read_checkpoint(clone)["identity"]
    return Recipe(base=identity["base"], training=Training.model_validate(identity["training"]))


def learn(clone: Clone, recipe: Recipe, resume: bool, on_step: Callable[[Progress], None]) -> Outcome:
    """Train by `recipe`; the manifest then says what was used."""
    engine = engines.load(recipe.base, None, recipe.training)
    used = {"base": recipe.base, **recipe.training.model_dump()}
    sections = {"training": used, "sampling": recipe.as_table()["sampling"]}
    return train(engine, clone, recipe.training, base=recipe.base, resume=resume, on_step=on_step, sections=sections)
