"""Opens a copy of Apple's Messages database, and reads its tables of people and chats.

Columns differ between versions of macOS and iOS, so every statement asks only for those that exist. The tables are
described in the documentation of imessage-exporter (docs/tables).
"""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from soundalike.errors import ExportError
from soundalike.sources._people import hashed, is_address, one_line
from soundalike.sources._tree import Member, Tree

AGAIN = "Copy chat.db, chat.db-wal and chat.db-shm again while Messages is closed, and give the folder with all three."

_GROUP = 43  # chat.style; 45 is a chat of two
_LONGEST = 64 << 20  # bytes of one value


@dataclass
class MessagesDatabase:
    """The open copy: its connection, the name for errors, and the people and chats by their row numbers."""

    name: str
    connection: sqlite3.Connection
    people: dict[int, str] = field(default_factory=dict)  # handle -> hash of the person
    chats: dict[int, tuple[str, str | None, str]] = field(default_factory=dict)  # chat -> key, title, kind

    def columns(self, table: str) -> set[str]:
        """The columns of a table; empty if there is none of this name."""
        found = self.rows(f"SELECT type FROM sqlite_master WHERE name = '{table}'")
        if [row[0] for row in found] != ["table"]:
            return set()
        return {str(row[1]).lower() for row in self.rows(f"PRAGMA table_info({table})")}

    def rows(self, statement: str) -> Iterator[tuple[object, ...]]:
        """All rows. Raises ExportError if the database is damaged."""
        try:
            yield from self.connection.execute(statement)
        except (sqlite3.Error, OverflowError, MemoryError) as error:
            raise ExportError(f"{self.name} is a damaged Messages database ({error}).", AGAIN) from error

    def read_people(self) -> None:
        """Fill `people` and `chats`. Handles of one person count as one, and chats of the same people as one."""
        self._read_handles()
        members: dict[int, set[str]] = {}
        if {"chat_id", "handle_id"} <= self.columns("chat_handle_join"):
            for chat, handle in self.rows("SELECT chat_id, handle_id FROM chat_handle_join"):
                if isinstance(chat, int) and isinstance(handle, int):
                    members.setdefault(chat, set()).add(self.people.get(handle, "someone"))
        has = self.columns("chat")
        wanted = ["ROWID", *(name if name in has else "NULL" for name in ("display_name", "style", "chat_identifier"))]
        for row, name, style, identifier in self.rows(f"SELECT {', '.join(wanted)} FROM chat") if has else ():
            if isinstance(row, int):
                self.chats[row] = _chat(members.get(row, set()), name, style, identifier)

    def _read_handles(self) -> None:
        has = self.columns("handle")
        person = "person_centric_id" if "person_centric_id" in has else "NULL"
        first: dict[object, str] = {}
        for row, address, one in (
            self.rows(f"SELECT ROWID, id, {person} FROM handle ORDER BY id") if "id" in has else ()
        ):
            key = hashed(str(address))
            if isinstance(row, int):
                self.people[row] = first.setdefault(one, key) if one else key


def channel_of(people: set[str]) -> str:
    """The channel key of a chat with these people."""
    return f"imessage:{hashed(' '.join(sorted(people)))}"


def _chat(people: set[str], name: object, style: object, identifier: object) -> tuple[str, str | None, str]:
    title = one_line(name) if isinstance(name, str) else ""
    group = style == _GROUP or len(people) > 1
    key = channel_of(people or {hashed(str(identifier))})
    return key, None if not title or is_address(title) else title, "group" if group else "dm"


def open_copy(tree: Tree, member: Member, folder: Path) -> MessagesDatabase:
    """Open a copy of the database in `folder`, with the write-ahead log beside it, whose messages may be nowhere else.

    Raises ExportError if it is no database.
    """
    copy = folder / "copy.db"
    _copy(member, copy)
    for ending in ("-wal", "-shm"):
        beside = next((other for other in tree.members if other.name == member.name + ending), None)
        on_disk = tree.path.with_name(tree.path.name + ending)
        if beside:
            _copy(beside, folder / f"copy.db{ending}")
        elif tree.path.is_file() and member.name == tree.path.name and on_disk.is_file():
            (folder / f"copy.db{ending}").write_bytes(on_disk.read_bytes())
    connection = sqlite3.connect(copy)
    tree.resources.callback(connection.close)
    connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST)
    database = MessagesDatabase(member.name, connection)
    for setting in ("query_only = ON", "trusted_schema = OFF", "cell_size_check = ON"):
        list(database.rows(f"PRAGMA {setting}"))
    return database


def _copy(member: Member, to: Path) -> None:
    try:
        with to.open("wb") as file:
            for chunk in member.chunks():
                file.write(chunk)
    except OSError as error:
        raise ExportError(
            f"{member.name} cannot be copied to look into it ({error.strerror}).", "Make room."
        ) from error
