"""Reads the JSON that WeFlow exports of a WeChat conversation.

    {weflow{version, exportedAt}, session{wxid, nickname, remark, displayName, type},
     messages[{localId, createTime, type, content, isSend, senderUsername, senderDisplayName}]}

Types are Chinese words, times are seconds, `isSend` is 1 in the owner's messages and null in those of the app. Pictures
of people stand before the messages, so a file is recognised by its first key.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

from soundalike.messages import (
    BY_THE_APP,
    STICKER,
    UNREADABLE_ROWS,
    VOICE_MESSAGE,
    WITHOUT_TEXT,
    Corpus,
    add_counts,
    empty,
)
from soundalike.sources._file_reading import FileReading
from soundalike.sources._heads import heads
from soundalike.sources._json_files import key, text, whole_number
from soundalike.sources._people import SOMEONE, hashed, is_address, one_line
from soundalike.sources._rows import BATCH, RowCollector, authors_frame, channels_frame
from soundalike.sources._tree import Member, Tree

NAME = "weflow"
LOOKED_FOR = "a WeChat conversation (JSON of WeFlow)"
OTHERS = "other files beside the conversations"

_JSON = re.compile(r"(?i)\.json$")
_BEGINNING = re.compile(r'\A\s*\{\s*"weflow"\s*:\s*\{')
_OPENING = r'\{\s*"localId"\s*:\s*-?\d+\s*,\s*"'
_TEXT, _QUOTE, _SYSTEM = "文本消息", "引用消息", "系统消息"
_WORDS = {"语音消息": VOICE_MESSAGE, "动画表情": STICKER, "表情消息": STICKER}
_KINDS = {"群聊": "group", "私聊": "dm"}
_UNIT = 1000  # ms


def recognise(tree: Tree) -> bool:
    """Whether one of the uppermost JSON files begins as WeFlow's do."""
    return any(_BEGINNING.match(beginning) for _, beginning in heads(tree, _JSON))


def read(tree: Tree, on_progress: Callable[[int, int], None]) -> Iterator[Corpus]:
    """Batches of all conversations; progress in bytes. Raises ExportError if a file is damaged below its text."""
    files = [member for member, beginning in heads(tree, _JSON, None) if _BEGINNING.match(beginning)]
    reading, conversations = FileReading(files, on_progress), _Conversations()
    yield from reading.batches(lambda member, _: conversations.read(reading, member))
    skipped = reading.skipped
    add_counts(skipped, {OTHERS: len(tree.members) - len(files)})
    authors = authors_frame(conversations.people, conversations.owners)
    yield Corpus(empty(), authors, channels_frame(conversations.channels), reading.read, skipped, reading.notes)
    reading.finish()


class _Conversations:
    """Reads files one after the other; people by key, the owner's keys, channels."""

    def __init__(self) -> None:
        self.rows = RowCollector(NAME, _UNIT)
        self.people: dict[str, str] = {}
        self.owners: set[str] = set()
        self.channels: dict[str, tuple[str | None, str]] = {}

    def read(self, reading: FileReading, member: Member) -> Iterator[Corpus]:
        """Batches of one file."""
        self.rows.restart()
        for part in reading.json_parts(member, [("messages",)], _OPENING):
            channel = self._channel(part.head) if part.elements else ""
            for message in part.elements:
                self._add(channel, message)
            if part.lost:
                self.rows.skip(UNREADABLE_ROWS, part.lost)
            if len(self.rows) >= BATCH:
                yield self.rows.batch()
        yield self.rows.batch()

    def _channel(self, head: dict[str, Any]) -> str:
        session = head.get("session")
        session = session if isinstance(session, dict) else {}
        names = (one_line(text(session.get(name))) for name in ("remark", "displayName", "nickname"))
        title = next((name for name in names if name and not is_address(name)), None)
        channel = _key(key(session.get("wxid")) or title or "chat")
        self.channels[channel] = (title, _KINDS.get(text(session.get("type")), "unknown"))
        return channel

    def _add(self, channel: str, message: object) -> None:
        sender = key(message.get("senderUsername")).strip() if isinstance(message, dict) else ""
        if not isinstance(message, dict) or not (sender or message.get("isSend") is None):
            self.rows.skip(UNREADABLE_ROWS)
            return
        kind = text(message.get("type"))
        if kind == _SYSTEM or message.get("isSend") is None:
            self.rows.skip(BY_THE_APP)
        elif kind not in (_TEXT, _QUOTE, *_WORDS):
            self.rows.skip(WITHOUT_TEXT)
        else:
            self._keep(channel, _key(sender), message, _WORDS.get(kind) or text(message.get("content")))

    def _keep(self, channel: str, author: str, message: dict[str, Any], words: str) -> None:
        seconds, local_id = whole_number(message.get("createTime")), key(message.get("localId"))
        sent = None if seconds is None else seconds * 1000
        if self.rows.add(channel, author, sent, words, id_=f"{channel}/{local_id}" if local_id else None):
            name = one_line(text(message.get("senderDisplayName")))
            if self.people.get(author, SOMEONE) == SOMEONE:
                self.people[author] = SOMEONE if not name or is_address(name) else name
            if message.get("isSend") == 1:
                self.owners.add(author)


def _key(id_: str) -> str:
    return f"{NAME}:{hashed(id_) if is_address(id_) else one_line(id_)}"
