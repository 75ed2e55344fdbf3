"""Exports a trained clone for other programs: merged weights, a GGUF file, or an adapter for mlx-lm.

An export is a folder `export-<kind>` in the clone, written atomically. Each kind has a module here.
"""

import json
import shlex
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from soundalike.clone import Clone
from soundalike.clone.folder import require_free_space
from soundalike.errors import CloneError, RecipeError
from soundalike.paths import bytes_in
from soundalike.training.estimate import read_shape
from soundalike.training.recipe import Recipe

KINDS = ("merged", "gguf", "mlx")
PROMPT = "prompt"  # made of counts and texts, by `persona`: no weights are written
PRECISIONS = ("f16", "q8_0")
SMALL = 100_000_000  # weights; a model of up to so many is written in fp32, so that nothing is rounded
GGUF_BYTES = {"f16": 2, "q8_0": 34 / 32}  # of a weight; q8_0 has a scale of two bytes for each 32
RECORD = "export.json"  # in an export: the names of its files


@dataclass(frozen=True, slots=True)
class ExportResult:
    """What was written: the `folder`, its `files` with their sizes in bytes, and commands that `use` it."""

    folder: str
    files: dict[str, int]
    use: list[str]

    def lines(self) -> list[str]:
        """The result in lines: a file each, then the commands."""
        return [
            *(f"{self.folder}/{name}: {_format_size(size)}" for name, size in self.files.items()),
            f"Use it: {'   or   '.join(self.use)}",
        ]


def _format_size(size: int) -> str:
    return f"{size / 1e6:,.1f} MB" if size >= 100_000 else f"{max(size / 1e3, 0.1):,.1f} kB"


@dataclass(frozen=True, slots=True)
class ExportSource:
    """What an export is made from; `tagged`: lines of the transcript begin with a name."""

    base: str
    adapter: Path
    owner: str
    tagged: bool
    window: int
    recipe: Recipe


def export(clone: Clone, kind: str, precision: str = "f16") -> ExportResult:
    """Write the clone's model as `kind`, one of KINDS; `precision`, one of PRECISIONS, is for gguf.

    `CloneError` where the clone is not trained, has no weights, or other files are in the way of the export; `DiskFull`
    where the disk is full; `EngineError` where the base cannot be written in this format. Then nothing is changed.
    """
    _require_one_of((*KINDS, PROMPT), kind, "--to")
    _require_one_of(PRECISIONS, precision, "--precision")
    source = clone.consistent(lambda: _source(clone))
    folder = export_folder(clone, kind)
    require_free_space(clone.root, _estimated_bytes(kind, source, precision), "the export")
    with replacing_export(clone, kind) as target:
        use = _write(kind, source, target, precision, folder)
        sizes = file_sizes(target)
    return ExportResult(str(folder), sizes, [quoted(command) for command in use])


def export_folder(clone: Clone, kind: str) -> Path:
    """Where an export of this kind lies; it need not exist."""
    return clone.root / f"export-{kind}"


@contextmanager
def replacing_export(clone: Clone, kind: str) -> Iterator[Path]:
    """Yield an empty folder that replaces the export of this kind at the end, with a record of its files.

    `CloneError` where other files are in the way; an exception in the body leaves the clone unchanged.
    """
    folder = export_folder(clone, kind)
    with clone.locked("exporting"), clone.replacing() as scratch:
        _require_replaceable(folder)
        target = scratch / folder.name
        target.mkdir()
        yield target
        record = json.dumps({"kind": kind, "files": list(file_sizes(target))})
        (target / RECORD).write_text(record + "\n", encoding="utf-8")


def file_sizes(folder: Path) -> dict[str, int]:
    """Bytes of each file in `folder`, by name."""
    return {path.name: path.stat().st_size for path in sorted(folder.iterdir())}


def _estimated_bytes(kind: str, source: ExportSource, precision: str) -> float:
    """The size of an export without its tokenizer."""
    from soundalike.engines.adapter_files import adapter_settings

    shape = read_shape(source.base)
    adapter = bytes_in(source.adapter.glob("*.safetensors"))
    if shape is None or (kind == "mlx" and adapter_settings(source.adapter)["method"] == "lora"):
        return adapter
    if kind == "gguf":
        return shape.weights * GGUF_BYTES[precision]
    return shape.weights * (4 if shape.weights <= SMALL else 2)


def quoted(command: Sequence[str]) -> str:
    """A command line for this system's shell, with blanks and quotes escaped."""
    return subprocess.list2cmdline(command) if sys.platform == "win32" else shlex.join(command)


def _require_replaceable(folder: Path) -> None:
    """`CloneError` where `folder` has anything but an earlier export."""
    if not folder.exists() and not folder.is_symlink():
        return
    do = f"Move or delete it, and export again: {folder}"
    if folder.is_symlink() or not folder.is_dir():
        raise CloneError(f"Something that is no export lies at {folder}.", do)
    others = {path.name for path in folder.iterdir()} - _recorded_files(folder)
    if others:
        raise CloneError(f"{folder} holds {min(others)}, which no export wrote.", do)


def _recorded_files(folder: Path) -> set[str]:
    """Names of the files that an earlier export wrote into `folder`, as its record has them."""
    if not (folder / RECORD).is_file():
        return set()
    try:
        files = json.loads((folder / RECORD).read_text(encoding="utf-8"))["files"]
        return {RECORD, *map(str, files)}
    except (OSError, ValueError, KeyError, TypeError):
        return set()  # without a readable record, no file counts as an export's


def _write(kind: str, source: ExportSource, target: Path, precision: str, folder: Path) -> list[list[str]]:
    """Write one kind into `target`, which becomes `folder`; returns the commands that use it."""
    if kind == "merged":
        from soundalike.export.merged import write_merged

        write_merged(source, target)
        return [["vllm", "serve", str(folder)]]
    if kind == "gguf":
        from soundalike.export.gguf import write_gguf

        file = write_gguf(source, target, precision)
        create = ["ollama", "create", "me", "-f", str(folder / "Modelfile")]
        return [["llama-server", "-m", str(folder / file.name)], create]
    from soundalike.export.mlx_lm import write_mlx

    return [write_mlx(source, target, folder)]


def _source(clone: Clone) -> ExportSource:
    sections = clone.manifest()
    if "training" not in sections or not clone.adapter_path.is_dir():
        raise CloneError(
            f"The clone in {clone.root} has not been trained yet.",
            f"Train it: soundalike train {shlex.quote(str(clone.root))}",
            control="Train it under Training.",
        )
    if not (clone.adapter_path / "adapter_model.safetensors").exists():
        raise CloneError(f"The clone in {clone.root} is a word chain: it has no weights.", "Train it on another base.")
    training, tagged, owner = sections["training"], sections["documents"]["tagged"], sections["clone"]["speaker"]
    recipe = Recipe.from_table({name: sections[name] for name in ("sampling", "limits") if name in sections})
    return ExportSource(training["base"], clone.intact_adapter(), owner, tagged, training["window"], recipe)


def _require_one_of(allowed: tuple[str, ...], value: str, option: str) -> None:
    if value not in allowed:
        raise RecipeError(f"{option} is {value!r}.", f"It can be {', '.join(allowed)}.")
