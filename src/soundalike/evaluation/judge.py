"""The headline: shown a context and two replies, one real, how often is a judge fooled into taking the other for it?

It is the machine's form of asking friends blind. Beside it stand the same figure for what no voice wrote: the owner in
other conversations of the same months, which is what a perfect voice would reach, and the owner in the months before,
which is what learning from the past can reach.
"""

from collections.abc import Sequence

import numpy as np

from soundalike.evaluation.evaluation_set import EvaluationSet
from soundalike.evaluation.held_out import real_windows
from soundalike.evaluation.replies import OnScenes
from soundalike.evaluation.reply_features import ReplyReader
from soundalike.evaluation.system_metrics import System, whole_scenes
from soundalike.metrics.classifier_two_sample import window_bootstrap
from soundalike.metrics.discriminator import FooledResult, JudgedReplies, fooled

Results = dict[str, FooledResult | None]  # None where there is too little text


def judge_systems(
    reader: ReplyReader,
    systems: Sequence[System],
    on_scenes: OnScenes = lambda scenes: None,
    on_windows: OnScenes = lambda windows: None,
) -> tuple[Results, JudgedReplies]:
    """By the name of each system, all of which answered the scenes; and what the judge saw of the owner."""
    held_out = reader.held_out
    written = [held_out.real, *(windows for system in systems for windows in system.windows)]
    real, *others = reader.read(held_out.scenes, written, on_scenes, on_windows)
    found, at = Results(), 0
    for system in systems:
        whole = whole_scenes(held_out.real, system.windows)
        samples = [one.take(whole) for one in others[at : at + len(system.windows)]]
        both = held_out.bootstrap, held_out.bootstrap
        found[system.name] = fooled(real.take(whole), samples, both, seed=held_out.seed)
        at += len(system.windows)
    return found, real


def judge_same_months(held_out: EvaluationSet, real: JudgedReplies) -> FooledResult | None:
    """The owner's replies in one half of the held-out conversations beside those in the other."""
    rows = (np.flatnonzero(np.isin(real.groups, half.groups)) for half in held_out.halves)
    return _unpaired(held_out, *(real.take(half) for half in rows))


def judge_months_before(
    reader: ReplyReader, real: JudgedReplies, on_scenes: OnScenes = lambda scenes: None
) -> FooledResult | None:
    """The owner's held-out replies beside those of the part before."""
    scenes = reader.held_out.earlier_scenes
    if not scenes:
        return None
    (earlier,) = reader.read(scenes, [real_windows(scenes)], on_scenes)
    return _unpaired(reader.held_out, real, earlier)


def _unpaired(held_out: EvaluationSet, real: JudgedReplies, others: JudgedReplies) -> FooledResult | None:
    both = window_bootstrap(real.groups, held_out.seed), window_bootstrap(others.groups, held_out.seed + 1)
    return fooled(real, [others], both, paired=False, seed=held_out.seed)
