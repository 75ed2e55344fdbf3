"""Transcripts and records of imessage-exporter."""

import json
from datetime import UTC, datetime
from pathlib import Path

from soundalike.messages import BY_THE_APP, DELETED, ONLY_REACTIONS, REACTIONS, UNREADABLE_ROWS, WITHOUT_TEXT, Corpus
from tests.sources.examples.imessage_exporter import TXT, ndjson
from tests.sources.packages import texts
from tests.sources.reading import read_alone


def read(tmp_path: Path, raw: bytes, name: str) -> Corpus:
    """The corpus of one file."""
    (tmp_path / name).write_bytes(raw)
    return read_alone(tmp_path / name)


def test_a_transcript(tmp_path: Path) -> None:
    """A reply is read once, at its own time; reactions and the app's lines are counted."""
    for written in (TXT, TXT.replace("Reactions:", "Tapbacks:")):  # newer versions
        corpus = read(tmp_path, written.encode(), "Mia.txt")
        assert texts(corpus) == ["morning\n\nall of you", "hi", "re"]
        assert corpus.skipped == {REACTIONS: 1, BY_THE_APP: 1}
    assert corpus.messages["author"].to_list() == [f"imessage_exporter:{who}" for who in ("Mia", "me", "Mia")]
    assert corpus.messages["me"].to_list() == [False, True, False]
    assert corpus.messages["sent_at"][0] == datetime(2022, 5, 17, 17, 29, 42).astimezone(UTC)
    assert corpus.channels.rows() == [("imessage_exporter:Mia", "Mia", "dm")]


def test_odd_lines_of_a_transcript(tmp_path: Path) -> None:
    """Paths of attachments, edits, unsent messages, a chat with a number for a name."""
    text = (
        "May 17, 2022  5:29:42 PM\n+49 170 1234567\n/Users/bo/Library/Messages/Attachments/a b.jpg\n\n"
        "May 17, 2022  5:29:43 PM\nMe\nfirst\n\tEdited 5 seconds later: last\n\n"
        "May 17, 2022  5:29:44 PM\nMe\nYou unsent this message 3 seconds after sending!\n\n"
        "Feb 31, 2022  5:29:44 PM\nMe\nnever\n"
    )
    corpus = read(tmp_path, text.encode(), "+49 170 1234567.txt")
    assert texts(corpus) == ["last"]
    assert corpus.skipped == {WITHOUT_TEXT: 1, DELETED: 1, "messages without a time": 1}
    assert "1234567" not in str(corpus) and corpus.channels["title"].to_list() == [None]


def test_records(tmp_path: Path) -> None:
    """One message a line; reactions, which are not marked, and a broken line are counted."""
    reaction = ndjson().splitlines()[0].replace(b'"morning"', json.dumps("Loved “hi”").encode())
    corpus = read(tmp_path, ndjson() + reaction + b'\n{"rowid": 9, "gu\n', "m.ndjson")
    assert texts(corpus) == ["morning", "hi", "numbers"]
    assert corpus.messages["sent_at"][0] == datetime(2022, 5, 17, 15, 29, 40, tzinfo=UTC)
    assert corpus.messages["me"].to_list() == [False, True, False]
    assert sorted(corpus.authors["name"]) == ["Mia", "me", "someone"]
    assert corpus.skipped == {WITHOUT_TEXT: 1, UNREADABLE_ROWS: 1, ONLY_REACTIONS: 1}
    assert "1234567" not in str(corpus)


def test_effects_are_no_text(tmp_path: Path) -> None:
    """What effect a message was sent with stands below it, and is left out."""
    raw = TXT.replace("\nhi\n", "\nhi\nSent with Invisible Ink\n").replace("\nre\n", "\nSent with love\n")
    corpus = read(tmp_path, raw.encode(), "Mia.txt")
    assert texts(corpus) == ["morning\n\nall of you", "hi", "Sent with love"]


def test_a_pasted_transcript_is_text(tmp_path: Path) -> None:
    """The line of an older time inside a message begins no message."""
    times = [f"May 17, 202{year}  5:{minute}:42 PM" for year, minute in ((3, 29), (2, 10), (3, 30))]
    raw = f"{times[0]}\nMia\nlook\n\n{times[1]}\nBo\nold\n\n{times[2]}\nMe\nha\n\n"
    assert texts(read(tmp_path, raw.encode(), "Mia.txt")) == [f"look\n\n{times[1]}\nBo\nold", "ha"]
