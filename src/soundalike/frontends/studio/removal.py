"""Deletes voices, and everything in a studio's folder that soundalike made.

What is deleted is first moved into the studio's private folder by one rename, so that nobody sees half of it; a studio
that was killed over it finishes at its next start.
"""

import secrets
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from soundalike.clone.clone import IGNORE
from soundalike.clone.folder import LOCK, Folder, disk_errors
from soundalike.errors import CloneError, UsageError
from soundalike.frontends.studio.job_record import Job
from soundalike.frontends.studio.jobs import Jobs
from soundalike.frontends.studio.studio_folder import StudioFolder
from soundalike.paths import bytes_in

DELETED = "deleted-"  # begins the name of what is being deleted, in the private folder


@dataclass(frozen=True, slots=True)
class Contents:
    """What there is to delete: voices by name, pieces of work, uploads, and the bytes of all of them."""

    name: str
    voices: list[str]
    jobs: int
    uploads: int
    bytes: int


class Removal:
    """Deletions in one studio; the caller has unloaded the voices."""

    def __init__(self, folder: StudioFolder, jobs: Jobs) -> None:
        self._folder, self._jobs = folder, jobs

    def finish(self) -> None:
        """Delete what a studio that was killed had begun to delete."""
        for path in self._folder.root.glob(f"{DELETED}*"):
            with disk_errors(path):
                shutil.rmtree(path)

    def contents(self) -> Contents:
        """What `everything` would delete."""
        voices, uploads = self._folder.clone_folders(), list(self._folder.uploads_path.iterdir())
        files = (path for root in (*voices, self._folder.root) for path in root.rglob("*") if path.is_file())
        names = [path.name for path in voices]
        return Contents(self._folder.clones_path.name, names, len(self._jobs.all()), len(uploads), bytes_in(files))

    def voice(self, name: str, confirmed: str) -> None:
        """Delete the voice `name` and what is known of work on it; `UsageError` unless `confirmed` is its name."""
        path = self._folder.clone_path(name)
        if path not in self._folder.clone_folders():
            raise UsageError(f"There is no voice {name}.", "Look at which there are.")
        _require(confirmed, name)
        jobs = [job for job in self._jobs.all() if job.clone == name]
        _require_ended(jobs)
        self._delete(path)
        for job in jobs:
            self._jobs.remove(job.id)

    def everything(self, confirmed: str) -> None:
        """Delete every voice, upload and piece of work; `UsageError` unless `confirmed` is the folder's name."""
        _require(confirmed, self._folder.clones_path.name)
        jobs = self._jobs.all()
        _require_ended(jobs)
        for path in self._folder.clone_folders():
            self._delete(path)
        for job in jobs:
            self._jobs.remove(job.id)
        for path in self._private_entries():
            with disk_errors(path):
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()

    def _delete(self, path: Path) -> None:
        if path.is_symlink():
            raise CloneError(f"{path} is a link to a folder elsewhere.", "Delete the link and the folder yourself.")
        with Folder(path).locked("deleting"):
            pass  # nobody else writes to it
        aside = self._folder.root / f"{DELETED}{secrets.token_hex(4)}"
        with disk_errors(path):
            path.rename(aside)
            shutil.rmtree(aside)

    def _private_entries(self) -> Iterator[Path]:
        """Files of the private folder, and what is within its folders, which stay."""
        for path in self._folder.root.iterdir():
            if path.is_dir() and not path.is_symlink():
                yield from path.iterdir()
            elif path.name not in (LOCK, IGNORE):
                yield path


def _require_ended(jobs: Sequence[Job]) -> None:
    for job in jobs:
        if job.goes_on:
            raise UsageError(f"{job.name} is {job.state}.", "Stop it under Work first.")


def _require(confirmed: str, name: str) -> None:
    if confirmed != name:
        raise UsageError(f"{confirmed!r} is not the name that was asked for.", f"Type {name} to delete it.")
