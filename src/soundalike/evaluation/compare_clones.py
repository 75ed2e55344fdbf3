"""`soundalike evaluate A B`: two clones of one person in the same scenes, and whether one is better.

A paired test: both answer the same contexts with the same seeds, and every draw of the bootstrap takes the same
conversations for both, so that what is hard for both cancels out. On the validation part, because it chooses.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from soundalike.clone import Clone
from soundalike.errors import CloneError, TooLittleText
from soundalike.evaluation.evaluate import SCENES, SEEDS
from soundalike.evaluation.held_out import conversations
from soundalike.evaluation.replies import answer_scenes
from soundalike.evaluation.systems import EvaluationSet, System
from soundalike.generation.voice import Voice
from soundalike.metrics.likeness_scale import TELLING
from soundalike.metrics.stats import Estimate, difference, mean, percentile_interval

BETTER_UPWARDS = {"likeness": True, "sense": True, "copying": False, "loops": False}


@dataclass(frozen=True, slots=True)
class PairedDifference:
    """`first` and `second` of one figure, and their `difference`, first minus second."""

    first: Estimate
    second: Estimate
    difference: Estimate

    def as_dict(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        return {name: getattr(self, name).as_dict() for name in PairedDifference.__slots__}


def compare(
    one: str | Path,
    other: str | Path,
    *,
    seeds: tuple[int, ...] = SEEDS,
    most: int = SCENES,
    on_progress: Callable[[float, int], None] = lambda done, of: None,
) -> dict[str, PairedDifference]:
    """Four figures of two clones with the paired difference; a figure that there is too little text for is left out.

    `CloneError` where they were not made from the same messages; `TooLittleText` where there are too few.
    """
    clones = [Clone.open(folder) for folder in (one, other)]
    if len({clone.manifest()["hashes"]["messages.parquet"] for clone in clones}) > 1:
        raise CloneError(f"{one} and {other} hold different messages.", "Import the same exports into both.")
    voices = [Voice.load(folder) for folder in (one, other)]
    chats, _ = conversations(clones[0])
    stage = EvaluationSet(chats, "valid", voices[0].owner, most, seed=0)
    total, done = 2 * len(seeds) * len(stage.scenes), 0.0

    def step(scenes: float) -> None:
        nonlocal done
        done += scenes
        on_progress(round(done, 6), total)

    both = [System("", answer_scenes(voice, stage.scenes, seeds, step).windows(stage.scenes)) for voice in voices]
    found = {"likeness": _likeness(stage, both), "sense": _sense(stage, both), **_shares(stage, both)}
    if found["likeness"] is None:
        raise TooLittleText("There are too few held-out windows to compare by.", "Import more of your messages.")
    return {name: versus for name, versus in found.items() if versus is not None}


def lines(found: dict[str, PairedDifference]) -> list[str]:
    """A line a figure: both, and what can be said of the difference."""
    return [
        f"{name:9} {v.first.spelled(percent=True):>20} {v.second.spelled(percent=True):>20}   {_verdict(name, v)}"
        for name, v in found.items()
    ]


def _verdict(name: str, versus: PairedDifference) -> str:
    """Which is better, where the interval of the difference says so."""
    low, high = versus.difference.low, versus.difference.high
    if low <= 0 <= high:
        return "no difference that this text can show"
    return "the first is better" if (low > 0) == BETTER_UPWARDS[name] else "the second is better"


def _likeness(stage: EvaluationSet, both: list[System]) -> PairedDifference | None:
    tests = [stage.test(contestant) for contestant in both]
    if any(test is None for test in tests) or stage.floor is None or stage.ceiling is None:
        return None
    first, second = (test for test in tests if test is not None)
    room = max(stage.ceiling.auc - stage.floor.auc, TELLING)
    scaled = [stage.scaled(test) for test in (first, second)]
    if scaled[0] is None or scaled[1] is None:
        return None
    apart = percentile_interval((second.auc - first.auc) / room, (second.draws - first.draws) / room, first.windows)
    return PairedDifference(scaled[0], scaled[1], apart)


def _sense(stage: EvaluationSet, both: list[System]) -> PairedDifference | None:
    first, second = (stage.preferences(contestant) for contestant in both)
    if first is None or second is None:
        return None
    groups = stage.real.groups[stage.judged]
    made = [mean(values, groups, stage.seed) for values in (first, second, first - second)]
    return PairedDifference(*made)


def _shares(stage: EvaluationSet, both: list[System]) -> dict[str, PairedDifference | None]:
    """Copying and loops: the two clones' messages are not the same ones, so the intervals are set off as apart."""
    measures = {"copying": stage.copying, "loops": stage.loops}
    return {name: _apart(*(measure(contestant.windows) for contestant in both)) for name, measure in measures.items()}


def _apart(first: Estimate | None, second: Estimate | None) -> PairedDifference | None:
    return None if first is None or second is None else PairedDifference(first, second, difference(first, second))
