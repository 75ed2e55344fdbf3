"""Do the anchors still stand in order? The owner, parrot, word chains, salad and strangers on the built-in export.

    python -m benchmarks.likeness [EXPORT...]

No voice speaks here: it is the measure that is measured. Beside the baselines stands one that writes well: the real
replies with two words of the longest message exchanged.
"""

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from rich.console import Console

from soundalike.clone import Clone
from soundalike.demo import EXPORT
from soundalike.evaluation.baseline_systems import baseline_systems
from soundalike.evaluation.evaluate import SCENES
from soundalike.evaluation.evaluation_report import BEFORE, OTHERS, SAME
from soundalike.evaluation.evaluation_set import EvaluationSet
from soundalike.evaluation.held_out import conversations
from soundalike.evaluation.judge import judge_months_before, judge_same_months, judge_systems
from soundalike.evaluation.reply_features import ReplyReader
from soundalike.evaluation.system_metrics import System, two_sample_test
from soundalike.importing.importer import run_import
from soundalike.metrics.classifier_two_sample import TwoSampleResult
from soundalike.metrics.likeness_scale import auc_estimate
from soundalike.metrics.stats import Estimate
from soundalike.metrics.windows import SIZE, MessageWindows

SEEDS = 6  # of each baseline for the two-sample test: its figure is the mean over them
JUDGED_SEEDS = 2
EXCHANGED = "two words exchanged"


def evaluation_set(exports: Sequence[Path], split: str = "test") -> EvaluationSet:
    """The held-out scenes of these exports, or of the built-in one."""
    with TemporaryDirectory() as folder:
        run_import(list(exports) or [EXPORT], Path(folder) / "me")
        chats, built = conversations(Clone.open(Path(folder) / "me"))
    return EvaluationSet(chats, split, built.speaker, SCENES)


def anchors(held_out: EvaluationSet, size: int = SIZE) -> dict[str, TwoSampleResult]:
    """The test of each anchor in windows of `size` messages; one without enough windows is left out."""
    systems = [
        System(BEFORE, [held_out.earlier], paired=False),
        *baseline_systems(held_out, SEEDS),
        exchanged(held_out),
    ]
    found = {system.name: two_sample_test(held_out, system, size) for system in systems}
    found |= {SAME: held_out.same_months, OTHERS: held_out.ceiling}
    return {name: test for name, test in found.items() if test is not None}


def exchanged(held_out: EvaluationSet, seed: int = 0) -> System:
    """The real replies, with two words of the longest message of each window in each other's place."""
    rng, windows = Random(seed), list[tuple[str, ...]]()
    for messages in held_out.real.messages:
        longest = max(range(len(messages)), key=lambda at: len(messages[at].split(" ")))
        words = messages[longest].split(" ")
        if len(words) > 1:
            one, other = rng.sample(range(len(words)), 2)
            words[one], words[other] = words[other], words[one]
        windows.append((*messages[:longest], " ".join(words), *messages[longest + 1 :]))
    return System(EXCHANGED, [MessageWindows(windows, held_out.real.groups)])


def judged(held_out: EvaluationSet) -> dict[str, Estimate]:
    """How often the judge is fooled by each baseline, and by the owner in the same months and the months before."""
    reader = ReplyReader(held_out)
    results, real = judge_systems(reader, [*baseline_systems(held_out, JUDGED_SEEDS), exchanged(held_out)])
    owner = {SAME: judge_same_months(held_out, real), BEFORE: judge_months_before(reader, real)}
    return {name: result.estimate for name, result in (owner | results).items() if result is not None}


def run() -> None:
    """Print a table."""
    started = time.perf_counter()
    held_out = evaluation_set([Path(name) for name in sys.argv[1:]])
    fours, eights, fooled = anchors(held_out), anchors(held_out, 2 * SIZE), judged(held_out)
    Console().print(f"{'':20} {'area':>18} {'eights':>18} {'likeness':>16} {'fooled':>16}")
    for name in [*fooled, *(fours.keys() - fooled.keys())]:
        area = auc_estimate(fours[name]).as_text() if name in fours else "-"
        eight = auc_estimate(eights[name]).as_text() if name in eights and name not in (SAME, OTHERS) else "-"
        likeness = held_out.scaled(fours.get(name))
        cells = [one.as_text(percent=True) if one else "-" for one in (likeness, fooled.get(name))]
        Console().print(f"{name:20} {area:>18} {eight:>18} {cells[0]:>16} {cells[1]:>16}", markup=False)
    print(f"{len(held_out.real)} windows, {time.perf_counter() - started:.1f} s")


if __name__ == "__main__":
    run()
