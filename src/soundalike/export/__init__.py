"""A clone for other programs: merged weights, a GGUF file, or what mlx-lm reads.

Takes a trained clone, leaves a folder `export-<kind>` in it, all at once or not at all. Each kind is a file
here. It knows weights and files, never messages.
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from soundalike.clone import Clone
from soundalike.errors import CloneError, RecipeError
from soundalike.recipe import Recipe

KINDS = ("merged", "gguf", "mlx")
PRECISIONS = ("f16", "q8_0")


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written: `folder`, its `files` with their sizes in bytes, and `use`, a command that takes it up."""

    folder: str
    files: dict[str, int]
    use: str

    def as_dict(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        return asdict(self)

    def lines(self) -> list[str]:
        """As a person reads it."""
        return [
            *(f"{self.folder}/{name}: {size / 1e6:,.1f} MB" for name, size in self.files.items()),
            f"Use it: {self.use}",
        ]


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

    `CloneError` where the clone is untrained or holds no weights; `EngineError` where the base cannot be written so.
    """
    _demand(kind, KINDS, "--to")
    _demand(precision, PRECISIONS, "--precision")
    trained = _trained(clone)
    folder = clone.root / f"export-{kind}"
    with clone.locked("exporting"), clone.replacing() as scratch:
        target = scratch / folder.name
        target.mkdir()
        use = _write(kind, trained, target, precision)
    sizes = {path.name: path.stat().st_size for path in sorted(folder.iterdir())}
    return Exported(str(folder), sizes, use.replace(str(target), str(folder)))


def _write(kind: str, trained: Trained, target: Path, precision: str) -> str:
    """Write one kind into `target`; gives the command that takes it up."""
    if kind == "merged":
        from soundalike.export.merged import write_merged

        write_merged(trained, target)
        return f"vllm serve {target}"
    if kind == "gguf":
        from soundalike.export.gguf import write_gguf

        file = write_gguf(trained, target, precision)
        return f"llama-server -m {file}   or   ollama create me -f {target / 'Modelfile'}"
    from soundalike.export.mlx import write_mlx

    return write_mlx(trained, target)


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
    return Trained(learned["base"], clone.adapter_path, owner, tagged, learned["window"], Recipe.from_table(kept))


def _demand(value: str, allowed: tuple[str, ...], option: str) -> None:
    if value not in allowed:
        raise RecipeError(f"{option} is {value!r}.", f"It can be {', '.join(allowed)}.")
