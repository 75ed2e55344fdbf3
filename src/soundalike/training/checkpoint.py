"""The checkpoint of a training that can be resumed: run.json, and the engine's state beside it.

run.json is checked while it is read, because it may have been edited, cut short or written by an older version.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from soundalike.clone import Clone, integrity
from soundalike.engines.protocol import Engine
from soundalike.errors import CloneError
from soundalike.paths import regular_file
from soundalike.training.numerics import missing_types
from soundalike.training.recipe import without_removed
from soundalike.training.status import Progress, Succession

STATE = "state.safetensors"
START_ANEW = "Start anew with --fresh."
MAX_BYTES = 64 << 20  # of run.json: about twenty bytes of progress a step, for three million steps
LOAD_ERRORS = (SafetensorError, OSError, LookupError, TypeError, ValueError, AttributeError, RuntimeError, MemoryError)


@dataclass(frozen=True)
class Identity:
    """What must be the same for a run to be resumed: the import, the base and all settings of the training."""

    fingerprint: str
    base: str
    training: dict[str, Any]

    def __post_init__(self) -> None:
        """`ValueError` where there are no settings."""
        if not self.training:
            raise ValueError("it does not say how it was trained")


@dataclass(frozen=True)
class Checkpoint:
    """run.json; `state` is the SHA-256 of the state file, which checkpoints of the first version lack."""

    progress: Progress
    identity: Identity
    succession: Succession = "first"
    state: str | None = None


def write(clone: Clone, checkpoint: Checkpoint, state: Mapping[str, NDArray[Any]]) -> None:
    """Replace the clone's checkpoint atomically; `state` is that of the engine."""
    with clone.replacing() as scratch:
        folder = scratch / clone.checkpoints_path.name
        folder.mkdir()
        save_file(dict(state), folder / STATE)
        about = asdict(replace(checkpoint, state=integrity.digest(folder / STATE)))
        (folder / clone.run_path.name).write_text(json.dumps(about), encoding="utf-8")


def read(clone: Clone) -> Checkpoint:
    """The last checkpoint of a clone; `CloneError` where there is none, or it is damaged."""
    path = clone.run_path
    if not path.exists() and not path.is_symlink():
        finished = "Its voice is finished: talk to it, or train another with --keep-better."
        do = finished if clone.has_voice else "Train without --resume."
        raise CloneError(f"There is nothing to resume in {clone.root}.", do)
    size = regular_file(path, CloneError, START_ANEW).st_size
    if size > MAX_BYTES:
        raise damaged(clone, "run.json is larger than any")
    try:
        return TypeAdapter(Checkpoint).validate_python(_parse(path))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise damaged(clone, f"{where or 'run.json'}: {first['msg']}") from error
    except (OSError, ValueError, RecursionError) as error:
        raise damaged(clone, error) from error


def _parse(path: Path) -> Any:
    """The values of run.json; an older version wrote "fresh" for the succession "replace"."""
    about = json.loads(path.read_text(encoding="utf-8"))
    older = isinstance(about, dict) and about.get("succession") == "fresh"
    return about | {"succession": "replace"} if older else about


def require_identity(checkpoint: Checkpoint, identity: Identity) -> None:
    """`CloneError` where the checkpoint was made from another import, base or settings than the run `identity`."""
    then, now = dict(checkpoint.identity.training), identity.training
    then = without_removed(then) | {name: now[name] for name in missing_types(then)}
    types = [f"{one['compute_dtype']} over {one['precision']} weights" for one in (then, now)]
    if types[0] != types[1]:
        raise CloneError(
            f"The checkpoint was computed in {types[0]}, and this run computes in {types[1]}.",
            "Leave precision and compute_dtype as they were, or train anew, without --resume.",
            control="Train it anew under Training.",
        )
    if replace(checkpoint.identity, training=then) != identity:
        raise CloneError(
            "The checkpoint was made from another import or with other settings.",
            "Start anew with --fresh in place of --resume.",
            control="Train it anew under Training.",
        )


def load_state(clone: Clone, checkpoint: Checkpoint, engine: Engine) -> None:
    """Put the engine into the state of the checkpoint; `CloneError` where the state file is damaged."""
    path = clone.checkpoints_path / STATE
    integrity.require_unchanged(path, checkpoint.state, START_ANEW)
    try:
        engine.load_state(load_file(path))
    except LOAD_ERRORS as error:
        raise damaged(clone, error) from error


def damaged(clone: Clone, why: object) -> CloneError:
    """The error for a checkpoint that cannot be resumed; of `why` the first line is used."""
    reason = " ".join(str(why).split("\n")[0].split())[:200]
    return CloneError(f"The checkpoint in {clone.root} is damaged: {reason.rstrip('.')}.", START_ANEW)
