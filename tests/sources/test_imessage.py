"""Apple's Messages databases of several versions: text, times, people, and rows that are nobody's words."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from soundalike import sources
from soundalike.errors import ExportError
from soundalike.messages import (
    BY_THE_APP,
    DELETED,
    IMPOSSIBLE_TIME,
    NO_TIME,
    ONLY_REACTIONS,
    VOICE_MESSAGE,
    WITHOUT_TEXT,
    Corpus,
)
from soundalike.sources._imessage_text import attributed_text, text_of
from tests.sources.examples.imessage import MAIL, NOON, OLD, OLD_ROWS, ROWS, message, typedstream, write_database
from tests.sources.packages import texts, write_folder, write_zip
from tests.sources.reading import read_alone

APPLE = datetime(2001, 1, 1, tzinfo=UTC)


def read(tmp_path: Path, rows: list[dict[str, Any]], **how: str) -> Corpus:
    """The corpus of a database with these rows."""
    return read_alone(write_database(tmp_path / "chat.db", rows, **how))


def test_a_database(tmp_path: Path) -> None:
    """Times, replies (the message before is none), both of a person's addresses as one, and no address anywhere."""
    rows, fine = [row | {"reply_to_guid": "G0"} for row in ROWS], (NOON + 4) * 10**9 + 123_999_999  # ns
    corpus = read(tmp_path, [*rows, message(4, "re", thread_originator_guid="G1", handle_id=2, chat=2, date=fine)])
    assert texts(corpus) == ["morning", "hi", "lol", "re"]
    assert corpus.messages["sent_at"][0] == APPLE + timedelta(seconds=NOON + 1)
    assert corpus.messages["sent_at"][3] == APPLE + timedelta(seconds=NOON + 4, milliseconds=123)
    assert corpus.messages["me"].to_list() == [False, True, False, False]
    assert corpus.messages["reply_to"].to_list() == [None, None, None, "imessage:G1"]
    first, mine, group, last = corpus.messages["author"]
    assert first == group == last and mine == "imessage:me"
    assert corpus.messages["channel"][0] == corpus.messages["channel"][3]
    assert sorted(corpus.channels["kind"]) == ["dm", "group"] and "Soup" in corpus.channels["title"]
    assert set(corpus.authors.rows()) == {("imessage:me", "me", True), (first, "someone", False)}
    assert "1234567" not in str(corpus) and MAIL not in str(corpus)


def test_rows_that_are_nobodys_words(tmp_path: Path) -> None:
    """Tapbacks, also those sent as texts, are no messages; the app's rows, deleted and empty ones are counted."""
    rows = [
        message(1, "words"),
        message(2, "Loved “words”", associated_message_type=2000),
        message(3, "x", associated_message_type=3006),
        message(4, "x", associated_message_type=4000),
        *(message(20 + n, "x", associated_message_type=kind) for n, kind in enumerate((1000, 2006, 2007, 3007))),
        message(5, "Liked “words”", service="SMS"),
        message(6, "Liked “words”"),
        message(7, None, item_type=1),
        message(8, None, item_type=3, group_action_type=1),
        message(9, "sent", date_retracted=5),
        message(10, None, date_edited=5),
        message(11, "\ufffc"),
        message(12, "\ufffccaption"),
        message(13, "now", date=0),
        message(14, "far", date=2**62),
        message(15, "\ufffd\ufffc"),  # a game
        *(message(30 + n, f"app {kind}", associated_message_type=kind) for n, kind in enumerate((2, 3))),
        message(40, "\ufffc", is_audio_message=1),
        message(41, "Loved an image", service="SMS"),
        message(42, "A aimé « words »", service="RCS"),
    ]
    corpus = read(tmp_path, rows)
    assert texts(corpus) == ["words", "Liked “words”", "caption", "app 2", "app 3", VOICE_MESSAGE]
    assert corpus.skipped == {
        ONLY_REACTIONS: 10,
        BY_THE_APP: 2,
        DELETED: 2,
        WITHOUT_TEXT: 2,
        NO_TIME: 1,
        IMPOSSIBLE_TIME: 1,
    }
    assert corpus.read["messages"] == 24


def test_recently_deleted(tmp_path: Path) -> None:
    """What lies among the recently deleted is left out."""
    path = write_database(tmp_path / "chat.db", ROWS)
    with closing(sqlite3.connect(path)) as base:
        base.execute("INSERT INTO chat_recoverable_message_join VALUES (1, 2), (3, 2)")
        base.commit()
    corpus = read_alone(path)
    assert texts(corpus) == ["morning", "lol"] and corpus.skipped == {DELETED: 1}


def test_an_old_database(tmp_path: Path) -> None:
    """Few columns, and dates in seconds."""
    corpus = read(tmp_path, OLD_ROWS, schema=OLD)
    assert texts(corpus) == ["t1", "t2"]
    assert corpus.messages["sent_at"][1] == APPLE + timedelta(seconds=NOON + 2)


