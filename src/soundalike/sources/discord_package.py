"""The official Discord data package, every era since 2018, as ZIP or folder.

Takes a tree of members, gives batches of the message frame: the owner's own messages, and nobody else's, for that is
all a package holds. Activity and every other file that is not needed is never opened. Attachments are not kept.
Where things lie is `_discord_layout`'s to know, who is who `_discord_facts`', what became of each
file `_discord_files`', what a row is `_discord_rows`' and `_discord_messages`'.
"""

from collections.abc import Callable, Iterator

import polars as pl

from soundalike.messages import Corpus, empty
from soundalike.parallel import ordered_parallel_map
from soundalike.sources._discord_layout import Package, find_packages, holds_package
from soundalike.sources._discord_message_files import MessageFiles
from soundalike.sources._discord_messages import SOURCE, Batch, to_messages
from soundalike.sources._discord_metadata import UNREADABLE, read_metadata
from soundalike.sources._discord_rounding import rounded_files, separate_rounded
from soundalike.sources._discord_rows import RowPiece, parse
from soundalike.sources._tree import Tree

NAME = SOURCE
LOOKED_FOR = "a Discord data package (a ZIP or folder with c1234567890/messages.json, or messages.csv, inside)"

_BATCH = 6 << 20  # bytes of messages that a thread takes at once


def recognise(tree: Tree) -> bool:
    """Whether the tree holds a channel's folder as only a data package has one, whatever lies above it is called."""
    return holds_package(tree.members)


def read(tree: Tree, on_progress: Callable[[int, int], None]) -> Iterator[Corpus]:
    """Batches of all packages in the tree; progress in bytes. Raises ExportError where it is damaged or unsafe."""
    packages = find_packages(tree.members)
    total = sum(member.size for package in packages for channel in package.channels for member in channel.messages)
    done = 0

    def took(size: int) -> None:
        nonlocal done
        done += size
        on_progress(min(done, total), total)

    for package in packages:
        yield from _read_package(package, took)
    took(total)


def _read_package(package: Package, took: Callable[[int], None]) -> Iterator[Corpus]:
    """Batches; `took` is told the bytes of each as it is read. The first has what is no message.

    Whether a file's ids can be believed is known when all of it was read, so no batch leaves before the last is in.
    """
    facts, opened = read_metadata(package), MessageFiles.of(package.channels)
    left = package.left | ({UNREADABLE: facts.unreadable} if facts.unreadable else {})
    seen = {"packages": 1, "channels": len({channel.id for channel in package.channels})}
    yield Corpus(empty(), facts.authors(), facts.channels(), seen, left, facts.notes)
    channels = pl.Series(opened.channels, dtype=pl.String)

    def read_batch(batch: list[RowPiece]) -> tuple[Batch, int]:
        return to_messages(parse(batch), channels, facts), sum(len(piece.raw) for piece in batch)

    batches = []
    for batch, size in ordered_parallel_map(read_batch, _batches(opened)):  # unpacking goes on while threads parse
        opened.tally.add(batch.tally)
        batches.append(batch)
        took(size)
    rounded = rounded_files(opened.tally.evidence)
    for batch in batches:
        yield from separate_rounded(batch.corpus, batch.files, rounded)
    yield opened.account(rounded)


def _batches(opened: MessageFiles) -> Iterator[list[RowPiece]]:
    """Pieces of one kind, together about _BATCH bytes."""
    batch: list[RowPiece] = []
    size = 0
    for piece in opened.pieces():
        if batch and (piece.is_csv != batch[0].is_csv or size + len(piece.raw) > _BATCH):
            yield batch
            batch, size = [], 0
        batch.append(piece)
        size += len(piece.raw)
    if batch:
        yield batch
