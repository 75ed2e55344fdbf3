"""Reads what DiscordChatExporter writes: JSON, HTML or CSV, one channel a file, alone, in a folder or in a ZIP.

Keys are the bare ids of Discord, so that a data package and these files merge by id. Steps:
`_chat_exporter_rows`, `_chat_exporter_html` and `_chat_exporter_csv` parse files, `_chat_exporter_messages` makes rows
of the message frame, `_chat_exporter_owner` finds the owner where there are direct messages.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import PurePosixPath
from typing import Any

import polars as pl

from soundalike.errors import ExportError
from soundalike.messages import Corpus, add_counts, empty
from soundalike.sources import _local_time
from soundalike.sources._chat_exporter_csv import HEADER, CsvReader
from soundalike.sources._chat_exporter_html import MessageParser
from soundalike.sources._chat_exporter_messages import SOURCE, ChannelMessages
from soundalike.sources._chat_exporter_owner import OwnerVotes
from soundalike.sources._chat_exporter_rows import OPENING, flatten, parse
from soundalike.sources._file_reading import FileReading
from soundalike.sources._heads import head, heads
from soundalike.sources._people import one_line
from soundalike.sources._rows import RowCollector, authors_frame, channels_frame
from soundalike.sources._tree import Member, Tree

NAME = SOURCE
LOOKED_FOR = "the JSON, HTML or CSV files of DiscordChatExporter"

MEDIA = "media files, never opened"
OTHER_FILES = "other files, never opened"
TEXT_FILES = "plain text files of DiscordChatExporter, which have no ids"
CSV_TWINS = "CSV files beside a JSON or HTML file of the same channel"

_BATCH = 20_000  # rows
_NAMES = re.compile(r"(?i)\.(json|html?|csv|txt)$")
_KINDS = [
    ("json", re.compile(r'\A\s*\{\s*"guild"\s*:\s*\{.*?"channel"\s*:\s*\{', re.DOTALL)),
    ("html", re.compile(r"\A\s*<.*?(\.chatlog__|class=[\"']?chatlog)", re.DOTALL)),
    ("csv", re.compile(HEADER)),
    ("txt", re.compile(r"\A={62}\s+Guild:")),
]
_FILES_FOLDER = re.compile(r"_Files/[^/]*$")
_ID = re.compile(r"\[([0-9]{10,20})\](?: \([^()]*\))?(?: \[part [0-9]+\])?(?: ?\([0-9]+\))?\.[a-z]+$", re.IGNORECASE)
_TITLE = re.compile(r"(?:.+ - )?(.+?) ?\[[0-9]{10,20}\]")
_CHANNEL_KINDS = {"DirectTextChat": "dm", "DirectGroupTextChat": "group"}


def recognise(tree: Tree) -> bool:
    """Whether one of the uppermost files begins as DiscordChatExporter's do."""
    return any(_kind(beginning) for _, beginning in heads(tree, _NAMES))


def read(tree: Tree, on_progress: Callable[[int, int], None]) -> Iterator[Corpus]:
    """Batches of all files; progress in bytes. Raises ExportError if only plain text files are there."""
    files, skipped = _files(tree)
    if not files:
        raise ExportError(
            f"{tree.path} was exported as plain text, which has neither ids nor exact times.",
            "Export it again as JSON: `-f Json`, or JSON in the list of formats.",
        )
    by_member = {file.member: file for file in files}
    reading = FileReading(list(by_member), on_progress)
    export = _ChannelFiles(reading)
    yield from reading.batches(lambda member, _: export.read(by_member[member]))
    yield export.account(skipped)
    reading.finish()


@dataclass(frozen=True, slots=True)
class _File:
    member: Member
    kind: str  # json | html | csv

    @property
    def channel(self) -> str:
        """The channel's id from the file's name; where there is none, a hash of the name."""
        name = PurePosixPath(self.member.name).name
        found = _ID.search(name)
        return found[1] if found else f"file-{blake2b(name.encode('utf-8', 'replace'), digest_size=8).hexdigest()}"

    @property
    def title(self) -> str | None:
        """The channel's name from that of the file: `Server - Category - channel [id]`."""
        found = _TITLE.match(PurePosixPath(self.member.name).name)
        return one_line(found[1]) or None if found else None

    @property
    def kind_of_channel(self) -> str:
        """What the name of the file tells."""
        direct = PurePosixPath(self.member.name).name.startswith("Direct Messages - ")
        return "dm" if direct and self.title and ", " not in self.title else "unknown"


def _kind(beginning: str) -> str | None:
    return next((kind for kind, pattern in _KINDS if pattern.search(beginning)), None)


def _files(tree: Tree) -> tuple[list[_File], dict[str, int]]:
    """Files to read, JSON first, then HTML, since these have ids; and counts of the others."""
    skipped: dict[str, int] = {}
    found: list[_File] = []
    for member in tree.members:
        media = bool(_FILES_FOLDER.search(member.name))
        kind = None if media or not _NAMES.search(member.name) else _kind(head(member))
        if kind in (None, "txt"):
            add_counts(skipped, {MEDIA if media else TEXT_FILES if kind else OTHER_FILES: 1})
        else:
            found.append(_File(member, str(kind)))
    with_ids = {file.channel for file in found if file.kind != "csv"}
    files = [file for file in found if file.kind != "csv" or file.channel not in with_ids]
    add_counts(skipped, {CSV_TWINS: len(found) - len(files)})
    return sorted(files, key=lambda file: ["json", "html", "csv"].index(file.kind)), skipped


