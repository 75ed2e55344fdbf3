"""The file SHA256SUMS in a base's folder: a line is a hash, two blanks and a file's name."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

FILE = "SHA256SUMS"


def write_checksums(folder: Path, names: Sequence[str]) -> None:
    """Write the hashes of these files of `folder` beside them."""
    (folder / FILE).write_text("".join(f"{_sha256(folder / name)}  {name}\n" for name in names), encoding="utf-8")


def changed_file(folder: Path) -> Path | None:
    """A file that is missing or differs from its hash, or hashes that cannot be read; None if all is as written.

    A folder without hashes is as it was written.
    """
    sums = folder / FILE
    if not sums.exists():
        return None
    lines = sums.read_text(encoding="utf-8", errors="replace").splitlines()
    for digest, blanks, name in (line.partition("  ") for line in lines):
        file = folder / name
        if not blanks:
            return sums
        if not file.is_file() or _sha256(file) != digest:
            return file
    return None if lines else sums


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
