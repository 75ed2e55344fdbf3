"""Messages of one thread of Messenger or Instagram -> rows, of both layouts.

    sender_name, timestamp_ms, content, reactions, share, is_unsent ...     threads of inbox and its neighbours
    senderName, timestamp, text, reactions, isUnsent, type                  encrypted chats that were exported alone

Strings are UTF-8 bytes, each written as the Latin-1 character of that number; newer files are correct.
"""

import re
from dataclasses import dataclass, field
from typing import Any

from soundalike.messages import (
    BY_THE_APP,
    DELETED,
    ONLY_REACTIONS,
    REACTIONS,
    STICKER,
    UNREADABLE_ROWS,
    VOICE_MESSAGE,
    WITHOUT_TEXT,
    add_counts,
)
from soundalike.sources._meta_filler import is_by_the_app, is_placeholder, is_reaction
from soundalike.sources._people import SOMEONE, hashed, is_address, one_line, person
from soundalike.sources._rows import RowCollector

_SECTION = re.compile(
    r"(?:^|/)(?:inbox|archived_threads|filtered_threads|message_requests|e2ee_cutover)/(?P<thread>[^/]+)/[^/]+$"
)
_NUMBER = re.compile(r"_(\d{5,})$")
_MILLISECONDS = 100_000_000_000  # smaller times are seconds
_ATTACHMENTS = ("share", "photos", "videos", "gifs", "files")
_APP_TYPES = ("Call", "Subscribe", "Unsubscribe")
_EXPIRED = "placeholder"  # in encrypted chats, with a sentence of the app


def decoded(text: object) -> str:
    """A string as it was meant; empty for anything else."""
    if not isinstance(text, str):
        return ""
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text


def thread_name(member: str) -> str | None:
    """The name of the thread that a file belongs to, by the folder it lies in; None if that does not say it."""
    found = _SECTION.search(member)
    return found["thread"] if found else None


@dataclass
class MetaThread:
    """One thread: its channel key, its title, who takes part, and who said something."""

    key: str
    title: str | None = None
    participants: set[str] = field(default_factory=set)  # author keys
    people: dict[str, str] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """A thread of two is direct."""
        return "dm" if len(self.participants | self.people.keys()) <= 2 else "group"

    def add_head(self, source: str, head: dict[str, Any]) -> None:
        """Keep title and participants, as far as they are known."""
        title = one_line(decoded(head.get("title") or re.sub(r"_\d+$", "", decoded(head.get("threadName")))))
        self.title = self.title or (title if title and not is_address(title) else None)
        self.participants |= {person(source, name)[0] for name in names_in(head)}

    def add(self, rows: RowCollector, message: object) -> None:
        """Add one row, or count why not."""
        if not isinstance(message, dict):
            rows.skip(UNREADABLE_ROWS)
            return
        reactions = message.get("reactions")
        add_counts(rows.skipped, {REACTIONS: len(reactions) if isinstance(reactions, list) else 0})
        sender = one_line(decoded(message.get("sender_name", message.get("senderName"))))
        text = decoded(message.get("content", message.get("text")))
        text = "" if is_placeholder(text, sender) and _sent(message) else text
        if is_reaction(text):
            rows.skip(ONLY_REACTIONS)
        elif reason := _reason(message, text, sender):
            rows.skip(reason)
        else:
            author, name = person(rows.source, sender)
            if rows.add(self.key, author, _sent_at(message), text or _sent(message)):
                self.people[author] = name


def thread_key(source: str, name: str | None, head: dict[str, Any]) -> str:
    """The channel key: of the thread's number if its name has one, else of its name, else of who takes part."""
    name = name or decoded(head.get("threadName")) or hashed(" ".join(sorted(names_in(head))))
    number = _NUMBER.search(name)
    return f"{source}:{number[1] if number else SOMEONE if is_address(name) else one_line(name)}"


def names_in(head: dict[str, Any]) -> list[str]:
    """The names of the participants."""
    found = head.get("participants")
    names = [one.get("name") if isinstance(one, dict) else one for one in found] if isinstance(found, list) else []
    return [name for name in map(one_line, map(decoded, names)) if name]


def _reason(message: dict[str, Any], text: str, sender: str) -> str | None:
    """Why a message is nobody's words; None if it may be."""
    if message.get("is_unsent") or message.get("isUnsent"):
        return DELETED
    if message.get("type") == _EXPIRED:
        return WITHOUT_TEXT
    if message.get("type") in _APP_TYPES or "call_duration" in message or is_by_the_app(text, sender):
        return BY_THE_APP
    return WITHOUT_TEXT if is_placeholder(text, sender) or _tells_of_attachment(message, text, sender) else None


def _tells_of_attachment(message: dict[str, Any], text: str, sender: str) -> bool:
    """Whether the text beside an attachment is a sentence about its author, as the app writes it in any language."""
    first = sender.partition(" ")[0]
    return bool(first) and text.startswith(f"{first} ") and any(message.get(what) for what in _ATTACHMENTS)


def _sent(message: dict[str, Any]) -> str:
    """What stands for a voice message or a sticker without words; empty for anything else."""
    return VOICE_MESSAGE if message.get("audio_files") else STICKER if message.get("sticker") else ""


def _sent_at(message: dict[str, Any]) -> int | None:
    sent = message.get("timestamp_ms", message.get("timestamp"))
    if not isinstance(sent, int) or isinstance(sent, bool):
        return None
    return sent if abs(sent) > _MILLISECONDS else sent * 1000
