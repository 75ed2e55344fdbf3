"""A folder with atomic updates, written by one process at a time.

New contents are written to a scratch folder, flushed to disk, committed by one rename and then moved into place;
whoever opens the folder after a crash finishes the move. Killed at any moment, it holds all of the old contents or
all of the new ones.
"""

import os
import re
import shutil
import sys
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from errno import EACCES, EPERM, EROFS
from pathlib import Path
from time import monotonic, sleep
from typing import Literal

from soundalike.errors import FULL_DISK, CloneError, DiskFull, SoundalikeError
from soundalike.file_lock import NO_LOCKS, acquire
from soundalike.paths import regular_file

LOCK = ".lock"
SCRATCH = ".scratch-"  # being written, by the process of that number
INCOMING = ".incoming"  # committed: written and flushed, being moved into place
OUTGOING = ".outgoing"  # a folder that has just been replaced
REMOVED = ".removed"  # within INCOMING: names of entries that this replacement removes, one a line
POLL = 0.01  # seconds between two looks at what another process is about to end
LOOKING, MOVING = 0.2, 5.0  # seconds that a look at the lock takes at most, and the moves of a replacement

Access = Literal["read", "write"]


class Folder:
    """A folder at `root`; write only inside `locked`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._held = False

    @contextmanager
    def locked(self, doing: str) -> Iterator[None]:
        """Lock the folder for this process; `CloneError` if another process holds the lock.

        It is an operating-system lock on an open file, released when the process ends, however it ends.
        """
        with disk_errors(self.root):
            handle = self._open_lock()
        try:
            if not self._acquire(handle, LOOKING):
                raise self._in_use(handle)
            with disk_errors(self.root):
                os.truncate(handle, 0)
                os.write(handle, f"{doing}, process {os.getpid()}".encode())
                self._finish()
            self._held = True
            yield
        finally:
            self._held = False
            os.close(handle)

    def _open_lock(self) -> int:
        """A file handle of the lock file; `CloneError` if it is a link or a pipe, which must not be written through."""
        path = self.root / LOCK
        if path.is_symlink() or (path.exists() and not path.is_file()):
            raise CloneError(f"{path} is no lock: it is a link, or no file.", "Delete it.")
        return os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)

    def _acquire(self, handle: int, patience: float = 0.0) -> bool:
        """Take the lock; False if others hold it for longer than `patience` seconds.

        A process that only looks whether somebody is at work holds it for a moment.
        """
        until = monotonic() + patience
        try:
            while not acquire(handle):
                if monotonic() >= until:
                    return False
                sleep(POLL)
        except OSError as error:
            if error.errno not in NO_LOCKS:
                raise
            what = f"The disk of {self.root} has no file locks, so that two programs could write to it at once."
            raise CloneError(what, "Choose a folder on another disk, or mount this one with locks.") from error
        return True

    def _in_use(self, handle: int) -> CloneError:
        holder = os.read(handle, 200).decode("utf-8", "replace") or "another process"
        return CloneError(f"{self.root} is in use ({holder}).", "Wait until that has ended, or stop it.")

    def finish_replacement(self) -> None:
        """Finish an interrupted replacement, or wait until the process that is still at it has finished.

        After MOVING seconds it is left to that process.
        """
        until = monotonic() + MOVING
        while (self.root / INCOMING).exists() and monotonic() < until:
            handle = self._open_lock()
            try:
                if self._acquire(handle):
                    self._finish()
                else:
                    sleep(POLL)
            finally:
                os.close(handle)

    @contextmanager
    def replacing(self, without: Collection[str] = ()) -> Iterator[Path]:
        """Yield a scratch folder whose entries replace those of the same names at the end, all or none.

        Entries named in `without` are removed in the same step. An exception in the body leaves the folder unchanged.
        What is new can be read by this user alone.
        """
        if not self._held:
            raise RuntimeError(f"{self.root} must be locked before it is written")
        scratch = self.root / f"{SCRATCH}{os.getpid()}"
        try:
            with disk_errors(self.root):
                scratch.mkdir(mode=0o700)
                yield scratch
                gone = [name for name in without if not (scratch / name).exists()]
                if gone:
                    (scratch / REMOVED).write_text("".join(f"{name}\n" for name in gone), encoding="utf-8")
                _restrict(scratch)
                flush(scratch)
                scratch.rename(self.root / INCOMING)
        except BaseException:
            shutil.rmtree(scratch, ignore_errors=True)
            raise
        with disk_errors(self.root):
            self._finish()

    def write(self, entries: Mapping[str, bytes]) -> None:
        """Replace these files, all or none; for a name with folders in it the whole top-level folder is replaced."""
        with self.replacing() as scratch:
            for name, data in entries.items():
                path = scratch / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)

    def remove(self, names: Collection[str]) -> None:
        """Remove those of these entries that exist, all or none."""
        if any((self.root / name).exists() for name in names):
            with self.replacing(without=names):
                pass

    def _finish(self) -> None:
        """Move committed entries into place and delete uncommitted ones. Idempotent; the lock must be held."""
        incoming = self.root / INCOMING
        if incoming.exists():
            removed = incoming / REMOVED
            gone = self._to_remove(removed)
            _flush_directory(self.root)
            for name in gone:
                self._remove(name)
            for entry in sorted(incoming.iterdir()):
                if entry.name != REMOVED:
                    self._move(entry)
            _flush_directory(self.root)
            removed.unlink(missing_ok=True)
            incoming.rmdir()
        for stale in (*self.root.glob(f"{SCRATCH}*"), self.root / OUTGOING):
            with suppress(OSError):  # the next writer tries again
                self._remove(stale.name)

    def _to_remove(self, removed: Path) -> list[str]:
        """Names in a REMOVED file; `CloneError` if soundalike cannot have written it, so that no other file is lost."""
        do = "Delete it: soundalike did not write it."
        if removed.parent.is_symlink() or removed.is_symlink():
            raise CloneError(f"{removed.parent} holds a link, or is one.", do)
        if not removed.exists():
            return []
        regular_file(removed, CloneError, do)
        names = removed.read_text(encoding="utf-8", errors="replace").splitlines()
        if odd := [name for name in names if name in ("", ".", "..") or set(name) & set("/\\:\0")]:
            raise CloneError(f"{removed} names {odd[0][:60]!r}, which is no entry of this folder.", do)
        return names

    def _remove(self, name: str) -> None:
        """Remove a file, link or folder."""
        target = self.root / name
        if target.is_dir() and not target.is_symlink():
            shutil.rmtree(target)
        else:
            target.unlink(missing_ok=True)

    def _move(self, entry: Path) -> None:
        target = self.root / entry.name
        if target.is_symlink():
            target.unlink()
        elif target.is_dir():
            self._remove(OUTGOING)
            target.rename(self.root / OUTGOING)
        os.replace(entry, target)


def link_tree(source: Path, target: Path) -> None:
    """Put a file or folder at `target` too, as hard links where the file system has them, else as copies.

    Neither may be changed in place afterwards; `Folder` always writes new files. Symbolic links inside stay links;
    `CloneError` for devices and pipes.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, copy_function=_link, symlinks=True)
    else:
        _link(source, target)


