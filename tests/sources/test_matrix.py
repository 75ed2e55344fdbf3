"""Matrix rooms: edits, replies without their quote, redactions, what was not decrypted; the owner by display name."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from soundalike import sources
from soundalike.messages import STICKER, VOICE_MESSAGE, Corpus
from tests.sources.examples.matrix import EXAMPLES, MIRA, SAM, START, event, member, room, words
from tests.sources.packages import checked, texts


def read(tmp_path: Path, events: list[Any]) -> Corpus:
    """The corpus of a room with these events."""
    path = tmp_path / "export.json"
    path.write_text(json.dumps(room([member(0, SAM, "Sam"), member(1, MIRA, "Mira"), *events])))
    return checked(sources.read([path], me=["Sam"]))


@pytest.mark.parametrize("layout", EXAMPLES)
def test_a_room(tmp_path: Path, layout: str) -> None:
    """Edited texts are the last ones, replies point to what they answer, the exporter is the owner."""
    corpus = checked(sources.read([EXAMPLES[layout](tmp_path)]))
    assert texts(corpus) == ["hello", "hi", "text"]
    start = datetime.fromtimestamp(START / 1000, UTC)
    assert corpus.messages["sent_at"].to_list() == [start + timedelta(seconds=second) for second in (2, 3, 4)]
    assert corpus.messages["id"].to_list() == ["matrix:$e2", "matrix:$e3", "matrix:$e4"]
    assert corpus.messages["reply_to"].to_list() == [None, "matrix:$e2", None]
    assert corpus.messages["me"].to_list() == [False, True, False]
    assert sorted(corpus.authors.rows()) == [(f"matrix:{MIRA}", "Mira", True), (f"matrix:{SAM}", "Sam", False)]
    assert corpus.channels.rows() == [("matrix:!r:pond.invalid", "Frog Pond", "dm")]
    others = corpus.skipped.pop("other files, never opened", 0)
    assert others == (layout == "zip")
    assert corpus.skipped == {
        "messages of the app itself (joins, calls, pins)": 2,
        "messages that only edit an earlier one": 1,
        "messages that were deleted": 1,
        "messages that were not decrypted when exported": 1,
        "messages that are only reactions": 1,
    }


def test_kinds(tmp_path: Path) -> None:
    """Notices are by bots, a picture is its caption, an edit by somebody else changes nothing."""
    replace = {"rel_type": "m.replace", "event_id": "$e2"}
    thread = {"rel_type": "m.thread", "event_id": "$e2", "is_falling_back": True, "m.in_reply_to": {"event_id": "$e9"}}
    corpus = read(
        tmp_path,
        [
            event(2, SAM, words("mine")),
            event(3, MIRA, words("* x", **{"m.new_content": words("not hers"), "m.relates_to": replace})),
            event(4, SAM, {"msgtype": "m.notice", "body": "beep"}),
            event(5, SAM, {"msgtype": "m.image", "body": "a.png"}),
            event(6, SAM, {"msgtype": "m.image", "body": "my soup", "filename": "a.png"}),
            event(7, SAM, words("in a thread", **{"m.relates_to": thread})),
            event(8, SAM, {"msgtype": "m.emote", "body": "waves"}),
            event(9, SAM, {"body": "wave"}, "m.sticker"),
            event(12, SAM, {"msgtype": "m.audio", "body": "a.ogg", "org.matrix.msc3245.voice": {}}),
            event(10, SAM, words("never"), origin_server_ts=1e300),
            event(11, SAM, {"msgtype": "m.text", "body": ["x"]}),
            event(13, SAM, {"msgtype": "m.bad.encrypted", "body": "** Unable to decrypt **"}),
            "x",
        ],
    )
    assert texts(corpus) == ["mine", "my soup", "in a thread", "waves", STICKER, VOICE_MESSAGE]
    assert corpus.messages["reply_to"].to_list() == [None, None, "matrix:$e2", None, None, None]
    assert corpus.skipped == {
        "messages of the app itself (joins, calls, pins)": 2,
        "messages that only edit an earlier one": 1,
        "messages by bots": 1,
        "messages that were not decrypted when exported": 1,
        "messages without text": 2,
        "messages without a time": 1,
        "messages too broken to read": 1,
    }


def test_people_from_other_networks(tmp_path: Path) -> None:
    """Whom a bridge brought in has a hashed key, and a phone number is no name."""
    phone, chat = "@whatsapp_491701234567:pond.invalid", "@_discord_123456789012345678:t2bot.invalid"
    named = member(1, phone, "+49 170 1234567 (WA)")
    corpus = read(
        tmp_path, [named, event(2, phone, words("hi")), event(3, chat, words("yo")), event(4, SAM, words("ok"))]
    )
    assert sorted(corpus.authors["name"]) == ["Sam", "someone", "someone"]
    assert not any(number in str(corpus.authors.rows() + corpus.messages.rows()) for number in ("1234567", "1 234"))