@dataclass
class _ChannelFiles:
    """All files of one export: its people, channels, and notes."""

    reading: FileReading
    votes: OwnerVotes = field(default_factory=OwnerVotes)
    channels: dict[str, tuple[str | None, str]] = field(default_factory=dict)
    people: dict[str, str] = field(default_factory=dict)
    directs: dict[str, tuple[str, str | None, dict[str, set[str]]]] = field(default_factory=dict)
    names: dict[str, set[str]] = field(default_factory=dict)  # all names of each author
    notes: set[str] = field(default_factory=set)

    def read(self, file: _File) -> Iterator[Corpus]:
        """Batches of one file."""
        return {"json": self._json, "html": self._html, "csv": self._csv}[file.kind](file)

    def _json(self, file: _File) -> Iterator[Corpus]:
        waiting: list[pl.DataFrame] = []
        rows = 0
        messages, kind = ChannelMessages(file.channel), "unknown"
        for part in self.reading.json_parts(file.member, [("messages",)], OPENING, parse):
            if not messages.rows or part.last:
                kind = self._describe(messages, part.head, kind)
            if part.parsed is not None:
                waiting.append(part.parsed)
                rows += part.parsed.height
            if waiting and (part.elements or rows >= _BATCH):
                yield messages.of_frame(flatten(waiting))
                waiting, rows = [], 0
            if part.elements or part.lost:
                yield messages.lost(part.lost, messages.of_objects(part.elements))
        if waiting:
            yield messages.of_frame(flatten(waiting))
        self._remember(messages, kind)

    def _describe(self, messages: ChannelMessages, head: dict[str, Any], kind: str) -> str:
        """Take the channel's id and title from what stands before the messages; its kind."""
        channel = head.get("channel")
        channel = channel if isinstance(channel, dict) else {}
        if not messages.rows and str(channel.get("id") or "").isdigit():
            messages.channel = str(channel["id"])
        if isinstance(channel.get("name"), str):
            messages.title = one_line(channel["name"]) or None
        type_ = str(channel.get("type") or "")
        if not type_:
            return kind
        return _CHANNEL_KINDS.get(type_) or ("thread" if type_.endswith("Thread") else "channel")

    def _html(self, file: _File) -> Iterator[Corpus]:
        parser, messages = MessageParser(), ChannelMessages(file.channel)
        waiting: list[Any] = []
        for found in parser.messages(self.reading.chunks(file.member)):
            waiting += found
            if len(waiting) >= _BATCH:
                yield messages.of_objects(waiting)
                waiting = []
        yield messages.of_objects(waiting)
        self.reading.damaged += not parser.complete
        direct = bool(parser.entries) and parser.entries[0] == "Direct Messages"
        title = parser.entries[1].rpartition(" / ")[2] if len(parser.entries) > 1 else None
        messages.title = one_line(title or "") or None
        self._remember(messages, "unknown" if not parser.entries else "dm" if direct else "channel")

    def _csv(self, file: _File) -> Iterator[Corpus]:
        reader = CsvReader(RowCollector(SOURCE), file.channel)
        for _ in reader.read(self.reading.csv_chunks(file.member)):
            corpus = reader.rows.batch()
            corpus.authors = authors_frame({key: name for key, name in reader.people.items() if key not in self.people})
            self.people |= reader.people
            yield corpus
        self.notes.add("CSV files of DiscordChatExporter have neither ids nor replies; its JSON files have both.")
        if reader.has_local_times:
            self.notes.add(_local_time.NOTE)
        if order := reader.order:
            self.notes.add(f"Dates such as {reader.example} in a CSV were read as {order.order}: {order.why}.")
        messages = ChannelMessages(file.channel, file.title)
        messages.accounts = {key: {name} for key, name in reader.people.items()}
        self._remember(messages, file.kind_of_channel)

    def _remember(self, messages: ChannelMessages, kind: str) -> None:
        known = self.channels.get(messages.channel)
        if known is None or known[1] == "unknown":
            self.channels[messages.channel] = (messages.title, kind)
        _, _, accounts = self.directs.get(messages.channel, (kind, messages.title, {}))
        if kind in ("dm", "group"):
            self.directs.setdefault(messages.channel, (kind, messages.title, accounts))
        for author, names in messages.accounts.items():
            accounts.setdefault(author, set()).update(names)
            self.names.setdefault(author, set()).update(names)

    def account(self, skipped: dict[str, int]) -> Corpus:
        """Channels, the owner if direct messages tell, and counts of files."""
        for kind, title, accounts in self.directs.values():
            self.votes.add(kind, title, accounts)
        owner = self.votes.owner()
        names = {key: name for _, _, accounts in self.directs.values() for key, name in _names(accounts).items()}
        authors = authors_frame({owner: names[owner]}, {owner}) if owner else authors_frame({})
        add_counts(skipped, self.reading.skipped)
        notes = self.reading.notes + sorted(self.notes)
        corpus = Corpus(empty(), authors, channels_frame(self.channels), self.reading.read, skipped, notes)
        corpus.further_names = self.names
        return corpus


def _names(accounts: dict[str, set[str]]) -> dict[str, str]:
    return {author: min(names, default="someone") for author, names in accounts.items()}
