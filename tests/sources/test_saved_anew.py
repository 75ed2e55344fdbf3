"""Message files that passed through an editor, a spreadsheet or a file manager on their way."""

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import pytest

from soundalike import sources
from soundalike.messages import Corpus
from soundalike.sources._file_splitter import split_csv
from soundalike.text_encoding import MIXED, UTF_8, WINDOWS, Utf8Chunks, decode
from tests.sources.packages import (
    GENERAL,
    Files,
    as_csv,
    checked,
    message,
    package,
    read,
    texts,
    without,
    write_folder,
    write_zip,
)

FOLDER = f"Messages/c{GENERAL}"
WORDS = ["crème brûlée", "naïve “frogs” – 5 €", "CAFÉ»", "plain"]
ROWS = [message(2 * place + 2, text) for place, text in enumerate(WORDS)]
ENCODINGS = ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be", "cp1252"]


def saved(rows: list[dict[str, Any]], kind: str) -> str:
    """A message file's text; JSON with every letter as it is."""
    return as_csv(rows).decode() if kind == "csv" else json.dumps(rows, ensure_ascii=False)


def with_file(kind: str, raw: bytes) -> Files:
    """A package whose general channel has this one message file."""
    return without(package(), f"{GENERAL}/messages") | {f"{FOLDER}/messages.{kind}": raw}


def has_note(corpus: Corpus, words: str) -> bool:
    """Whether a note says this."""
    return any(words in note for note in corpus.notes)


@pytest.mark.parametrize("in_folder", [False, True], ids=["zip", "folder"])
@pytest.mark.parametrize("kind", ["json", "csv"])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_encoding_is_read(tmp_path: Path, encoding: str, kind: str, in_folder: bool) -> None:
    """A message file in any encoding that an editor offers keeps every letter, and the report names the encoding."""
    files = with_file(kind, saved(ROWS, kind).encode(encoding))
    path = write_folder(tmp_path / "p", files) if in_folder else write_zip(tmp_path / "p.zip", files)
    corpus = checked(sources.read([path]))
    assert texts(corpus) == ["psst sam", *WORDS]
    name = {"utf-16": "UTF-16-LE", "utf-32": "UTF-32-LE", "cp1252": WINDOWS}.get(encoding, encoding.upper())
    assert (
        has_note(corpus, f"Another tool saved 1 message file as {name}, and so it was read") or encoding == "utf-8-sig"
    )


@pytest.mark.parametrize("encoding", ["utf-16", "cp1252"])
def test_descriptions_too(tmp_path: Path, encoding: str) -> None:
    """Account and channel files are read in any encoding as well."""
    account = json.dumps({"id": "17", "global_name": "Zoë"}, ensure_ascii=False).encode(encoding)
    assert read(tmp_path, package() | {"Account/user.json": account}).owner == "Zoë"


def test_one_bad_byte_does_not_spoil_a_file(tmp_path: Path) -> None:
    """A file that is UTF-8 but for one byte stays UTF-8, and the byte becomes a letter, never U+FFFD."""
    raw = saved([*ROWS, message(20, "odd @ one")], "json").encode().replace(b"@", b"\xe9")
    corpus = read(tmp_path, package(general=raw))
    assert texts(corpus) == ["psst sam", *WORDS, "odd é one"]
    assert has_note(corpus, "damaged and mended")


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("encoding", ["utf-8", *ENCODINGS])
def test_large_files_are_decoded_as_they_come(encoding: str, seed: int) -> None:
    """Wherever the chunks of a large file end, their text is the whole's."""
    rng = Random(seed)
    text = "né " + "plain " * rng.randrange(40) + "".join(rng.choices([*WORDS, "\r\n"], k=60))
    raw = text.encode(encoding)

    def chunks(step: int) -> Iterator[bytes]:
        yield raw[:16]  # as much is always there to tell the encoding from
        yield from (raw[at : at + step] for at in range(16, len(raw), step))

    decoded = Utf8Chunks(partial(chunks, rng.randint(1, 50)))
    assert b"".join(decoded).decode("utf-8-sig") == text == decode(raw)[0]
    assert decoded.encoding == decode(raw)[1]
    assert (decoded.encoding == UTF_8) == encoding.startswith("utf-8")


def test_a_mixture_is_told_from_windows() -> None:
    """The larger count decides: letters that are UTF-8, or bytes that are not."""
    assert decode("é ü 🐸 ".encode() + b"\xe9")[1] == MIXED
    assert decode("É» é ü à".encode("cp1252")) == ("É» é ü à", WINDOWS)
    assert "\ufffd" not in decode(bytes(range(256)) * 2)[0]


