"""Checks that a clone's files are the ones that were written, and reads Parquet frames from them.

Import records the SHA-256 of each of its files in clone.toml, training that of each adapter file. The hash is compared
before a file is read, so that a truncated, edited or swapped file raises `CloneError`.
"""

import hashlib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from soundalike.errors import CloneError
from soundalike.paths import regular_file

if TYPE_CHECKING:
    import polars as pl


def digests(folder: Path) -> dict[str, str]:
    """File name -> SHA-256 for each file in a folder."""
    return {path.name: digest(path) for path in sorted(folder.iterdir()) if path.is_file()}


def digest(path: Path) -> str:
    """SHA-256 of a file, cached by path, size, modification time and inode."""
    about = path.stat()
    return _digest(path.resolve(), about.st_size, about.st_mtime_ns, about.st_ino)


@lru_cache(maxsize=64)
def _digest(path: Path, size: int, changed: int, inode: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def require_unchanged(path: Path, expected: str | None, do: str) -> None:
    """Raise `CloneError` with the advice `do` if the file is missing or its SHA-256 is not `expected` (None: any)."""
    regular_file(path, CloneError, do)
    try:
        same = expected is None or digest(path) == expected
    except OSError as error:
        raise CloneError(f"{path} cannot be read: {error.strerror or error}.", do) from error
    if not same:
        raise CloneError(f"{path} is not as it was written: it was changed, cut short or swapped.", do)


def frame(path: Path, schema: Mapping[str, "pl.DataType"], do: str) -> "pl.DataFrame":
    """The columns of `schema` from a Parquet file; `CloneError` if they cannot be read or have other types."""
    import polars as pl

    try:
        read = pl.read_parquet(path, columns=list(schema), glob=False)  # a folder's name may look like a pattern
    except (OSError, ValueError, pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise CloneError(f"{path} cannot be read: {reason[:200]}.", do) from error
    for name, dtype in schema.items():
        if read.schema[name] != dtype:
            raise CloneError(f"{path} is damaged: its column {name} holds {read.schema[name]}.", do)
    return read
