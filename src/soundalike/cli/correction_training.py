"""`soundalike train ME --corrections`: learning from what was said of replies."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from soundalike.cli.output import print_lines, progress_bar
from soundalike.errors import UsageError

if TYPE_CHECKING:
    from soundalike.training.train_corrections import CorrectionResult


def train_on_corrections(folder: Path, options: Mapping[str, Any]) -> "CorrectionResult":
    """Train, and print how it ended; `UsageError` if any of the other `options` of `train` is set."""
    from soundalike.clone import Clone
    from soundalike.evaluation.adapter_selection import likeness_of_corrected
    from soundalike.training.train_corrections import train_corrections

    if given := [f"--{name.replace('_', '-')}" for name, value in options.items() if value]:
        raise UsageError(f"--corrections takes no {given[0]}.", "Train on messages and on corrections one by one.")
    clone = Clone.open(folder)
    with progress_bar("Learning") as bar:
        result = train_corrections(clone, score=likeness_of_corrected(clone), on_step=bar)
    print_lines(result.lines())
    return result
