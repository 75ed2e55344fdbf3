"""Messages of a DiscordChatExporter HTML file, any version since 2018, as rows like those of its JSON files.

Times shown are in the exporter's language, but each message carries its id, whose upper bits are the exact time. What a
tag makes of text is written as in Discord: `**bold**`. An author stands above the first message of a group only.
Format: https://github.com/Tyrrrz/DiscordChatExporter, Exporting/MessageGroupTemplate.cshtml
"""

import html
import re
from collections.abc import Collection, Iterable, Iterator
from typing import Any

from soundalike.sources._chat_exporter_rows import FORWARD

APP = "App"  # the type of a row that the app wrote

# Machine-written HTML needs no more than this; Python's html.parser takes quadratic time for some damaged tags.
_TAG = re.compile(
    r"""<(/?)([A-Za-z][A-Za-z0-9]*+)((?:[^<>"']++|"[^"]{0,5000}+"|'[^']{0,5000}+'){0,100}+)>|<![^<>]{0,5000}+>"""
)
_ATTRIBUTE = re.compile(r"""(?<![A-Za-z-])([A-Za-z-]+)=(?:"([^"]*)"|'([^']*)'|([^\s"'<>]+))""")
_LONGEST_TAG = 1 << 16  # characters that are kept until a tag in them ends
_VOID = {"img", "br", "input", "meta", "link", "source", "hr", "area", "base", "col", "embed", "track", "wbr"}
_NO_TEXT = {"style", "script", "svg", "title"}
_REPLY = re.compile(r"scrollToMessage\(event,\s*['\"]?([0-9]+)")
_MARKS = {"strong": "**", "b": "**", "em": "*", "i": "*", "u": "__", "s": "~~", "code": "`"}
_BLOCKS = {"h1": "# ", "h2": "## ", "h3": "### ", "li": "- "}
_QUOTE, _FENCE = "> ", "```\n"
_LINES = {_QUOTE, *_BLOCKS.values()}  # marks that stand before a line
_CLOSING = {_FENCE: "\n```\n"}
_QUOTED = ("chatlog__markdown-quote-content", "quote")  # in versions until 2022 the latter
_CODE = ("chatlog__markdown-pre--multiline", "pre--multiline")
_CONTENT = {"chatlog__content", "chatlog__markdown", "markdown", "chatlog__markdown-preserve", "preserve-whitespace"}
_ASIDE = ("chatlog__edited-timestamp", "chatlog__markdown-timestamp-tooltip")
_AUTHOR = {"chatlog__author", "chatlog__author-name"}
_BOT = {"chatlog__author-tag", "chatlog__bot-tag"}
_REPLIED = ("chatlog__reply", "chatlog__reference")
_OTHERS = ("chatlog__embed", "chatlog__forward", "chatlog__attachment", "chatlog__sticker")
_LONGEST_TEXT = 1 << 20  # characters


def _opening_mark(tag: str, classes: Collection[str]) -> str:
    """How Discord writes what begins with this tag; empty if it is nothing but text."""
    if any(name in classes for name in _QUOTED):
        return _QUOTE
    if any(name in classes for name in _CODE):
        return _FENCE
    return _MARKS.get(tag) or _BLOCKS.get(tag, "")


