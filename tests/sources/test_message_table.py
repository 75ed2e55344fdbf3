"""The own format: what it means, and that a bad row is told by its line."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from soundalike.messages import IMPOSSIBLE_TIME, NO_TIME, UNREADABLE_ROWS, WITHOUT_TEXT, Corpus
from soundalike.sources._message_records import NO_AUTHOR
from tests.sources.examples.message_table import CSV, RECORDS, as_lines
from tests.sources.packages import texts
from tests.sources.reading import read_alone

NOON = datetime(2024, 3, 1, 12, tzinfo=UTC)


def read(tmp_path: Path, raw: bytes, name: str = "chat.jsonl") -> Corpus:
    """The corpus of one file."""
    (tmp_path / name).write_bytes(raw)
    return read_alone(tmp_path / name)


def test_json_lines(tmp_path: Path) -> None:
    """Ids, replies, times as ISO 8601, seconds and milliseconds, the owner."""
    corpus = read(tmp_path, as_lines(*RECORDS))
    key = "message_table:pond"
    assert corpus.messages.select("id", "channel", "author", "me", "text", "reply_to").rows() == [
        (f"{key}/1", key, "message_table:Mia", False, "morning", None),
        (f"{key}/2", key, "message_table:Bo", True, "hi", f"{key}/1"),
        (f"{key}/3", key, "message_table:Rolf", False, "two\nlines", None),
    ]
    seconds = [(sent - NOON).total_seconds() for sent in corpus.messages["sent_at"]]
    assert seconds == [0, 1, 2]
    assert corpus.channels.rows() == [(key, "pond", "group")] and corpus.notes == []


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_csv(tmp_path: Path, delimiter: str, encoding: str) -> None:
    """Any usual delimiter and encoding; quoted line breaks and quotes."""
    text = CSV.replace(",", delimiter).replace(f"hi{delimiter}", "hi,")
    corpus = read(tmp_path, text.encode(encoding), "chat.csv")
    assert sorted(texts(corpus)) == ['hi, "you"', "morning", "two\nlines"]
    assert corpus.channels.rows() == [("message_table:pond", "pond", "dm")]


def test_all_columns_of_a_csv(tmp_path: Path) -> None:
    """In any order and case, with columns that mean nothing here, in a file called tsv too."""
    text = "Author\tMood\tText\tSent_At\tReply_To\tID\tME\nMia\tok\ta, b; c\t1709294400.5\t\t7\tno\n"
    corpus = read(tmp_path, f"{text}Bo\t\td\t2024-03-01T13:00:01+01:00\t7\t8\tYES\n".encode(), "pond.tsv")
    key = "message_table:pond"
    assert corpus.messages.select("id", "author", "me", "text", "reply_to").rows() == [
        (f"{key}/7", "message_table:Mia", False, "a, b; c", None),
        (f"{key}/8", "message_table:Bo", True, "d", f"{key}/7"),
    ]
    assert [(sent - NOON).total_seconds() for sent in corpus.messages["sent_at"]] == [0.5, 1]


def test_author_and_text_are_enough(tmp_path: Path) -> None:
    """Rows without a time keep their order; the channel is the file's name."""
    corpus = read(tmp_path, as_lines(*({"author": "Mia", "text": word} for word in "dacb")), "diary.jsonl")
    assert texts(corpus) == list("dacb")
    assert corpus.channels["title"].to_list() == ["diary"]
    assert corpus.notes == [
        "Messages without sent_at (4) were taken to follow the one before by a second, so they count as one "
        "conversation."
    ]


def test_bad_rows_are_told_by_their_line(tmp_path: Path) -> None:
    """Every bad row is counted, and the first of each reason is named."""
    good = {"author": "Mia", "text": "x", "sent_at": "2024-03-01"}
    raw = as_lines(good) + b"\n" + as_lines(good | {"author": ""}, good | {"text": " "}, good | {"sent_at": "soon"})
    raw += as_lines(
        good | {"sent_at": 10**30}, good | {"sent_at": 5}, good | {"me": "perhaps"}, [1], good | {"author": None}
    )
    corpus = read(tmp_path, raw + b"{broken\n")
    assert texts(corpus) == ["x"]
    assert corpus.skipped == {NO_AUTHOR: 2, WITHOUT_TEXT: 1, NO_TIME: 2, IMPOSSIBLE_TIME: 1, UNREADABLE_ROWS: 3}
    assert f"The first of the {NO_AUTHOR} is line 3 of chat.jsonl." in corpus.notes
    assert f"The first of the {UNREADABLE_ROWS} is line 8 of chat.jsonl." in corpus.notes
    assert any("time zone of this machine" in note for note in corpus.notes)


def test_bad_rows_of_a_csv(tmp_path: Path) -> None:
    """A row with too few or too many columns is counted with its line."""
    corpus = read(tmp_path, b'author,text\nMia,"a\nb"\n\nMia\nBo,c,d\nBo,ok\n', "x.csv")
    assert texts(corpus) == ["a\nb", "ok"]
    assert corpus.skipped == {UNREADABLE_ROWS: 2}
    assert f"The first of the {UNREADABLE_ROWS} is line 5 of x.csv." in corpus.notes


def test_numbers_for_names(tmp_path: Path) -> None:
    """A number as an author is no name."""
    corpus = read(tmp_path, as_lines({"author": "+49 170 1234567", "text": "x"}))
    assert corpus.authors["name"].to_list() == ["someone"] and "1234567" not in str(corpus.messages.rows())


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4), lambda v: st.lists(v), max_leaves=3
)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.dictionaries(st.sampled_from([*RECORDS[1]]), VALUES, max_size=5), max_size=4))
def test_any_values(tmp_path_factory: pytest.TempPathFactory, odd: list[dict[str, Any]]) -> None:
    """Whatever the values are, each record is kept or counted."""
    rows = [RECORDS[0], *(RECORDS[1] | {"id": str(n)} | one for n, one in enumerate(odd))]
    assert read(tmp_path_factory.mktemp("t"), as_lines(*rows)).read["messages"] == len(rows)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(alphabet='a,"\n\r\0é;', max_size=40))
def test_any_csv(tmp_path_factory: pytest.TempPathFactory, rest: str) -> None:
    """Whatever follows a header, nothing but an exact account comes of it."""
    corpus = read(tmp_path_factory.mktemp("c"), f"author,text\nMia,x\n{rest}".encode(), "c.csv")
    assert corpus.messages.height >= 1 or corpus.read["messages"] >= 1
