"""From a path to a tree: a folder, a ZIP, or one plain file.

A folder is never left: links are counted and not followed. What makes a ZIP unsafe is `_zip`'s to know.
Knows nothing of any chat format.
"""

import os
import stat
import zipfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from soundalike.errors import ExportError
from soundalike.paths import look_at
from soundalike.sources._tree import CHUNK, Tree
from soundalike.sources._zip import open_zip

DEPTH = 8  # folders below the root that are looked into

LINKS = "links to elsewhere, not followed"
DEEP = "folders too deep to look into"


def open_tree(path: Path) -> Tree:
    """The tree at `path`. Raises ExportError where nothing is there, or nothing that is whole and safe."""
    found = look_at(path, ExportError, "Check the path of your export.")
    if stat.S_ISDIR(found.st_mode):
        return _open_folder(path)
    if path.suffix.lower() == ".zip" or zipfile.is_zipfile(path):
        return open_zip(path)
    tree = Tree(path)
    tree.add(path.name, found.st_size, partial(_file_chunks, path))
    return tree


def _open_folder(root: Path) -> Tree:
    tree = Tree(root)
    folders = [(str(root), "", 0)]
    while folders:
        folder, prefix, depth = folders.pop()
        for entry in _entries(folder):
            if entry.is_symlink():
                tree.ignore(LINKS)
            elif entry.is_dir() and depth >= DEPTH:
                tree.ignore(DEEP)
            elif entry.is_dir():
                folders.append((entry.path, f"{prefix}{entry.name}/", depth + 1))
            elif entry.is_file():
                tree.add(prefix + entry.name, entry.stat().st_size, partial(_file_chunks, Path(entry.path)))
    tree.members.sort(key=lambda member: member.name)
    return tree


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError as error:
        raise ExportError(f"The folder {folder} cannot be read ({error}).", "Check its permissions.") from error


def _file_chunks(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                yield chunk
    except OSError as error:
        raise ExportError(f"{path} cannot be read ({error}).", "Check its permissions.") from error
