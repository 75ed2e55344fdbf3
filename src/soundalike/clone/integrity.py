"""Whether a file of a clone is the one that was written there, and frames read from it.

Import writes a SHA-256 of each of its files into clone.toml, training those of the adapter's. A file's is compared when
it is about to be read, so that one which was cut short, changed or swapped is told in a sentence.
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
    """SHA-256 of each file in a folder, by name."""
    return {path.name: digest(path) for path in sorted(folder.iterdir()) if path.is_file()}


def digest(path: Path) -> str:
    """SHA-256 of a file; the same file, unchanged, is not read twice."""
    about = path.stat()
    return _digest(path.resolve(), about.st_size, about.st_mtime_ns, about.st_ino)


@lru_cache(maxsize=64)
def _digest(path: Path, size: int, changed: int, inode: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def demand(path: Path, written: str | None, do: str) -> None:
    """`CloneError` with the advice `do` where there is no such file, or not of the SHA-256 that was `written`."""
    regular_file(path, CloneError, do)
    try:
        same = written is None or digest(path) == written
    except OSError as error:
        raise CloneError(f"{path} cannot be read: {error.strerror or error}.", do) from error
    if not same:
        raise CloneError(f"{path} is not as it was written: it was changed, cut short or swapped.", do)


def frame(path: Path, schema: Mapping[str, "pl.DataType"], do: str) -> "pl.DataFrame":
    """The columns of `schema` in a Parquet file; `CloneError` where they cannot be read, or are of other types."""
    import polars as pl

    try:
        read = pl.read_parquet(path, columns=list(schema), glob=False)  # a folder's name may look like a pattern
    except (OSError, ValueError, pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        said = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise CloneError(f"{path} cannot be read: {said[:200]}.", do) from error
    for name, kind in schema.items():
        if read.schema[name] != kind:
            raise CloneError(f"{path} is damaged: its column {name} holds {read.schema[name]}.", do)
    return read
