"""Exports of Telegram Desktop: whose words they are, what they reply to, and what is left out."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from soundalike import sources
from soundalike.errors import ExportError
from soundalike.messages import (
    BOTS,
    BY_THE_APP,
    FORWARDED,
    REACTIONS,
    STICKER,
    UNREADABLE_ROWS,
    VOICE_MESSAGE,
    WITHOUT_TEXT,
    Corpus,
)
from soundalike.sources._telegram_messages import POSTS
from tests.sources.examples.telegram import (
    MIA,
    NOON,
    OWNER,
    ROLF,
    ROWS,
    account,
    as_json,
    chat,
    message,
    service,
)
from tests.sources.packages import texts
from tests.sources.reading import read_alone


def read(tmp_path: Path, export: object) -> Corpus:
    """The corpus of an export."""
    path = tmp_path / "result.json"
    path.write_bytes(export if isinstance(export, bytes) else as_json(export))
    return read_alone(path)


def owners(corpus: Corpus) -> list[str]:
    """The keys of the owner."""
    return corpus.authors.filter("me")["author"].to_list()


def test_one_chat(tmp_path: Path) -> None:
    """Keys, times, names, and the owner, who is not the one with the chat's number."""
    corpus = read(tmp_path, chat([*ROWS, message(5, "re", reply_to_message_id=2)]))
    assert corpus.messages.select("id", "channel", "author", "me", "text", "reply_to").rows() == [
        (f"telegram:{MIA}/2", f"telegram:{MIA}", f"telegram:user{MIA}", False, "morning", None),
        (f"telegram:{MIA}/3", f"telegram:{MIA}", f"telegram:user{OWNER}", True, "hi", None),
        (f"telegram:{MIA}/5", f"telegram:{MIA}", f"telegram:user{OWNER}", True, "re", f"telegram:{MIA}/2"),
    ]
    assert corpus.messages["sent_at"][0] == datetime.fromtimestamp(NOON + 2, UTC)
    assert corpus.channels.rows() == [(f"telegram:{MIA}", "Mia", "dm")]
    assert corpus.skipped == {BY_THE_APP: 1, WITHOUT_TEXT: 1}
    assert corpus.notes == []


def test_an_account(tmp_path: Path) -> None:
    """All chats, those that were left too; the owner is the account; nothing else of it is kept."""
    export = account(chat([message(1, "a")]), chat([message(1, "b", ROLF)], "private_supergroup", 9, "Soup"))
    export["left_chats"] = {"list": [chat([message(1, "c", MIA)], "public_supergroup", 8, "Old")]}
    export["contacts"] = {"list": [{"phone_number": "+49 170 1234567"}]}
    corpus = read(tmp_path, export)
    assert sorted(texts(corpus)) == ["a", "b", "c"]
    assert owners(corpus) == [f"telegram:user{OWNER}"]
    assert sorted(corpus.channels.rows()) == [
        (f"telegram:{MIA}", "Mia", "dm"),
        ("telegram:8", "Old", "group"),
        ("telegram:9", "Soup", "group"),
    ]
    assert "1234567" not in str(corpus)


def test_what_is_nobodys_talk(tmp_path: Path) -> None:
    """Forwards, bots, posts and rows without a date are counted."""
    rows: list[Any] = [
        message(1, "mine"),
        message(2, "hidden origin", forwarded_from=None),
        message(3, "forwarded", forwarded_from="Rolf"),
        message(12, "kept for later", saved_from="Mia"),
        message(4, "a game", via_bot="@gamebot"),
        {"id": 5, "type": "unsupported"},
        message(6, "", sticker_emoji="🐸", media_type="sticker"),
        message(7, "", poll={"question": "soup?"}),
        message(9, "", media_type="voice_message", file="(File not included)"),
        message(10, "", media_type="sticker", sticker_emoji=""),
        message(11, "", media_type=["x"]),
        message(13, "", todo_list={"title": "soup", "answers": []}),
        message(14, "", MIA, contact_information={"first_name": "Kim", "phone_number": "+49 170 1234567"}),
        message(15, "", location_information={"latitude": 1.5, "longitude": 2.5}, place_name="pond"),
        message(16, "", MIA, media_type="video_message", file="(File not included)"),
        message(8, "loved", reactions=[{"type": "emoji", "count": 3, "emoji": "x"}, {"type": "paid", "count": 1}]),
    ]
    post = chat([message(1, "post")], "public_channel", 5, "News")
    bot = chat([message(1, "/start"), message(2, "beep", ROLF)], "bot_chat", ROLF, "Beep")
    corpus = read(tmp_path, account(chat(rows), post, chat([message(1, "1234")], "verification_codes", 3), bot))
    assert texts(corpus) == ["mine", "/start", "🐸", "loved", VOICE_MESSAGE, STICKER]
    assert corpus.skipped == {FORWARDED: 3, BOTS: 3, WITHOUT_TEXT: 7, POSTS: 1, REACTIONS: 4}
    assert "1234567" not in str(corpus)
    assert "telegram:5" not in corpus.channels["channel"].to_list()


