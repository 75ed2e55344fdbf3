"""`soundalike train ME --corrections`: learning from what was said of replies."""

from pathlib import Path
from typing import TYPE_CHECKING

from soundalike.cli.output import print_lines, progress_bar

if TYPE_CHECKING:
    from soundalike.training.train_corrections import CorrectionResult


def train_on_corrections(folder: Path) -> "CorrectionResult":
    """Train, and print how it ended."""
    from soundalike.clone import Clone
    from soundalike.evaluation.adapter_selection import likeness_of_corrected
    from soundalike.training.train_corrections import train_corrections

    clone = Clone.open(folder)
    with progress_bar("Learning") as bar:
        result = train_corrections(clone, score=likeness_of_corrected(clone), on_step=bar)
    print_lines(result.lines())
    return result
