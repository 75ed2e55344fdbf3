"""Exports that were dropped on the page: files and folders that wait to be read.

UPLOADS/
    7c1f0a/package.zip         an upload: one file or one folder, whole
    .93ab44/instagram/...      one that is still coming; a new studio removes what is left of it

Files are streamed to disk, so their size is limited by the disk alone.
"""

import asyncio
import secrets
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from soundalike.clone.folder import disk_errors, require_free_space
from soundalike.errors import UsageError
from soundalike.paths import bytes_in

COMING = "."  # the first character of the folder of an upload that is not whole yet, or not any more

ELSEWHERE = frozenset("\\:\0")  # characters with which a name leads out of its folder, on one system or another


@dataclass(frozen=True, slots=True)
class Upload:
    """An export that is there as a whole; `files` is how many files it has."""

    id: str
    name: str
    files: int
    bytes: int


class Uploads:
    """The uploads in a folder; nothing else writes in it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        for stale in folder.glob(f"{COMING}*"):
            with disk_errors(stale):
                shutil.rmtree(stale)

    @property
    def free(self) -> int:
        """Bytes that are free on the disk."""
        return shutil.disk_usage(self._folder).free

    def begin(self, size: int) -> str:
        """The id of a new upload of `size` bytes; `DiskFull` where the disk has fewer free."""
        require_free_space(self._folder, size, "this export")
        name = secrets.token_hex(6)
        with disk_errors(self._folder):
            (self._folder / f"{COMING}{name}").mkdir(mode=0o700)
        return name

    async def write(self, name: str, path: str, chunks: AsyncIterator[bytes]) -> None:
        """Stream a file of an upload to `path`, relative to it; `DiskFull` where the disk is full.

        The upload is removed if that fails or is broken off.
        """
        folder = self._coming(name)
        target = _target(folder, path)
        try:
            with disk_errors(target):
                target.parent.mkdir(parents=True, exist_ok=True)
                with target.open("xb") as file:
                    async for chunk in chunks:
                        await asyncio.to_thread(file.write, chunk)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise

    def finish(self, name: str) -> Upload:
        """Call an upload whole, once all of its files were written."""
        folder = self._coming(name)
        if len(list(folder.iterdir())) != 1:
            raise UsageError("An export is one file or one folder.", "Drop it again.")
        with disk_errors(folder):
            folder.rename(self._folder / name)
        return self._upload(self._folder / name)

    def all(self) -> list[Upload]:
        """Every whole upload, by name."""
        there = [path for path in self._folder.iterdir() if not path.name.startswith(COMING)]
        return sorted(map(self._upload, there), key=lambda upload: (upload.name.casefold(), upload.id))

    def path(self, name: str) -> Path:
        """Where the file or folder of a whole upload is; `UsageError` if there is none."""
        return next(self._existing(name, "").iterdir())

    def has(self, name: str) -> bool:
        """Whether anything of an upload is left, whole or not."""
        return name.isalnum() and any((self._folder / f"{mark}{name}").is_dir() for mark in ("", COMING))

    def remove(self, name: str) -> None:
        """Delete an upload, whole or not."""
        going = self._folder / f"{COMING}{name}"
        with disk_errors(going):
            if not going.is_dir():
                self._existing(name, "").rename(going)  # what is left of it if this fails goes at the next start
            shutil.rmtree(self._existing(name, COMING))

    def _coming(self, name: str) -> Path:
        return self._existing(name, COMING)

    def _existing(self, name: str, mark: str) -> Path:
        folder = self._folder / f"{mark}{name}"
        if not name.isalnum() or not folder.is_dir():
            raise UsageError("This export is not here any more.", "Drop it again.")
        return folder

    def _upload(self, folder: Path) -> Upload:
        export = next(folder.iterdir())
        files = [export] if export.is_file() else [path for path in export.rglob("*") if path.is_file()]
        return Upload(folder.name, export.name, len(files), bytes_in(files))


def _target(folder: Path, path: str) -> Path:
    """Where the file `path` of an export goes within `folder`; `UsageError` for a path that leads elsewhere.

    A colon makes a drive, or a stream of another file, of a name on Windows.
    """
    parts, target = path.split("/"), folder / path
    named = all(part not in ("", ".", "..") and ELSEWHERE.isdisjoint(part) for part in parts)
    if not named or not target.resolve().is_relative_to(folder.resolve()):
        raise UsageError(f"{path[:100]!r} is no path within an export.", "Rename it, and drop the export again.")
    return target
