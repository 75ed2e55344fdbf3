"""ZIPs that lie in a folder or in another ZIP, each as a path of its own."""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from soundalike.errors import FULL_DISK, ExportError
from soundalike.sources._tree import Tree

_LONGEST_NAME = 200  # bytes of a file's name, of which its end is kept; file systems take 255


def inner_zips(tree: Tree) -> Iterator[Path]:
    """The path of each ZIP in the tree; one out of a ZIP is there until the next is asked for.

    Raises ExportError if one is damaged or unsafe.
    """
    for member in tree.members:
        if not member.name.lower().endswith(".zip") or member.name == tree.path.name:
            continue
        if tree.path.is_dir():
            yield tree.path / member.name
            continue
        with TemporaryDirectory() as folder:
            path = Path(folder) / _short(PurePosixPath(member.name).name)
            try:
                with path.open("wb") as file:
                    file.writelines(member.chunks())
            except OSError as error:
                what = f"{member.name!r} in {tree.path} cannot be unpacked ({error.strerror})."
                do = "Make room." if error.errno in FULL_DISK else "Unpack it yourself, and give what was in it."
                raise ExportError(what, do) from error
            yield path


def _short(name: str) -> str:
    """The end of a name, in as many bytes as a file's name may have."""
    return name.encode("utf-8", "replace")[-_LONGEST_NAME:].decode("utf-8", "ignore")
