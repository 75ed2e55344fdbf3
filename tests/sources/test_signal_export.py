"""Markdown of signal-export: times, quotes, reactions, attachments, and who the owner is."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from soundalike.messages import IMPOSSIBLE_TIME, REACTIONS, WITHOUT_TEXT
from tests.sources.examples.signal_export import EXAMPLES, LAURA
from tests.sources.packages import texts, write_folder
from tests.sources.reading import read_alone


@pytest.mark.parametrize("layout", EXAMPLES)
def test_chats(tmp_path: Path, layout: str) -> None:
    """The owner is Me, chats are called as their folders, quotes and attachments are left out."""
    corpus = read_alone(EXAMPLES[layout](tmp_path))
    assert texts(corpus) == ["hello", "hi, of\ntwo lines", "my soup", "a: b", "c", "d"]
    assert corpus.messages["sent_at"][0] == datetime(2024, 1, 1, 12, 0, 5).astimezone(UTC)
    assert corpus.messages["me"].to_list() == [False, True, False, False, False, True]
    assert sorted(corpus.channels.rows()) == [
        ("signal_export:Frog Pond", "Frog Pond", "group"),
        ("signal_export:Laura", "Laura", "dm"),
    ]
    assert corpus.skipped == {WITHOUT_TEXT: 1, REACTIONS: 2, "attachments and other files beside the chats": 1}


def test_one_chat_alone(tmp_path: Path) -> None:
    """A chat's folder or file has the same channel; an impossible time is counted."""
    folder = write_folder(tmp_path / "Laura", {"chat.md": (LAURA + "[2024-13-01 12:00:05] Me: x\n").encode()})
    for path in (folder, folder / "chat.md"):
        corpus = read_alone(path)
        assert corpus.messages["channel"].unique().to_list() == ["signal_export:Laura"]
        assert corpus.skipped[IMPOSSIBLE_TIME] == 1


def test_a_pasted_chat_is_text(tmp_path: Path) -> None:
    """Lines of an older chat inside a message stay in it, and are not messages of an older time."""
    pasted = "[2023-05-01 09:00:00] Bo: old\n[2023-05-01 09:01:00] Me: older"
    chat = f"[2024-01-01 12:00:05] Laura: look\n{pasted}\n[2024-01-01 12:01:00] Me: ha\n"
    corpus = read_alone(write_folder(tmp_path / "Laura", {"chat.md": chat.encode()}))
    assert texts(corpus) == [f"look\n{pasted}", "ha"]
