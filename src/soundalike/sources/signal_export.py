"""Reads the Markdown that the program signal-export (carderne) writes: `chat.md` in a folder for each chat.

    [2024-01-01 12:00:05] Me: hello
    [2024-01-01 12:01:00] Bo: > hello

    hi, of any number of lines  (- Me: 👍 -)

The owner is `Me`, times are local, and the folder is called after the chat.
"""

import re
from collections.abc import Callable, Iterator
from datetime import datetime

from soundalike.messages import IMPOSSIBLE_TIME, REACTIONS, UNKNOWN, Corpus, add_counts, empty
from soundalike.sources import _local_time
from soundalike.sources._file_reading import FileReading
from soundalike.sources._heads import heads
from soundalike.sources._people import SOMEONE, person
from soundalike.sources._plausible_times import plausible
from soundalike.sources._rows import RowCollector, authors_frame, channels_frame
from soundalike.sources._tree import Member, Tree

NAME = "signal_export"
LOOKED_FOR = "the Markdown of signal-export (a folder with a chat.md for each chat)"
OTHERS = "attachments and other files beside the chats"

_NAMES = re.compile(r"(?i)\.md$")
_HEADER = re.compile(r"\[(\d{4}-\d{2}-\d{2}),? (\d{2}:\d{2}(?::\d{2})?)\] ([^:\n]{1,80}): ?(.*)")
_ME, _OWNER = "Me", f"{NAME}:me"
_MEDIA = re.compile(r"!?\[[^\]\n]{0,300}\]\(<?(?:\./)?media/[^)\n]{0,600}\)")
_REACTIONS = re.compile(r"\(- ([^\n]{1,400}?) -\)\s*\Z")
_QUOTE = re.compile(r"\A\s*(?:>[^\n]*(?:\n|\Z))+")
_UNIT = 1000  # ms


def recognise(tree: Tree) -> bool:
    """Whether a Markdown file begins with a message as signal-export writes it."""
    return any(_HEADER.match(text.lstrip()) for _, text in heads(tree, _NAMES))


def read(tree: Tree, on_progress: Callable[[int, int], None]) -> Iterator[Corpus]:
    """Batches of all chats; progress in bytes. Raises ExportError if a file is damaged or far too long."""
    files = [member for member, text in heads(tree, _NAMES, None) if _HEADER.match(text.lstrip())]
    reading, chats = FileReading(files, on_progress), _MarkdownChats(tree)
    yield from reading.batches(lambda member, _: chats.read(reading, member))
    skipped = reading.skipped
    add_counts(skipped, {OTHERS: len(tree.members) - len(files)})
    notes = reading.notes + ([_local_time.NOTE] if chats.people else [])
    authors, channels = authors_frame(chats.people, {_OWNER}), channels_frame(chats.channels)
    yield Corpus(empty(), authors, channels, reading.read, skipped, notes)
    reading.finish()


class _MarkdownChats:
    """Reads files one after the other; the people and channels of all."""

    def __init__(self, tree: Tree) -> None:
        self.rows = RowCollector(NAME, _UNIT)
        self.people: dict[str, str] = {}
        self.channels: dict[str, tuple[str | None, str]] = {}
        self._above = tree.path.name if tree.path.is_dir() else tree.path.absolute().parent.name

    def read(self, reading: FileReading, member: Member) -> Iterator[Corpus]:
        """The batch of one file."""
        lines = reading.lines(member)
        self.rows.restart()
        folder = member.name.rpartition("/")[0].rpartition("/")[2] or self._above
        channel, name = person(NAME, folder)
        headers = [(number, header) for number, line in enumerate(lines) if (header := _HEADER.match(line))]
        moments = [_moment(header) for _, header in headers]
        kept = [(*headers[place], moments[place]) for place in plausible(moments)]
        clock, speakers = _local_time.LocalClock(), set[str]()
        ends = [*(number for number, _, _ in kept[1:]), len(lines)]
        for (start, header, moment), end in zip(kept, ends, strict=False):
            rest = "\n".join([header[4], *lines[start + 1 : end]])
            speakers |= self._add(channel, header[3], moment, rest, clock)
        if speakers:
            others = speakers - {_OWNER}
            self.channels[channel] = (None if name == SOMEONE else name, "dm" if len(others) <= 1 else "group")
        yield self.rows.batch()

    def _add(
        self, channel: str, written: str, moment: datetime | None, rest: str, clock: _local_time.LocalClock
    ) -> set[str]:
        """Add one message, or count why not; its author's key if it was kept."""
        if reactions := _REACTIONS.search(rest):
            rest = rest[: reactions.start()].rstrip(" ")
            add_counts(self.rows.skipped, {REACTIONS: reactions[1].count(", ") + 1})
        text = _MEDIA.sub("", _QUOTE.sub("", rest))
        author, name = (_OWNER, UNKNOWN) if written == _ME else person(NAME, written)
        if moment is None:
            self.rows.skip(IMPOSSIBLE_TIME)
            return set()
        if not self.rows.add(channel, author, clock.utc(moment), text, local=moment):
            return set()
        self.people[author] = name
        return {author}


def _moment(header: re.Match[str]) -> datetime | None:
    try:
        return datetime.fromisoformat(f"{header[1]} {header[2]}")
    except ValueError:
        return None
