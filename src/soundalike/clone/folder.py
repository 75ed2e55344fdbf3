"""A folder that changes all at once, written by one process at a time.

New contents are written aside, flushed to disk, committed by one rename and then moved into place; whoever
opens the folder after a crash finishes the move. So, killed at any moment, it holds all of the old or all of
the new. Knows names and bytes, not what they are for.
"""

import os
import re
import shutil
import sys
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from errno import EACCES, EPERM, EROFS
from pathlib import Path

from soundalike.errors import FULL_DISK, CloneError, NoRoom, SoundalikeError
from soundalike.paths import regular_file

LOCK = ".lock"
SCRATCH = ".scratch-"  # being written, by the process of that number
INCOMING = ".incoming"  # written and flushed: on its way into place
OUTGOING = ".outgoing"  # a folder that has just been replaced
REMOVED = ".removed"  # within INCOMING: the names of entries that go away with this replacement, one a line


class Folder:
    """A folder at `root`; write only inside `locked`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._held = False

    @contextmanager
    def locked(self, doing: str) -> Iterator[None]:
        """Hold the folder for one process; `CloneError` where another holds it.

        The lock is the operating system's, on an open file: it goes when its process does, however it ends.
        """
        with explained(self.root):
            handle = self._open_lock()
        try:
            if not _acquire(handle):
                raise self._in_use(handle)
            with explained(self.root):
                os.truncate(handle, 0)
                os.write(handle, f"{doing}, process {os.getpid()}".encode())
                self._finish()
            self._held = True
            yield
        finally:
            self._held = False
            os.close(handle)

    def _open_lock(self) -> int:
        """The lock's file, opened; `CloneError` where a link or a pipe lies there: nothing is written through one."""
        path = self.root / LOCK
        if path.is_symlink() or (path.exists() and not path.is_file()):
            raise CloneError(f"{path} is no lock: it is a link, or no file.", "Delete it.")
        return os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)

    def _in_use(self, handle: int) -> CloneError:
        holder = os.read(handle, 200).decode("utf-8", "replace") or "another process"
        return CloneError(f"{self.root} is in use ({holder}).", "Wait until that has ended, or stop it.")

    def settle(self) -> None:
        """Finish a replacement that was cut short, unless a living process is at it."""
        if (self.root / INCOMING).exists():
            handle = self._open_lock()
            try:
                if _acquire(handle):
                    self._finish()
            finally:
                os.close(handle)

    @contextmanager
    def replacing(self, without: Collection[str] = ()) -> Iterator[Path]:
        """A scratch folder: what is in it at the end replaces the entries of the same names, all or none.

        The entries named in `without` are removed in the same step. An exception in the body leaves everything as it
        was.
        """
        if not self._held:
            raise RuntimeError(f"{self.root} must be locked before it is written")
        scratch = self.root / f"{SCRATCH}{os.getpid()}"
        try:
            with explained(self.root):
                scratch.mkdir()
                yield scratch
                gone = [name for name in without if not (scratch / name).exists()]
                if gone:
                    (scratch / REMOVED).write_text("".join(f"{name}\n" for name in gone), encoding="utf-8")
                _flush(scratch)
                scratch.rename(self.root / INCOMING)
        except BaseException:
            shutil.rmtree(scratch, ignore_errors=True)
            raise
        with explained(self.root):
            self._finish()

    def write(self, entries: Mapping[str, bytes]) -> None:
        """Replace these files, all or none; a name may have folders in it, and then the whole first one is replaced."""
        with self.replacing() as scratch:
            for name, data in entries.items():
                path = scratch / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)

    def remove(self, names: Collection[str]) -> None:
        """Remove these entries, where they exist, all or none."""
        if any((self.root / name).exists() for name in names):
            with self.replacing(without=names):
                pass

    def _finish(self) -> None:
        """Move what was committed into place and sweep up what was not. Safe to repeat; needs the lock."""
        incoming = self.root / INCOMING
        if incoming.exists():
            removed = incoming / REMOVED
            gone = self._to_remove(removed)
            _flush_names(self.root)
            for name in gone:
                self._remove(name)
            for entry in sorted(incoming.iterdir()):
                if entry.name != REMOVED:
                    self._move(entry)
            _flush_names(self.root)
            removed.unlink(missing_ok=True)
            incoming.rmdir()
        for left in (*self.root.glob(f"{SCRATCH}*"), self.root / OUTGOING):
            with suppress(OSError):  # the next one to write here tries again
                self._remove(left.name)

    def _to_remove(self, removed: Path) -> list[str]:
        """Names in a REMOVED file; `CloneError` where this folder cannot have written it: others' files would go."""
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
        """Remove an entry, whatever it is."""
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
    """Put a file, or a folder with all in it, at `target` too: as hard links, which need no room, or as copies.

    Neither may then be changed in place; everything that `Folder` writes is a new file. Links within the folder stay
    links; `CloneError` for devices and pipes.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, copy_function=_link, symlinks=True)
    else:
        _link(source, target)


def _link(source: str | Path, target: str | Path) -> None:
    regular_file(Path(source), CloneError, "Put back what was there.")  # a copy of a device or a pipe has no end
    try:
        os.link(os.path.realpath(source), target)
    except OSError:  # a file system without hard links
        shutil.copy2(source, target)


def demand_room(path: Path, needed: float, doing: str) -> None:
    """`NoRoom` where the disk on which `path` lies, or would lie, has fewer than `needed` bytes free for `doing`."""
    there = next(one for one in (path.absolute(), *path.absolute().parents) if one.exists())
    with explained(there):
        free = shutil.disk_usage(there).free
    if free < needed:
        what = f"{doing} needs about {max(1, needed / 1e6):,.0f} MB, and {free / 1e6:,.0f} MB are free."
        raise NoRoom(f"There is not enough room at {path}: {what}", "Make room, or choose a folder on another disk.")


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn an error of the disk, Python's own or a library's that names its number, into a `CloneError`."""
    try:
        yield
    except SoundalikeError:
        raise
    except Exception as error:
        if (known := _as_os_error(error)) is None:
            raise
        raise _in_words(known, known.filename or path) from error


