"""Reads `result.json` of Telegram Desktop: one chat, or a whole account, of any size.

The export of a chat is `{name, type, id, messages}`; that of an account holds such chats in `chats.list` and
`left_chats.list` behind `personal_information`, of which the number of the account alone is used.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

from soundalike.messages import UNREADABLE_ROWS, Corpus, add_counts, empty
from soundalike.sources import _local_time
from soundalike.sources._file_reading import FileReading
from soundalike.sources._heads import heads
from soundalike.sources._rows import BATCH, RowCollector, authors_frame, channels_frame
from soundalike.sources._telegram_messages import TelegramChat, account
from soundalike.sources._tree import Member, Tree

NAME = "telegram"
LOOKED_FOR = "a Telegram export (result.json, from Telegram Desktop)"
MEDIA = "photos and other files beside the chat"

_JSON = re.compile(r"(?i)\.json$")
_SIGNS = re.compile(
    r'"type"\s*:\s*"(?:(?:personal|bot)_chat|saved_messages|verification_codes|(?:private|public)_(?:super)?group'
    r'|(?:private|public)_channel)"|"personal_information"\s*:\s*\{\s*"user_id"\s*:|"date_unixtime"\s*:'
)
_PATHS = [("messages",), ("chats", "list", "*", "messages"), ("left_chats", "list", "*", "messages")]
_OPENING = r'\{\s*"id"\s*:\s*-?[0-9]+\s*,\s*"type"\s*:\s*"(?:message|service|unsupported)"'
_UNIT = 1000  # ms


def recognise(tree: Tree) -> bool:
    """Whether a JSON file begins as Telegram's do."""
    return any(_is_export(text) for _, text in heads(tree, _JSON))


def _is_export(text: str) -> bool:
    return text.lstrip().startswith("{") and bool(_SIGNS.search(text))


def read(tree: Tree, on_progress: Callable[[int, int], None]) -> Iterator[Corpus]:
    """Batches of all chats; progress in bytes. Raises ExportError if a file is damaged below its text."""
    files = [member for member, text in heads(tree, _JSON, None) if _is_export(text)]
    reading = FileReading(files, on_progress)
    rows, chats, owners = RowCollector(NAME, _UNIT), dict[str, TelegramChat](), set[str]()

    yield from reading.batches(lambda member, _: _read_file(reading, member, rows, chats, owners))
    skipped = account(chats.values())
    add_counts(skipped, reading.skipped | {MEDIA: len(tree.members) - len(files)})
    people = {key: name for chat in chats.values() for key, name in chat.people.items()}
    channels = {key: (chat.title, chat.kind) for key, chat in chats.items() if chat.people}
    notes = reading.notes + ([_local_time.NOTE] if any(chat.local_times for chat in chats.values()) else [])
    authors = authors_frame(people, _owner(owners, chats))
    yield Corpus(empty(), authors, channels_frame(channels), reading.read, skipped, notes)
    reading.finish()


def _read_file(
    reading: FileReading, member: Member, rows: RowCollector, chats: dict[str, TelegramChat], owners: set[str]
) -> Iterator[Corpus]:
    """Batches of one file. Fills `chats` by key and `owners` with the account's author key."""
    rows.restart()
    for part in reading.json_parts(member, _PATHS, _OPENING):
        if part.elements or part.lost:
            chat = TelegramChat.of(part.head)
            chat = chats.setdefault(chat.key, chat)
            chat.add(rows, part.elements)
            if part.lost:
                rows.skip(UNREADABLE_ROWS, part.lost)
        if user := _user(part.root):
            owners.add(user)
        if len(rows) >= BATCH:
            yield rows.batch()
    yield rows.batch()


def _user(root: dict[str, Any]) -> str | None:
    """The author key of the account's owner."""
    about = root.get("personal_information")
    number = about.get("user_id") if isinstance(about, dict) else None
    return f"telegram:user{number}" if isinstance(number, int) else None


def _owner(accounts: set[str], chats: dict[str, TelegramChat]) -> set[str]:
    """The owner's author key in a set; an empty one if nothing tells, or if several people would be it."""
    found = accounts or {key for chat in chats.values() for key in chat.owners()}
    return found if len(found) == 1 else set()
