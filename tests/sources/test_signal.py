"""Signal's plaintext export: people, replies, mentions, and what is nobody's words."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from soundalike.messages import (
    BOTS,
    BY_THE_APP,
    DELETED,
    NO_TIME,
    REACTIONS,
    STICKER,
    UNREADABLE_ROWS,
    VOICE_MESSAGE,
    WITHOUT_TEXT,
    Corpus,
)
from tests.sources.examples.signal import FILES, ITEMS, NOON, as_jsonl, item
from tests.sources.packages import texts, write_folder
from tests.sources.reading import read_alone


def read(tmp_path: Path, *items: object, raw: bytes | None = None) -> Corpus:
    """The corpus of these frames."""
    (tmp_path / "main.jsonl").write_bytes(as_jsonl(*items) if raw is None else raw)
    return read_alone(tmp_path / "main.jsonl")


def test_an_export(tmp_path: Path) -> None:
    """Keys without numbers, times, names, chats, the owner."""
    corpus = read_alone(write_folder(tmp_path / "signal-backup", FILES))
    assert texts(corpus) == ["morning", "hi", "all"]
    assert corpus.messages["sent_at"][0] == datetime.fromtimestamp(NOON / 1000, UTC) + timedelta(milliseconds=1)
    assert corpus.messages["me"].to_list() == [False, True, False]
    assert set(corpus.authors["name"]) == {"Mia K", "Bo", "someone"} and corpus.owner == "Bo"
    assert set(corpus.channels.select("title", "kind").rows()) == {("Mia K", "dm"), ("Soup", "group")}
    assert not any(secret in str(corpus) for secret in ("49170", "mia.01", "c2VjcmV0", "bWlh"))
    assert corpus.skipped == {"attachments and other files beside the chats": 2}


def test_replies_and_mentions(tmp_path: Path) -> None:
    """A quote is found by time and author; a mention is the sign U+FFFC, whose place is counted in UTF-16."""
    quote = {"targetSentTimestamp": str(NOON + 1), "authorId": "2", "text": {"body": "morning"}}
    ranges = [{"start": 9, "length": 1, "mentionAci": "cm9sZg=="}, {"start": 3, "length": 1, "mentionAci": "bWlh"}]
    said = {"quote": quote, "text": {"body": "🐸 \ufffc and \ufffc", "bodyRanges": ranges}}
    corpus = read(tmp_path, item(1, "morning"), item(2, "", "1", standardMessage=said))
    assert texts(corpus) == ["morning", "🐸 @Mia K and @someone"]
    assert corpus.messages["reply_to"].to_list() == [None, corpus.messages["id"][0]]


def test_long_texts(tmp_path: Path) -> None:
    """A long text is whole where its file is in the export, whatever its name; else it is read up to there."""
    beginning, rest = "frog " * 400 + "🐸", " pond" * 300 + " \ufffc"
    raw = (beginning + rest).encode()
    ranges = [{"start": 3500, "length": 1, "mentionAci": "bWlh"}]
    long = {"text": {"body": beginning, "bodyRanges": ranges}, "longText": {"locatorInfo": {"size": len(raw)}}}
    gone = {"text": {"body": "soup " * 400}, "longText": {"locatorInfo": {"size": 9_000}}}
    files = {
        "main.jsonl": as_jsonl(item(1, "", standardMessage=long), item(2, "", "1", standardMessage=gone)),
        "files/0a/0af3.txt": raw,
        "files/0b/0bf3.jpg": b"\xff" * len(raw),
    }
    corpus = read_alone(write_folder(tmp_path / "s", files))
    assert texts(corpus) == [beginning + rest.replace("\ufffc", "@Mia K"), ("soup " * 400).strip()]
    assert corpus.skipped == {"attachments and other files beside the chats": 1}
    assert [note.partition(":")[0] for note in corpus.notes] == [
        "Texts of more than about 2,000 characters were read up to there (1)"
    ]


def test_items_that_are_nobodys_words(tmp_path: Path) -> None:
    """By reason; a sticker is its emoji, an edited message its last text, a note to self stays."""

    def other(number: int, **what: Any) -> dict[str, Any]:
        made = item(number, "x")
        del made["chatItem"]["standardMessage"]
        made["chatItem"] |= what
        return made

    edited = item(1, "last", revisions=[item(0, "first")["chatItem"]])
    edited["chatItem"]["standardMessage"]["reactions"] = [{"emoji": "x"}, {"emoji": "y"}]
    timeless = item(2, "when")
    del timeless["chatItem"]["dateSent"]
    corpus = read(
        tmp_path,
        edited,
        timeless,
        other(3, updateMessage={"simpleUpdate": {}}),
        other(4, directionless={}),
        other(5, remoteDeletedMessage={}),
        other(6, adminDeletedMessage={}),
        other(7, stickerMessage={"sticker": {"emoji": "🐸"}}),
        other(8, contactMessage={}),
        other(9, viewOnceMessage={}),
        other(10, poll={"question": "soup?"}),
        other(11, directStoryReplyMessage={"textReply": {"text": {"body": "nice"}}}),
        item(12, ""),
        item(13, "note", "1", "3"),
        other(14, stickerMessage={"sticker": {"packId": "x"}}),
        other(15, standardMessage={"attachments": [{"flag": "VOICE_MESSAGE"}]}),
        other(16, standardMessage={"attachments": [{"flag": "GIF"}, 7]}),
        {"recipient": {"id": "9", "releaseNotes": {}}},
        item(17, "what is new in Signal", "9", "9"),
    )
    assert texts(corpus) == ["last", "🐸", "nice", "note", STICKER, VOICE_MESSAGE]
    assert corpus.skipped == {BY_THE_APP: 2, DELETED: 2, WITHOUT_TEXT: 5, NO_TIME: 1, REACTIONS: 2, BOTS: 1}
    assert "Note to Self" in corpus.channels["title"]


def test_damage(tmp_path: Path) -> None:
    """A broken line is counted; references that lead nowhere are people without a name."""
    raw = as_jsonl(*ITEMS, item(9, "who", "77", "88")) + b'{"chatItem": 7}\n{"chatItem": {"chatId"\n[1]\n\n'
    corpus = read(tmp_path, raw=raw)
    assert texts(corpus) == ["morning", "hi", "all", "who"]
    assert corpus.skipped == {UNREADABLE_ROWS: 3}
    assert corpus.messages["author"][-1] == "signal:recipient 77"


VALUES = st.recursive(st.none() | st.integers() | st.text(max_size=4), lambda v: st.lists(v, max_size=2), max_leaves=3)
FRAMES = st.sampled_from(["recipient", "chat", "chatItem", "account"])
INNER = st.sampled_from(
    ["id", "self", "contact", "group", "standardMessage", "dateSent", "authorId", "chatId", "quote"]
)
ANY = st.dictionaries(INNER, VALUES | st.dictionaries(st.sampled_from(["text", "body", "aci", "title"]), VALUES))


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.dictionaries(FRAMES, VALUES | ANY, max_size=2), max_size=4))
def test_any_frames(tmp_path_factory: pytest.TempPathFactory, frames: list[Any]) -> None:
    """Whatever the values are, nothing but an exact account comes of them."""
    corpus = read(tmp_path_factory.mktemp("s"), *ITEMS, *json.loads(json.dumps(frames)))
    assert corpus.messages.height >= 3
