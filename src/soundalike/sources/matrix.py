"""Reads a Matrix room as Element exports it: export.json, alone, in a folder or in a ZIP.

    {room_name, exported_by, messages[{type, sender, origin_server_ts, event_id, content{msgtype, body, ...}}]}

Element exports what it could decrypt. An edit is an event of its own, which replaces an earlier one's text.
Format: https://spec.matrix.org/latest/client-server-api/#mroommessage
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from soundalike.messages import (
    BOTS,
    BY_THE_APP,
    DELETED,
    ONLY_REACTIONS,
    STICKER,
    UNREADABLE_ROWS,
    VOICE_MESSAGE,
    WITHOUT_TEXT,
    Corpus,
    add_counts,
    empty,
)
from soundalike.sources._file_reading import Advance, FileReading
from soundalike.sources._heads import heads
from soundalike.sources._json_files import ObjectFile, key, text, whole_number
from soundalike.sources._people import SOMEONE, hashed, is_address, one_line
from soundalike.sources._rows import RowCollector, authors_frame, channels_frame
from soundalike.sources._tree import Member, Tree

NAME = "matrix"
LOOKED_FOR = "the JSON file of a room that Element exported"

ENCRYPTED = "messages that were not decrypted when exported"
EDITS = "messages that only edit an earlier one"
OTHER_FILES = "other files, never opened"

_JSON = re.compile(r"\.json$")
_HEAD = re.compile(r'\A\s*\{\s*"(?:room_name|room_creator|topic|export_date|exported_by|messages)"\s*:')
_EVENT = re.compile(r'"type"\s*:\s*"m\.room\.[a-z_]+"|"exported_by"\s*:')
_OPENING = r'\{\s*"(?:type|content|sender|room_id|event_id|origin_server_ts|user_id)"\s*:'
_VOICE = "org.matrix.msc3245.voice"  # a key of recordings
_WORDS = {"m.text", "m.emote"}
_BRIDGED = re.compile(r"[0-9]{9}")  # the number of somebody whom a bridge brought in from another network
_NETWORK = re.compile(r" \([^()]{1,12}\)\Z")  # behind such a person's name
_QUOTE = re.compile(r"\A(?:> ?[^\n]*\n)+\n?")


def recognise(tree: Tree) -> bool:
    """Whether one of the uppermost JSON files is a room's export."""
    return any(_is_room(head) for _, head in heads(tree, _JSON))


def _is_room(head: str) -> bool:
    return bool(_HEAD.search(head)) and bool(_EVENT.search(head)) and '"m.room.' in head


def read(tree: Tree, on_progress: Callable[[int, int], None]) -> Iterator[Corpus]:
    """Batches of all rooms; progress in bytes. Raises ExportError if the archive is damaged."""
    files = [member for member, head in heads(tree, _JSON, None) if _is_room(head)]
    reading, rows = FileReading(files, on_progress), RowCollector(NAME)
    people: dict[str, str] = {}
    channels: dict[str, tuple[str | None, str]] = {}
    owners: set[str] = set()

    def read_file(member: Member, advance: Advance) -> Iterator[None]:
        room = _Room(member)
        room.survey()
        yield from reading.add_objects(rows, room, room.events(), lambda event: room.add(event, rows))
        people.update({_key_of(sender): room.name_of(sender) for sender in room.authors})
        channels[room.channel] = (room.title, "dm" if len(room.authors) <= 2 else "group")
        owners.update(room.owner())
        advance(member.size)

    yield from reading.full_batches(rows, read_file)
    skipped = reading.skipped
    add_counts(skipped, {OTHER_FILES: len(tree.members) - len(files)})
    authors = authors_frame(people, owners if len(owners) == 1 else set())
    yield Corpus(empty(), authors, channels_frame(channels), reading.read, skipped, reading.notes)
    reading.finish()