def test_in_utf_16(tmp_path: Path) -> None:
    """A database in UTF-16, as some Macs have, reads the same."""
    assert texts(read(tmp_path, ROWS, encoding="UTF-16le")) == ["morning", "hi", "lol"]


@pytest.mark.parametrize("as_", ["folder", "zip", "file"])
def test_the_write_ahead_log_is_read(tmp_path: Path, as_: str) -> None:
    """Messages that are in the log alone are read; nothing is written to what was given."""
    live = write_database(tmp_path / "live.db", ROWS[:1])
    with closing(sqlite3.connect(live)) as base:
        base.execute("PRAGMA journal_mode = WAL")
        base.execute("PRAGMA wal_autocheckpoint = 0")
        base.execute("INSERT INTO message (ROWID, guid, text, date, is_from_me) VALUES (2, 'G2', 'late', ?, 1)", [NOON])
        base.commit()
        files = {f"chat.db{end}": live.with_name(f"live.db{end}").read_bytes() for end in ("", "-wal", "-shm")}
    assert b"late" in files["chat.db-wal"] and b"late" not in files["chat.db"]
    folder = write_folder(tmp_path / "Messages", files)
    path = {"folder": folder, "file": folder / "chat.db", "zip": write_zip(tmp_path / "m.zip", files)}[as_]
    assert sorted(texts(read_alone(path))) == ["late", "morning"]
    assert {one.name: one.read_bytes() for one in folder.iterdir()} == files


@pytest.mark.parametrize("at", range(100, 12_000, 700))
def test_damaged_databases(tmp_path: Path, at: int) -> None:
    """Cut off or overwritten anywhere, a database is read with an exact account or refused in a sentence."""
    raw = write_database(tmp_path / "chat.db", ROWS).read_bytes()
    for damaged in (raw[:at], raw[:at] + b"\xff" * 64 + raw[at + 64 :]):
        (tmp_path / "chat.db").write_bytes(damaged)
        try:
            read_alone(tmp_path / "chat.db")
        except ExportError as error:
            assert error.what.endswith(".") and error.do


def test_another_database(tmp_path: Path) -> None:
    """A database of another program is none, nor is one whose table of messages is a view."""
    with closing(sqlite3.connect(tmp_path / "x.db")) as base:
        base.execute("CREATE TABLE notes (text TEXT)")
    with pytest.raises(ExportError, match="a database of another program"):
        sources.read([tmp_path / "x.db"])
    with closing(sqlite3.connect(tmp_path / "y.db")) as base:
        base.execute("CREATE TABLE chat_message_join (chat_id, message_id)")
        base.execute("CREATE VIEW message AS SELECT 1 AS date, 1 AS is_from_me")
    with pytest.raises(ExportError, match="without its tables"):
        sources.read([tmp_path / "y.db"])


@pytest.mark.parametrize("length", [1, 0x7F, 0x80, 0xFFFF, 0x10000])
def test_attributed_text(length: int) -> None:
    """Lengths of one, two and four bytes."""
    assert attributed_text(typedstream("x" * length)) == "x" * length
    assert attributed_text(typedstream("né🐸")) == "né🐸"
    assert text_of("old", typedstream("new")) == "new"
    assert text_of("old", b"junk") == "old"


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=40), st.integers(0, 100))
def test_any_attributed_text(junk: bytes, cut: int) -> None:
    """No blob is a fault."""
    assert isinstance(attributed_text(typedstream("hello")[:cut] + junk), str)


VALUES = st.none() | st.integers(-(2**63), 2**63 - 1) | st.text(max_size=4) | st.binary(max_size=6) | st.floats()
KEYS = st.sampled_from(["guid", "text", "attributedBody", "date", "is_from_me", "handle_id", "item_type", "service"])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.dictionaries(KEYS, VALUES, max_size=5), max_size=4))
def test_any_values(tmp_path_factory: pytest.TempPathFactory, odd: list[dict[str, Any]]) -> None:
    """SQLite lets any value stand in any column."""
    rows = [message(number, "x") | more for number, more in enumerate(odd, 1)]
    corpus = read(tmp_path_factory.mktemp("m"), [message(99, "first"), *rows])
    assert corpus.read["messages"] == len(rows) + 1


def test_tables_in_the_log_alone(tmp_path: Path) -> None:
    """A database is known by its name while even its tables are only in the write-ahead log."""
    whole = write_database(tmp_path / "whole.db", ROWS)
    with closing(sqlite3.connect(whole)) as base, closing(sqlite3.connect(tmp_path / "chat.db")) as live:
        live.execute("PRAGMA journal_mode = WAL")
        live.execute("PRAGMA wal_autocheckpoint = 0")
        for statement in base.iterdump():
            live.executescript(statement.replace("BEGIN TRANSACTION;", "").replace("COMMIT;", ""))
        assert b"chat_message_join" not in (tmp_path / "chat.db").read_bytes()
        files = {name: (tmp_path / name).read_bytes() for name in ("chat.db", "chat.db-wal")}
    assert texts(read_alone(write_folder(tmp_path / "copy", files))) == ["morning", "hi", "lol"]
