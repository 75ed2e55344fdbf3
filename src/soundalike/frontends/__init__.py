"""The front ends: terminal, server, Discord, several voices in one room, the studio, and the arena."""

from collections.abc import Sequence
from pathlib import Path

from soundalike.errors import UsageError


def model_addresses(folders: Sequence[Path], at: Sequence[str]) -> list[str | None]:
    """The server address of each clone's model: one of `at` for all, or one for each; None for a model here."""
    if len(at) > 1 and len(at) != len(folders):
        do = "Give one --at for all, or one for each clone."
        raise UsageError(f"There are {len(folders)} clones and {len(at)} addresses.", do)
    return list(at) if len(at) > 1 else [at[0] if at else None] * len(folders)
