"""Which of a training's adapters writes most like its owner: what `train` asks at each of its evaluations.

A shorter form of `evaluate`: the same SCENES of the validation part each time, one seed, the clone's own sampling and
guards. Copying is a veto and no term of a sum, because an adapter chosen by likeness alone learns to recite.
"""

from functools import cache
from typing import Any

from soundalike.clone import Clone
from soundalike.engines.protocol import Engine
from soundalike.evaluation.evaluate import BRIEF_SEEDS
from soundalike.evaluation.evaluation_set import EvaluationSet
from soundalike.evaluation.held_out import conversations
from soundalike.evaluation.replies import answer_scenes
from soundalike.evaluation.system_metrics import System, copying, owner_copying, two_sample_test
from soundalike.generation.guards import Guards
from soundalike.generation.voice import Voice
from soundalike.metrics.likeness_scale import likeness_draws
from soundalike.metrics.repetition import recites
from soundalike.training.loop import ScoreAdapter
from soundalike.training.recipe import Recipe
from soundalike.training.status import AdapterScore

SCENES = 96  # fewer than `evaluate` has: a training asks several times


def likeness_chooser(clone: Clone, recipe: Recipe) -> ScoreAdapter | None:
    """Measures the likeness of an engine that is being trained by `recipe`; None where the recipe chooses by bits."""
    return _likeness(clone, recipe) if recipe.training.choose == "likeness" else None


def likeness_of_corrected(clone: Clone) -> ScoreAdapter:
    """Measures the likeness of the clone's voice before and after it learns from corrections.

    The clone is read at the first call, which comes after it was checked.
    """

    @cache
    def measure() -> ScoreAdapter:
        sections = clone.manifest()
        table: dict[str, Any] = {name: sections[name] for name in ("sampling", "limits") if name in sections}
        table["training"] = {"window": sections["training"]["window"]}
        return _likeness(clone, Recipe.from_table(table))

    return lambda engine: measure()(engine)


def _likeness(clone: Clone, recipe: Recipe) -> ScoreAdapter:
    about, (chats, _) = clone.manifest(), conversations(clone)
    owner, tagged = about["clone"]["speaker"], about["documents"]["tagged"]
    held_out, guards = EvaluationSet(chats, "valid", owner, SCENES), Guards.of(clone, recipe.limits)
    owner_copies = owner_copying(held_out)

    def choose(engine: Engine) -> AdapterScore | None:
        voice = Voice(engine, owner, tagged, recipe.training.window, recipe.sampling, recipe.limits, guards)
        windows = answer_scenes(voice, held_out.scenes, BRIEF_SEEDS)
        test = two_sample_test(held_out, System("", windows))
        likeness = held_out.scaled(test)
        if test is None or held_out.ceiling is None or likeness is None:
            return None
        draws = tuple(likeness_draws(test, held_out.ceiling).tolist())
        return AdapterScore(likeness.value, recites(copying(held_out, windows), owner_copies), draws)

    return choose
