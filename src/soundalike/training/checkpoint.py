"""How a training that was cut off is described in its checkpoint, with the types and ranges that others count on."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from soundalike.clone import Clone
from soundalike.errors import CloneError
from soundalike.paths import regular_file
from soundalike.training.status import Progress, Succession

ANEW = "Start anew with --fresh."
MOST_BYTES = 64 << 20  # some twenty bytes of progress a step, for three million steps


@dataclass(frozen=True)
class Identity:
    """What must be the same for a checkpoint to fit: the import, the base and all settings of the training."""

    fingerprint: str
    base: str
    training: dict[str, Any]

    def __post_init__(self) -> None:
        """`ValueError` where no settings stand there."""
        if not self.training:
            raise ValueError("it does not say how it was trained")


@dataclass(frozen=True)
class Checkpoint:
    """run.json: `state` is the SHA-256 of the tensors beside it; checkpoints of the first version have none."""

    progress: Progress
    identity: Identity
    succession: Succession = "first"
    state: str | None = None


def read(clone: Clone) -> Checkpoint:
    """The last checkpoint of a clone; `CloneError` where there is none, or it is damaged."""
    path = clone.run_path
    if not path.exists() and not path.is_symlink():
        raise CloneError(f"There is nothing to resume in {clone.root}.", "Train without --resume.")
    size = regular_file(path, CloneError, ANEW).st_size
    if size > MOST_BYTES:
        raise damaged(clone, "run.json is larger than any")
    try:
        return TypeAdapter(Checkpoint).validate_python(_parsed(path))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise damaged(clone, f"{where or 'run.json'}: {first['msg']}") from error
    except (OSError, ValueError, RecursionError) as error:
        raise damaged(clone, error) from error


def _parsed(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def damaged(clone: Clone, why: object) -> CloneError:
    """What is said of a checkpoint that cannot be gone on with."""
    said = " ".join(str(why).split("\n")[0].split())[:200]
    return CloneError(f"The checkpoint in {clone.root} is damaged: {said.rstrip('.')}.", ANEW)
