"""Reads the official Discord data package, every layout since 2018, as a ZIP or a folder.

A package holds only the owner's messages. Activity and other files that are not needed are never opened, attachments
are not kept. Steps: `_discord_layout` finds the files, `_discord_metadata` reads account and channels,
`_discord_message_files` opens message files, `_discord_rows` parses them, `_discord_messages` makes rows of the
message frame, `_discord_rounding` finds files whose ids were rounded.
"""

from collections.abc import Callable, Iterator

import polars as pl

from soundalike.messages import Corpus, empty
from soundalike.parallel import ordered_parallel_map
from soundalike.sources._discord_layout import Package, find_packages, holds_package
from soundalike.sources._discord_message_files import MessageFiles
from soundalike.sources._discord_messages import SOURCE, MessageBatch, to_messages
from soundalike.sources._discord_metadata import UNREADABLE, read_metadata
from soundalike.sources._discord_rounding import rounded_files, separate_rounded
from soundalike.sources._discord_rows import RowPiece, parse
from soundalike.sources._tree import Tree

NAME = SOURCE
LOOKED_FOR = "a Discord data package (a ZIP or folder with c1234567890/messages.json, or messages.csv, inside)"

_BATCH = 6 << 20  # bytes of messages that a thread parses at once


def recognise(tree: Tree) -> bool:
    """Whether the tree holds a channel folder as only a data package has one, whatever the folders above are called."""
    return holds_package(tree.members)


def read(tree: Tree, on_progress: Callable[[int, int], None]) -> Iterator[Corpus]:
    """Batches of all packages in the tree; progress in bytes. Raises ExportError if it is damaged or unsafe."""
    packages = find_packages(tree.members)
    total = sum(member.size for package in packages for channel in package.channels for member in channel.messages)
    done = 0

    def add_progress(size: int) -> None:
        nonlocal done
        done += size
        on_progress(min(done, total), total)

    for package in packages:
        yield from _read_package(package, add_progress)
    add_progress(total)


def _read_package(package: Package, add_progress: Callable[[int], None]) -> Iterator[Corpus]:
    """Batches; `add_progress` is called with the bytes of each. The first batch holds everything but messages.

    Whether the ids of a file were rounded is known only after all of it was read, so messages are yielded at the end.
    """
    metadata, files = read_metadata(package), MessageFiles.of(package.channels)
    skipped = package.unread | ({UNREADABLE: metadata.unreadable} if metadata.unreadable else {})
    read = {"packages": 1, "channels": len({channel.id for channel in package.channels})}
    names = {metadata.author: metadata.owner_names}
    yield Corpus(empty(), metadata.authors(), metadata.channels(), read, skipped, metadata.notes, further_names=names)
    channels = pl.Series(files.channels, dtype=pl.String)

    def read_batch(batch: list[RowPiece]) -> tuple[MessageBatch, int]:
        return to_messages(parse(batch), channels, metadata), sum(len(piece.raw) for piece in batch)

    batches = []
    for batch, size in ordered_parallel_map(read_batch, _batches(files)):  # files are unpacked while threads parse
        files.counts.add(batch.counts)
        batches.append(batch)
        add_progress(size)
    rounded = rounded_files(files.counts.evidence)
    for batch in batches:
        yield from separate_rounded(batch.corpus, batch.files, rounded)
    yield files.account(rounded)


def _batches(files: MessageFiles) -> Iterator[list[RowPiece]]:
    """Pieces of one format, together about _BATCH bytes."""
    batch: list[RowPiece] = []
    size = 0
    for piece in files.pieces():
        if batch and (piece.is_csv != batch[0].is_csv or size + len(piece.raw) > _BATCH):
            yield batch
            batch, size = [], 0
        batch.append(piece)
        size += len(piece.raw)
    if batch:
        yield batch