def _as_os_error(error: Exception) -> OSError | None:
    """Libraries in Rust tell an error of the disk in a message that ends in its number."""
    if isinstance(error, OSError):
        return error
    number = re.search(r"\(os error (\d+)\)", str(error))
    return OSError(int(number[1]), os.strerror(int(number[1]))) if number else None


def _in_words(error: OSError, where: object) -> CloneError:
    if error.errno in FULL_DISK:
        return NoRoom(
            f"The disk is full: {where} could not be written.", "Make room and try again; nothing was changed."
        )
    if error.errno in (EACCES, EPERM, EROFS):
        return CloneError(
            f"There is no permission to write {where}.", "Change its permissions, or choose another folder."
        )
    return CloneError(f"{where} could not be used: {error.strerror or error}.", "Check the path and the disk.")


def _flush(folder: Path) -> None:
    """Flush every file below `folder`, and the folders' lists of names, to disk."""
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_symlink():
            continue
        if path.is_file():
            with path.open("rb+") as file:
                os.fsync(file.fileno())
        else:
            _flush_names(path)
    _flush_names(folder)


if sys.platform == "win32":
    import msvcrt

    def _acquire(handle: int) -> bool:
        os.lseek(handle, 1 << 20, os.SEEK_SET)  # far from what is written, which others must be able to read
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except PermissionError:
            return False
        finally:
            os.lseek(handle, 0, os.SEEK_SET)
        return True

    def _flush_names(folder: Path) -> None:
        """Windows flushes names by itself and cannot open a folder."""

else:
    import fcntl

    def _acquire(handle: int) -> bool:
        """Take the lock if it is free."""
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _flush_names(folder: Path) -> None:
        """Flush a folder's list of names to disk."""
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
