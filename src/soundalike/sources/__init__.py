"""Chat exports of any format -> one `Corpus`. Adding a format is adding one file to this folder.

A path's format is recognised by its structure. A source is a module in this folder without a leading underscore that
follows the `Source` protocol; sources are found by listing the folder. A source yields its export in batches, each a
small `Corpus` with any part of the messages, names, counts and notes.
"""

import functools
import importlib
import pkgutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol, cast

from soundalike.errors import ExportError
from soundalike.messages import Corpus, empty, merge
from soundalike.progress import OnProgress
from soundalike.sources import _owner, _unsupported
from soundalike.sources._author_names import People, program_of, unknown_name
from soundalike.sources._inner_archives import inner_zips
from soundalike.sources._open_tree import open_tree
from soundalike.sources._owner import unknown_programs
from soundalike.sources._read_twice import add_notes_on_chats_read_twice
from soundalike.sources._several_programs import divided
from soundalike.sources._tree import Tree

__all__ = ["Source", "list_sources", "program_of", "read", "survey", "unknown_name", "unknown_programs"]


UNOPENED = "files beside the archives that hold the exports"

_STEPS = 1000  # of progress per path


class Source(Protocol):
    """What a module in this folder provides."""

    NAME: str  # value of the `source` column
    LOOKED_FOR: str  # the files it reads, as `soundalike import --formats` lists them

    def recognise(self, tree: Tree) -> bool:
        """Whether this export has the source's format; decided by the members' names alone if they are enough."""

    def read(self, tree: Tree, on_progress: OnProgress) -> Iterator[Corpus]:
        """Read the export in batches that are small enough to keep several in memory.

        Author keys, channels and ids begin with the source's name and a colon, except for Discord's, which are the
        bare ids. The authors frame says who is the owner where the export tells; the column `me` of the messages is
        then set by `sources.read`, so a source that cannot know yet writes False.

        Every row is either kept or counted in `skipped` under a reason that begins with `messages`; everything else
        that is left out is counted under a reason that does not. Raises ExportError.
        """


@functools.cache
def list_sources() -> tuple[Source, ...]:
    """The sources in this folder, by name."""
    names = [module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_")]
    return tuple(cast(Source, importlib.import_module(f"{__name__}.{name}")) for name in sorted(names))


def read(
    paths: Sequence[Path],
    *,
    me: Sequence[str] = (),
    is_owner: Callable[[str], bool] | None = None,
    on_progress: OnProgress | None = None,
) -> Corpus:
    """Read all exports at `paths` and merge them: unique by message id, sorted by time.

    `me` are the owner's names (display names or author keys); they are needed where an export does not tell, and go
    before what it tells. The first is what the owner is called. `is_owner` says of an author key
    whether an earlier export gave it to the owner.

    `on_progress(done, total)` is called after every batch. Raises ExportError if a path has no known format, is
    damaged or unsafe, or if two exports of one program belong to different accounts. Exports of different programs are
    one person's: whoever an export names as its owner is the owner, and `me` of the messages follows from that. Raises
    OwnerUnknown if nothing tells who the owner is in one of the programs.
    """
    return _owner.mark(_merged(paths, on_progress, bool(me)), me, is_owner)


def survey(paths: Sequence[Path], on_progress: OnProgress | None = None) -> tuple[Corpus, People]:
    """All exports at `paths` as `read` merges them, and their people, whoever the owner is.

    Only the exports themselves say in `people` who the owner is, and `me` of the messages is not set; ExportError as
    for `read`, but for owners who differ.
    """
    corpus = _merged(paths, on_progress, several_owners=True)
    return corpus, People.of(corpus)


def _merged(paths: Sequence[Path], on_progress: OnProgress | None, several_owners: bool) -> Corpus:
    if not paths:
        raise ExportError("No export was named.", "Give the path of at least one.")
    exports = [
        export
        for number, path in enumerate(paths)
        for export in _read(Path(path), _progress_of_path(on_progress, number, len(paths)))
    ]
    described = {source.NAME: source.LOOKED_FOR for source in list_sources()}
    return add_notes_on_chats_read_twice(merge(_owner.batches(exports, several_owners)), described)


def _read(path: Path, on_progress: OnProgress) -> list[list[Corpus]]:
    """The exports at a path, one a program; where it holds none itself, those in the ZIPs that lie in it."""
    with open_tree(path) as tree:
        if exports := _exports(tree, on_progress) or _read_inner_zips(tree, on_progress):
            return exports
        raise _unsupported.unsupported_error(tree)


def _exports(tree: Tree, on_progress: OnProgress) -> list[list[Corpus]]:
    """The batches of each source that recognises the tree; an empty list if none does."""
    parts, notes = divided(tree, [source for source in list_sources() if source.recognise(tree)])
    exports = [
        list(source.read(part, _progress_of_path(on_progress, number, len(parts))))
        for number, (source, part) in enumerate(parts)
    ]
    if exports:
        notes += _unsupported.nested_archives_note(tree)
        exports[-1].append(Corpus(empty(), skipped=tree.ignored, notes=notes))
    return exports


def _read_inner_zips(tree: Tree, on_progress: OnProgress) -> list[list[Corpus]]:
    """The exports in the ZIPs that lie in a tree, not deeper; an empty list if there is none."""
    exports: list[list[Corpus]] = []
    opened = 0
    for path in inner_zips(tree):
        with open_tree(path) as inner:
            found = _exports(inner, lambda done, of: None)
        exports += found
        opened += bool(found)
        on_progress(opened, len(tree.members))
    if exports:
        exports[-1].append(Corpus(empty(), skipped={**tree.ignored, UNOPENED: len(tree.members) - opened}))
        on_progress(1, 1)
    return exports


def _progress_of_path(on_progress: OnProgress | None, number: int, of: int) -> OnProgress:
    """Report progress through path `number` of `of` as progress through all of them."""

    def report(done: float, total: float) -> None:
        if on_progress:
            on_progress(number * _STEPS + _STEPS * done // max(total, 1), of * _STEPS)

    return report
