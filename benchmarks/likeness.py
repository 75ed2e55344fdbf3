"""Do the anchors still stand in order? Floor, parrot, word chains, salad and strangers on the built-in export.

    python -m benchmarks.likeness [EXPORT...]

No voice speaks here: it is the measure that is measured.
"""

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console

from soundalike.clone import Clone
from soundalike.demo import EXPORT
from soundalike.evaluation.evaluate import SCENES, baseline_systems
from soundalike.evaluation.evaluation_report import BEFORE, OTHERS
from soundalike.evaluation.evaluation_set import EvaluationSet
from soundalike.evaluation.held_out import conversations
from soundalike.evaluation.system_metrics import System, two_sample_test
from soundalike.importing.importer import run_import
from soundalike.metrics.classifier_two_sample import TwoSampleResult
from soundalike.metrics.likeness_scale import auc_estimate
from soundalike.metrics.windows import SIZE

SEEDS = 6  # of each baseline: its figure is the mean over them


def evaluation_set(exports: Sequence[Path], split: str = "test") -> EvaluationSet:
    """The held-out scenes of these exports, or of the built-in one."""
    with TemporaryDirectory() as folder:
        run_import(list(exports) or [EXPORT], Path(folder) / "me")
        chats, built = conversations(Clone.open(Path(folder) / "me"))
    return EvaluationSet(chats, split, built.speaker, SCENES)


def anchors(held_out: EvaluationSet, size: int = SIZE) -> dict[str, TwoSampleResult]:
    """The test of each anchor in windows of `size` messages; one without enough windows is left out."""
    systems = [System(BEFORE, [held_out.earlier], paired=False), *baseline_systems(held_out, SEEDS)]
    found = {system.name: two_sample_test(held_out, system, size) for system in systems} | {OTHERS: held_out.ceiling}
    return {name: test for name, test in found.items() if test is not None}


def run() -> None:
    """Print a table."""
    started = time.perf_counter()
    held_out = evaluation_set([Path(name) for name in sys.argv[1:]])
    fours, eights = anchors(held_out), anchors(held_out, 2 * SIZE)
    for name, test in fours.items():
        likeness = held_out.scaled(test)
        eight = auc_estimate(eights[name]).as_text() if name in eights and name != OTHERS else "-"
        percent = likeness.as_text(percent=True) if likeness else "-"
        Console().print(f"{name:20} {auc_estimate(test).as_text():>20} {eight:>20} {percent:>16}", markup=False)
    print(f"{len(held_out.real)} windows, {time.perf_counter() - started:.1f} s")


if __name__ == "__main__":
    run()
