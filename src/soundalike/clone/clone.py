"""The clone folder: everything about one voice in one place, deletable with one `rm -r`.

`Clone` gives the paths inside the folder, reads its files with their integrity checked, and reads and writes the
manifest, clone.toml, section by section: sections that a caller does not replace stay as they are.
"""

import shlex
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from soundalike.clone import integrity, manifest
from soundalike.clone.folder import INCOMING, LOCK, OUTGOING, SCRATCH, Folder, disk_errors
from soundalike.errors import CloneError, SoundalikeError
from soundalike.version import __version__

if TYPE_CHECKING:
    import polars as pl

    from soundalike.clone.document import Document
    from soundalike.pseudonyms import Pseudonyms

FORMAT = 1
MANIFEST, IGNORE, EVERYTHING = "clone.toml", ".gitignore", "*\n"

READINGS = 5  # of files that other ones replace meanwhile

Sections = dict[str, dict[str, Any]]
Found = TypeVar("Found")


class Clone(Folder):
    """One clone folder; create it with `Clone.open` or `Clone.claim`."""

    @classmethod
    def open(cls, path: str | Path) -> "Clone":
        """The clone at `path`; `CloneError` if there is none, or a later version wrote it."""
        clone = cls(Path(path))
        with disk_errors(clone.root):
            clone.finish_replacement()
        if not clone.root.exists():
            raise CloneError(
                f"There is no clone at {path}.",
                f"Make one with: soundalike clone EXPORT --out {shlex.quote(str(path))}",
            )
        if not clone.exists and clone.root.is_dir() and all(map(_is_unfinished_import, clone.root.iterdir())):
            what = f"There is no clone at {path} yet: an import into it goes on, or was cut off."
            raise CloneError(what, "Wait until it is done, or import again.")
        if not clone.exists:
            raise CloneError(f"{path} is not a clone folder.", "Name a folder that soundalike clone has made.")
        clone.manifest()
        return clone

    @classmethod
    def claim(cls, path: str | Path) -> "Clone":
        """The clone at `path`, or a new folder for one; `CloneError` if anything else is there."""
        clone = cls(Path(path))
        if clone.exists or (clone.root / INCOMING).exists():
            return cls.open(path)
        with disk_errors(clone.root):
            if clone.root.exists() and not (
                clone.root.is_dir() and all(map(_is_unfinished_import, clone.root.iterdir()))
            ):
                raise CloneError(f"{path} exists and is not a clone folder.", "Give --out the name of a new folder.")
            clone.root.parent.mkdir(parents=True, exist_ok=True)
            clone.root.mkdir(mode=0o700, exist_ok=True)
            with suppress(PermissionError):  # another user's folder; `replacing` makes the files private all the same
                clone.root.chmod(0o700)
        return clone

    @contextmanager
    def locked(self, doing: str) -> Iterator[None]:
        """Like `Folder.locked`; a new folder in which no import finished is removed again."""
        with super().locked(doing):
            try:
                with disk_errors(self.root):
                    self._ignore()
                yield
            finally:
                if not self.exists and sys.platform != "win32":  # Windows cannot remove the open lock file
                    self._remove_empty()

    def _ignore(self) -> None:
        """Write a .gitignore for the whole folder; a link or pipe of that name is replaced, not written through."""
        path = self.root / IGNORE
        if path.is_symlink() or (path.exists() and not path.is_file()):
            self._remove(IGNORE)
        path.write_text(EVERYTHING, encoding="utf-8")

    def _remove_empty(self) -> None:
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
        """clone.toml: the manifest, with the recipe as it was used."""
        return self.root / MANIFEST

    @property
    def import_path(self) -> Path:
        """The import report."""
        return self.root / "import.json"

    @property
    def messages_path(self) -> Path:
        """The message frame, redacted."""
        return self.root / "messages.parquet"

    @property
    def authors_path(self) -> Path:
        """Author ids and names of the message frame."""
        return self.root / "authors.parquet"

    @property
    def channels_path(self) -> Path:
        """Titles and kinds of the channels in the message frame."""
        return self.root / "channels.parquet"

    def documents_path(self, split: str) -> Path:
        """The documents of one split (train, valid or test), one JSON object a line."""
        return self.root / "documents" / f"{split}.jsonl"

    @property
    def corrections_path(self) -> Path:
        """What the owner said of replies: see `corrections`."""
        return self.root / "corrections.jsonl"

    @property
    def adapter_path(self) -> Path:
        """The adapter's folder, in PEFT's layout or with a delta of all weights."""
        return self.root / "adapter"

    @property
    def has_voice(self) -> bool:
        """Whether there is an adapter, from a training that finished or not."""
        return self.adapter_path.is_dir() and "training" in self.manifest()

    @property
    def candidate_path(self) -> Path:
        """The adapter of a training that runs beside an existing voice, with its sections of clone.toml."""
        return self.root / "candidate"

    @property
    def versions_path(self) -> Path:
        """Earlier voices, each in a numbered folder that is itself a clone folder."""
        return self.root / "versions"

    @property
    def checkpoints_path(self) -> Path:
        """Checkpoints for exact resume."""
        return self.root / "checkpoints"

    @property
    def run_path(self) -> Path:
        """State of the run that the checkpoint belongs to; it exists while there is something to resume."""
        return self.checkpoints_path / "run.json"

    def manifest(self) -> Sections:
        """clone.toml: [clone], [import], [documents], [hashes], and the sections that others wrote."""
        with disk_errors(self.manifest_path, "read"):
            sections = manifest.read(self.manifest_path)
        if sections.get("clone", {}).get("format", 0) > FORMAT:
            raise CloneError(f"{self.root} was written by a later soundalike.", "Install that one, or import again.")
        return sections

    def consistent(self, read: Callable[[], Found]) -> Found:
        """What `read` returns, all of it from one state of the folder, although another process may write to it.

        `read` is called again where the manifest was replaced meanwhile, at most READINGS times.
        """
        for readings in range(1, READINGS + 1):
            before = self._moment()
            try:
                found = read()
            except (SoundalikeError, OSError):
                if readings == READINGS or self._moment() == before:
                    raise
            else:
                if self._moment() == before:
                    break
        return found

    def _moment(self) -> tuple[int, int] | None:
        """Identifies the manifest, which every replacement of what it describes replaces too; None without one."""
        with disk_errors(self.root):
            self.finish_replacement()
            try:
                about = self.manifest_path.stat()
            except FileNotFoundError:
                return None
        return about.st_ino, about.st_mtime_ns

    def intact(self, path: Path) -> Path:
        """`path`, a file that import wrote; `CloneError` if it is missing or was changed."""
        name = path.relative_to(self.root).as_posix()
        integrity.require_unchanged(path, self.manifest().get("hashes", {}).get(name), "Import again.")
        return path

    def intact_corrections(self) -> Path:
        """The file of corrections; `CloneError` if it is not the one that was written last."""
        written = self.manifest().get("corrections", {}).get("sha256")
        do = "Put it back, or delete it; the corrections in it are lost."
        integrity.require_unchanged(self.corrections_path, written, do)
        return self.corrections_path

    def intact_adapter(self) -> Path:
        """The adapter's folder; `CloneError` if its files are not the ones that training wrote."""
        for name, written in self.manifest().get("result", {}).get("adapter", {}).items():
            integrity.require_unchanged(
                self.adapter_path / name, written, "Train again with --fresh, or put back what was there."
            )
        return self.adapter_path

    def report(self, name: str) -> dict[str, Any] | None:
        """A JSON report in the folder, such as evaluation.json, or None; `CloneError` if it is damaged."""
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

    def messages(self, columns: Sequence[str] | None = None) -> "pl.DataFrame":
        """The message frame, or some of its columns; `CloneError` where it is missing or not as it was imported."""
        from soundalike.messages import SCHEMA

        return self._frame(self.messages_path, SCHEMA, columns)

    def authors(self, columns: Sequence[str] | None = None) -> "pl.DataFrame":
        """The authors of the messages, or some columns; `CloneError` as for `messages`."""
        from soundalike.messages import AUTHORS_SCHEMA

        return self._frame(self.authors_path, AUTHORS_SCHEMA, columns)

    def channels(self, columns: Sequence[str] | None = None) -> "pl.DataFrame":
        """The channels of the messages, or some columns; `CloneError` as for `messages`."""
        from soundalike.messages import CHANNELS_SCHEMA

        return self._frame(self.channels_path, CHANNELS_SCHEMA, columns)

    def _frame(self, path: Path, schema: "Mapping[str, pl.DataType]", columns: Sequence[str] | None) -> "pl.DataFrame":
        wanted = {name: kind for name, kind in schema.items() if columns is None or name in columns}
        return self.consistent(lambda: integrity.frame(self.intact(path), wanted, "Import again."))

    def names_of_others(self) -> list[str]:
        """Display names of other people, and titles of direct and group chats; `CloneError` as for `messages`."""
        authors, channels = self.authors(["name", "me"]), self.channels(["title", "kind"])
        titles = channels.filter(channels["kind"].is_in(["dm", "group"]))["title"]
        return [*authors.filter(~authors["me"])["name"].drop_nulls(), *titles.drop_nulls()]

    def pseudonyms(self) -> "Pseudonyms | None":
        """The invented names that the import gave to other people; None if it kept theirs."""
        from soundalike.pseudonyms import Pseudonyms

        salt = self.manifest().get("pseudonyms", {}).get("salt")
        return Pseudonyms(salt, self.names_of_others()) if salt else None

    def documents(self, split: str) -> "list[Document]":
        """What the model reads of a split (train, valid, test); `CloneError` where it is missing or damaged."""
        return self.consistent(lambda: self._documents(self.documents_path(split)))

    def _documents(self, path: Path) -> "list[Document]":
        from soundalike.clone.document import parse_document

        self.intact(path)
        try:
            return [parse_document(line) for line in path.read_bytes().splitlines()]
        except (OSError, ValueError, LookupError, TypeError) as error:
            raise CloneError(f"{path} is damaged: {error}.", "Import again.") from error

    def record(self, **sections: Mapping[str, Any]) -> None:
        """Replace these sections of clone.toml and keep the others; the folder must be locked."""
        self.write({MANIFEST: self.manifest_with(**sections)})

    def manifest_with(self, **sections: Mapping[str, Any]) -> bytes:
        """The bytes of clone.toml that `record` writes. TOML has no null: None values are omitted."""
        import tomli_w

        kept = self.manifest() if self.exists else {}
        about = {"format": FORMAT, "soundalike": __version__}
        merged = {"clone": about, **kept, **sections}
        merged["clone"] = {**kept.get("clone", {}), **sections.get("clone", {}), **about}
        return tomli_w.dumps({name: _plain(section) for name, section in merged.items()}).encode()

    @property
    def fingerprint(self) -> str:
        """Identifies the documents of the last import: equal fingerprints mean equal training text."""
        return str(self.manifest().get("import", {}).get("fingerprint", ""))


def _is_unfinished_import(path: Path) -> bool:
    """Whether this file is left over from an import that never finished."""
    if path.name == IGNORE:
        return path.is_file() and path.read_bytes() == EVERYTHING.encode()
    return path.name in (LOCK, OUTGOING) or path.name.startswith(SCRATCH)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items() if inner is not None}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return str(value) if isinstance(value, Path) else value
