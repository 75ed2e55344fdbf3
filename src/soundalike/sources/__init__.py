"""Chat exports of any format -> one `Corpus`. Adding a format is adding one file to this folder.

A path's format is recognised by its structure. A source is a module in this folder without a leading underscore that
follows the `Source` protocol; sources are found by listing the folder. A source yields its export in batches, each a
small `Corpus` with any part of the messages, names, counts and notes.
"""

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol, cast

import polars as pl

from soundalike.errors import ExportError
from soundalike.messages import UNKNOWN, Corpus, empty, merge
from soundalike.sources import _unsupported
from soundalike.sources._open_tree import open_tree
from soundalike.sources._tree import Tree

Progress = Callable[[int, int], None]  # done, of

_STEPS = 1000  # of progress per path


class Source(Protocol):
    """What a module in this folder provides."""

    NAME: str  # value of the `source` column
    LOOKED_FOR: str  # the files it reads, as the object of "Give ..." in the error for an unknown file

    def recognise(self, tree: Tree) -> bool:
        """Whether this export has the source's format; decided by the members' names alone if they are enough."""

    def read(self, tree: Tree, on_progress: Progress) -> Iterator[Corpus]:
        """Read the export in batches that are small enough to keep several in memory.

        Every row is either kept or counted in `skipped` under a reason that begins with `messages`; everything else
        that is left out is counted under a reason that does not. Raises ExportError.
        """


def list_sources() -> list[Source]:
    """The sources in this folder, by name."""
    names = [module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_")]
    return [cast(Source, importlib.import_module(f"{__name__}.{name}")) for name in sorted(names)]


def read(paths: Sequence[Path], *, on_progress: Progress | None = None) -> Corpus:
    """Read all exports at `paths` and merge them: unique by message id, sorted by time.

    `on_progress(done, total)` is called after every batch. Raises ExportError if a path has no known format, is
    damaged or unsafe, or if two exports belong to different accounts.
    """
    if not paths:
        raise ExportError("No export was named.", "Give the path of at least one.")
    exports = [
        _read(Path(path), _progress_of_path(on_progress, number, len(paths))) for number, path in enumerate(paths)
    ]
    return merge(_batches(exports, _single_owner(exports)))


def _read(path: Path, on_progress: Progress) -> list[Corpus]:
    sources = list_sources()
    with open_tree(path) as tree:
        for source in sources:
            if source.recognise(tree):
                rest = Corpus(empty(), skipped=tree.ignored, notes=_unsupported.nested_archives_note(tree))
                return [*source.read(tree, on_progress), rest]
        raise _unsupported.unsupported_error(tree, ", or ".join(source.LOOKED_FOR for source in sources))


def _progress_of_path(on_progress: Progress | None, number: int, of: int) -> Progress:
    """Report progress through path `number` of `of` as progress through all of them."""

    def report(done: int, total: int) -> None:
        if on_progress:
            on_progress(number * _STEPS + _STEPS * done // max(total, 1), of * _STEPS)

    return report


def _single_owner(exports: Sequence[Sequence[Corpus]]) -> str:
    """The owner's author key in all exports, UNKNOWN if none names one. Raises ExportError if two owners differ."""
    owners = {
        author: name
        for batches in exports
        for corpus in batches
        for author, name, me in corpus.authors.iter_rows()
        if me and author != UNKNOWN
    }
    if len(owners) > 1:
        people = " and ".join(sorted(f"{name} ({author})" for author, name in owners.items()))
        raise ExportError(f"These exports belong to different accounts: {people}.", "Give one person's exports only.")
    return next(iter(owners), UNKNOWN)


def _batches(exports: list[list[Corpus]], owner: str) -> Iterator[Corpus]:
    """All batches, with an unknown owner replaced by `owner`. Each is removed from `exports`, to free its memory."""
    for batches in exports:
        for _ in range(len(batches)):
            corpus = batches.pop(0)
            if owner != UNKNOWN:
                corpus.authors = corpus.authors.filter(pl.col("author") != UNKNOWN)
                corpus.messages = _with_owner(corpus.messages, owner)
            yield corpus


def _with_owner(messages: pl.DataFrame, owner: str) -> pl.DataFrame:
    if not (messages["author"] == UNKNOWN).any():
        return messages
    return messages.with_columns(pl.col("author").replace(UNKNOWN, owner))
