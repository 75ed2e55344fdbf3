"""Reads the database of Apple's Messages: `chat.db` of a Mac, `sms.db` of an iPhone's backup.

Each database is copied into a temporary folder together with its write-ahead log, and only the copy is opened. It
holds addresses instead of names, so people have keys that are hashes and are all called `someone`.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from soundalike.errors import ExportError
from soundalike.messages import (
    BY_THE_APP,
    DELETED,
    FILES,
    FILES_READ,
    NO_ROWS,
    ONLY_REACTIONS,
    UNKNOWN,
    VOICE_MESSAGE,
    Corpus,
    add_counts,
    empty,
)
from soundalike.sources._imessage_database import AGAIN, MessagesDatabase, channel_of, open_copy
from soundalike.sources._imessage_text import is_reaction, sent_at, text_of
from soundalike.sources._people import SOMEONE, one_line
from soundalike.sources._rows import BATCH, RowCollector, authors_frame, channels_frame
from soundalike.sources._tree import Member, Tree

NAME = "imessage"
LOOKED_FOR = "a Messages database of Apple's (chat.db)"
OTHERS = "files beside the database"

_SHARES = 1000  # steps of progress a database
_OWNER = f"{NAME}:me"
_MAGIC = b"SQLite format 3\0"
_IN_BACKUPS = "3d0d7e5fb2ce288813306e4d4636395e047a3d28"  # SHA-1 of HomeDomain-Library/SMS/sms.db
_NAMES = re.compile(rf"(?i)(^|/)([^/]+\.(db|sqlite|sqlite3|sqlitedb)|{_IN_BACKUPS})$")
_OWN_NAMES = re.compile(rf"(?i)(^|/)(chat|sms)\.db$|{_IN_BACKUPS}$")  # its tables may still be in the log beside it
_COLUMNS = (
    "guid", "text", "attributedbody", "date", "is_from_me", "handle_id", "item_type", "group_action_type",
    "associated_message_type", "thread_originator_guid", "date_retracted", "date_edited", "service",
    "is_audio_message",
)  # fmt: skip


def recognise(tree: Tree) -> bool:
    """Whether a database has the table that joins chats and messages, in UTF-8 or UTF-16."""
    return any(_is_database(tree, member) for member in tree.members)


def _is_database(tree: Tree, member: Member) -> bool:
    if not _NAMES.search(member.name) and len(tree.members) > 1:
        return False
    try:
        start = next(iter(member.chunks()), b"")
    except ExportError:
        return False
    names = ["chat_message_join".encode(encoding) for encoding in ("utf-8", "utf-16-le", "utf-16-be")]
    return start.startswith(_MAGIC) and (bool(_OWN_NAMES.search(member.name)) or any(name in start for name in names))


def read(tree: Tree, on_progress: Callable[[int, int], None]) -> Iterator[Corpus]:
    """Batches of all databases; progress in rows. Raises ExportError if one is damaged."""
    files = [member for member in tree.members if _is_database(tree, member)]
    others = sum(not member.name.endswith(("-wal", "-shm")) for member in tree.members) - len(files)
    read = {FILES: len(files), FILES_READ: 0}
    for number, member in enumerate(files):
        reader = _DatabaseReader(on_progress, number * _SHARES, len(files) * _SHARES)
        with TemporaryDirectory() as folder:
            yield from reader.read(open_copy(tree, member, Path(folder)))
        read[FILES_READ] += reader.found
    skipped: dict[str, int] = {}
    add_counts(skipped, {NO_ROWS: len(files) - read[FILES_READ], OTHERS: others})
    yield Corpus(empty(), read=read, skipped=skipped)
    on_progress(len(files) * _SHARES, len(files) * _SHARES)


class _DatabaseReader:
    """Reads one database; progress goes up by _SHARES from `done` of `total`."""

    def __init__(self, on_progress: Callable[[int, int], None], done: int, total: int) -> None:
        self.rows = RowCollector(NAME)
        self.people: dict[str, str] = {_OWNER: UNKNOWN}
        self.channels: dict[str, tuple[str | None, str]] = {}
        self.found = False
        self._on_progress, self._done, self._total = on_progress, done, total

    def read(self, database: MessagesDatabase) -> Iterator[Corpus]:
        """Batches of the database, whose connection is closed at the end."""
        try:
            yield from self._read(database)
        finally:
            database.connection.close()

    def _read(self, database: MessagesDatabase) -> Iterator[Corpus]:
        database.read_people()
        statement, rows = self._statement(database), 1
        for [count] in database.rows("SELECT COUNT(*) FROM message"):
            rows = max(count, 1) if isinstance(count, int) else 1
        for number, row in enumerate(database.rows(statement)):
            self.found = True
            self._add(database, row)
            if len(self.rows) >= BATCH:
                self._on_progress(self._done + min(_SHARES * number // rows, _SHARES), self._total)
                yield self.rows.batch()
        corpus = self.rows.batch()
        corpus.authors, corpus.channels = authors_frame(self.people, {_OWNER}), channels_frame(self.channels)
        yield corpus

    def _statement(self, database: MessagesDatabase) -> str:
        """All messages, each with the first of its chats, and whether it was deleted and could be restored."""
        has = database.columns("message")
        if not {"date", "is_from_me"} <= has or not database.columns("chat_message_join"):
            raise ExportError(f"{database.name} is a Messages database without its tables.", AGAIN)
        wanted = [f"m.{name}" if name in has else "NULL" for name in _COLUMNS]
        wanted[2] = "CAST(m.attributedBody AS BLOB)" if "attributedbody" in has else "NULL"
        deleted, join = "NULL", ""
        if "message_id" in database.columns("chat_recoverable_message_join"):
            deleted = "r.message_id"
            join = (
                " LEFT JOIN (SELECT DISTINCT message_id FROM chat_recoverable_message_join) r ON r.message_id = m.ROWID"
            )
        chats = "SELECT message_id, MIN(chat_id) AS chat_id FROM chat_message_join GROUP BY message_id"
        return (
            f"SELECT {', '.join(wanted)}, j.chat_id, {deleted} FROM message m "
            f"LEFT JOIN ({chats}) j ON j.message_id = m.ROWID{join} ORDER BY m.ROWID"
        )

    def _add(self, database: MessagesDatabase, row: tuple[object, ...]) -> None:
        guid, text, body, date, mine, handle, item, action, type_, thread, *more = row
        retracted, edited, service, spoken, chat, gone = more
        words = text_of(text, body) or (VOICE_MESSAGE if spoken else "")
        if is_reaction(type_, words, service):
            self.rows.skip(ONLY_REACTIONS)
        elif item or action:
            self.rows.skip(BY_THE_APP)
        elif gone is not None or retracted or (edited and not words):
            self.rows.skip(DELETED)
        else:
            person = database.people.get(handle, SOMEONE) if isinstance(handle, int) else SOMEONE
            author, name = (_OWNER, UNKNOWN) if mine else (f"{NAME}:{person}", SOMEONE)
            alone = channel_of({person}), None, "dm"
            key, title, kind = database.chats.get(chat, alone) if isinstance(chat, int) else alone
            if self.rows.add(key, author, sent_at(date), words, id_=_key(guid), reply_to=_key(thread)):
                self.people[author] = name
                if not self.channels.get(key, (None,))[0]:
                    self.channels[key] = title, kind


def _key(guid: object) -> str | None:
    return f"{NAME}:{one_line(guid)}" if isinstance(guid, str) and guid else None
