"""The clone folder: everything about one voice in one place, deletable with one `rm -r`.

Knows where things lie and keeps the manifest, clone.toml. Takes plain dicts for the manifest's sections and
keeps those that others wrote; what a recipe, a document or an adapter means is for others to know.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from soundalike import __version__
from soundalike.clone import integrity, manifest
from soundalike.clone.folder import INCOMING, LOCK, OUTGOING, SCRATCH, Folder, explained
from soundalike.errors import CloneError

if TYPE_CHECKING:
    import polars as pl

FORMAT = 1
MANIFEST, IGNORE, EVERYTHING = "clone.toml", ".gitignore", "*\n"

Sections = dict[str, dict[str, Any]]


class Clone(Folder):
    """One clone folder. Get one by `Clone.open` or `Clone.claim`."""

    @classmethod
    def open(cls, path: str | Path) -> "Clone":
        """The clone at `path`; `CloneError` where there is none, or one of a later version."""
        clone = cls(Path(path))
        with explained(clone.root):
            clone.settle()
        if not clone.root.exists():
            raise CloneError(f"There is no clone at {path}.", f"Make one with: soundalike clone EXPORT --out {path}")
        if not clone.exists and clone.root.is_dir() and all(map(_ours, clone.root.iterdir())):
            what = f"There is no clone at {path} yet: an import into it goes on, or was cut off."
            raise CloneError(what, "Wait until it is done, or import again.")
        if not clone.exists:
            raise CloneError(f"{path} is not a clone folder.", "Name a folder that soundalike clone has made.")
        clone.manifest()
        return clone

    @classmethod
    def claim(cls, path: str | Path) -> "Clone":
        """The clone at `path`, or a new folder for one; `CloneError` where anything else is there."""
        clone = cls(Path(path))
        if clone.exists or (clone.root / INCOMING).exists():
            return cls.open(path)
        with explained(clone.root):
            if clone.root.exists() and not (clone.root.is_dir() and all(map(_ours, clone.root.iterdir()))):
                raise CloneError(f"{path} exists and is not a clone folder.", "Give --out the name of a new folder.")
            clone.root.parent.mkdir(parents=True, exist_ok=True)
            clone.root.mkdir(mode=0o700, exist_ok=True)
        return clone

    @contextmanager
    def locked(self, doing: str) -> Iterator[None]:
        """As `Folder.locked`; a new folder in which nothing was finished goes away again."""
        with super().locked(doing):
            try:
                with explained(self.root):
                    self._ignore()
                yield
            finally:
                if not self.exists and sys.platform != "win32":  # there an open file, the lock, cannot be removed
                    self._vanish()

    def _ignore(self) -> None:
        """Have git ignore everything; nothing is written through a link, or into a pipe, that lies there."""
        path = self.root / IGNORE
        if path.is_symlink() or (path.exists() and not path.is_file()):
            self._remove(IGNORE)
        path.write_text(EVERYTHING, encoding="utf-8")

    def _vanish(self) -> None:
        for name in (IGNORE, LOCK):
            (self.root / name).unlink(missing_ok=True)
        if not any(self.root.iterdir()):
            self.root.rmdir()

    @property
    def exists(self) -> bool:
        """Whether an import was ever finished here."""
        return self.manifest_path.is_file()

    @property
    def manifest_path(self) -> Path:
        """The recipe as used and the manifest."""
        return self.root / MANIFEST

    @property
    def import_path(self) -> Path:
        """The import report."""
        return self.root / "import.json"

    @property
    def messages_path(self) -> Path:
        """The message frame, redacted; the names that go with it lie beside it."""
        return self.root / "messages.parquet"

    @property
    def authors_path(self) -> Path:
        """Who is who in the message frame."""
        return self.root / "authors.parquet"

    @property
    def channels_path(self) -> Path:
        """Titles and kinds of the channels in the message frame."""
        return self.root / "channels.parquet"

    def documents_path(self, split: str) -> Path:
        """Exactly what the model reads; `split` is train, valid or test."""
        return self.root / "documents" / f"{split}.jsonl"

    @property
    def adapter_path(self) -> Path:
        """A folder in PEFT's layout, or with a delta to all weights."""
        return self.root / "adapter"

    @property
    def has_voice(self) -> bool:
        """Whether a training, finished or not, left an adapter that can speak."""
        return self.adapter_path.is_dir() and "training" in self.manifest()

    @property
    def candidate_path(self) -> Path:
        """The adapter of a training that goes on beside a voice, with the sections of clone.toml that go with it."""
        return self.root / "candidate"

    @property
    def versions_path(self) -> Path:
        """Earlier voices, each in a numbered folder that is a clone folder itself."""
        return self.root / "versions"

    @property
    def checkpoints_path(self) -> Path:
        """A folder with all that exact resume needs."""
        return self.root / "checkpoints"

    @property
    def run_path(self) -> Path:
        """How far the run that the checkpoint belongs to had come; there is something to resume where it exists."""
        return self.checkpoints_path / "run.json"

    def manifest(self) -> Sections:
        """clone.toml: [clone], [import], [documents], [hashes], and the sections that others wrote."""
        with explained(self.manifest_path):
            sections = manifest.read(self.manifest_path)
        if sections.get("clone", {}).get("format", 0) > FORMAT:
            raise CloneError(f"{self.root} was written by a later soundalike.", "Install that one, or import again.")
        return sections

    def intact(self, path: Path) -> Path:
        """`path`, a file that import wrote here; `CloneError` where it is missing or not as it was written."""
        name = path.relative_to(self.root).as_posix()
        integrity.demand(path, self.manifest().get("hashes", {}).get(name), "Import again.")
        return path

    def intact_adapter(self) -> Path:
        """The folder of the adapter; `CloneError` where its files are not those that training wrote."""
        for name, written in self.manifest().get("result", {}).get("adapter", {}).items():
            integrity.demand(self.adapter_path / name, written, "Train again with --fresh, or put back what was there.")
        return self.adapter_path

    def report(self, name: str) -> dict[str, Any] | None:
        """A report in the folder, such as evaluation.json, as plain values, or None; `CloneError` if it is damaged."""
        import orjson

        path = self.root / name
        if not path.is_file():
            return None
        try:
            found = orjson.loads(path.read_bytes())
            if not isinstance(found, dict):
                raise ValueError("it is not an object")
            return found
        except (OSError, ValueError) as error:
            raise CloneError(
                f"{path} cannot be read: {error}.", "Delete it and run the command that wrote it."
            ) from error

    def frame(self, path: Path, columns: Sequence[str] | None = None) -> "pl.DataFrame":
        """The message frame or one beside it, or some `columns` of it; `CloneError` where it is not as imported."""
        from soundalike import messages

        schemas = {
            self.messages_path: messages.SCHEMA,
            self.authors_path: messages.AUTHORS_SCHEMA,
            self.channels_path: messages.CHANNELS_SCHEMA,
        }
        schema = {name: kind for name, kind in schemas[path].items() if columns is None or name in columns}
        return integrity.frame(self.intact(path), schema, "Import again.")

    def record(self, **sections: Mapping[str, Any]) -> None:
        """Replace these sections of clone.toml and keep all others; needs the lock."""
        self.write({MANIFEST: self.manifest_with(**sections)})

    def manifest_with(self, **sections: Mapping[str, Any]) -> bytes:
        """clone.toml as `record` would write it. TOML has no null: a value of None is left out."""
        import tomli_w

        kept = self.manifest() if self.exists else {}
        about = {"format": FORMAT, "soundalike": __version__}
        merged = {"clone": about, **kept, **sections}
        merged["clone"] = {**kept.get("clone", {}), **sections.get("clone", {}), **about}
        return tomli_w.dumps({name: _plain(section) for name, section in merged.items()}).encode()

    @property
    def fingerprint(self) -> str:
        """Stands for the documents of the last import: equal where what the model reads is equal."""
        return str(self.manifest().get("import", {}).get("fingerprint", ""))


def _ours(path: Path) -> bool:
    """Whether this is a trace of an import that never finished."""
    if path.name == IGNORE:
        return path.is_file() and path.read_bytes() == EVERYTHING.encode()
    return path.name in (LOCK, OUTGOING) or path.name.startswith(SCRATCH)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items() if inner is not None}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return str(value) if isinstance(value, Path) else value
