"""Reads Signal's own plaintext export: `main.jsonl`, alone, in its folder or in a ZIP.

Each line is a frame with one key; people and chats come before the messages that refer to them. Disappearing and
view-once messages are not in the export.
"""

import re
from collections.abc import Callable, Iterator

from soundalike.messages import (
    REACTIONS,
    UNREADABLE_ROWS,
    Corpus,
    add_counts,
    empty,
)
from soundalike.sources._byte_lines import byte_lines
from soundalike.sources._file_reading import FileReading
from soundalike.sources._heads import heads
from soundalike.sources._json_repair import PARSE_ERRORS, load_leniently
from soundalike.sources._rows import BATCH, RowCollector, authors_frame, channels_frame
from soundalike.sources._signal_items import SignalBook
from soundalike.sources._signal_long_texts import LongTexts
from soundalike.sources._tree import Member, Tree

NAME = "signal"
LOOKED_FOR = "a Signal export (main.jsonl)"
OTHERS = "attachments and other files beside the chats"

_NAMES = re.compile(r"(?i)\.jsonl$")
_BEGINNING = re.compile(r'\s*\{[^\n]*"backupTimeMs"\s*:')


def recognise(tree: Tree) -> bool:
    """Whether the first line of a JSONL file is the description of a backup."""
    return any(_BEGINNING.match(text) for _, text in heads(tree, _NAMES))


def read(tree: Tree, on_progress: Callable[[int, int], None]) -> Iterator[Corpus]:
    """Batches of all exports in the tree; progress in bytes. Raises ExportError if a file is damaged below its text."""
    files = [member for member, text in heads(tree, _NAMES, None) if _BEGINNING.match(text)]
    reading = FileReading(files, on_progress)
    long_texts = LongTexts([member for member in tree.members if member not in files])

    yield from reading.batches(lambda member, advance: _read_file(member, advance, long_texts))
    skipped = reading.skipped
    add_counts(skipped, {OTHERS: len(tree.members) - len(files) - len(long_texts.used)})
    yield Corpus(empty(), read=reading.read, skipped=skipped, notes=reading.notes)
    reading.finish()


def _read_file(member: Member, advance: Callable[[int], None], long_texts: LongTexts) -> Iterator[Corpus]:
    rows, book = RowCollector(NAME), SignalBook(NAME, long_texts)
    for line in filter(None, byte_lines(member, advance)):
        _add_frame(line, rows, book)
        if len(rows) >= BATCH:
            yield rows.batch()
    corpus = rows.batch()
    add_counts(corpus.skipped, {REACTIONS: book.reactions})
    corpus.further_names = {key: book.further.get(key, set()) for key in book.spoke}
    corpus.authors, corpus.channels = authors_frame(book.spoke, {book.owner}), channels_frame(book.used)
    if book.cut_off:
        corpus.notes.append(
            f"Texts of more than about 2,000 characters were read up to there ({book.cut_off:,}): the files with the "
            "rest are not in the export."
        )
    yield corpus


def _add_frame(line: bytes, rows: RowCollector, book: SignalBook) -> None:
    """One line: a person, a chat, a message, or what is not needed."""
    try:
        frame = load_leniently(line)
    except PARSE_ERRORS:
        frame = None
    if not isinstance(frame, dict):
        rows.skip(UNREADABLE_ROWS)
        return
    for what, take in (("account", book.add_account), ("recipient", book.add_recipient), ("chat", book.add_chat)):
        if isinstance(content := frame.get(what), dict):
            take(content)
    if "chatItem" in frame:
        item = frame["chatItem"]
        if isinstance(item, dict):
            book.add_item(rows, item)
        else:
            rows.skip(UNREADABLE_ROWS)
