"""ChatLab files: JSON and JSON lines hold the same; types decide what is talk."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from soundalike import sources
from soundalike.messages import STICKER, VOICE_MESSAGE
from tests.sources.examples.chatlab import EXAMPLES, START, lines, said, whole
from tests.sources.packages import checked, texts


@pytest.mark.parametrize("layout", EXAMPLES)
def test_a_chat(tmp_path: Path, layout: str) -> None:
    """Names in the group, times, replies, the owner from the head; other types are counted by reason."""
    corpus = checked(sources.read([EXAMPLES[layout](tmp_path)]))
    assert texts(corpus) == ["morning", "hi"]
    start = datetime.fromtimestamp(START, UTC)
    assert corpus.messages["sent_at"].to_list() == [start, start + timedelta(seconds=1)]
    assert corpus.messages["id"].to_list() == ["chatlab:wechat/g1/1", "chatlab:wechat/g1/2"]
    assert corpus.messages["reply_to"].to_list() == [None, "chatlab:wechat/g1/1"]
    assert sorted(corpus.authors.rows()) == [
        ("chatlab:wechat/wx_mira", "Mira", True),
        ("chatlab:wechat/wx_sam", "Sam", False),
    ]
    assert corpus.channels.rows() == [("chatlab:wechat/g1", "Frog Pond", "group")]
    assert corpus.skipped == {
        "messages without text": 1,
        "messages of the app itself (joins, calls, pins)": 1,
        "messages that were deleted": 1,
        "messages forwarded from elsewhere": 1,
    }


OTHER_TYPES = [2, 5, 1, 3, 4, 7, 8, 20, 21, 22, 23, 24, 27, 99]


def test_types(tmp_path: Path) -> None:
    """Stickers and voice messages are told without what the writer put there; pictures, calls, money are counted."""
    messages = [said(place, "[x]", type_=type_) for place, type_ in enumerate(OTHER_TYPES)]
    messages += [
        said(20, "re", "wx_mira", 25, replyToMessageId="gone"),
        said(21, None),
        {**said(22, "d"), "type": None},
    ]
    (tmp_path / "x.json").write_text(json.dumps(whole(messages)))
    corpus = checked(sources.read([tmp_path / "x.json"]))
    assert texts(corpus) == [VOICE_MESSAGE, STICKER, "re"]
    assert corpus.messages["reply_to"].to_list() == [None, None, "chatlab:wechat/g1/gone"]
    assert corpus.skipped == {"messages without text": len(OTHER_TYPES)}


@pytest.mark.parametrize("name", ["Sammy", "sam", "wx_sam"])
def test_names(tmp_path: Path, name: str) -> None:
    """The owner may be named by the account's name or an alias; who is in no list has the message's name."""
    members = [{"platformId": "wx_sam", "accountName": "sam", "groupNickname": "Sam W", "aliases": ["Sammy", 5]}]
    messages = [said(0, "a"), {**said(1, "b", "wx_zoe"), "accountName": "Zoe"}]
    file = whole(messages, ownerId=None, type="private", groupId=None) | {"members": members}
    (tmp_path / "x.json").write_text(json.dumps(file))
    corpus = checked(sources.read([tmp_path / "x.json"], me=[name]))
    assert corpus.messages["me"].to_list() == [True, False]
    assert sorted(corpus.authors["name"]) == ["Sam W", "Zoe"]
    assert corpus.channels.rows() == [("chatlab:wechat/Frog Pond", "Frog Pond", "dm")]


def test_without_ids(tmp_path: Path) -> None:
    """Without message ids a longer export of the same chat adds only what is new; order within a second stays."""
    messages = [said(0, "a"), said(0, "b"), said(0, "a"), said(1, "c", "+49 170 1234567")]
    (tmp_path / "one.json").write_text(json.dumps(whole(messages[:3], type="private")))
    (tmp_path / "two.jsonl").write_text(lines(messages))
    corpus = checked(sources.read([tmp_path / "one.json", tmp_path / "two.jsonl"], me=["Sam"]))
    assert texts(corpus) == ["a", "b", "a", "c"]
    assert corpus.skipped == {"messages seen twice": 3}
    assert sorted(corpus.authors["name"]) == ["Sam", "someone"]
    assert "1234567" not in corpus.messages.write_json() + corpus.authors.write_json()


def test_broken_lines(tmp_path: Path) -> None:
    """A line that is no JSON is counted, the others are read."""
    raw = lines([said(0, "a"), said(1, "b"), said(2, "c"), 5])
    (tmp_path / "x.jsonl").write_text(raw.replace('"content": "b"', '"content": "b') + '{"_type": "message", "send')
    corpus = checked(sources.read([tmp_path / "x.jsonl"], me=["Sam"]))
    assert texts(corpus) == ["a", "c"]
    assert corpus.skipped == {"messages too broken to read": 3}
    assert corpus.notes == ["Some files were damaged or cut off and read as far as possible (1)."]
