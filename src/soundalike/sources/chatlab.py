"""Reads ChatLab's interchange format, which exporters of WeChat, QQ, LINE and others write: JSON and JSON lines.

    {chatlab{version}, meta{name, platform, type, groupId?, ownerId?}, members[{platformId, accountName, ...}],
     messages[{sender, accountName, timestamp, type, content, platformMessageId?, replyToMessageId?}]}

In JSON lines each line has a `_type`: header, member or message. Times are seconds.
Format: https://github.com/hellodigua/ChatLab, docs/en/standard/chatlab-format.md
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from soundalike.messages import (
    BY_THE_APP,
    DELETED,
    FORWARDED,
    STICKER,
    UNREADABLE_ROWS,
    VOICE_MESSAGE,
    WITHOUT_TEXT,
    Corpus,
    add_counts,
    empty,
)
from soundalike.sources._file_reading import Advance, FileReading
from soundalike.sources._heads import head, heads
from soundalike.sources._json_files import ObjectFile, dicts, json_lines, key, load, text, whole_number
from soundalike.sources._people import SOMEONE, hashed, is_address, one_line
from soundalike.sources._rows import RowCollector, authors_frame, channels_frame
from soundalike.sources._tree import WHOLE, Member, Tree

NAME = "chatlab"
LOOKED_FOR = "a ChatLab file (JSON or JSONL)"

OTHER_FILES = "other files, never opened"

_NAMES = re.compile(r"(?i)\.(json|jsonl|ndjson)$")
_JSON = re.compile(r'\A\s*\{\s*(?:"[^"]{1,40}"\s*:\s*"[^"]*"\s*,\s*)*"chatlab"\s*:\s*\{')
_LINES = re.compile(r'\A\s*\{[^\n]{0,200}"_type"\s*:\s*"header"')
_OPENING = r'\{\s*(?:"_type"\s*:\s*"message"\s*,\s*)?"(?:sender|platformMessageId)"\s*:\s*"'
_TEXT, _REPLY, _FORWARD, _SYSTEM, _RECALL = 0, 25, 26, 80, 81
_WORDS = {2: VOICE_MESSAGE, 5: STICKER}  # in place of a text, by type
_UNIT = 1000


def recognise(tree: Tree) -> bool:
    """Whether one of the uppermost files begins as the format prescribes."""
    return any(_is_json(head) or _is_lines(head) for _, head in heads(tree, _NAMES))


def _is_json(head: str) -> bool:
    return bool(_JSON.search(head))


def _is_lines(head: str) -> bool:
    return bool(_LINES.search(head)) and '"chatlab"' in head


def read(tree: Tree, on_progress: Callable[[int, int], None]) -> Iterator[Corpus]:
    """Batches of all files; progress in bytes. Raises ExportError if the archive is damaged."""
    files = [member for member, text in heads(tree, _NAMES, None) if _is_json(text) or _is_lines(text)]
    reading, rows = FileReading(files, on_progress), RowCollector(NAME, _UNIT)
    people: dict[str, str] = {}
    channels: dict[str, tuple[str | None, str]] = {}
    owners: set[str] = set()
    further: dict[str, set[str]] = {}

    def read_file(member: Member, advance: Advance) -> Iterator[None]:
        chat = _Chat()
        rows.restart()
        batches = chat.lines(member) if _is_lines(head(member)) else chat.whole(member)
        yield from reading.add_objects(rows, chat, batches, lambda message: chat.add(message, rows))
        people.update({who: chat.people[who] for who in chat.people if people.get(who, SOMEONE) == SOMEONE})
        channels.setdefault(chat.channel, (chat.title, chat.kind))
        owners.update({chat.owner} & set(chat.people))
        for who in chat.further.keys() & people.keys():
            further.setdefault(who, set()).update(chat.further[who])
        advance(member.size)

    yield from reading.full_batches(rows, read_file)
    skipped = reading.skipped
    add_counts(skipped, {OTHER_FILES: len(tree.members) - len(files)})
    frames = authors_frame(people, owners), channels_frame(channels)
    yield Corpus(empty(), *frames, reading.read, skipped, reading.notes, further_names=further)
    reading.finish()


@dataclass
class _Chat:
    """One file: its platform and channel, people by key, the owner's key."""

    platform: str = "chat"
    channel: str = f"{NAME}:chat"
    title: str | None = None
    kind: str = "unknown"
    owner: str = ""
    people: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    further: dict[str, set[str]] = field(default_factory=dict)  # all names by key
    lost: int = 0
    damaged: bool = False

    def whole(self, member: Member) -> Iterator[list[Any]]:
        """Messages of a JSON file; members are only read of files that fit into memory."""
        file = ObjectFile(member, "messages", _OPENING)
        described = False
        for batch in file.batches():
            if not described:
                described = bool(file.head)
                self.describe(file.head.get("meta"))
                members = file.head.get("members")
                whole = load(member) if members is None and member.size <= WHOLE else None
                self.learn(members if members is not None else whole.get("members") if isinstance(whole, dict) else [])
            yield batch
        self.lost, self.damaged = file.lost, file.damaged

    def lines(self, member: Member) -> Iterator[list[Any]]:
        """Messages of a file of JSON lines."""
        for batch in json_lines(member, _OPENING):
            messages = []
            for line in batch:
                kind = line.get("_type") if isinstance(line, dict) else None
                if isinstance(line, dict) and kind == "header":
                    self.describe(line.get("meta"))
                elif isinstance(line, dict) and kind == "member":
                    self.learn([line])
                else:
                    self.damaged |= line is None
                    messages.append(line)
            yield messages

    def describe(self, meta: object) -> None:
        """Take in what stands above the messages."""
        meta = meta if isinstance(meta, dict) else {}
        self.platform = one_line(text(meta.get("platform"))).lower() or self.platform
        name = one_line(text(meta.get("name")))
        self.title = None if not name or is_address(name) else name
        self.kind = {"group": "group", "private": "dm"}.get(text(meta.get("type")), self.kind)
        self.channel = f"{NAME}:{self.platform}/{_hidden(key(meta.get('groupId')) or name or 'chat')}"
        self.owner = self.key_of(meta.get("ownerId"))

    def learn(self, members: object) -> None:
        """Take in names; that in the group goes before that of the account."""
        for member in dicts(members):
            aliases = member.get("aliases")
            aliases = aliases if isinstance(aliases, list) else []
            candidates = [member.get("groupNickname"), member.get("accountName"), *aliases]
            shown = (one_line(text(candidate)) for candidate in candidates)
            names = [name for name in shown if name and not is_address(name)]
            if names and (person := self.key_of(member.get("platformId"))):
                self.names.setdefault(person, names[0])
                self.further.setdefault(person, set()).update(names)

    def key_of(self, id_: object) -> str:
        """The key of a person; empty if there is no id."""
        bare = key(id_).strip()
        return f"{NAME}:{self.platform}/{_hidden(bare)}" if bare else ""

    def add(self, message: object, rows: RowCollector) -> None:
        """Keep a message or count why not."""
        person = self.key_of(message.get("sender")) if isinstance(message, dict) else ""
        if not isinstance(message, dict) or not person:
            rows.skip(UNREADABLE_ROWS)
            return
        kind = whole_number(message.get("type", _TEXT))
        reasons = {_SYSTEM: BY_THE_APP, _RECALL: DELETED, _FORWARD: FORWARDED, _TEXT: None, _REPLY: None}
        reasons |= dict.fromkeys(_WORDS)
        reason = reasons.get(kind, WITHOUT_TEXT) if kind is not None else WITHOUT_TEXT
        if reason:
            rows.skip(reason)
            return
        id_, answered, seconds = (
            key(message.get("platformMessageId")),
            key(message.get("replyToMessageId")),
            whole_number(message.get("timestamp")),
        )
        kept = rows.add(
            self.channel,
            person,
            None if seconds is None else seconds * 1000,
            _WORDS.get(kind or _TEXT) or text(message.get("content")),
            id_=f"{self.channel}/{id_}" if id_ else None,
            reply_to=f"{self.channel}/{answered}" if answered else None,
        )
        if kept and self.people.get(person, SOMEONE) == SOMEONE:
            self.learn([{**message, "platformId": message.get("sender")}])
            self.people[person] = self.names.get(person, SOMEONE)


def _hidden(id_: str) -> str:
    """An id, or the hash of one that is a phone number or an address."""
    return hashed(id_) if is_address(id_) and not id_.isdigit() else one_line(id_)
