"""Reads Discord's messages as its own interface returns them: the pages that Discrub exports, and dumps of bots.

    [{id, channel_id, type, content, timestamp, author{id, username, global_name, bot}, mentions[], message_reference}]

A JSON array of such objects a file, or a CSV whose columns are the paths of the values (`author.id`). Keys are the bare
ids of Discord, so that these messages merge with a data package and with DiscordChatExporter's files.
Format: https://docs.discord.com/developers/resources/message
"""

import csv
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from soundalike.messages import Corpus, add_counts, empty
from soundalike.sources._chat_exporter_messages import ChannelMessages
from soundalike.sources._chat_exporter_rows import FORWARD
from soundalike.sources._file_reading import FileReading
from soundalike.sources._file_splitter import split_csv
from soundalike.sources._heads import heads
from soundalike.sources._json_files import dicts, key
from soundalike.sources._rows import authors_frame, channels_frame
from soundalike.sources._tree import Member, Tree

NAME = "discord_api"
LOOKED_FOR = "messages as Discord's own interface returns them (JSON or CSV of Discrub)"
OTHERS = "other files beside the pages of messages"

_NAMES = re.compile(r"(?i)\.(json|csv)$")
_JSON = re.compile(
    r'\A\s*\[\s*\{(?=.*"channel_id"\s*:\s*"\d)(?=.*"author"\s*:\s*\{)(?=.*"timestamp"\s*:\s*")', re.DOTALL
)
_CSV = re.compile(r"\A(?=[^\n]*\bauthor\.id\b)(?=[^\n]*\btimestamp\b)(?=[^\n]*\bchannel_id\b)[^\n]*\bcontent\b")
_OPENING = r'\{\s*"(?:type"\s*:\s*\d+\s*,\s*"(?:content|tts)|id"\s*:\s*"\d+"\s*,\s*"(?:type|channel_id|content)")'
_FORWARDED = 1  # type of a reference
_PAGE = 5_000  # rows of a CSV that are made messages together


def recognise(tree: Tree) -> bool:
    """Whether one of the uppermost files begins as such a page."""
    return any(_is_page(text) for _, text in heads(tree, _NAMES))


def _is_page(text: str) -> bool:
    return bool(_JSON.search(text) or _CSV.search(text))


def read(tree: Tree, on_progress: Callable[[int, int], None]) -> Iterator[Corpus]:
    """Batches of all pages; progress in bytes. Raises ExportError if a file is damaged below its text."""
    files = [member for member, text in heads(tree, _NAMES, None) if _is_page(text)]
    reading, pages = FileReading(files, on_progress), _Pages()
    yield from reading.batches(lambda member, _: pages.read(reading, member))
    skipped = reading.skipped
    add_counts(skipped, {OTHERS: len(tree.members) - len(files)})
    channels = channels_frame({one: (None, "unknown") for one, found in pages.channels.items() if found.accounts})
    counts, notes = (reading.read, skipped), reading.notes
    yield Corpus(empty(), authors_frame({}), channels, *counts, notes, further_names=pages.names())
    reading.finish()


@dataclass
class _Pages:
    """Reads pages one after the other; the channels so far by id."""

    channels: dict[str, ChannelMessages] = field(default_factory=dict)

    def read(self, reading: FileReading, member: Member) -> Iterator[Corpus]:
        """Batches of one file."""
        if member.name.lower().endswith(".csv"):
            for rows in _csv_rows(reading.csv_chunks(member)):
                yield from self._batch(rows)
            return
        for part in reading.json_parts(member, [()], _OPENING):
            yield from self._batch(part.elements)
            if part.lost:
                yield ChannelMessages("").lost(part.lost)

    def _batch(self, messages: list[Any]) -> Iterator[Corpus]:
        """The messages of each channel among these."""
        by_channel: dict[str, list[object]] = {}
        for message in messages:
            channel = key(message.get("channel_id")) if isinstance(message, dict) else ""
            by_channel.setdefault(channel or "unknown", []).append(_exported(message))
        for channel, found in by_channel.items():
            yield self.channels.setdefault(channel, ChannelMessages(channel, source=NAME)).of_objects(found)

    def names(self) -> dict[str, set[str]]:
        """All names of each author."""
        found: dict[str, set[str]] = {}
        for channel in self.channels.values():
            for author, names in channel.accounts.items():
                found.setdefault(author, set()).update(names)
        return found


def _exported(message: object) -> object:
    """A message with the keys that DiscordChatExporter gives it."""
    if not isinstance(message, dict):
        return message
    reference = message.get("message_reference")
    reference = reference if isinstance(reference, dict) else {}
    forwarded = reference.get("type") == _FORWARDED or bool(message.get("message_snapshots"))
    bot = message.get("webhook_id") or message.get("interaction") or message.get("interaction_metadata")
    return {
        "id": message.get("id"),
        "type": message.get("type"),
        "timestamp": message.get("timestamp"),
        "content": message.get("content"),
        "author": _person(message.get("author"), bool(bot)),
        "reference": {"messageId": reference.get("message_id"), "type": FORWARD if forwarded else None},
        "reactions": message.get("reactions"),
        "attachments": [{"fileName": one.get("filename")} for one in dicts(message.get("attachments"))],
        "stickers": message.get("sticker_items") or message.get("stickers"),
        "mentions": [_person(one, False) for one in dicts(message.get("mentions"))],
    }


def _person(user: object, bot: bool) -> object:
    if not isinstance(user, dict):
        return user
    shown = user.get("global_name") or user.get("username")
    is_bot = bot or str(user.get("bot")).lower() == "true"
    return {"id": user.get("id"), "name": user.get("username"), "nickname": shown, "isBot": is_bot}


def _csv_rows(chunks: Iterator[bytes]) -> Iterator[list[Any]]:
    """Messages of a CSV, some at a time; a row with too many or too few fields is none."""
    for part in split_csv(chunks):
        reader = csv.reader(io.StringIO(part.decode("utf-8", "replace").removeprefix("\ufeff"), newline=""))
        header: list[str] | None = None
        rows: list[Any] = []
        while True:
            try:
                row = next(reader, None)
            except csv.Error:  # a field longer than the module takes; reading goes on behind it
                row = [""]
            if row is None:
                break
            if header is None:
                header = row
            elif row:
                rows.append(_nested(dict(zip(header, row, strict=True))) if len(row) == len(header) else None)
            if len(rows) >= _PAGE:
                yield rows
                rows = []
        yield rows


def _nested(row: dict[str, str]) -> dict[str, Any]:
    """The objects of which a row's columns are paths: `author.id`, `message_reference.message_id`."""
    found: dict[str, Any] = {name: value for name, value in row.items() if "." not in name}
    for name, value in row.items():
        outer, dot, inner = name.partition(".")
        if dot and value:
            found[outer] = {**found[outer], inner: value} if isinstance(found.get(outer), dict) else {inner: value}
    return found
