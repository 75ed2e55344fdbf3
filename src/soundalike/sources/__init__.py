"""Chat exports of any kind -> one corpus. Adding a kind is adding one file to this folder.

Takes paths, gives a `Corpus`; recognises each path by its structure. A source is a module here, named without a
leading underscore, that follows the `Source` protocol; it is found by listing the folder. It yields its export in
batches, each a small `Corpus`: rows of the message frame, side frames, counts and notes, in any division.
Knows the message frame and nothing of what becomes of it.
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

_STEPS = 1000  # of progress, for each path


class Source(Protocol):
    """What a module in this folder provides."""

    NAME: str  # what the `source` column says
    LOOKED_FOR: str  # what it takes, in words for somebody whose file nobody recognised

    def recognise(self, tree: Tree) -> bool:
        """Whether this export is of this kind, from the members' names alone wherever that is enough."""

    def read(self, tree: Tree, on_progress: Progress) -> Iterator[Corpus]:
        """The export in batches, each small enough to be one of many in memory.

        Every row seen is kept or counted in `skipped` under a reason that begins with `messages`; everything else
        left out is counted under a reason that does not. Raises ExportError.
        """


def list_sources() -> list[Source]:
    """The sources in this folder, by name."""
    names = [module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_")]
    return [cast(Source, importlib.import_module(f"{__name__}.{name}")) for name in sorted(names)]


def read(paths: Sequence[Path], *, on_progress: Progress | None = None) -> Corpus:
    """Everything in `paths`, merged by message id, sorted by time.

    `on_progress(done, total)` is called after every batch. Raises ExportError where a path is of no known kind, is
    damaged or unsafe, or where two exports belong to two accounts.
    """
    if not paths:
        raise ExportError("No export was named.", "Give the path of at least one.")
    exports = [_read(Path(path), _share(on_progress, number, len(paths))) for number, path in enumerate(paths)]
    return merge(_in_turn(exports, _one_owner(exports)))


def _read(path: Path, on_progress: Progress) -> list[Corpus]:
    sources = list_sources()
    with open_tree(path) as tree:
        for source in sources:
            if source.recognise(tree):
                rest = Corpus(empty(), skipped=tree.ignored, notes=_unsupported.nested_archives_note(tree))
                return [*source.read(tree, on_progress), rest]
        raise _unsupported.unsupported_error(tree, ", or ".join(source.LOOKED_FOR for source in sources))


def _share(on_progress: Progress | None, number: int, of: int) -> Progress:
    """Progress through one of several paths, in steps of the whole."""

    def share(done: int, total: int) -> None:
        if on_progress:
            on_progress(number * _STEPS + _STEPS * done // max(total, 1), of * _STEPS)

    return share


def _one_owner(exports: Sequence[Sequence[Corpus]]) -> str:
    """The owner's key in all exports; `me` where none says. Raises ExportError where two say different ones."""
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


def _in_turn(exports: list[list[Corpus]], owner: str) -> Iterator[Corpus]:
    """All batches, each let go as it is taken, with an owner nobody named replaced by the one that is known."""
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
