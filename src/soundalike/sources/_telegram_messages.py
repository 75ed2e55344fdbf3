"""Messages of one Telegram chat -> rows.

The keys of a message and their values are those that Telegram Desktop writes (`export_output_json.cpp`): `from_id` is
`user123`, or the bare number in exports until 2021; `date_unixtime` is missing until 3.7.6; a forwarded message has
`forwarded_from`, null where the origin is hidden; the messages of a topic reply to the row that created it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, lru_cache
from typing import Any

from soundalike.messages import (
    BOTS,
    BY_THE_APP,
    FORWARDED,
    REACTIONS,
    STICKER,
    UNREADABLE_ROWS,
    VOICE_MESSAGE,
    WITHOUT_TEXT,
    add_counts,
)
from soundalike.sources._local_time import LocalClock
from soundalike.sources._people import SOMEONE, is_address, one_line, person
from soundalike.sources._rows import RowCollector

UNKNOWN_CHAT = "unknown"  # in place of the number of a chat whose beginning is damaged
POSTS = "messages in channels, which are posts and no talk"

_KINDS = {"saved_messages": "dm", "personal_chat": "dm", "bot_chat": "dm", "replies": "group"}
_WITH_ONE = ("personal_chat", "bot_chat")
_QUOTED = ("blockquote", "pre", "code")
_SENT = {"voice_message": VOICE_MESSAGE, "sticker": STICKER}  # media type -> what stands for it
_LONGEST_TIME = 1 << 43  # s; larger ones are no times
_WRITTEN = (str, int)  # types of an id
_KNOWN = 2048  # people that are remembered, since a chat repeats a few of them in every row


@dataclass
class TelegramChat:
    """One chat: its number, name and type as written, the people in it by key, and what is needed for the next row."""

    id: str
    name: str | None
    type: str
    people: dict[str, str] = field(default_factory=dict)
    topics: set[int] = field(default_factory=set)
    clock: LocalClock = field(default_factory=LocalClock)
    local_times: bool = False
    reactions: int = 0

    @classmethod
    def of(cls, head: dict[str, Any]) -> "TelegramChat":
        """The chat whose values these are."""
        name, type_ = head.get("name"), str(head.get("type"))
        name = "Saved Messages" if type_ == "saved_messages" else name
        id_ = head.get("id")
        return cls(
            str(id_) if _is_number(id_) else UNKNOWN_CHAT, one_line(name) if isinstance(name, str) else None, type_
        )

    @cached_property
    def key(self) -> str:
        """The channel key."""
        return f"telegram:{self.id}"

    @cached_property
    def kind(self) -> str:
        """dm, group, channel or unknown."""
        if self.type.endswith("_channel"):
            return "channel"
        return "group" if self.type.endswith("group") else _KINDS.get(self.type, "unknown")

    @property
    def title(self) -> str | None:
        """The name that is shown."""
        return None if not self.name or is_address(self.name) else self.name

    def owners(self) -> set[str]:
        """Who must be the owner: in a chat of two, whoever does not have the chat's number or name."""
        if self.type == "saved_messages":
            return set(self.people)
        if self.type not in _WITH_ONE:
            return set()
        others = {key for key in self.people if key != f"telegram:user{self.id}"}
        if len(self.people) == 1 and others and self.name in self.people.values():
            return set()
        return others if len(others) == 1 else set()

    def add(self, rows: RowCollector, messages: Iterable[object]) -> None:
        """Add rows, or count why not."""
        for message in messages:
            if isinstance(message, dict):
                self._add(rows, message)
            else:
                rows.skip(UNREADABLE_ROWS)

    def _add(self, rows: RowCollector, message: dict[str, Any]) -> None:
        if "reactions" in message:
            self.reactions += _reactions(message["reactions"])
        if reason := self._no_talk(message):
            rows.skip(reason)
            return
        author, name = _author(message)
        id_ = message.get("id")
        kept = rows.add(
            self.key,
            author,
            self._sent_at(message),
            _text(message),
            id_=f"{self.key}/{id_}" if _is_number(id_) and self.id != UNKNOWN_CHAT else None,
            reply_to=self._reply_to(message),
        )
        if kept:
            self.people[author] = name

    def _no_talk(self, message: dict[str, Any]) -> str | None:
        """Why this is nobody's words in a talk; None if it may be."""
        if self.kind == "channel":
            return POSTS
        if message.get("type", "message") != "message":
            return self._no_message(message)
        from_bot = self.type == "bot_chat" and _author(message)[0] == f"telegram:user{self.id}"
        if message.get("via_bot") or from_bot or self.type == "verification_codes":
            return BOTS
        if "forwarded_from" in message or "saved_from" in message:
            return FORWARDED
        return None

    def _no_message(self, message: dict[str, Any]) -> str:
        """Why this has no words; notes the beginning of a topic."""
        if message["type"] != "service":
            return WITHOUT_TEXT
        if message.get("action") == "topic_created" and isinstance(message.get("id"), int):
            self.topics.add(message["id"])
        return BY_THE_APP

    def _sent_at(self, message: dict[str, Any]) -> int | None:
        stamp = message.get("date_unixtime")
        if isinstance(stamp, str) and stamp.isascii() and stamp.isdigit() and len(stamp) < 15:
            stamp = int(stamp)
        if isinstance(stamp, int):
            return min(stamp, _LONGEST_TIME) * 1000
        date = message.get("date")
        if not isinstance(date, str):
            return None
        self.local_times = True
        try:
            return self.clock.utc(datetime.fromisoformat(date).replace(tzinfo=None))
        except ValueError:
            return None

    def _reply_to(self, message: dict[str, Any]) -> str | None:
        """The key of the message replied to. The first row of a topic is none, and another chat's has its number."""
        id_ = message.get("reply_to_message_id")
        if id_ is None or not _is_number(id_) or id_ in self.topics:
            return None
        peer = message.get("reply_to_peer_id")
        chat = str(peer).lstrip("abcdefghijklmnopqrstuvwxyz") if isinstance(peer, str | int) else self.id
        return f"telegram:{chat}/{id_}"