@dataclass
class _Room:
    """One file, read twice: first for names, edits and the room's id, then for messages."""

    member: Member
    channel: str = ""
    title: str | None = None
    exporter: str = ""
    names: dict[str, str] = field(default_factory=dict)  # display names by sender
    edits: dict[str, tuple[int, str, str]] = field(default_factory=dict)  # time, sender, text by event
    authors: set[str] = field(default_factory=set)
    lost: int = 0
    damaged: bool = False

    def survey(self) -> None:
        """Learn names, edits, the room's id and title."""
        file, room_id = ObjectFile(self.member, "messages", _OPENING), ""
        for batch in file.batches():
            for event in batch:
                if isinstance(event, dict):
                    room_id = room_id or key(event.get("room_id"))
                    self._learn(event)
        self.title = one_line(text(file.head.get("room_name"))) or None
        self.exporter = one_line(text(file.head.get("exported_by")))
        name = f"{self.title} {text(file.head.get('room_creator'))}".encode("utf-8", "replace")
        self.channel = f"{NAME}:{room_id or blake2b(name, digest_size=8).hexdigest()}"

    def _learn(self, event: dict[str, Any]) -> None:
        content, sender = _content(event), key(event.get("sender"))
        if event.get("type") == "m.room.member" and text(content.get("displayname")):
            self.names[key(event.get("state_key")) or sender] = one_line(text(content["displayname"]))
        relation, new = _relation(content), content.get("m.new_content")
        if relation.get("rel_type") == "m.replace" and isinstance(new, dict):
            moment, event_id = whole_number(event.get("origin_server_ts")) or 0, key(relation.get("event_id"))
            if moment >= self.edits.get(event_id, (0, "", ""))[0]:
                self.edits[event_id] = (moment, sender, text(new.get("body")))

    def events(self) -> Iterator[list[Any]]:
        """All events."""
        file = ObjectFile(self.member, "messages", _OPENING)
        yield from file.batches()
        self.lost, self.damaged = file.lost, file.damaged

    def add(self, event: object, rows: RowCollector) -> None:
        """Keep a message or count why not."""
        if not isinstance(event, dict):
            rows.skip(UNREADABLE_ROWS)
            return
        kind, content, sender = text(event.get("type")), _content(event), key(event.get("sender"))
        relation = _relation(content)
        if kind == "m.reaction":
            rows.skip(ONLY_REACTIONS)
        elif kind == "m.room.encrypted":
            rows.skip(ENCRYPTED if content else DELETED)
        elif kind not in ("m.room.message", "m.sticker"):
            rows.skip(BY_THE_APP if kind else UNREADABLE_ROWS)
        elif not content:
            rows.skip(DELETED)
        elif relation.get("rel_type") == "m.replace":
            rows.skip(EDITS)
        elif content.get("msgtype") == "m.bad.encrypted":
            rows.skip(ENCRYPTED)
        elif content.get("msgtype") == "m.notice":
            rows.skip(BOTS)
        elif not sender:
            rows.skip(UNREADABLE_ROWS)
        else:
            self._keep(event, content, sender, relation, rows)

    def _keep(
        self, event: dict[str, Any], content: dict[str, Any], sender: str, relation: dict[str, Any], rows: RowCollector
    ) -> None:
        words = self._words(event, content, sender)
        if not words:
            rows.skip(WITHOUT_TEXT)
            return
        event_id, answered = key(event.get("event_id")), _answered(relation)
        kept = rows.add(
            self.channel,
            _key_of(sender),
            whole_number(event.get("origin_server_ts")),
            words,
            id_=f"{NAME}:{event_id}" if event_id else None,
            reply_to=f"{NAME}:{answered}" if answered else None,
        )
        if kept:
            self.authors.add(sender)

    def _words(self, event: dict[str, Any], content: dict[str, Any], sender: str) -> str:
        """The last text, or the caption of a picture; what stands for a sticker or a voice message.

        Empty for other media, whose body is a file's name.
        """
        body = text(content.get("body"))
        if event.get("type") == "m.sticker":
            return STICKER
        if _VOICE in content:
            return VOICE_MESSAGE
        if content.get("msgtype") in _WORDS:
            _, editor, edited = self.edits.get(key(event.get("event_id")), (0, "", ""))
            body = edited if editor == sender and edited else body
            return _QUOTE.sub("", body) if "m.in_reply_to" in _relation(content) else body
        name = content.get("filename")
        return body if isinstance(name, str) and name != body else ""

    def name_of(self, sender: str) -> str:
        """The display name; else the name in the id. A phone number is neither, as bridges write it."""
        shown = self.names.get(sender, "")
        if shown and not is_address(_NETWORK.sub("", shown)):
            return shown
        bare = one_line(sender.removeprefix("@").partition(":")[0])
        return SOMEONE if _BRIDGED.search(bare) or not bare else bare

    def owner(self) -> set[str]:
        """The key of who exported the room, if the name is one person's."""
        senders = {*self.authors, *self.names}
        found = {who for who in senders if self.exporter and self.exporter in (who, self.name_of(who), who[1:])}
        return {_key_of(who) for who in found} if len(found) == 1 else set()


def _key_of(sender: str) -> str:
    """The author key; a bridge's id is hashed, since it may hold a phone number."""
    return f"{NAME}:{hashed(sender) if _BRIDGED.search(sender.partition(':')[0]) else sender}"


def _content(event: dict[str, Any]) -> dict[str, Any]:
    content = event.get("content")
    return content if isinstance(content, dict) else {}


def _relation(content: dict[str, Any]) -> dict[str, Any]:
    relation = content.get("m.relates_to")
    return relation if isinstance(relation, dict) else {}


def _answered(relation: dict[str, Any]) -> str:
    """The event that is answered; in a thread without an answer, the thread's first."""
    reply = relation.get("m.in_reply_to")
    if isinstance(reply, dict) and not relation.get("is_falling_back"):
        return key(reply.get("event_id"))
    return key(relation.get("event_id")) if relation.get("rel_type") == "m.thread" else ""
