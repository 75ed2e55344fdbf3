"""What goes wrong inside message files, each quirk in a package of its own."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from soundalike import sources
from tests.sources.packages import (
    GENERAL,
    START,
    WITH_SAM,
    as_csv,
    as_json,
    checked,
    message,
    package,
    read,
    snowflake,
    texts,
    without,
    write_zip,
)

DAMAGE = {
    "raw line break": '[{"ID": %d, "Contents": "two\nlines", "Timestamp": ""}, {"ID": %d, "Contents": "b"}]',
    "trailing commas": '[{"ID": %d, "Contents": "two\\nlines",}, {"ID": %d, "Contents": "b"},]',
    "no comma between": '[{"ID": %d, "Contents": "two\\nlines"}{"ID": %d, "Contents": "b"}]',
    "one object a line": '{"ID": %d, "Contents": "two\\nlines"}\n{"ID": %d, "Contents": "b"}\n',
    "no end": '[{"ID": %d, "Contents": "two\\nlines"}, {"ID": %d, "Contents": "b"}',
    "words around": 'here: {"ID": %d, "Contents": "two\\nlines"} and {"ID": %d, "Contents": "b"} bye',
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damaged_json_is_mended(tmp_path: Path, damage: str) -> None:
    """Nothing is lost from a file whose damage can be repaired, and the report says so."""
    ids = (message(0, "")["ID"], message(5, "")["ID"])
    raw = (DAMAGE[damage] % ids).encode("utf-8", "surrogateescape")
    corpus = read(tmp_path, package(general=raw))
    assert texts(corpus) == ["two\nlines", "psst sam", "b"]
    assert corpus.notes == ["Some message files were damaged and mended as far as possible (1)."]


def test_what_cannot_be_mended_is_counted(tmp_path: Path) -> None:
    """A row that is broken, or no row at all, is one more that was read and skipped."""
    a, b, c = (json.dumps(message(minute, text)) for minute, text in ((0, "a"), (2, "b"), (3, "c")))
    files = package(general=f'[{a}, {{"ID": 12, "Contents": "half, {b}, {{"ID": 5, "Cont'.encode())
    files[f"Messages/c{int(GENERAL) + 1}/messages.json"] = f'[null, 7, "x", {c}, [], {{}}]'.encode()
    corpus = read(tmp_path, files)
    assert texts(corpus) == ["a", "psst sam", "b", "c"]
    assert corpus.skipped["messages too broken to read"] == 6
    assert corpus.skipped["messages without an id"] == 1
    assert corpus.read["messages"] == 11


def test_damaged_csv(tmp_path: Path) -> None:
    """A quote that never closes costs one row, not the rest of the file, nor the files after it."""
    sound = as_csv([message(0, "a"), message(1, "b")])
    broken = as_csv([message(minute, text) for minute, text in ((2, "c"), (3, "QUOTE"), (4, "d"))])
    bodies = [sound, broken.replace(b"QUOTE", b'"never closed'), as_csv([message(5, "e")]), b"no csv at all"]
    corpus = read(tmp_path, {f"messages/{int(GENERAL) + place}/messages.csv": raw for place, raw in enumerate(bodies)})
    assert texts(corpus) == ["a", "b", "c", "d", "e"]
    assert corpus.skipped["messages too broken to read"] == 2


def test_other_keys(tmp_path: Path) -> None:
    """`Content` and `content` are taken for `Contents`; a row without any has no text."""
    rows: list[dict[str, Any]] = [message(minute, "") for minute in (2, 3, 4, 5)]
    for row, (key, text) in zip(rows, [("Content", "a"), ("content", "b"), ("Contents", "c"), ("x", "d")], strict=True):
        del row["Contents"]
        row[key] = text
    corpus = read(tmp_path, package(rows))
    assert texts(corpus) == ["psst sam", "a", "b", "c"]
    assert corpus.skipped["messages without text (stickers, calls and the like)"] == 1


def test_empty_and_attachment_only(tmp_path: Path) -> None:
    """Rows without words are dropped, the two kinds counted apart; with words, the words alone are kept."""
    link = "https://cdn.discordapp.com/attachments/1/2/frog.png?ex=65&is=66&hm=67"
    rows: list[dict[str, Any]] = [
        message(2, ""),
        message(3, " \n "),
        message(4, "", attachments=link),
        message(5, "look at it", attachments=f"{link} {link}"),
        message(6, "||  ||"),
        message(7, "") | {"Contents": None, "Attachments": None},
    ]
    corpus = read(tmp_path, package(rows))
    assert texts(corpus) == ["psst sam", "look at it"]
    assert corpus.skipped["messages without text (stickers, calls and the like)"] == 4
    assert corpus.skipped["messages that were only an attachment"] == 1
    assert not corpus.messages.select("text").write_csv().count("cdn.discordapp")


def test_ids_are_exact(tmp_path: Path) -> None:
    """Nineteen digits stay nineteen digits, whether they came as a number or as a string."""
    rows = [message(minute, "x", low=low) for minute, low in ((2, 1), (3, 4194303), (4, 77))]
    rows[2]["ID"] = str(rows[2]["ID"])
    corpus = read(tmp_path, package(rows))
    assert corpus.messages["id"].to_list()[1:] == [str(row["ID"]) for row in rows]
    assert corpus.exact_ids


@pytest.mark.parametrize(
    "rounding",
    [
        float,
        lambda id_: int(f"{float(id_):.16e}".replace("e+18", "").replace(".", "") + "00"),
        lambda id_: f"{id_:.5E}",
    ],
    ids=["double", "printed", "spreadsheet"],
)
def test_rounded_ids(tmp_path: Path, rounding: Any) -> None:
    """Ids that went through a float are noticed, and messages distinguished by channel, second and text instead."""
    rows = [message(minute, f"line {minute}") for minute in range(2, 22)]
    whole = package(rows)
    spoilt = [row | {"ID": rounding(row["ID"])} for row in rows]
    raw = as_json([{**row, "ID": int(row["ID"]) if isinstance(row["ID"], float) else row["ID"]} for row in spoilt])
    paths = [write_zip(tmp_path / "spoilt.zip", package(general=raw)), write_zip(tmp_path / "whole.zip", whole)]
    alone = checked(sources.read(paths[:1]))
    assert [text for text in texts(alone) if text.startswith("line")] == [row["Contents"] for row in rows]
    assert not alone.exact_ids
    assert alone.notes[0].startswith("The message ids were rounded by another tool")
    together = checked(sources.read(paths))
    assert together.messages.height == 21
    assert set(together.messages["id"]) >= {str(row["ID"]) for row in rows}
    assert together.skipped["messages seen twice"] == 21


def test_few_or_made_ids_are_not_called_rounded(tmp_path: Path) -> None:
    """Ids made from nothing but a time end in zero bits and are exact all the same."""
    rows = [message(minute, "same words", low=0) for minute in range(2, 40)]
    corpus = read(tmp_path, package(rows))
    assert corpus.exact_ids
    assert corpus.messages.height == 39


def test_time_is_the_ids(tmp_path: Path) -> None:
    """The moment is in the id, to the millisecond and in UTC; a Timestamp that disagrees is reported and not used."""
    when = START + timedelta(milliseconds=1234)
    odd = {"ID": snowflake(when), "Timestamp": "2001-01-01 00:00:00", "Contents": "odd", "Attachments": ""}
    corpus = read(tmp_path, package([odd, message(2, "even")]))
    assert corpus.messages["sent_at"].to_list() == [when, START + timedelta(minutes=1), START + timedelta(minutes=2)]
    assert corpus.notes == ["Some messages state another time than their ids do (1); the ids were believed."]


def test_ids_that_are_no_snowflakes(tmp_path: Path) -> None:
    """Ids without a possible time in them leave the word to Timestamp; with neither a row is skipped."""
    rows = [
        {"ID": 12, "Timestamp": "2019-05-06 07:08:09", "Contents": "small"},
        {"ID": "a-b", "Timestamp": "2019-05-06T07:08:10Z", "Contents": "words"},
        {
            "ID": snowflake(datetime(2090, 1, 1, tzinfo=UTC)),
            "Timestamp": "2019-05-06 07:08:11.5+00:00",
            "Contents": "far",
        },
        {"ID": 2**70, "Timestamp": "2019-05-06 07:08:12", "Contents": "huge"},
        {"ID": 13, "Timestamp": "yesterday", "Contents": "no time"},
        {"ID": 14, "Contents": "no time either"},
        {"Timestamp": "2019-05-06 07:08:12", "Contents": "no id"},
        {"ID": "", "Timestamp": "2019-05-06 07:08:12", "Contents": "no id either"},
    ]
    corpus = read(tmp_path, package(rows))
    assert texts(corpus) == ["small", "words", "far", "huge", "psst sam"]
    assert corpus.messages["sent_at"][1] == datetime(2019, 5, 6, 7, 8, 10, tzinfo=UTC)
    assert corpus.skipped["messages without a time"] == 1
    assert corpus.skipped["messages with an impossible time"] == 1
    assert corpus.skipped["messages without an id"] == 2


def test_halves_of_characters(tmp_path: Path) -> None:
    """JSON can spell half an emoji, which no text can hold: the rest of the message is kept."""
    raw = as_json([message(0, "HALF frog"), message(2, "NUL pond"), message(3, "whole \U0001f438")])
    raw = raw.replace(b"HALF", b"\\ud83d").replace(b"NUL", b"\\u0000")
    assert texts(read(tmp_path, package(general=raw))) == ["\ufffd frog", "psst sam", " pond", "whole \U0001f438"]


def test_order_and_repeats(tmp_path: Path) -> None:
    """Rows come sorted by time whatever the file's order, and once however often they are in it."""
    rows = [message(minute, f"m{minute}") for minute in (5, 2, 9, 2, 0)]
    corpus = read(tmp_path, package(rows))
    assert texts(corpus) == ["m0", "psst sam", "m2", "m5", "m9"]
    assert corpus.skipped["messages seen twice"] == 1


def test_same_millisecond(tmp_path: Path) -> None:
    """Messages of one millisecond are sorted by id, as strings, also where ids grow by a digit."""
    first = 10**18 - 3
    rows = [{"ID": first + step, "Timestamp": "", "Contents": str(step)} for step in range(6)]
    corpus = read(tmp_path, package(rows))
    assert texts(corpus)[:-1] == ["3", "4", "5", "0", "1", "2"]


def test_private_data_stays_out(tmp_path: Path) -> None:
    """Nothing of the account but id and name gets into any frame, count or note."""
    corpus = read(tmp_path, package())
    kept = repr([corpus.authors.rows(), corpus.channels.rows(), corpus.messages.rows(), corpus.read, corpus.skipped])
    for secret in ("example.invalid", "5550100", "192.0.2.7", "4111"):
        assert secret not in kept + repr(corpus.notes)


def test_no_messages_at_all(tmp_path: Path) -> None:
    """A package without a single message is an empty corpus, not an error."""
    corpus = read(tmp_path, without(package(), "messages.json"))
    assert corpus.messages.is_empty()
    assert corpus.skipped["channels without a messages file"] == 2
    assert WITH_SAM in corpus.channels["channel"]