def _is_number(value: object) -> bool:
    return type(value) is int


def _author(message: dict[str, Any]) -> tuple[str, str]:
    """Author key and name."""
    id_, name = message.get("from_id"), message.get("from")
    return _person(id_ if isinstance(id_, _WRITTEN) else None, name if isinstance(name, str) else "")


@lru_cache(_KNOWN, typed=True)
def _person(id_: str | int | None, name: str) -> tuple[str, str]:
    """Author key and name. A deleted account has no name."""
    shown = one_line(name)
    shown = SOMEONE if not shown or is_address(shown) else shown
    if isinstance(id_, str) and id_:
        return f"telegram:{one_line(id_)}", shown
    if _is_number(id_):
        return f"telegram:user{id_}", shown
    return person("telegram", name)


def _text(message: dict[str, Any]) -> str:
    """The author's own words: quoted text and code are left out; a sticker is its emoji, if it has one."""
    parts = message.get("text_entities") or message.get("text")
    parts = parts if isinstance(parts, list) else [parts]
    text = "".join([_part(part) for part in parts])
    if text.strip():
        return text
    emoji = message.get("sticker_emoji")
    return emoji if isinstance(emoji, str) and emoji else _SENT.get(str(message.get("media_type")), "")


def _part(part: object) -> str:
    if isinstance(part, dict):
        part = "" if part.get("type") in _QUOTED else part.get("text")
    return part if isinstance(part, str) else ""


def _reactions(found: object) -> int:
    """How many reactions a message has."""
    counts = [one.get("count") for one in found if isinstance(one, dict)] if isinstance(found, list) else []
    return sum(count for count in counts if isinstance(count, int) and 0 < count < 1 << 31)


def account(chats: Iterable[TelegramChat]) -> dict[str, int]:
    """What was left out of all chats beside messages, by reason."""
    skipped: dict[str, int] = {}
    add_counts(skipped, {REACTIONS: sum(chat.reactions for chat in chats)})
    return skipped
