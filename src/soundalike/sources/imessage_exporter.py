"""Reads what the program imessage-exporter writes: a TXT a chat, or NDJSON with one message a line."""

import re
from collections.abc import Callable, Iterator
from typing import Any

from soundalike.messages import (
    ONLY_REACTIONS,
    REACTIONS,
    UNKNOWN,
    UNREADABLE_ROWS,
    Corpus,
    add_counts,
    empty,
)
from soundalike.sources import _local_time
from soundalike.sources._byte_lines import byte_lines
from soundalike.sources._file_reading import Advance, FileReading
from soundalike.sources._heads import heads
from soundalike.sources._imessage_text import without_places
from soundalike.sources._imessage_transcript import ME, TranscriptMessage, begins_transcript, transcript
from soundalike.sources._json_files import iso_milliseconds
from soundalike.sources._json_repair import PARSE_ERRORS, load_leniently
from soundalike.sources._people import SOMEONE, one_line, person
from soundalike.sources._rows import BATCH, RowCollector, authors_frame, channels_frame
from soundalike.sources._tree import Member, Tree
from soundalike.sources._worded_tapbacks import is_worded_tapback

NAME = "imessage_exporter"
LOOKED_FOR = "what imessage-exporter wrote (TXT or NDJSON)"
OTHERS = "attachments and other files beside the chats"

_OWNER = f"{NAME}:me"
_NAMES = re.compile(r"(?i)\.(txt|ndjson|jsonl|json)$")
_RECORD = re.compile(r'\s*\{(?=[^\n]*"is_from_me"\s*:)(?=[^\n]*"date_iso"\s*:)')


def recognise(tree: Tree) -> bool:
    """Whether a text begins with the line of a time as imessage-exporter writes it, or with a record of its."""
    return any(_is_export(member, start) for member, start in heads(tree, _NAMES))


def _is_export(member: Member, start: str) -> bool:
    return begins_transcript(start) if member.name.lower().endswith(".txt") else bool(_RECORD.match(start))


def read(tree: Tree, on_progress: Callable[[int, int], None]) -> Iterator[Corpus]:
    """Batches of all files; progress in bytes. Raises ExportError if one is damaged or far too long."""
    files = [member for member, start in heads(tree, _NAMES, None) if _is_export(member, start)]
    reading = FileReading(files, on_progress)
    reader = _ExporterReader(reading)
    yield from reading.batches(reader.read)
    skipped = reading.skipped
    add_counts(skipped, {OTHERS: len(tree.members) - len(files)})
    authors = authors_frame(reader.people, {_OWNER})
    notes = reading.notes + ([_local_time.NOTE] if reader.has_local_times else [])
    yield Corpus(empty(), authors, channels_frame(reader.channels), reading.read, skipped, notes)
    reading.finish()


class _ExporterReader:
    """Reads files one after the other, and knows the people and chats of all."""

    def __init__(self, reading: FileReading) -> None:
        self._reading = reading
        self.rows = RowCollector(NAME, 1000)
        self.people: dict[str, str] = {}
        self.channels: dict[str, tuple[str | None, str]] = {}
        self.has_local_times = False

    def read(self, member: Member, advance: Advance) -> Iterator[Corpus]:
        """Batches of one file; only those of a TXT have times without a zone."""
        if not member.name.lower().endswith(".txt"):
            yield from self.records(member, advance)
            return
        for corpus in self.transcript(member):
            self.has_local_times = self.has_local_times or bool(corpus.read)
            yield corpus

    def transcript(self, member: Member) -> Iterator[Corpus]:
        """Batches of one TXT, whose name is the chat's."""
        title = re.sub(r"(?i)\.txt$", "", member.name.rpartition("/")[2])
        key, name = person(NAME, title)
        clock, speakers = _local_time.LocalClock(), set[str]()
        self.rows.restart()
        for message in transcript(self._reading.lines(member)):
            self._add_message(key, message, clock, speakers)
        self.channels[key] = (None if name == SOMEONE else name, "dm" if len(speakers - {_OWNER}) <= 1 else "group")
        yield self.rows.batch()

    def _add_message(
        self, channel: str, message: TranscriptMessage, clock: _local_time.LocalClock, speakers: set[str]
    ) -> None:
        add_counts(self.rows.skipped, {REACTIONS: message.reactions})
        if message.reason:
            self.rows.skip(message.reason)
            return
        author, name = (_OWNER, UNKNOWN) if message.author == ME else person(NAME, message.author)
        speakers.add(author)
        sent = clock.utc(message.moment) if message.moment else None
        if self.rows.add(channel, author, sent, message.text, local=message.moment):
            self.people[author] = name

    def records(self, member: Member, advance: Callable[[int], None]) -> Iterator[Corpus]:
        """Batches of one NDJSON."""
        self.rows.restart()
        for line in filter(None, byte_lines(member, advance)):
            try:
                record = load_leniently(line)
            except PARSE_ERRORS:
                record = None
            if isinstance(record, dict):
                self._add_record(record)
            else:
                self.rows.skip(UNREADABLE_ROWS)
            if len(self.rows) >= BATCH:
                yield self.rows.batch()
        yield self.rows.batch()

    def _add_record(self, record: dict[str, Any]) -> None:
        author, name = _sender(record)
        channel = f"{NAME}:chat {one_line(str(record.get('chat_id')))}"
        guid, text = record.get("guid"), record.get("text")
        id_ = f"{NAME}:{one_line(guid)}" if isinstance(guid, str) and guid else None
        text = without_places(text) if isinstance(text, str) else ""
        if is_worded_tapback(text):  # a record does not say that it is a reaction
            self.rows.skip(ONLY_REACTIONS)
        elif self.rows.add(channel, author, iso_milliseconds(record.get("date_iso")), text, id_=id_):
            self.people[author] = name
            recipients = record.get("recipients")
            several = isinstance(recipients, list) and len(recipients) > 1
            self.channels[channel] = (None, "group" if several else "dm")


def _sender(record: dict[str, Any]) -> tuple[str, str]:
    sender = record.get("sender")
    sender = sender if isinstance(sender, dict) else {}
    if record.get("is_from_me") or sender.get("is_me"):
        return _OWNER, UNKNOWN
    name = sender.get("display_name") or sender.get("handle")
    return person(NAME, name if isinstance(name, str) else "")