def test_line_ends_of_old_macs(tmp_path: Path) -> None:
    """A CSV file whose lines end in CR alone is read, whole or in pieces, its quoted line breaks kept."""
    raw = as_csv([message(2, "a, b"), message(4, "two\rlines"), message(6, 'say "x"')]).replace(b"\r\n", b"\r")
    corpus = read(tmp_path, with_file("csv", raw))
    assert [text.replace("\r", "\n") for text in texts(corpus)] == ["psst sam", "a, b", "two\nlines", 'say "x"']
    pieces = list(split_csv([raw[:90], raw[90:150], raw[150:]]))
    assert len(pieces) > 1 and b"".join(pieces).replace(pieces[0].partition(b"\r")[0] + b"\r", b"") in raw


@pytest.mark.parametrize("kind", ["csv", "json"])
def test_rounded_ids_are_judged_file_by_file(tmp_path: Path, kind: str) -> None:
    """One channel that a spreadsheet rounded keeps all of its rows, and the other keeps its exact ids."""
    rows = [message(3 + minute / 6, f"line {minute}") for minute in range(400)]
    rows.insert(7, rows[6])  # sent twice within a second
    spoilt = [row | {"ID": f"{row['ID']:.5E}"} for row in rows]
    exact = [message(500 + minute, f"other {minute}") for minute in range(400)]
    files = without(package(), "messages.json") | {
        f"{FOLDER}/messages.{kind}": saved(spoilt, kind).encode(),
        f"Messages/c{int(GENERAL) + 7}/messages.{kind}": saved(exact, kind).encode(),
    }
    corpus = read(tmp_path, files)
    assert corpus.messages.height == 801 and "messages seen twice" not in corpus.skipped
    assert set(corpus.messages["id"]) >= {str(row["ID"]) for row in exact}
    assert corpus.messages["sent_at"].is_sorted() and not corpus.exact_ids
    assert has_note(corpus, "rounded by another tool in 1 message file,")


def test_rounded_ids_as_numbers(tmp_path: Path) -> None:
    """A spreadsheet's ids written out with all their zeros are rounded too, and lose neither rows nor seconds."""
    rows = [message(3 + minute / 6, f"line {minute}") for minute in range(60)]
    spoilt = [row | {"ID": int(float(f"{row['ID']:.5E}"))} for row in rows]
    corpus = read(tmp_path, package(spoilt))
    lines = corpus.messages.filter(corpus.messages["text"] != "psst sam")
    assert lines["text"].to_list() == [row["Contents"] for row in rows]
    assert [f"{when:%Y-%m-%d %H:%M:%S}" for when in lines["sent_at"]] == [row["Timestamp"] for row in rows]


def test_a_rounded_copy_joins_the_exact_file(tmp_path: Path) -> None:
    """What is in both a spreadsheet's copy and the file itself is kept once, under its own id."""
    rows = [message(3 + minute / 6, f"line {minute}") for minute in range(60)]
    spoilt = [row | {"ID": f"{row['ID']:.5E}"} for row in [*rows, message(90, "only in the copy")]]
    corpus = read(tmp_path, package(rows) | {f"{FOLDER}/messages - Copy.csv": as_csv(spoilt)})
    assert texts(corpus) == ["psst sam", *(f"line {minute}" for minute in range(60)), "only in the copy"]
    assert corpus.messages.height == 62 and set(corpus.messages["id"]) >= {str(row["ID"]) for row in rows}
    assert corpus.skipped["messages seen twice"] == 60


KEPT_BOTH = [
    f"{FOLDER}/messages (1).json",
    f"{FOLDER}/messages(2).json",
    f"{FOLDER}/messages 2.json",
    f"{FOLDER}/messages.1.json",
    f"{FOLDER}/messages – copie.json",
    f"{FOLDER}/messages copy.json",
    f"{FOLDER}/messages copy 3.json",
    f"{FOLDER}/messages - Copy.json",
    f"{FOLDER}/messages - Copy (2).json",
    f"{FOLDER}/messages - Kopie.csv",
    f"{FOLDER}/messages (copy).json",
    f"{FOLDER}/messages (Mira's conflicted copy 2024-01-01).json",
    f"{FOLDER}/messages.sync-conflict-20240101-120000-ABCDEF.json",
    f"{FOLDER}/Copy of messages.json",
    f"{FOLDER} (1)/messages.json",
    f"{FOLDER} 2/messages.json",
    f"{FOLDER} - Copy/messages (1).csv",
    f"Messages/{GENERAL} (1)/messages.csv",
]


