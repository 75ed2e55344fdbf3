"""Exports of Messenger and Instagram: encodings, parts, both layouts, the owner, and filler in place of words."""

import json
from datetime import UTC, datetime
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
    ONLY_REACTIONS,
    REACTIONS,
    STICKER,
    UNREADABLE_ROWS,
    VOICE_MESSAGE,
    WITHOUT_TEXT,
    Corpus,
)
from soundalike.sources._meta_filler import is_by_the_app, is_placeholder, is_reaction
from tests.sources.examples.meta import FILES, INSTAGRAM, NOON, flat, flat_message, mangled, message, thread
from tests.sources.packages import Files, texts, write_folder, write_zip
from tests.sources.reading import read_alone


def read(tmp_path: Path, files: Files) -> Corpus:
    """The corpus of a ZIP of these files."""
    return read_alone(write_zip(tmp_path / "meta.zip", files))


def owners(corpus: Corpus) -> list[str]:
    """The keys of the owner."""
    return corpus.authors.filter("me")["author"].to_list()


def test_an_export(tmp_path: Path) -> None:
    """Strings are repaired; keys, times, titles; the account's file tells the owner and nothing else."""
    corpus = read(tmp_path, FILES)
    assert corpus.messages.select("channel", "author", "me", "text").rows() == [
        ("meta:17841", "meta:Mia", False, "morning"),
        ("meta:17841", "meta:Zoë K", True, "née 🐸"),
    ]
    assert corpus.messages["sent_at"][0] == datetime.fromtimestamp(NOON / 1000, UTC).replace(microsecond=1000)
    assert corpus.channels.rows() == [("meta:17841", "Mia", "dm")]
    assert corpus.skipped == {WITHOUT_TEXT: 1, "photos and other files of the account, never opened": 1}
    assert "example.invalid" not in str(corpus)


def test_many_parts_and_sections(tmp_path: Path) -> None:
    """Parts of a thread in all sections are one channel; the owner is who is in every thread."""
    root = "messages"
    files = {f"{root}/inbox/mia_10158/message_{n}.json": thread([message(n, f"t{n}", "Mia")]) for n in range(1, 12)}
    files[f"{root}/e2ee_cutover/mia_10158/message_1.json"] = thread([message(50, "later")])
    files[f"{root}/message_requests/soup_77777/message_1.json"] = thread(
        [message(60, "s", "Al")], "Al", "Rolf", "Zoë K"
    )
    corpus = read(tmp_path, files)
    assert texts(corpus) == [*(f"t{n}" for n in range(1, 12)), "later", "s"]
    assert set(corpus.channels.select("channel", "kind").rows()) == {("meta:10158", "dm"), ("meta:77777", "group")}
    assert owners(corpus) == ["meta:Zoë K"]


def test_facebook(tmp_path: Path) -> None:
    """Its folders of several years, strings of both encodings in one file, and the name in its profile."""
    rows = [message(1, "") | {"content": "née 🐸", "sender_name": "Mia"}, message(2, "née")]
    profile = {"profile_v2": {"name": {"full_name": mangled("Zoë K")}, "emails": {"emails": ["z@example.invalid"]}}}
    part = "your_activity_across_facebook/messages/filtered_threads/al_17842/message"
    corpus = read(
        tmp_path,
        {
            "your_facebook_activity/messages/archived_threads/mia_17841/message_1.json": thread(rows),
            f"{part}_2.json": thread([message(9, "later")], "Al", "Zoë K", title="Al"),
            f"{part}_10.json": thread([message(3, "sooner", "Al")], "Al", "Zoë K", title="Al"),
            "profile_information/profile_information.json": json.dumps(profile).encode(),
        },
    )
    assert texts(corpus) == ["née 🐸", "née", "sooner", "later"]
    assert corpus.messages["me"].to_list() == [False, True, False, True] and corpus.owner == "Zoë K"
    assert sorted(corpus.channels.rows()) == [("meta:17841", "Mia", "dm"), ("meta:17842", "Al", "dm")]


def test_encrypted_chats(tmp_path: Path) -> None:
    """The flat layout, whose strings are correct."""
    rows = [
        flat_message(1, "née", "Mia"),
        flat_message(2, "gone", isUnsent=True),
        flat_message(3, "", type="media"),
        flat_message(5, "This message is no longer available.", type="placeholder"),
        flat_message(4, "ok", reactions=[{"reaction": "x", "actor": "Mia"}]),
    ]
    corpus = read(
        tmp_path,
        {"Mia_3.json": flat(rows), "Rolf_4.json": flat([flat_message(9, "yo")], "Rolf", "Zoë K", name="Rolf_4")},
    )
    assert texts(corpus) == ["née", "ok", "yo"]
    assert sorted(corpus.channels.rows()) == [("meta:Mia_3", "Mia", "dm"), ("meta:Rolf_4", "Rolf", "dm")]
    assert owners(corpus) == ["meta:Zoë K"]
    assert corpus.skipped == {DELETED: 1, WITHOUT_TEXT: 2, REACTIONS: 1}


def test_one_file_alone(tmp_path: Path) -> None:
    """A thread without its folder has its title, and nothing tells the owner."""
    (tmp_path / "message_1.json").write_bytes(thread([message(1, "x", "Mia"), message(2, "y")]))
    corpus = read_alone(tmp_path / "message_1.json")
    assert corpus.channels["title"].to_list() == ["Mia"] and owners(corpus) == []


