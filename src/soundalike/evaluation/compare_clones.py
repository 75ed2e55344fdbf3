"""`soundalike evaluate A B`: two clones of one person in the same scenes, and whether one is better.

A paired test: both answer the same contexts with the same seeds, and every draw of the bootstrap takes the same
conversations for both, so that what is hard for both cancels out. On the validation part, because it chooses.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from soundalike.clone import Clone
from soundalike.errors import CloneError, TooLittleText
from soundalike.evaluation.evaluate import SCENES, SEEDS
from soundalike.evaluation.evaluation_report import HEADLINE
from soundalike.evaluation.evaluation_set import EvaluationSet
from soundalike.evaluation.held_out import conversations
from soundalike.evaluation.judge import judge_systems
from soundalike.evaluation.replies import SceneProgress, answer_scenes
from soundalike.evaluation.reply_features import ReplyReader
from soundalike.evaluation.system_metrics import System, copying, repetition, scene_coherence, two_sample_test
from soundalike.generation.voice import Voice
from soundalike.metrics.likeness_scale import likeness_draws
from soundalike.metrics.stats import Estimate, difference, mean, percentile_interval
from soundalike.progress import OnProgress

HIGHER_IS_BETTER = {"fooled": True, "likeness": True, "coherence": True, "copying": False, "repetition": False}


@dataclass(frozen=True, slots=True)
class PairedDifference:
    """One metric of two clones, and its `difference`, first minus second."""

    first: Estimate
    second: Estimate
    difference: Estimate


def compare(
    one: str | Path,
    other: str | Path,
    *,
    seeds: tuple[int, ...] = SEEDS,
    most: int = SCENES,
    on_progress: OnProgress = lambda done, of: None,
) -> dict[str, PairedDifference]:
    """The headline metrics of two clones; one that there is too little text for is left out.

    `CloneError` where they were not made from the same messages; `TooLittleText` where there are too few.
    """
    clones = [Clone.open(folder) for folder in (one, other)]
    if len({clone.manifest()["hashes"]["messages.parquet"] for clone in clones}) > 1:
        raise CloneError(f"{one} and {other} hold different messages.", "Import the same exports into both.")
    voices = [Voice.load(folder) for folder in (one, other)]
    chats, _ = conversations(clones[0])
    held_out = EvaluationSet(chats, "valid", voices[0].owner, most)
    progress = SceneProgress(on_progress, 2 * len(seeds) * len(held_out.scenes))
    both = [
        System(name, answer_scenes(voice, held_out.scenes, seeds, progress.add))
        for name, voice in zip(("first", "second"), voices, strict=True)
    ]
    found = {
        "fooled": _fooled(held_out, both),
        "likeness": _likeness(held_out, both),
        "coherence": _coherence(held_out, both),
        **_shares(held_out, both),
    }
    if found["likeness"] is None:
        raise TooLittleText("There are too few held-out windows to compare by.", "Import more of your messages.")
    return {name: metric for name, metric in found.items() if metric is not None}


def lines(found: dict[str, PairedDifference]) -> list[str]:
    """A line per metric: both clones' values, and what can be concluded from the difference."""
    return [f"{HEADLINE[name]:9} {_side_by_side(one)}   {_verdict(name, one)}" for name, one in found.items()]


def _side_by_side(metric: PairedDifference) -> str:
    return " ".join(f"{one.as_text(percent=True):>20}" for one in (metric.first, metric.second))


def _verdict(name: str, metric: PairedDifference) -> str:
    """Which is better, where the interval of the difference excludes zero."""
    low, high = metric.difference.low, metric.difference.high
    if low <= 0 <= high:
        return "no difference that this text can show"
    return "the first is better" if (low > 0) == HIGHER_IS_BETTER[name] else "the second is better"


def _fooled(held_out: EvaluationSet, both: Sequence[System]) -> PairedDifference | None:
    results, _ = judge_systems(ReplyReader(held_out), both)
    first, second = (results[system.name] for system in both)
    if first is None or second is None:
        return None
    apart = percentile_interval(first.value - second.value, first.draws - second.draws, first.pairs)
    return PairedDifference(first.estimate, second.estimate, apart)


def _likeness(held_out: EvaluationSet, both: Sequence[System]) -> PairedDifference | None:
    first, second = (two_sample_test(held_out, system) for system in both)
    scaled = held_out.scaled(first), held_out.scaled(second)
    if not (first and second and held_out.ceiling and scaled[0] and scaled[1]):
        return None
    draws = likeness_draws(first, held_out.ceiling) - likeness_draws(second, held_out.ceiling)
    apart = percentile_interval(scaled[0].value - scaled[1].value, draws, first.windows)
    return PairedDifference(scaled[0], scaled[1], apart)


def _coherence(held_out: EvaluationSet, both: Sequence[System]) -> PairedDifference | None:
    first, second = (scene_coherence(held_out, system) for system in both)
    if first is None or second is None:
        return None
    groups = held_out.real.groups[held_out.with_context]
    return PairedDifference(*(mean(values, groups, held_out.seed) for values in (first, second, first - second)))


def _shares(held_out: EvaluationSet, both: Sequence[System]) -> dict[str, PairedDifference | None]:
    """Copying and repetition: the clones' messages are not the same ones, so the intervals are taken as independent."""
    return {
        name: _independent(*(measure(held_out, system.windows) for system in both))
        for name, measure in (("copying", copying), ("repetition", repetition))
    }


def _independent(first: Estimate | None, second: Estimate | None) -> PairedDifference | None:
    return PairedDifference(first, second, difference(first, second)) if first and second else None
