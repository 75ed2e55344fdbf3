"""Databases of Apple's Messages, as of macOS 14, and as of iOS 9 with few columns and seconds."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.sources.examples import Builder
from tests.sources.packages import write_zip

NOON = 700_000_000  # s since 2001, in March 2023
PHONE, MAIL = "+49 170 1234567", "mia@example.invalid"

NEW = """
CREATE TABLE message (ROWID INTEGER PRIMARY KEY, guid TEXT, text TEXT, attributedBody BLOB, date INTEGER,
  is_from_me INTEGER, handle_id INTEGER, item_type INTEGER, group_action_type INTEGER, associated_message_type INTEGER,
  thread_originator_guid TEXT, reply_to_guid TEXT, date_retracted INTEGER, date_edited INTEGER, service TEXT,
  is_audio_message INTEGER);
CREATE TABLE handle (ROWID INTEGER PRIMARY KEY, id TEXT, person_centric_id TEXT);
CREATE TABLE chat (ROWID INTEGER PRIMARY KEY, chat_identifier TEXT, display_name TEXT, style INTEGER);
CREATE TABLE chat_handle_join (chat_id INTEGER, handle_id INTEGER);
CREATE TABLE chat_message_join (chat_id INTEGER, message_id INTEGER);
CREATE TABLE chat_recoverable_message_join (chat_id INTEGER, message_id INTEGER);
"""
OLD = """
CREATE TABLE message (ROWID INTEGER PRIMARY KEY, guid TEXT, text TEXT, date INTEGER, is_from_me INTEGER,
  handle_id INTEGER);
CREATE TABLE handle (ROWID INTEGER PRIMARY KEY, id TEXT);
CREATE TABLE chat (ROWID INTEGER PRIMARY KEY, chat_identifier TEXT);
CREATE TABLE chat_message_join (chat_id INTEGER, message_id INTEGER);
"""


def _fits(length: int, width: int) -> bool:
    return length < (0x80 if width == 1 else 1 << 8 * width)


def typedstream(text: str) -> bytes:
    """An NSAttributedString as Apple stores it."""
    raw = text.encode()
    width, mark = next(
        (width, mark) for width, mark in ((1, b""), (2, b"\x81"), (4, b"\x82")) if _fits(len(raw), width)
    )
    length = mark + len(raw).to_bytes(width, "little")
    head = b"\x04\x0bstreamtyped\x81\xe8\x03\x84\x01@\x84\x84\x84\x12NSAttributedString\x00\x84\x84\x08NSObject\x00"
    return head + b"\x85\x92\x84\x84\x84\x08NSString\x01\x94\x84\x01+" + length + raw + b"\x86\x84\x02iI"


def message(number: int, text: str | None, mine: bool = False, **more: Any) -> dict[str, Any]:
    """A row of table message, `number` seconds after NOON, in chat 1 from handle 1 if not otherwise stated."""
    row = {"ROWID": number, "guid": f"G{number}", "text": text, "date": (NOON + number) * 10**9}
    return row | {"is_from_me": int(mine), "handle_id": 0 if mine else 1, "service": "iMessage", "chat": 1} | more


def write_database(path: Path, rows: Sequence[dict[str, Any]], schema: str = NEW, encoding: str = "UTF-8") -> Path:
    """A database of two people: the first has two addresses and two chats, and a group with the second."""
    with closing(sqlite3.connect(path)) as base:
        base.execute(f"PRAGMA encoding = '{encoding}'")
        base.executescript(schema)
        if schema == NEW:
            base.executemany(
                "INSERT INTO handle VALUES (?, ?, ?)", [(1, PHONE, "P"), (2, MAIL, "P"), (3, "+4930555", "")]
            )
            base.executemany(
                "INSERT INTO chat VALUES (?, ?, ?, ?)", [(1, PHONE, "", 45), (2, MAIL, "", 45), (3, "c", "Soup", 43)]
            )
            base.executemany("INSERT INTO chat_handle_join VALUES (?, ?)", [(1, 1), (2, 2), (3, 1), (3, 3)])
        else:
            base.execute("INSERT INTO handle VALUES (1, ?)", [PHONE])
            base.execute("INSERT INTO chat VALUES (1, ?)", [PHONE])
        for row in rows:
            values = {key: value for key, value in row.items() if key != "chat"}
            marks = ", ".join("?" * len(values))
            base.execute(f"INSERT INTO message ({', '.join(values)}) VALUES ({marks})", list(values.values()))
            if row.get("chat"):
                base.execute("INSERT INTO chat_message_join VALUES (?, ?)", (row["chat"], row["ROWID"]))
        base.commit()
    return path


ROWS = [message(1, "morning"), message(2, None, True, attributedBody=typedstream("hi")), message(3, "lol", chat=3)]
OLD_ROWS = [
    {"ROWID": n, "guid": f"G{n}", "text": f"t{n}", "date": NOON + n, "is_from_me": n % 2, "handle_id": 1, "chat": 1}
    for n in (1, 2)
]


def _zipped(folder: Path) -> Path:
    raw = write_database(folder / "chat.db", ROWS).read_bytes()
    (folder / "chat.db").unlink()
    return write_zip(folder / "m.zip", {"Messages/chat.db": raw, "Messages/Attachments/a.jpg": b"\xff"})


EXAMPLES: dict[str, Builder] = {
    "new": lambda folder: write_database(folder / "chat.db", ROWS),
    "old": lambda folder: write_database(folder / "sms.db", OLD_ROWS, OLD),
    "zip": _zipped,
}
