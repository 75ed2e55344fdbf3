"""Reads the text that LINE saves of a chat (the chat's menu, settings, *Export chat history*).

    [LINE] Chat history with Bo
    Saved on: 2024/01/01 12:00

    2024/01/01(Mon)
    12:00<TAB>Bo<TAB>hello
    12:01<TAB>Mira<TAB>"several
    lines"

Times are local and without seconds; days stand above the messages. A line with one tab only is the app's.
"""

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import pairwise

from soundalike.messages import (
    BY_THE_APP,
    IMPOSSIBLE_TIME,
    STICKER,
    VOICE_MESSAGE,
    WITHOUT_TEXT,
    Corpus,
    add_counts,
    empty,
)
from soundalike.sources import _local_time
from soundalike.sources._file_reading import FileReading
from soundalike.sources._heads import heads
from soundalike.sources._line_days import find_days
from soundalike.sources._people import SOMEONE, one_line, person
from soundalike.sources._rows import RowCollector, authors_frame, channels_frame
from soundalike.sources._tree import Member, Tree
from soundalike.sources._whatsapp_lines import half_of_day

NAME = "line"
LOOKED_FOR = "the text that LINE saves of a chat"
OTHERS = "other files beside the chats"

_TEXT = re.compile(r"(?i)\.txt$")
_HEAD = re.compile(r"\A\s*\[LINE\] ?(?P<title>[^\n]+)")
_TITLES = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"(?:chat history|messages) (?:with|in) [\"“]?(?P<name>.+?)[\"”]?",
        r"(?P<name>.+?)(?:とのトーク履歴|のトーク履歴|님과의? ?대화)",
        r"[與与](?P<name>.+)的(?:聊天記錄|聊天记录|对话)",
        r"ประวัติการแชทกับ ?(?P<name>.+)",
    )
]
_MESSAGE = re.compile(
    r"(?P<before>[^\W\d_]{1,6} ?)?(?P<hour>\d{1,2}):(?P<minute>\d{2})(?P<after> ?[^\W\d_]{2})?\t(?P<rest>.*)"
)
_PLACEHOLDER = re.compile(r"[\[【]([^\[\]【】\n]{1,20})[\]】]")
_WORDS = {
    STICKER: {"sticker", "スタンプ", "貼圖", "贴图", "스티커", "สติกเกอร์"},
    VOICE_MESSAGE: {"voice message", "audio", "ボイスメッセージ", "語音訊息", "语音信息", "음성메시지"},
}
_UNIT = 60_000  # ms


def recognise(tree: Tree) -> bool:
    """Whether a text begins with LINE's name in brackets."""
    return any(_HEAD.match(text) for _, text in heads(tree, _TEXT))


def read(tree: Tree, on_progress: Callable[[int, int], None]) -> Iterator[Corpus]:
    """Batches of all chats; progress in bytes. Raises ExportError if a file is damaged or far too long."""
    files = [member for member, text in heads(tree, _TEXT, None) if _HEAD.match(text)]
    reading, chats = FileReading(files, on_progress), _LineChats()
    yield from reading.batches(lambda member, _: chats.read(reading, member))
    skipped = reading.skipped
    add_counts(skipped, {OTHERS: len(tree.members) - len(files)})
    authors = authors_frame(chats.people, chats.owners if len(chats.owners) == 1 else set())
    channels = channels_frame(chats.channels)
    yield Corpus(empty(), authors, channels, reading.read, skipped, reading.notes + sorted(chats.notes))
    reading.finish()


class _LineChats:
    """Reads files one after the other; the people and channels of all, and who must be the owner by the titles."""

    def __init__(self) -> None:
        self.rows = RowCollector(NAME, _UNIT)
        self.people: dict[str, str] = {}
        self.channels: dict[str, tuple[str | None, str]] = {}
        self.owners: set[str] = set()
        self.notes: set[str] = set()

    def read(self, reading: FileReading, member: Member) -> Iterator[Corpus]:
        """The batch of one file."""
        lines = reading.lines(member)
        self.rows.restart()
        title = _title(lines[0])
        channel, name = person(NAME, title)
        messages = {number: match for number, line in enumerate(lines) if (match := _MESSAGE.match(line))}
        texts = {number: match["rest"].partition("\t")[2] for number, match in messages.items()}
        days, order, example = find_days(lines, texts)
        if order and not order.sure:
            self.notes.add(f"Dates such as {example} in a LINE chat were read as {order.order}: {order.why}.")
        speakers = self._add_all(channel, lines, messages, days)
        if speakers:
            self.notes.add(_local_time.NOTE)
            self.channels[channel] = (None if name == SOMEONE else name, "dm" if len(speakers) <= 2 else "group")
            self.people |= speakers
        others = [key for key, shown in speakers.items() if shown.casefold() != title.casefold()]
        self.owners |= set(others) if len(speakers) == 2 and len(others) == 1 else set()
        yield self.rows.batch()

    def _add_all(
        self, channel: str, lines: list[str], messages: dict[int, re.Match[str]], days: dict[int, datetime]
    ) -> dict[str, str]:
        """Add the messages of a file; the people in it by key."""
        clock, speakers = _local_time.LocalClock(), dict[str, str]()
        today: datetime | None = None
        for start, end in pairwise([*sorted({*messages, *days}), len(lines)]):
            if start in days:
                today = days[start]
            else:
                rest = "\n".join([messages[start]["rest"], *lines[start + 1 : end]])
                self._add(channel, _moment(today, messages[start]), rest, clock, speakers)
        return speakers

    def _add(
        self, channel: str, moment: datetime | None, rest: str, clock: _local_time.LocalClock, speakers: dict[str, str]
    ) -> None:
        written, tab, text = rest.partition("\t")
        words = _words(text)
        if not tab or not one_line(written) or text.startswith("☎"):
            self.rows.skip(BY_THE_APP)
        elif not words:
            self.rows.skip(WITHOUT_TEXT)
        elif moment is None:
            self.rows.skip(IMPOSSIBLE_TIME)
        else:
            author, name = person(NAME, written)
            if self.rows.add(channel, author, clock.utc(moment), words, local=moment):
                speakers[author] = name


def _title(line: str) -> str:
    """Whom or what the chat is with, as the first line says it."""
    found = _HEAD.match(line)
    title = one_line(found["title"]) if found else ""
    return next((match["name"] for pattern in _TITLES if (match := pattern.fullmatch(title))), title or "chat")


def _moment(day: datetime | None, found: re.Match[str]) -> datetime | None:
    hour, minute = int(found["hour"]), int(found["minute"])
    half = half_of_day(found["before"] or found["after"])
    hour = hour % 12 + half if half is not None and hour <= 12 else hour
    return None if day is None or hour > 23 or minute > 59 else day.replace(hour=hour, minute=minute)


def _words(text: str) -> str:
    """The text; what stands for a sticker or a voice message; empty for other things that were sent."""
    text = text.strip()
    if found := _PLACEHOLDER.fullmatch(text):
        return next((word for word, names in _WORDS.items() if found[1].casefold() in names), "")
    if "\n" in text and text.startswith('"') and text.endswith('"'):
        return text[1:-1].replace('""', '"')
    return text
