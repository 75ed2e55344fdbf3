"""ZIPs that lie in a folder or in another ZIP, each as a path of its own."""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from soundalike.errors import ExportError
from soundalike.sources._tree import Tree

_LONGEST_NAME = 100  # characters of a file's name, of which its end is kept


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
            path = Path(folder) / PurePosixPath(member.name).name[-_LONGEST_NAME:]
            try:
                with path.open("wb") as file:
                    file.writelines(member.chunks())
            except OSError as error:
                raise ExportError(
                    f"{member.name!r} in {tree.path} cannot be unpacked ({error.strerror}).", "Make room."
                ) from error
            yield path
