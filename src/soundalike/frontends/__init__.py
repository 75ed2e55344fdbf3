"""Who talks to a voice: at the keyboard, over HTTP, on Discord, several voices in one room."""

from collections.abc import Sequence
from pathlib import Path

from soundalike.errors import UsageError


def places(folders: Sequence[Path], at: Sequence[str]) -> list[str | None]:
    """Where the model of each clone runs: here, without `at`; all at one address, or each at its own, in order."""
    if len(at) > 1 and len(at) != len(folders):
        do = "Give one --at for all, or one for each clone."
        raise UsageError(f"There are {len(folders)} clones and {len(at)} addresses.", do)
    return list(at) if len(at) > 1 else [at[0] if at else None] * len(folders)
