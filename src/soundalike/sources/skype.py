"""Reads the export of Skype, and of Teams for private accounts: messages.json, alone, in a folder or in a ZIP.

    {userId, exportDate, conversations[{id, displayName, MessageList[{id, displayName, originalarrivaltime, messagetype,
     content, from, properties}]}]}

Texts are HTML. The owner is who wrote under `userId`. Format as in https://go.skype.com/skype-parser
"""

import html
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from soundalike.messages import (
    BOTS,
    BY_THE_APP,
    DELETED,
    UNREADABLE_ROWS,
    WITHOUT_TEXT,
    Corpus,
    add_counts,
    empty,
)
from soundalike.sources._file_reading import Advance, FileReading
from soundalike.sources._heads import heads
from soundalike.sources._json_files import iso_milliseconds, key, text
from soundalike.sources._json_stream import StreamPart
from soundalike.sources._people import SOMEONE, hashed, is_address, one_line
from soundalike.sources._rows import RowCollector, authors_frame, channels_frame
from soundalike.sources._tree import Member, Tree

NAME = "skype"
LOOKED_FOR = "messages.json of Skype or Teams"

OTHER_FILES = "other files, never opened"

_NAMES = re.compile(r"(?i)\.json$")
_HEAD = re.compile(r'\A\s*\{\s*"(?:userId|exportDate)"\s*:\s*"[^"]*"\s*,\s*"(?:exportDate|userId|conversations)"\s*:')
_PATH = ("conversations", "*", "MessageList")
_OPENING = r'\{\s*"id"\s*:\s*"[^"]*"\s*,\s*"displayName"\s*:\s*(?:null|"[^"]*")\s*,\s*"originalarrivaltime"'
_TALK = {"RichText", "Text"}
_QUOTE, _QUOTE_END = re.compile(r"<(/?)quote\b([^<>]*)>"), "</quote>"
_QUOTED = re.compile(r"""\bmessageid=["']([^"']{1,80})["']""", re.IGNORECASE)
_BREAK = re.compile(r"<br\s*/?>|</p>|</div>|</li>", re.IGNORECASE)
_TAG = re.compile(r"<(?:/?[A-Za-z][^<>]{0,2000}|!--(?:(?!<!--).)*?--)>", re.DOTALL)
_BOT = "28:"  # the kind of account that stands before an id
_PREFIX = re.compile(r"\A\d{1,2}:")


def recognise(tree: Tree) -> bool:
    """Whether one of the uppermost JSON files begins as Skype's export does."""
    return any(_HEAD.search(head) for _, head in heads(tree, _NAMES))


def read(tree: Tree, on_progress: Callable[[int, int], None]) -> Iterator[Corpus]:
    """Batches of all conversations; progress in bytes. Raises ExportError if the archive is damaged."""
    files = [member for member, head in heads(tree, _NAMES, None) if _HEAD.search(head)]
    reading, rows, account = FileReading(files, on_progress), RowCollector(NAME), _SkypeAccount()

    def read_file(member: Member, _: Advance) -> Iterator[None]:
        for part in reading.json_parts(member, [_PATH], _OPENING):
            account.add(part, rows)
            yield

    yield from reading.full_batches(rows, read_file)
    skipped = reading.skipped
    add_counts(skipped, {OTHER_FILES: len(tree.members) - len(files)})
    authors = authors_frame(account.seen(), account.owners)
    yield Corpus(empty(), authors, channels_frame(account.channels), reading.read, skipped, reading.notes)
    reading.finish()


