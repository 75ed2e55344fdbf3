"""Messages as Discord's own interface returns them: every one is kept or counted, under Discord's ids."""

import json
from pathlib import Path
from typing import Any

from soundalike import sources
from soundalike.messages import BOTS, BY_THE_APP, FORWARDED, REACTIONS, UNREADABLE_ROWS, WITHOUT_TEXT
from tests.sources.examples.discord_api import EXAMPLES, sent, user
from tests.sources.examples.discord_chat_exporter import EXAMPLES as CHANNELS
from tests.sources.examples.discord_chat_exporter import ROOM, id_of
from tests.sources.packages import OWNER, SAM, START, checked, texts, write_folder


def pages(tmp_path: Path, *pages: list[Any]) -> Path:
    """A folder with these pages."""
    return write_folder(tmp_path / "f", {f"{n}.json": json.dumps(page).encode() for n, page in enumerate(pages)})


def test_pages(tmp_path: Path) -> None:
    """Names, times, replies; the owner may be named by the account's name."""
    corpus = checked(sources.read([EXAMPLES["zip"](tmp_path)], me=["mira.k"]))
    assert texts(corpus) == ["hello pond", "hi @Sam", "so?"]
    assert corpus.messages["id"].to_list() == [id_of(minute) for minute in range(3)]
    assert corpus.messages["reply_to"].to_list() == [None, None, id_of(1)]
    assert corpus.messages["sent_at"][0] == START
    assert sorted(corpus.authors.rows()) == [(OWNER, "Mira", True), (SAM, "sam", False)]
    assert corpus.channels.rows() == [(ROOM, None, "unknown")]


def test_no_words_of_people(tmp_path: Path) -> None:
    """Bots, commands, pins, forwarded messages and pictures are counted, stickers and voice messages are told."""
    page = [
        sent(0, "words", reactions=[{"count": 2}]),
        sent(1, "beep", author=user("9", bot=True)),
        sent(2, "hook", webhook_id="5"),
        sent(3, "answer", type_=20),
        sent(4, "", type_=6),
        sent(5, "", message_reference={"type": 1, "message_id": "1"}, message_snapshots=[{"message": {}}]),
        sent(6, "", attachments=[{"id": "1"}]),
        sent(7, "<@77> and <@78>", mentions=[user("77", global_name="Kim")]),
        sent(8, "", sticker_items=[{"id": "1", "name": "wave", "format_type": 1}]),
        sent(9, "", attachments=[{"id": "1", "filename": "voice-message.ogg", "duration_secs": 2.5}], flags=8192),
        sent(10, "result", type_=46),
        sent(11, "ran a command", interaction_metadata={"id": "1"}),
        "no message",
    ]
    corpus = checked(sources.read([pages(tmp_path, page)], me=["sam"]))
    assert texts(corpus) == ["words", "@Kim and @someone", "[sticker]", "[voice message]"]
    assert corpus.skipped == {
        BOTS: 4,
        BY_THE_APP: 2,
        FORWARDED: 1,
        WITHOUT_TEXT: 1,
        UNREADABLE_ROWS: 1,
        REACTIONS: 2,
    }


def test_csv(tmp_path: Path) -> None:
    """The columns of a CSV are the paths of the same values."""
    corpus = checked(sources.read([EXAMPLES["csv"](tmp_path)], me=["Mira.K"]))
    assert texts(corpus) == ['hello, "pond"', "two\nlines"]
    assert corpus.messages["reply_to"].to_list() == [None, id_of(0)]


def test_merges_with_a_channels_export(tmp_path: Path) -> None:
    """The same message in another program's export of the channel is one."""
    given = [CHANNELS["zip"](tmp_path), pages(tmp_path, [sent(0, "hello pond"), sent(50, "new", OWNER)])]
    corpus = checked(sources.read(given))
    assert texts(corpus).count("hello pond") == 1
    assert corpus.messages.filter("me")["text"].to_list()[-1] == "new"