@pytest.mark.parametrize("name", KEPT_BOTH)
def test_files_that_were_kept_beside_another(tmp_path: Path, name: str) -> None:
    """Whatever a program calls the second of two files, its rows are merged by id, and the first one's words win."""
    rows = [message(0, "other words"), *(message(minute, f"line {minute}") for minute in range(2, 82))]
    raw = saved(rows, name.rpartition(".")[2]).encode()
    corpus = read(tmp_path, {name: raw} | package())
    assert texts(corpus) == ["hello pond", "psst sam", *(row["Contents"] for row in rows[1:])]
    assert corpus.read["message files"] == corpus.read["message files with messages"] == 3
    assert corpus.skipped["messages seen twice"] == 1
    assert set(corpus.messages["channel"].unique()) == {GENERAL, *corpus.channels["channel"]}
    assert corpus.channels.height == 2


@pytest.mark.parametrize("name", ["2023 (1)/messages.json", "12 photos/messages.csv", "c5/notes.json", "c5 d/x.json"])
def test_folders_that_only_look_so(tmp_path: Path, name: str) -> None:
    """Numbered folders of other things, and other files in a channel's folder, are no messages."""
    corpus = read(tmp_path, package() | {f"Messages/{name}": saved(ROWS, "json").encode()})
    assert texts(corpus) == ["hello pond", "psst sam"]
    assert corpus.skipped["other files, never opened"] == 3


def test_every_file_is_accounted_for(tmp_path: Path) -> None:
    """A file that was opened and gave no row is counted by the reason."""
    number = int(GENERAL)
    bodies = [
        b"",
        b" \n",
        b"[]",
        b"ID,Timestamp,Contents,Attachments\r\n",
        b"hello world",
        b"\xff\xfe",
        b"[7]",
        b"\0" * 9,
    ]
    kinds = ["json", "json", "json", "csv", "json", "json", "json", "json"]
    files = {
        f"Messages/c{number + 5 + place}/messages.{kind}": body
        for place, (kind, body) in enumerate(zip(kinds, bodies, strict=True))
    }
    corpus = read(tmp_path, package() | files)
    assert corpus.read["message files"] == 10 and corpus.read["message files with messages"] == 3
    assert corpus.skipped == {
        "other files, never opened": 2,
        "messages too broken to read": 1,
        "message files that are empty": 2,
        "message files without a message in them": 3,
        "message files in which nothing could be read": 2,
    }


@pytest.mark.parametrize("kind", ["json", "csv"])
@pytest.mark.parametrize(
    "stamp",
    ["0000-00-00 00:00:00", "0000-01-01 00:00:00", "10000-01-01 00:00:00", "9999-12-31 23:59:59", "nan"],
)
def test_impossible_times(tmp_path: Path, stamp: str, kind: str) -> None:
    """A row whose id holds no time and whose Timestamp is none is counted, markup in it or not."""
    rows = [{"ID": 5, "Timestamp": stamp, "Contents": "at <t:1700000000:R>", "Attachments": ""}, message(2, "sound")]
    raw = saved(rows, kind).replace(".123000+00:00", "").encode()
    corpus = read(tmp_path, with_file(kind, raw))
    assert texts(corpus) == ["psst sam", "sound"]
    assert corpus.skipped["messages with an impossible time"] == 1


def test_not_a_number_for_a_time(tmp_path: Path) -> None:
    """NaN, which Python writes and JSON does not know, is no time and no id."""
    raw = b'[{"ID": 5, "Timestamp": NaN, "Contents": "a"}, {"ID": NaN, "Timestamp": "2024-03-01 12:00:00"}]'
    corpus = read(tmp_path, package(general=raw))
    assert texts(corpus) == ["psst sam"]
    assert corpus.skipped["messages with an impossible time"] == corpus.skipped["messages without an id"] == 1


@pytest.mark.parametrize("depth", [1, 1000, 1020, 5000])
@pytest.mark.parametrize("field", ["Contents", "Attachments", "Timestamp", "ID"])
def test_deeply_nested_fields(tmp_path: Path, field: str, depth: int) -> None:
    """A row that nests lists where a text belongs is kept without them or counted, and its neighbours are read."""
    nested = json.dumps({**message(4, "nested"), field: "@"}).replace('"@"', "[" * depth + "1" + "]" * depth)
    corpus = read(tmp_path, package(general=f"[{json.dumps(message(2, 'sound'))}, {nested}]".encode()))
    assert "sound" in texts(corpus)
    assert corpus.read["messages"] == 3
    assert ("nested" in texts(corpus)) == (depth < 1021 and field in ("Attachments", "Timestamp"))
