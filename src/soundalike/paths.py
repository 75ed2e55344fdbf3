"""Checks what a user-given path is before it is opened, and knows where the cache is.

Reading a device or a pipe may block forever or never end, so only regular files and folders are accepted.
"""

import os
import stat
from collections.abc import Iterable
from os.path import exists, expanduser
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from soundalike.errors import UsageError

UNSAFE_IN_NAMES = frozenset('/\\:*?"<>|')  # characters that no folder's name may have, on one system or another

_KINDS = {
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
}


def typed_path(text: str, folder: Path) -> Path:
    """The path that somebody typed or pasted, seen from `folder`: ~ is the home, and quotes around it, as file managers
    copy it, are no part of it unless there is such a file. A `file:` address is its path."""
    if exists(literal := folder / expanduser(text)):
        return literal
    quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "\"'"
    bare = text[1:-1].strip() if quoted else text
    if bare.startswith("file://"):
        bare = url2pathname(urlsplit(bare).path)
    return folder / expanduser(bare)


def special_kind(mode: int) -> str | None:
    """Returns "a device", "a pipe" and so on for the mode of a special file, None for a regular file or folder."""
    kind = stat.S_IFMT(mode)
    return None if kind in (stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK) else _KINDS.get(kind, "no regular file")


def regular_path(path: Path, error: type[UsageError] = UsageError, do: str = "Check the path.") -> os.stat_result:
    """The `stat` of a file or folder, links followed.

    Raises `error` with the advice `do` if it does not exist, if the name is impossible or access is denied, or if it is
    a device, a pipe or a socket.
    """
    shown = f"{str(path)[:100]}…" if len(str(path)) > 200 else str(path)
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        raise error(f"There is no file or folder {shown}.", do) from None
    except (OSError, ValueError) as problem:  # a name that is too long or holds a NUL, links in a circle, permissions
        reason = getattr(problem, "strerror", None) or problem
        raise error(f"{shown} cannot be looked at ({reason}).", do) from problem
    if kind := special_kind(found.st_mode):
        raise error(f"{shown} is {kind}, and only regular files and folders are read.", do)
    return found


def regular_file(path: Path, error: type[UsageError] = UsageError, do: str = "Name a file.") -> os.stat_result:
    """Like `regular_path`, and raises `error` for a folder too."""
    found = regular_path(path, error, do)
    if stat.S_ISDIR(found.st_mode):
        raise error(f"{path} is a folder, not a file.", do)
    return found


def bytes_in(paths: Iterable[Path]) -> int:
    """Bytes of the regular files among these; a link to nothing has none, and whoever reads it refuses it."""
    return sum(path.stat().st_size for path in paths if path.is_file())


def cache_folder() -> Path:
    """The user's folder for what can be made again: compiled libraries and converted bases. It may not exist yet."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "soundalike"
