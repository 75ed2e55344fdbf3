"""WeChat conversations of WeFlow: times, the owner, and what is no text."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from soundalike.messages import BY_THE_APP, NO_TIME, STICKER, UNREADABLE_ROWS, VOICE_MESSAGE, WITHOUT_TEXT, Corpus
from tests.sources.examples.weflow import EXAMPLES, NOON, conversation, sent
from tests.sources.packages import texts
from tests.sources.reading import read_alone


def read(tmp_path: Path, messages: list[Any], **session: Any) -> Corpus:
    """The corpus of one conversation."""
    (tmp_path / "x.json").write_bytes(conversation(messages, **session))
    return read_alone(tmp_path / "x.json")


def test_conversations(tmp_path: Path) -> None:
    """The owner sent what is marked as sent; a group and a chat of two have their names."""
    for layout, channel in (
        ("json", ("weflow:wxid_sam", "Sam", "dm")),
        ("zip", ("weflow:5@chatroom", "Pond", "group")),
    ):
        corpus = read_alone(EXAMPLES[layout](tmp_path))
        assert texts(corpus) == ["你好", "hi", "re"]
        assert corpus.messages["sent_at"][0] == datetime.fromtimestamp(NOON + 1, UTC)
        assert corpus.messages["me"].to_list() == [False, True, False] and corpus.owner == "Mira"
        assert corpus.channels.rows() == [channel]
        assert corpus.skipped == {WITHOUT_TEXT: 1}


def test_rows_that_are_nobodys_words(tmp_path: Path) -> None:
    """Lines of the app, other kinds and odd values are counted; people without a name are someone."""
    rows = [
        sent(1, "x", None, "系统消息"),
        sent(2, "x", None),
        sent(3, None, 0, "语音消息"),
        sent(4, "", 1, "动画表情"),
        sent(5, "x", 0, "链接消息"),
        sent(6, "words", senderUsername="+49 170 1234567", senderDisplayName="+49 170 1234567"),
        sent(7, "x", createTime=None),
        sent(8, "x", senderUsername=None),
        5,
    ]
    corpus = read(tmp_path, rows)
    assert texts(corpus) == [VOICE_MESSAGE, STICKER, "words"]
    assert corpus.skipped == {BY_THE_APP: 2, WITHOUT_TEXT: 1, NO_TIME: 1, UNREADABLE_ROWS: 2}
    assert "1234567" not in corpus.messages.write_json() + corpus.authors.write_json()
    assert sorted(corpus.authors["name"]) == ["Mira", "Sam", "someone"]
