"""A path -> a `Tree` of files: from a folder, a ZIP, or a single file.

Links in a folder are counted and not followed. `_zip` decides whether a ZIP is safe.
"""

import os
import stat
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from soundalike.errors import ExportError
from soundalike.paths import regular_path, special_kind
from soundalike.sources._tree import CHUNK, Tree
from soundalike.sources._unsupported import SPLIT
from soundalike.sources._zip import MEMBERS, open_zip

DEPTH = 8  # levels of folders that are searched

LINKS = "links to elsewhere, not followed"
DEEP = "folders too deep to look into"
VANISHED = "files that vanished while the folder was looked through"


def open_tree(path: Path) -> Tree:
    """The tree at `path`. Raises ExportError if there is nothing, or nothing that can be read whole and safely."""
    found = regular_path(path, ExportError, "Check the path of your export.")
    if stat.S_ISDIR(found.st_mode):
        return _open_folder(path)
    if path.suffix.lower() == ".zip" or _is_zip(path):
        return open_zip(path)
    tree = Tree(path)
    tree.add(path.name, found.st_size, partial(_file_chunks, path))
    return tree


def _is_zip(path: Path) -> bool:
    """Whether the file ends as a ZIP does, or begins as one and is not named as a part of a split one."""
    if zipfile.is_zipfile(path):
        return True
    return not SPLIT.search(path.name) and next(_file_chunks(path), b"").startswith(b"PK\x03\x04")


def _open_folder(root: Path) -> Tree:
    tree = Tree(root)
    folders = [(str(root), "", 0)]
    while folders:
        folder, prefix, depth = folders.pop()
        for entry in _entries(folder, tree):
            found = _status(entry, tree)
            if found is None:
                continue
            if stat.S_ISLNK(found.st_mode):
                tree.ignore(LINKS)
            elif not stat.S_ISDIR(found.st_mode):
                tree.add(prefix + entry.name, found.st_size, _opener(Path(entry.path), special_kind(found.st_mode)))
            elif depth >= DEPTH:
                tree.ignore(DEEP)
            else:
                folders.append((entry.path, f"{prefix}{entry.name}/", depth + 1))
        if len(tree.members) > MEMBERS:
            raise ExportError(f"{root} holds more than {MEMBERS:,} files.", "Give the folder of the export alone.")
    tree.members.sort(key=lambda member: member.name)
    return tree


def _entries(folder: str, tree: Tree) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except FileNotFoundError:
        tree.ignore(VANISHED)
        return []
    except OSError as error:
        raise ExportError(f"The folder {folder} cannot be read: {error.strerror}.", "Check its permissions.") from error


def _status(entry: os.DirEntry[str], tree: Tree) -> os.stat_result | None:
    """The entry's status, that of the link itself for a link; None if it vanished after the folder was listed."""
    try:
        return entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        tree.ignore(VANISHED)
        return None
    except OSError as error:
        raise ExportError(f"{entry.path} cannot be looked at ({error.strerror}).", "Check its permissions.") from error


def _opener(path: Path, kind: str | None) -> Callable[[], Iterator[bytes]]:
    """A function that reads the file; for a device, pipe or socket, one that raises ExportError without opening it."""
    return partial(_file_chunks, path) if kind is None else partial(_refuse, path, kind)


def _refuse(path: Path, kind: str) -> Iterator[bytes]:
    raise ExportError(f"{path} is {kind}, and only regular files and folders are read.", "Take it out of the export.")


def _file_chunks(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                yield chunk
    except FileNotFoundError as error:
        raise ExportError(f"{path} vanished while it was to be read.", "Import again when nothing moves it.") from error
    except OSError as error:
        raise ExportError(f"{path} cannot be read ({error.strerror}).", "Check its permissions.") from error
