"""Do the anchors still stand in order? Floor, parrot, word chains, salad and strangers on the built-in export.

    python -m benchmarks.likeness [EXPORT...]

No voice speaks here: what is measured is the measure.
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
from soundalike.evaluation.held_out import conversations
from soundalike.evaluation.report import BEFORE, OTHERS
from soundalike.evaluation.systems import EvaluationSet, System
from soundalike.importing.importer import run_import
from soundalike.metrics.classifier_two_sample import TwoSampleResult
from soundalike.metrics.likeness_scale import auc_estimate
from soundalike.metrics.windows import SIZE

DRAWS = 6  # of each chatterer: what is told of them is their mean


def stage(exports: Sequence[Path], split: str = "test") -> EvaluationSet:
    """The held-out scenes of these exports, or of the built-in one."""
    with TemporaryDirectory() as folder:
        paths = list(exports) or [EXPORT]
        run_import(paths, Path(folder) / "me")
        chats, built = conversations(Clone.open(Path(folder) / "me"))
    return EvaluationSet(chats, split, built.speaker, SCENES, seed=0)


def anchors(held_out: EvaluationSet, size: int = SIZE) -> dict[str, TwoSampleResult]:
    """The test of each anchor in windows of `size` messages; one without enough windows is left out."""
    contestants = [System(BEFORE, [held_out.earlier], paired=False), *baseline_systems(held_out, DRAWS)]
    found = {one.name: held_out.test(one, size) for one in contestants} | {OTHERS: held_out.ceiling}
    return {name: test for name, test in found.items() if test is not None}


def run() -> None:
    """Print a table."""
    started = time.perf_counter()
    held_out = stage([Path(name) for name in sys.argv[1:]])
    fours, eights = anchors(held_out), anchors(held_out, 2 * SIZE)
    for name, test in fours.items():
        scaled = held_out.scaled(test)
        eight = auc_estimate(eights[name]).spelled() if name in eights and name != OTHERS else "-"
        told = scaled.spelled(percent=True) if scaled else "-"
        Console().print(f"{name:20} {auc_estimate(test).spelled():>20} {eight:>20} {told:>16}", markup=False)
    print(f"{len(held_out.real)} windows, {time.perf_counter() - started:.1f} s")


if __name__ == "__main__":
    run()
