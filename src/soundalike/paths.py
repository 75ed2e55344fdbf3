"""What a path that a person named leads to, asked of the system without opening it.

A device or a pipe that is opened for reading may never end, or never begin: only regular files and folders are opened.
"""

import os
import stat
from pathlib import Path

from soundalike.errors import UsageError

_KINDS = {
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
}


def special(mode: int) -> str | None:
    """What a file of this `st_mode` is if it is neither a regular file nor a folder: "a device", "a pipe", ..."""
    kind = stat.S_IFMT(mode)
    return None if kind in (stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK) else _KINDS.get(kind, "no regular file")


def look_at(path: Path, error: type[UsageError] = UsageError, do: str = "Check the path.") -> os.stat_result:
    """The `stat` of a file or folder, links followed.

    Raises `error`, with the advice `do`, where there is none, where its name is impossible, where it may not be looked
    at, or where it is a device, a pipe or a socket.
    """
    shown = f"{str(path)[:100]}…" if len(str(path)) > 200 else str(path)
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        raise error(f"There is no file or folder {shown}.", do) from None
    except (OSError, ValueError) as problem:  # a name that is too long or holds a NUL, links in a circle, permissions
        reason = getattr(problem, "strerror", None) or problem
        raise error(f"{shown} cannot be looked at ({reason}).", do) from problem
    if kind := special(found.st_mode):
        raise error(f"{shown} is {kind}, and only regular files and folders are read.", do)
    return found


def regular_file(path: Path, error: type[UsageError] = UsageError, do: str = "Name a file.") -> os.stat_result:
    """As `look_at`, and a folder is refused too."""
    found = look_at(path, error, do)
    if stat.S_ISDIR(found.st_mode):
        raise error(f"{path} is a folder, not a file.", do)
    return found