@dataclass
class _SkypeAccount:
    """The owner's keys, names of people by key, and channels."""

    owners: set[str] = field(default_factory=set)
    names: dict[str, str] = field(default_factory=dict)
    writers: set[str] = field(default_factory=set)
    channels: dict[str, tuple[str | None, str]] = field(default_factory=dict)

    def add(self, part: StreamPart, rows: RowCollector) -> None:
        """Keep or count the messages of a part of one conversation."""
        owner = _person(key(part.root.get("userId")))
        conversation = key(part.head.get("id"))
        channel = f"{NAME}:{_hidden(_PREFIX.sub('', conversation)) or 'chat'}"
        if part.elements or part.lost:
            title = one_line(text(part.head.get("displayName")))
            title = "" if is_address(title) else title
            direct = bool(_PREFIX.match(conversation)) and not conversation.startswith("19:")
            self.channels.setdefault(
                channel, (title or None, "dm" if direct else "group" if conversation else "unknown")
            )
            if title and direct:
                self.names.setdefault(_person(conversation), title)
        for message in part.elements:
            self._message(message, channel, rows)
        if part.lost:
            rows.skip(UNREADABLE_ROWS, part.lost)
        if owner:
            self.owners.add(owner)

    def _message(self, message: object, channel: str, rows: RowCollector) -> None:
        author = _person(key(message.get("from"))) if isinstance(message, dict) else ""
        if not isinstance(message, dict) or not author:
            rows.skip(UNREADABLE_ROWS)
            return
        kind = text(message.get("messagetype"))
        properties = message.get("properties")
        if key(message.get("from")).rpartition("/")[2].startswith(_BOT):
            rows.skip(BOTS)
            return
        if isinstance(properties, dict) and (properties.get("deletetime") or properties.get("isdeleted")):
            rows.skip(DELETED)
        elif kind not in _TALK:
            rows.skip(WITHOUT_TEXT if kind.startswith("RichText") else BY_THE_APP)
        else:
            self._keep(message, channel, author, rows)

    def _keep(self, message: dict[str, Any], channel: str, author: str, rows: RowCollector) -> None:
        content, id_ = text(message.get("content")), key(message.get("id"))
        quote = _QUOTE.search(content, 0, _quotes_end(content))
        answered = _QUOTED.search(quote[2]) if quote else None
        sent = iso_milliseconds(message.get("originalarrivaltime"))
        reply = f"{channel}/{answered[1]}" if answered else None
        words = readable(content)
        if rows.add(channel, author, sent, words, id_=f"{channel}/{id_}" if id_ else None, reply_to=reply):
            self.writers.add(author)
            name = one_line(text(message.get("displayName")))
            if name and not is_address(name):
                self.names.setdefault(author, name)

    def seen(self) -> dict[str, str]:
        """Names of everybody who wrote; the id's name for those without one."""
        return {author: self.names.get(author) or _name_of(author) for author in sorted(self.writers)}


def _person(id_: str) -> str:
    """`8:live:name` -> the key; a number or address becomes its hash."""
    bare = _PREFIX.sub("", id_.rpartition("/")[2]).strip()
    return f"{NAME}:{_hidden(bare)}" if bare else ""


def _hidden(bare: str) -> str:
    return hashed(bare) if is_address(bare) else one_line(bare)


def _name_of(author: str) -> str:
    bare = author.removeprefix(f"{NAME}:").removeprefix("live:").removeprefix(".cid.")
    return SOMEONE if not bare or re.fullmatch(r"[0-9a-f]{16}", bare) else bare


def readable(content: str) -> str:
    """The text of a message: without quotes of others, tags and marks of edits, with line breaks."""
    if "<" in content:
        content = _TAG.sub("", _BREAK.sub("\n", _without_quotes(content)))
    return html.unescape(content)


def _without_quotes(content: str) -> str:
    """What stands outside of quotes, which may hold quotes themselves."""
    kept: list[str] = []
    depth = at = 0
    for tag in _QUOTE.finditer(content, 0, _quotes_end(content)):
        if depth == 0:
            kept.append(content[at : tag.start()])
        depth, at = max(0, depth - 1) if tag[1] else depth + 1, tag.end()
    return "".join([*kept, content[at:]])


def _quotes_end(content: str) -> int:
    """Where the last quote ends; a tag behind that begins none."""
    return content.rfind(_QUOTE_END) + len(_QUOTE_END) if _QUOTE_END in content else 0