def _link(source: str | Path, target: str | Path) -> None:
    regular_file(Path(source), CloneError, "Put back what was there.")  # copying a device or pipe may never end
    try:
        os.link(os.path.realpath(source), target)
    except OSError:  # a file system without hard links
        shutil.copy2(source, target)


def require_free_space(path: Path, needed: float, doing: str) -> None:
    """Raise `DiskFull` if the disk of `path` has less than `needed` bytes free for `doing`; it need not exist yet."""
    there = next(one for one in (path.absolute(), *path.absolute().parents) if one.exists())
    with disk_errors(there, "read"):
        free = shutil.disk_usage(there).free
    if free < needed:
        what = f"{doing} needs about {max(1, needed / 1e6):,.0f} MB, and {free / 1e6:,.0f} MB are free."
        raise DiskFull(f"There is not enough room at {path}: {what}", "Make room, or choose a folder on another disk.")


@contextmanager
def disk_errors(path: Path, doing: Access = "write") -> Iterator[None]:
    """Turn disk errors, as `OSError` or as a library's exception that states the errno, into `CloneError`.

    `doing` is what is done to `path`.
    """
    try:
        yield
    except SoundalikeError:
        raise
    except Exception as error:
        if (known := _as_os_error(error)) is None:
            raise
        raise _clone_error(known, known.filename or path, doing) from error


def _as_os_error(error: Exception) -> OSError | None:
    """The `OSError` behind an exception; Rust libraries state the errno at the end of the message."""
    if isinstance(error, OSError):
        return error
    number = re.search(r"\(os error (\d+)\)", str(error))
    return OSError(int(number[1]), os.strerror(int(number[1]))) if number else None


def _clone_error(error: OSError, where: object, doing: Access) -> CloneError:
    if error.errno in FULL_DISK:
        return DiskFull(
            f"The disk is full: {where} could not be written.", "Make room and try again; nothing was changed."
        )
    if error.errno in (EACCES, EPERM, EROFS):
        elsewhere = ", or choose another folder" if doing == "write" else ""
        return CloneError(f"There is no permission to {doing} {where}.", f"Change its permissions{elsewhere}.")
    return CloneError(f"{where} could not be used: {error.strerror or error}.", "Check the path and the disk.")


def _restrict(folder: Path) -> None:
    """Take every right from other users, but for hard links, whose file is somewhere else too."""
    for path in folder.rglob("*"):
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o700)
        elif path.lstat().st_nlink == 1 and not path.is_symlink():
            path.chmod(0o600)


def flush(folder: Path) -> None:
    """Flush every file below `folder`, and the directories themselves, to disk."""
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_symlink():
            continue
        if path.is_file():
            with path.open("rb+") as file:
                os.fsync(file.fileno())
        else:
            _flush_directory(path)
    _flush_directory(folder)


if sys.platform == "win32":

    def _flush_directory(folder: Path) -> None:
        """Nothing to do: Windows cannot open a folder, and writes directory entries by itself."""

else:

    def _flush_directory(folder: Path) -> None:
        """Flush a directory's entries to disk."""
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
