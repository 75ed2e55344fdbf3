"""Which of a training's adapters writes most like its owner: what `train` asks at each of its evaluations.

A shorter form of `evaluate`: the same SCENES of the validation part each time, one seed, the clone's own sampling and
guards. Copying is a veto and no term of a sum, because whoever is chosen by likeness alone learns to recite.
"""

from soundalike.clone import Clone
from soundalike.engines.protocol import Engine
from soundalike.evaluation.evaluate import BRIEF_SEEDS
from soundalike.evaluation.held_out import conversations
from soundalike.evaluation.replies import answer_scenes
from soundalike.evaluation.report import recites
from soundalike.evaluation.systems import EvaluationSet, System
from soundalike.generation.guards import Guards
from soundalike.generation.voice import Voice
from soundalike.training.loop import Choose
from soundalike.training.recipe import Recipe
from soundalike.training.status import Choice

SCENES = 96  # fewer than `evaluate` has: a training asks several times


def likeness_chooser(clone: Clone, recipe: Recipe) -> Choose | None:
    """The likeness of an engine that is being trained by `recipe`; None where the recipe chooses by bits."""
    if recipe.training.choose != "likeness":
        return None
    about, (chats, _) = clone.manifest(), conversations(clone)
    owner, tagged = about["clone"]["speaker"], about["documents"]["tagged"]
    stage, guards = EvaluationSet(chats, "valid", owner, SCENES, seed=0), Guards.of(clone, recipe.limits)
    own = stage.owner_figures().copying

    def choose(engine: Engine) -> Choice | None:
        voice = Voice(engine, owner, tagged, recipe.training.window, recipe.sampling, recipe.limits, guards)
        said = answer_scenes(voice, stage.scenes, BRIEF_SEEDS).windows(stage.scenes)
        likeness = stage.scaled(stage.test(System("", said)))
        return Choice(likeness.value, recites(stage.copying(said), own)) if likeness else None

    return choose
