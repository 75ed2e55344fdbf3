"""Joins the lines of one WhatsApp file into messages, and finds out whom the chat is with.

A header whose time lies more than a day before the one above it, or in the future, belongs to a chat that was pasted
into a message, and is text; so is whatever has no header.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from soundalike.messages import BOTS, BY_THE_APP, IMPOSSIBLE_TIME
from soundalike.sources._local_time import LocalClock
from soundalike.sources._people import is_address, one_line, person
from soundalike.sources._plausible_times import plausible
from soundalike.sources._rows import RowCollector
from soundalike.sources._whatsapp_body import Said, said
from soundalike.sources._whatsapp_dates import DateOrder
from soundalike.sources._whatsapp_lines import Header, unknown_half
from soundalike.sources._whatsapp_phrases import BY_THE_APP_WORDS, TITLES

_COPY = re.compile(r"(?: ?\(\d+\)| - Copy| copy)+$")
_TITLES = [re.compile(pattern, re.IGNORECASE) for pattern in TITLES]
_LONGEST_NAME = 80
_BOTS = {"meta ai"}


@dataclass
class WhatsAppChat:
    """What one file told: its channel, the names of people by key, and who showed that the phone is theirs."""

    channel: str
    title: str | None
    stem: str
    people: dict[str, str] = field(default_factory=dict)
    speakers: set[str] = field(default_factory=set)
    deleters: set[str] = field(default_factory=set)  # under whose name stands "You deleted this message"
    rows: int = 0
    before: bool = False  # whether text stands before the first header
    unknown_half: str | None = None  # a word that may mean the afternoon

    @property
    def kind(self) -> str:
        """A chat of two is direct, but not if it is called after neither."""
        if len(self.speakers) == 2 and self.title is not None:
            return "dm" if self.channel in self.speakers else "group"
        return "dm" if len(self.speakers) <= 2 else "group"


@dataclass(frozen=True, slots=True)
class _Line:
    """One message: its time, its author as written or None, and what it says."""

    moment: datetime | None
    author: str | None
    said: Said


def chat_title(path: Path, name: str) -> tuple[str | None, str]:
    """Whom a file says in its name that the chat is with, None if it does not; and the name without its ending.

    A file `_chat.txt` takes the name of its folder or ZIP.
    """
    parts = [part for part in name.split("/") if part]
    stem = _stem(parts[-1])
    if stem.casefold() in ("_chat", "chat", ""):
        above = parts[-2] if len(parts) > 1 else path.parent.name if path.name == parts[-1] else path.name
        stem = _stem(above)
    found = next((match for title in _TITLES if (match := title.fullmatch(stem))), None)
    return (one_line(found["title"]) if found else None), stem


def _stem(name: str) -> str:
    return _COPY.sub("", re.sub(r"(?i)\.(txt|zip)$", "", one_line(name)))


def read_chat(
    rows: RowCollector, lines: Sequence[str], headers: Sequence[Header], order: DateOrder, name: tuple[str | None, str]
) -> WhatsAppChat:
    """Add all messages of one file to `rows`; `name` is what `chat_title` found."""
    is_ios = bool(headers[0].shape[0])
    messages = list(_messages(lines, headers, order, is_ios))
    title = name[0] or _title_by_app(messages, is_ios)
    chat = WhatsAppChat(
        "", title, name[1], rows=len(messages), before=any(line.strip() for line in lines[: headers[0].line])
    )
    _find_speakers(chat, messages, rows.source)
    chat.channel, chat.title = _channel(chat, rows.source)
    chat.unknown_half = unknown_half(headers)
    clock = LocalClock()
    for message in messages:
        _add(rows, chat, message, clock)
    return chat


def _messages(lines: Sequence[str], headers: Sequence[Header], order: DateOrder, is_ios: bool) -> Iterator[_Line]:
    """All messages; lines without a header of their own belong to the one above."""
    moments = [order.moment(header) for header in headers]
    kept = plausible(moments)
    for place, following in zip(kept, [*kept[1:], None], strict=True):
        header = headers[place]
        end = len(lines) if following is None else headers[following].line
        rest = "\n".join([header.rest, *lines[header.line + 1 : end]])
        author, body = _split(rest)
        yield _Line(moments[place], author, said(body, is_ios) if author is not None else Said(None, BY_THE_APP))


def _split(rest: str) -> tuple[str | None, str]:
    """Author and text. A line without `: `, or about a group whose title holds one, has no author."""
    first = rest.partition("\n")[0]
    name, colon, _ = first.partition(": ")
    if not colon and first.endswith(":"):
        name, colon = first[:-1], ":"
    author = _author(name) if colon else None
    return (None, rest) if author is None else (author, rest[len(name) + len(colon) :])


@lru_cache(maxsize=4096)
def _author(name: str) -> str | None:
    """A name as it is shown; None if this is no name but the beginning of a line about a group."""
    bare = one_line(name)
    quotes = sum(bare.count(quote) for quote in '"“”„«»「」')
    about = any(words in bare.casefold() for words in BY_THE_APP_WORDS)
    return None if len(bare) > _LONGEST_NAME or quotes % 2 or about else re.sub(r"^~\s*", "", bare)


def _title_by_app(messages: Sequence[_Line], is_ios: bool) -> str | None:
    """On an iPhone the first line is the app's own, under the name of the chat."""
    first = messages[0] if messages else None
    if not is_ios or first is None or first.author is None or first.said.reason != BY_THE_APP:
        return None
    return first.author


def _find_speakers(chat: WhatsAppChat, messages: Sequence[_Line], source: str) -> None:
    for message in messages:
        if message.author is None:
            continue
        if message.said.reason != BY_THE_APP:
            chat.speakers.add(person(source, message.author)[0])
        if message.said.by_owner:
            chat.deleters.add(person(source, message.author)[0])


def _channel(chat: WhatsAppChat, source: str) -> tuple[str, str | None]:
    """The key and title of the channel. Without a title the people make the key, so that two exports share it."""
    if chat.title is None and len(chat.speakers) <= 2:
        return f"{source}:{' & '.join(sorted(key.partition(':')[2] for key in chat.speakers))}", None
    title = chat.title or chat.stem
    return person(source, title)[0], None if is_address(title) else title


def _add(rows: RowCollector, chat: WhatsAppChat, message: _Line, clock: LocalClock) -> None:
    """Add one message, or count why not."""
    if message.author is None or message.said.text is None:
        rows.skip(message.said.reason)
    elif message.moment is None:
        rows.skip(IMPOSSIBLE_TIME)
    elif message.author.casefold() in _BOTS:
        rows.skip(BOTS)
    else:
        author, name = person(rows.source, message.author)
        if rows.add(chat.channel, author, clock.utc(message.moment), message.said.text, local=message.moment):
            chat.people[author] = name
