"""A clone for other programs: merged weights, a GGUF file, or what mlx-lm reads.

Takes a trained clone, leaves a folder `export-<kind>` in it, all at once or not at all. Each kind is a file
here. It knows weights and files, never messages.
"""

import errno
import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from soundalike.clone import Clone
from soundalike.clone.folder import require_room
from soundalike.errors import CloneError, RecipeError
from soundalike.paths import bytes_in
from soundalike.training.estimate import size_of
from soundalike.training.recipe import Recipe

KINDS = ("merged", "gguf", "mlx")
PRECISIONS = ("f16", "q8_0")
SMALL = 100_000_000  # weights up to which they are written in fp32: nothing of a small model is rounded away
GGUF_BYTES = {"f16": 2, "q8_0": 34 / 32}  # of a weight: q8_0 has a scale of two bytes for each 32
RECORD = "export.json"  # in an exported folder: what was written there


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written: `folder`, its `files` with their sizes in bytes, and `use`: commands that take it up."""

    folder: str
    files: dict[str, int]
    use: list[str]

    def as_dict(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        return asdict(self)

    def lines(self) -> list[str]:
        """As a person reads it."""
        return [
            *(f"{self.folder}/{name}: {_spelled(size)}" for name, size in self.files.items()),
            f"Use it: {'   or   '.join(self.use)}",
        ]


def _spelled(size: int) -> str:
    """A size in bytes as a person reads it."""
    return f"{size / 1e6:,.1f} MB" if size >= 100_000 else f"{max(size / 1e3, 0.1):,.1f} kB"


@dataclass(frozen=True, slots=True)
class Trained:
    """What every kind of export is made from: base, adapter, and how the owner's lines are written."""

    base: str
    adapter: Path
    owner: str
    tagged: bool
    window: int
    recipe: Recipe


def export(clone: Clone, kind: str, precision: str = "f16") -> Exported:
    """Write the clone's model as `kind`, one of KINDS; `precision`, one of PRECISIONS, is for gguf.

    `CloneError` where the clone is untrained, holds no weights, or something else lies where the export would; then,
    and where the disk is full, nothing is changed. `EngineError` where the base cannot be written so.
    """
    _demand(kind, KINDS, "--to")
    _demand(precision, PRECISIONS, "--precision")
    trained = _trained(clone)
    folder = clone.root / f"export-{kind}"
    require_room(clone.root, _bytes_of(kind, trained, precision), "the export")
    with clone.locked("exporting"), clone.replacing() as scratch, full_disk_told():
        _refuse_others(folder)
        target = scratch / folder.name
        target.mkdir()
        use = _write(kind, trained, target, precision, folder)
        sizes = {path.name: path.stat().st_size for path in sorted(target.iterdir())}
        (target / RECORD).write_text(json.dumps({"kind": kind, "files": list(sizes)}) + "\n", encoding="utf-8")
    return Exported(str(folder), sizes, [quoted(command) for command in use])


def _bytes_of(kind: str, trained: Trained, precision: str) -> float:
    """How much an export writes, its tokenizer aside: each weight as that kind holds it."""
    from soundalike.engines.adapter_files import adapter_method

    size = size_of(trained.base)
    adapter = bytes_in(trained.adapter.glob("*.safetensors"))
    if size is None or (kind == "mlx" and adapter_method(trained.adapter)[0] == "lora"):
        return adapter
    if kind == "gguf":
        return size.weights * GGUF_BYTES[precision]
    return size.weights * (4 if size.weights <= SMALL else 2)


def quoted(command: Sequence[str]) -> str:
    """A command as this system's shell takes it: names with blanks and quotes stay one word."""
    return subprocess.list2cmdline(command) if sys.platform == "win32" else shlex.join(command)


@contextmanager
def full_disk_told() -> Iterator[None]:
    """Libraries in Rust have errors of their own for a full disk: within it they are Python's, which are told."""
    try:
        yield
    except OSError:
        raise
    except Exception as error:
        if f"(os error {errno.ENOSPC})" in str(error):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from error
        raise


def _refuse_others(folder: Path) -> None:
    """`CloneError` where the export would replace anything but an earlier export."""
    if not folder.exists() and not folder.is_symlink():
        return
    do = f"Move or delete it, and export again: {folder}"
    if folder.is_symlink() or not folder.is_dir():
        raise CloneError(f"Something that is no export lies at {folder}.", do)
    others = {path.name for path in folder.iterdir()} - _recorded(folder)
    if others:
        raise CloneError(f"{folder} holds {min(others)}, which no export wrote.", do)


def _recorded(folder: Path) -> set[str]:
    """Names of the files that an earlier export says it wrote into `folder`."""
    if not (folder / RECORD).is_file():
        return set()
    try:
        files = json.loads((folder / RECORD).read_text(encoding="utf-8"))["files"]
        return {RECORD, *map(str, files)}
    except (OSError, ValueError, KeyError, TypeError):
        return set()  # then nothing there is known to be an export's


def _write(kind: str, trained: Trained, target: Path, precision: str, folder: Path) -> list[list[str]]:
    """Write one kind into `target`, which will be `folder`; gives the commands that take it up."""
    if kind == "merged":
        from soundalike.export.merged import write_merged

        write_merged(trained, target)
        return [["vllm", "serve", str(folder)]]
    if kind == "gguf":
        from soundalike.export.gguf import write_gguf

        file = write_gguf(trained, target, precision)
        create = ["ollama", "create", "me", "-f", str(folder / "Modelfile")]
        return [["llama-server", "-m", str(folder / file.name)], create]
    from soundalike.export.mlx_lm import write_mlx

    return [write_mlx(trained, target, folder)]


def _trained(clone: Clone) -> Trained:
    sections = clone.manifest()
    if "training" not in sections or not clone.adapter_path.is_dir():
        raise CloneError(
            f"The clone in {clone.root} has not been trained yet.", f"Train it: soundalike train {clone.root}"
        )
    if not (clone.adapter_path / "adapter_model.safetensors").exists():
        raise CloneError(f"The clone in {clone.root} is a word chain: it has no weights.", "Train it on another base.")
    kept: dict[str, Any] = {name: sections[name] for name in ("sampling", "limits") if name in sections}
    learned, tagged = sections["training"], sections["documents"]["tagged"]
    owner = sections["clone"]["speaker"]
    return Trained(learned["base"], clone.intact_adapter(), owner, tagged, learned["window"], Recipe.from_table(kept))


def _demand(value: str, allowed: tuple[str, ...], option: str) -> None:
    if value not in allowed:
        raise RecipeError(f"{option} is {value!r}.", f"It can be {', '.join(allowed)}.")
