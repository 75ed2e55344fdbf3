"""Skype's export: HTML becomes text, quotes become replies, the owner is who the file belongs to."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from soundalike import sources
from soundalike.sources.skype import readable
from tests.sources.examples.skype import EXAMPLES, export, said
from tests.sources.packages import checked, texts


@pytest.mark.parametrize("layout", EXAMPLES)
def test_an_export(tmp_path: Path, layout: str) -> None:
    """Texts, times, replies, people without their numbers, kinds of chats."""
    corpus = checked(sources.read([EXAMPLES[layout](tmp_path)]))
    assert texts(corpus) == ["hi :) Mira", "fine & you?", "all"]
    assert corpus.messages["sent_at"][0] == datetime(2024, 3, 1, 12, 0, 0, 123000, UTC)
    assert corpus.messages["reply_to"].to_list() == [None, "skype:live:sam/1709294400000", None]
    assert corpus.messages["id"][0] == "skype:live:sam/1709294400000"
    assert corpus.messages["me"].to_list() == [False, True, False]
    assert corpus.owner == "mira"
    assert sorted(corpus.authors["name"]) == ["Sam", "mira", "someone"]
    assert sorted((title, kind) for _, title, kind in corpus.channels.iter_rows()) == [("Pond", "group"), ("Sam", "dm")]
    assert "1234567" not in corpus.messages.write_json() + corpus.authors.write_json()
    corpus.skipped.pop("other files, never opened", None)
    assert corpus.skipped == {
        "messages without text": 1,
        "messages of the app itself (joins, calls, pins)": 1,
    }


def test_kinds_and_oddities(tmp_path: Path) -> None:
    """Deleted messages, lines about the group, odd times and values are counted by reason."""
    messages = [
        said(0, "x", properties={"deletetime": "1"}),
        said(1, "<addmember>", kind="ThreadActivity/AddMember"),
        said(2, "late", originalarrivaltime="never"),
        {**said(3, "nobody"), "from": None},
        said(4, "ok"),
        said(5, "Welcome", "28:concierge"),
        5,
    ]
    (tmp_path / "messages.json").write_bytes(export(messages))
    corpus = checked(sources.read([tmp_path / "messages.json"], me=["Sam"]))
    assert texts(corpus) == ["ok", "all"]
    assert corpus.skipped == {
        "messages that were deleted": 1,
        "messages by bots": 1,
        "messages of the app itself (joins, calls, pins)": 1,
        "messages without a time": 1,
        "messages too broken to read": 2,
    }


def test_text() -> None:
    """Tags go, line breaks and signs stay."""
    assert readable('a<br/>b <a href="https://e.invalid">page</a> 1 &lt; 2') == "a\nb page 1 < 2"
    nested = '<quote author="a">x <quote author="b">y</quote> <legacyquote>&lt;&lt;&lt; </legacyquote></quote>mine'
    assert readable(nested) == "mine" and readable(f"{nested} and {nested} <quote>") == "mine and mine "
    assert readable("1 < 2") == "1 < 2"
    assert readable("x &amp;lt; y") == "x &lt; y"