@pytest.mark.parametrize(
    ("type_", "kind", "title"),
    [
        ("personal_chat", "dm", None),
        ("saved_messages", "dm", "Saved Messages"),
        ("replies", "group", None),
        ("private_group", "group", None),
        ("public_supergroup", "group", None),
        ("something_new", "unknown", None),
    ],
)
def test_kinds_of_chats(tmp_path: Path, type_: str, kind: str, title: str | None) -> None:
    """Some chats have no name, as those with a deleted account; a sender without a name is someone."""
    whole = chat([message(1, "x"), message(2, "y", MIA, **{"from": None}), message(3, "z", ROLF)], type_, name=None)
    del whole["name"]
    corpus = read(tmp_path, whole)
    assert corpus.channels.rows() == [(f"telegram:{MIA}", title, kind)]
    assert sorted(corpus.authors["name"]) == ["Bo K", "Rolf", "someone"]


def test_an_edited_message(tmp_path: Path) -> None:
    """Is sent when it was first sent, and has its last text."""
    corpus = read(tmp_path, chat([message(1, "last", edited="2023-11-14T22:20:00", edited_unixtime=str(NOON + 400))]))
    assert corpus.messages.select("text", "sent_at").rows() == [("last", datetime.fromtimestamp(NOON + 1, UTC))]


def test_text_entities(tmp_path: Path) -> None:
    """Visible words of links and mentions stay; quotes and code go."""
    parts: list[Any] = [
        "see ",
        {"type": "text_link", "text": "this", "href": "https://example.invalid"},
        {"type": "blockquote", "text": "old words", "collapsed": True},
        {"type": "mention", "text": " @mia "},
        {"type": "pre", "text": "x = 1", "language": "py"},
        {"type": "custom_emoji", "text": "🐸", "document_id": "1"},
    ]
    corpus = read(
        tmp_path, chat([message(1, parts), message(2, "plain") | {"text_entities": []}, message(3, [7, None])])
    )
    assert texts(corpus) == ["see this @mia 🐸", "plain"]
    assert corpus.skipped == {WITHOUT_TEXT: 1}


def test_topics_and_other_chats(tmp_path: Path) -> None:
    """A topic's first row is nothing to reply to; a reply may lead into another chat."""
    rows = [
        service(1, "topic_created"),
        message(2, "in topic", reply_to_message_id=1),
        message(3, "re", reply_to_message_id=2),
        message(4, "far", reply_to_message_id=7, reply_to_peer_id="channel55"),
    ]
    corpus = read(tmp_path, account(chat(rows, "private_supergroup", 9, "Soup")))
    assert corpus.messages["reply_to"].to_list() == [None, "telegram:9/2", "telegram:55/7"]


def test_old_exports(tmp_path: Path) -> None:
    """Bare numbers as authors, local times without a zone, deleted accounts."""
    rows = [
        {"id": 1, "type": "message", "date": "2019-05-03T12:00:00", "from": "Mia", "from_id": MIA, "text": "a"},
        {"id": 2, "type": "message", "date": "2019-05-03T12:00:00", "from": None, "from_id": OWNER, "text": "b"},
        {"id": 3, "type": "message", "date": "0000-00-00T00:00:00", "from": "Mia", "from_id": MIA, "text": "c"},
    ]
    corpus = read(tmp_path, chat(rows))
    assert texts(corpus) == ["a", "b"]
    assert corpus.messages["sent_at"][0] == datetime(2019, 5, 3, 12).astimezone(UTC)
    assert sorted(corpus.authors["name"]) == ["Mia", "someone"]
    assert owners(corpus) == [f"telegram:user{OWNER}"]
    assert corpus.skipped == {"messages without a time": 1}
    assert len(corpus.notes) == 1 and "time zone of this machine" in corpus.notes[0]


