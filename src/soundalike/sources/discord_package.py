"""The official Discord data package, every era since 2018, as ZIP or folder.

Takes a tree of members, gives batches of the message frame: the owner's own messages, and nobody else's, for that is
all a package holds. Activity and every other file that is not needed is never opened. Attachments are not kept.
Where things lie is `_discord_layout`'s to know, who is who `_discord_facts`', what a row is `_discord_rows`'
and `_discord_messages`'.
"""

from collections.abc import Callable, Iterator, Sequence

import polars as pl

from soundalike.messages import Corpus, empty
from soundalike.side_by_side import side_by_side
from soundalike.sources._discord_facts import UNREADABLE, read_facts
from soundalike.sources._discord_layout import Channel, Package, find_packages, holds_package
from soundalike.sources._discord_messages import SOURCE, Tally, to_messages
from soundalike.sources._discord_rows import Piece, parse
from soundalike.sources._pieces import csv_pieces, json_pieces
from soundalike.sources._tree import CHUNK, Tree

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
    for package in packages:
        for corpus, size in _read_package(package):
            done += size
            on_progress(min(done, total), total)
            yield corpus


def _read_package(package: Package) -> Iterator[tuple[Corpus, int]]:
    """Batches, each with the bytes it took. The first has what is no message, the last what only all together tell."""
    facts, tally = read_facts(package), Tally()
    ids = [channel.id for channel in package.channels]
    seen = {"packages": 1, "channels": len(set(ids))}
    left = package.left | ({UNREADABLE: facts.unreadable} if facts.unreadable else {})
    yield Corpus(empty(), facts.authors(), facts.channels(), seen, left, facts.notes), 0
    channels = pl.Series(ids, dtype=pl.String)

    def read_batch(batch: list[Piece]) -> tuple[Corpus, Tally, int]:
        return *to_messages(parse(batch), channels, facts), sum(len(piece.raw) for piece in batch)

    # Unpacking goes on while threads parse.
    for corpus, counts, size in side_by_side(read_batch, _batches(package.channels)):
        tally.add(counts)
        yield corpus, size
    yield Corpus(empty(), notes=tally.notes(), exact_ids=tally.exact_ids), 0


def _batches(channels: Sequence[Channel]) -> Iterator[list[Piece]]:
    """Pieces of one kind, together about _BATCH bytes."""
    batch: list[Piece] = []
    size = 0
    for piece in _pieces(channels):
        if batch and (piece.is_csv != batch[0].is_csv or size + len(piece.raw) > _BATCH):
            yield batch
            batch, size = [], 0
        batch.append(piece)
        size += len(piece.raw)
    if batch:
        yield batch


def _pieces(channels: Sequence[Channel]) -> Iterator[Piece]:
    """Every message file: a small one as it is, a large one cut."""
    for number, channel in enumerate(channels):
        is_csv = not channel.json
        cut = csv_pieces if is_csv else json_pieces
        for member in channel.messages:
            for raw in [member.read()] if member.size <= CHUNK else cut(member.chunks()):
                if raw and not raw.isspace():
                    yield Piece(number, raw, is_csv)