class MessageParser:
    """Collects messages in `found`, and the lines of the head, as guild and channel, in `entries`; `complete` is
    whether the end of a file was among what was read."""

    def __init__(self) -> None:
        self.found: list[dict[str, Any]] = []
        self.entries: list[str] = []
        self.complete = False
        self._depth = 0
        self._message: dict[str, Any] | None = None
        self._message_depth = 0
        self._author: dict[str, Any] = {}
        self._roles: list[tuple[int, str]] = []  # depth and role of the open tags that have one
        self._marks: list[tuple[int, int, str]] = []  # depth, place in the text and mark of the open tags that have one
        self._text: list[str] = []
        self._size = 0

    def messages(self, chunks: Iterable[bytes]) -> Iterator[list[dict[str, Any]]]:
        """The messages of a file in UTF-8 chunks that end between characters."""
        rest = ""
        for chunk in chunks:
            rest += chunk.decode("utf-8", "replace")
            end = rest.rfind(">") + 1 if len(rest) <= _LONGEST_TAG else max(rest.rfind(">") + 1, len(rest) - 100)
            self._feed(rest[:end])
            rest = rest[end:]
            yield self._taken()
        self._feed(rest)
        self._end_message()
        yield self._taken()

    def _feed(self, text: str) -> None:
        at = 0
        for found in _TAG.finditer(text):
            if found.start() > at:
                self._data(text[at : found.start()])
            at = found.end()
            if found[1]:
                self._end(found[2].lower())
            elif found[2]:
                values = _ATTRIBUTE.findall(found[3])
                self._start(found[2].lower(), {name.lower(): html.unescape(a or b or c) for name, a, b, c in values})
        self._data(text[at:])

    def _taken(self) -> list[dict[str, Any]]:
        taken, self.found = self.found, []
        return taken

    def _start(self, tag: str, given: dict[str, str]) -> None:
        """Enter a tag; one with a message's id begins a message."""
        classes = given.get("class", "").split()
        self.complete |= "postamble" in classes
        if tag not in _VOID:
            self._depth += 1
        if given.get("data-message-id") and any(name.startswith("chatlog__message") for name in classes):
            self._begin_message(given["data-message-id"])
        elif "chatlog__message-group" in classes:
            self._end_message()
            self._author = {}
        elif tag in _VOID:
            self._void(tag, given, classes)
        elif role := self._role(tag, classes):
            self._roles.append((self._depth, role))
            self._enter(role, tag, given)
        elif self._in_text() and (mark := _opening_mark(tag, classes)):
            self._write(mark)
            self._marks.append((self._depth, len(self._text), _CLOSING.get(mark, mark)))
        if found := _REPLY.search(given.get("onclick", "")):
            self._reply(found[1])

    def _end(self, tag: str) -> None:
        """Leave a tag, and the roles that lie in it."""
        if tag in _VOID:
            return
        self.complete |= tag == "html"
        while self._marks and self._marks[-1][0] >= self._depth:
            self._close_mark(*self._marks.pop())
        while self._roles and self._roles[-1][0] >= self._depth:
            self._leave(self._roles.pop()[1])
        self._depth = max(0, self._depth - 1)
        if self._message is not None and self._depth < self._message_depth:
            self._end_message()

    def _close_mark(self, depth: int, start: int, mark: str) -> None:
        """Write what ends a stretch of text; each line of a quote has its mark."""
        if not self._in_text() or start > len(self._text):
            return
        if mark == _QUOTE:
            self._text[start:] = ["".join(self._text[start:]).replace("\n", f"\n{_QUOTE}")]
        self._write("\n" if mark in _LINES else mark)

    def _data(self, data: str) -> None:
        """Text belongs to whatever innermost tag has a role."""
        role = self._roles[-1][1] if self._roles else ""
        if role in ("text", "author", "entry"):
            self._write(html.unescape(data))

    def _role(self, tag: str, classes: list[str]) -> str:
        names = set(classes)
        if tag in _NO_TEXT or any(name.startswith(_ASIDE) for name in classes):
            return "nothing"
        if "preamble__entry" in names or "info__guild-name" in names or "info__channel-name" in names:
            return "entry"
        if names & _AUTHOR:
            return "author"
        if names & _BOT:
            return "bot"
        if any(name.startswith("chatlog__system-notification") for name in classes):
            return "app"
        if any(name.startswith(_REPLIED) for name in classes):
            return "reply"
        if any(name.startswith(_OTHERS) for name in classes):
            return "other"
        outside = not any(role in ("reply", "other", "app", "nothing") for _, role in self._roles)
        return "text" if self._message is not None and names & _CONTENT and outside else ""

    def _enter(self, role: str, tag: str, given: dict[str, str]) -> None:
        if role in ("author", "entry"):
            self._text, self._size = [], 0
        if role == "author":
            self._author = {"id": given.get("data-user-id"), "name": given.get("title"), "isBot": False}
        if self._message is None:
            return
        if role == "bot":
            self._author["isBot"] = True
        if role == "app":
            self._message["type"] = APP
        if role == "other" and "forward" in given.get("class", ""):
            self._message["reference"] = {"type": FORWARD}
        if role == "other" and "sticker" in given.get("class", ""):
            self._message["stickers"] = [{}]

    def _leave(self, role: str) -> None:
        if role == "author":
            self._author["nickname"] = "".join(self._text).strip()
            self._text = []
        elif role == "entry":
            self.entries.append(" ".join("".join(self._text).split()))
            self._text = []
        elif role == "text" and not any(inner == "text" for _, inner in self._roles) and self._message is not None:
            self._message["content"] = (self._message["content"] + "".join(self._text)).strip()
            self._text = []

    def _void(self, tag: str, given: dict[str, str], classes: list[str]) -> None:
        if not self._in_text():
            return
        if tag == "br":
            self._write("\n")
        elif tag == "img" and any("emoji" in name for name in classes):
            alt = given.get("alt") or given.get("title") or ""
            self._write(alt if not alt.isascii() else f":{alt.strip(':')}:" if alt else "")

    def _in_text(self) -> bool:
        return bool(self._roles) and self._roles[-1][1] == "text"

    def _write(self, text: str) -> None:
        self._size += len(text)
        if self._size <= _LONGEST_TEXT:
            self._text.append(text)

    def _reply(self, id_: str) -> None:
        if self._message is not None and self._message["reference"] == {}:
            self._message["type"], self._message["reference"] = "Reply", {"messageId": id_}

    def _begin_message(self, id_: str) -> None:
        self._end_message()
        self._roles = [(depth, role) for depth, role in self._roles if role not in ("text", "author")]
        self._message = {"id": id_, "type": "Default", "content": "", "reference": {}}
        self._message_depth = self._depth
        self._text, self._size, self._marks = [], 0, []

    def _end_message(self) -> None:
        if self._message is None:
            return
        while self._roles and self._roles[-1][0] >= self._message_depth:
            self._leave(self._roles.pop()[1])
        self._message["author"] = dict(self._author)
        self.found.append(self._message)
        self._message = None