@pytest.mark.parametrize(
    ("rows", "type_", "expected"),
    [
        ([message(1, "x"), message(2, "y", ROLF)], "personal_chat", []),  # neither has the chat's number
        ([message(1, "x", MIA)], "personal_chat", []),
        ([message(1, "x")], "personal_chat", [f"telegram:user{OWNER}"]),
        ([message(1, "x"), message(2, "y", MIA)], "private_group", []),
        ([message(1, "note")], "saved_messages", [f"telegram:user{OWNER}"]),
    ],
)
def test_the_owner(tmp_path: Path, rows: list[Any], type_: str, expected: list[str]) -> None:
    """The owner is named only where the chat shows it."""
    assert owners(read(tmp_path, chat(rows, type_))) == expected


def test_the_owner_of_an_account_without_a_number(tmp_path: Path) -> None:
    """Where the account's own data was not ticked, chats of two show the owner."""
    export = account(
        chat([message(1, "x"), message(2, "y", MIA)]), chat([message(1, "z", ROLF)], "private_group", 9), user=None
    )
    assert owners(read(tmp_path, export)) == [f"telegram:user{OWNER}"]


def test_escapes_that_are_no_json(tmp_path: Path) -> None:
    """Telegram Desktop writes control characters as two hexadecimal digits."""
    raw = as_json(chat([message(1, "aQb"), message(2, "c")])).replace(b"aQb", rb"a\x1bb")
    assert texts(read(tmp_path, raw)) == ["ab", "c"]


def test_damage_costs_its_place_alone(tmp_path: Path) -> None:
    """A broken message is counted, those around it are read."""
    raw = as_json(chat([message(n, f"t{n}") for n in range(1, 9)])).replace(b'"text": "t4",', b'"text": "t4,')
    corpus = read(tmp_path, raw)
    assert set(texts(corpus)) >= {"t1", "t2", "t3", "t6", "t7", "t8"}
    assert corpus.skipped.get(UNREADABLE_ROWS, 0) >= 1


def test_numbers_that_are_none(tmp_path: Path) -> None:
    """Huge, wrong and missing values are counted, not crashed on."""
    odd: list[Any] = [
        message(1, "x", date_unixtime="9" * 30, date=None),
        message(2, "y", date_unixtime=10**30),
        message(3, "z", from_id=None, id="9"),
        message(4, "w", from_id={}, reactions=[{"count": 10**40}, 3], reply_to_message_id=[]),
        message(5, {"a": 1}),
        "no row",
        None,
    ]
    corpus = read(tmp_path, chat(odd))
    assert sorted(texts(corpus)) == ["w", "y", "z"]


def test_html_is_refused(tmp_path: Path) -> None:
    """An HTML export is named, with what to choose instead."""
    (tmp_path / "messages.html").write_text('<div class="page_wrap list_page">', encoding="utf-8")
    with pytest.raises(ExportError, match="as HTML.*Machine-readable JSON"):
        sources.read([tmp_path / "messages.html"])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
KEYS = st.sampled_from(sorted(message(1, "x", reply_to_message_id=1, reactions=[], forwarded_from=None, via_bot="")))


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.dictionaries(KEYS, JSON, max_size=8).map(lambda odd: message(1, "x") | odd), max_size=4))
def test_any_values(tmp_path_factory: pytest.TempPathFactory, rows: list[Any]) -> None:
    """Whatever the values are, each message is kept or counted."""
    corpus = read(tmp_path_factory.mktemp("t"), chat([message(0, "first"), *rows]))
    assert corpus.read["messages"] == len(rows) + 1


def test_cut_between_two_elements(tmp_path: Path) -> None:
    """Half of a file is read up to the cut, and a note says that it is damaged; a whole file has no such note."""
    whole = as_json(chat([message(number, f"word {number}", OWNER) for number in range(1, 101)]))
    cut = whole[: whole.index(b"word 51")]
    corpus = read(tmp_path, cut[: cut.rindex(b"{")])
    assert corpus.messages.height == 50 and corpus.skipped == {}
    assert corpus.notes == ["Some files were damaged or cut off and read as far as possible (1)."]
    assert read(tmp_path, whole).notes == []