def test_one_file_alone_is_the_same_thread(tmp_path: Path) -> None:
    """Given without its folder, a file names its thread at its end, so it merges with the whole export."""
    raw = thread([message(1, "x", "Mia"), message(2, "y")]).replace(b"inbox/x", b"inbox/m\\u00c3\\u00ada_17841")
    (tmp_path / "message_1.json").write_bytes(raw)
    alone = read_alone(tmp_path / "message_1.json")
    whole = read(tmp_path, {f"{INSTAGRAM}/mia_17841/message_1.json": raw})
    assert alone.messages["id"].to_list() == whole.messages["id"].to_list()
    assert alone.channels["channel"].to_list() == ["meta:17841"]


def test_rows_that_are_nobodys_words(tmp_path: Path) -> None:
    """Filler, calls, unsent messages and reactions are counted."""
    rows = [
        message(1, "words", reactions=[{"reaction": "x", "actor": "Mia"}] * 2),
        message(2, "Reacted 🐸 to your message "),
        message(3, "Zoë sent an attachment."),
        message(4, "You missed a call from Mia."),
        message(5, "x", call_duration=5),
        message(6, "x", is_unsent=True),
        message(7, "x", type="Subscribe"),
        message(8, None, share={"link": "https://example.invalid"}),
        message(9, "look", share={"link": "https://example.invalid"}),
        message(10, "Zoë sent a voice message.", audio_files=[{"uri": "a.mp4"}]),
        message(11, None, sticker={"uri": "s.png"}),
        "no row",
    ]
    corpus = read(tmp_path, {f"{INSTAGRAM}/mia_17841/message_1.json": thread(rows)})
    assert texts(corpus) == ["words", "look", VOICE_MESSAGE, STICKER]
    assert corpus.skipped == {
        REACTIONS: 2,
        ONLY_REACTIONS: 1,
        WITHOUT_TEXT: 2,
        BY_THE_APP: 3,
        DELETED: 1,
        UNREADABLE_ROWS: 1,
    }


def test_attachments_in_any_language(tmp_path: Path) -> None:
    """A sentence about its author beside an attachment is the app's, whatever its language."""
    share = {"link": "https://example.invalid"}
    rows = [
        message(1, "Zoë küldött egy mellékletet.", share=share),
        message(2, "Zoë küldött egy mellékletet."),
        message(3, "Enviaste un archivo adjunto.", share=share),
    ]
    corpus = read(tmp_path, {f"{INSTAGRAM}/mia_17841/message_1.json": thread(rows)})
    assert texts(corpus) == ["Zoë küldött egy mellékletet."] and corpus.skipped == {WITHOUT_TEXT: 2}


def test_filler() -> None:
    """Sentences of the app are told from sentences like them."""
    own = ["Hai inviato un allegato.", "Você enviou um anexo.", "Вы отправили вложение.", "Je hebt een foto verzonden."]
    assert all(is_placeholder(text, "Bo") for text in own)
    assert not is_placeholder("Hai inviato un allegato con la zuppa.", "Bo")
    assert all(map(is_reaction, ["Liked a message", "Hat mit ❤️ auf deine Nachricht reagiert", "Curtiu uma mensagem"]))
    assert is_placeholder("Mia hat einen Anhang gesendet.", "Mia K") and is_placeholder("You sent a photo.", "Zoë")
    assert is_by_the_app("Mia named the group Soup.", "Mia K") and is_by_the_app("Mia started a video chat.", "Mia")
    told = ["Mia missed your video chat.", "You missed a call from Mia.", "Mia changed the group name to Soup."]
    told += ["You turned on disappearing messages. New messages will disappear.", "Mia mentioned you in their story."]
    assert all(is_by_the_app(text, "Mia K") for text in told)
    assert not is_placeholder("my cat sent a photo", "Mia") and not is_by_the_app("who left the group", "Mia")
    assert not is_reaction("Liked a message from you once")


def test_damage_costs_its_place_alone(tmp_path: Path) -> None:
    """A broken message is counted."""
    raw = thread([message(n, f"t{n}") for n in range(1, 6)]).replace(b'"content": "t3"', b'"content": "t3')
    corpus = read(tmp_path, {f"{INSTAGRAM}/mia_17841/message_1.json": raw})
    assert {"t1", "t5"} <= set(texts(corpus)) and corpus.skipped[UNREADABLE_ROWS] >= 1


def test_html_is_refused(tmp_path: Path) -> None:
    """An HTML export is named, with what to choose instead."""
    folder = write_folder(tmp_path / "x", {f"{INSTAGRAM}/mia_17841/message_1.html": b"<html>"})
    with pytest.raises(ExportError, match="Instagram or Messenger export as HTML.*JSON"):
        sources.read([folder])


VALUES = st.recursive(st.none() | st.integers() | st.text(max_size=4), lambda v: st.lists(v, max_size=2), max_leaves=3)
KEYS = st.sampled_from(["sender_name", "timestamp_ms", "content", "reactions", "type", "is_unsent", "share"])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.dictionaries(KEYS, VALUES, max_size=4), max_size=4), VALUES)
def test_any_values(tmp_path_factory: pytest.TempPathFactory, odd: list[dict[str, Any]], people: object) -> None:
    """Whatever the values are, nothing but an exact account comes of them."""
    rows = [message(0, "first"), *(message(1, "x") | one for one in odd)]
    corpus = read(tmp_path_factory.mktemp("m"), {"messages/inbox/mia_17841/message_1.json": thread(rows)})
    assert corpus.read["messages"] == len(rows)
