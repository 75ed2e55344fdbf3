"""Large files are cut so that the pieces together hold what the whole held."""

import csv
import io
import json
from collections.abc import Iterator
from random import Random

import polars as pl
import pytest

from soundalike.sources._discord_messages import to_messages
from soundalike.sources._discord_metadata import PackageMetadata
from soundalike.sources._discord_rows import RawRows, RowPiece, parse
from soundalike.sources._file_splitter import split_csv, split_json
from soundalike.sources._lenient_parser import parse_csv_rows, parse_json_rows
from tests.sources.packages import as_csv, as_json, message

NASTY = [
    '"',
    "\\",
    "\n",
    "\r\n",
    "}, {",
    '{"ID": 5}',
    '},{"ID"',
    "[",
    "]",
    ",",
    ",,",
    "é",
    "🐸",
    "\t",
    "a",
    " ",
    "<",
    "|",
    "'",
]


def rows(seed: int, count: int) -> list[dict[str, object]]:
    """Messages made of what could be mistaken for the end of one."""
    rng = Random(seed)
    return [message(place, "".join(rng.choices(NASTY, k=rng.randrange(30)))) for place in range(count)]


def chunks(raw: bytes, rng: Random) -> Iterator[bytes]:
    """The bytes in steps of any length."""
    while raw:
        step = rng.randint(1, 4000)
        yield raw[:step]
        raw = raw[step:]


def parsed(pieces: list[bytes], is_csv: bool) -> RawRows:
    """The rows of these pieces, all of one channel."""
    return parse([RowPiece(0, raw, is_csv) for raw in pieces])


def layouts(messages: list[dict[str, object]]) -> list[bytes]:
    """One file in the layouts that tools write."""
    return [
        as_json(messages),
        json.dumps(messages, indent=1).encode(),
        json.dumps(messages, separators=(",", ":"), ensure_ascii=False).encode(),
        json.dumps(messages, sort_keys=True).encode(),
    ]


@pytest.mark.parametrize("seed", range(8))
def test_json_pieces(seed: int) -> None:
    """However a JSON file is laid out and wherever chunks end, every piece is JSON and no row is lost."""
    messages = rows(seed, 200)
    for raw in layouts(messages):
        pieces = list(split_json(chunks(raw, Random(seed))))
        assert len(pieces) > 3
        assert [row for piece in pieces for row in json.loads(piece)] == messages


@pytest.mark.parametrize("seed", range(8))
def test_csv_pieces(seed: int) -> None:
    """Every piece of a CSV file has the header, and no field is cut."""
    raw = as_csv(rows(seed, 200))
    pieces = list(split_csv(chunks(raw, Random(seed))))
    whole = list(csv.reader(io.StringIO(raw.decode(), newline="")))
    cut = [list(csv.reader(io.StringIO(piece.decode(), newline=""))) for piece in pieces]
    assert len(pieces) > 3
    assert [row for piece in cut for row in piece[1:]] == whole[1:]
    assert {tuple(piece[0]) for piece in cut} == {tuple(whole[0])}


def test_one_object_a_line_in_pieces() -> None:
    """Files that are no array are cut too."""
    messages = rows(3, 200)
    raw = b"\n".join(json.dumps(row).encode() for row in messages)
    found = parsed(list(split_json(chunks(raw, Random(1)))), is_csv=False)
    assert found.frame["Contents"].to_list() == [row["Contents"] for row in messages]
    assert found.lost == 0


@pytest.mark.parametrize("raw", [b"", b"[]", b"[ ]\n", b"null", b"[", b"\xef\xbb\xbf[]"])
def test_nothing_to_cut(raw: bytes) -> None:
    """A file without a row is one piece at most."""
    assert list(split_json([raw])) == ([raw] if raw else [])


@pytest.mark.parametrize("seed", range(6))
def test_fast_and_careful_reading_agree(seed: int) -> None:
    """Many files at once give exactly the rows that each by itself gives."""
    files = [rows(100 * seed + place, Random(place).randrange(12)) for place in range(30)]
    for is_csv, pieces in ((False, [as_json(file) for file in files]), (True, [as_csv(file) for file in files])):
        found = parse([RowPiece(place, raw, is_csv) for place, raw in enumerate(pieces)])
        careful = [row for raw in pieces for row in (parse_csv_rows(raw) if is_csv else parse_json_rows(raw)).rows]
        assert (found.mended, found.lost) == (set(), 0)
        assert found.frame["Contents"].to_list() == [row["contents"] for row in careful]
        assert found.frame["number"].to_list() == [int(row["id"]) for row in careful]
        assert found.frame["file"].to_list() == [place for place, file in enumerate(files) for _ in file]


def test_one_bad_file_among_many() -> None:
    """A broken file is read carefully, its neighbours are not touched by it."""
    files = [as_json(rows(place, 5)) for place in range(9)]
    files[4] = files[4][:-1] + b",]"
    found = parse([RowPiece(place, raw, False) for place, raw in enumerate(files)])
    assert (found.frame.height, found.mended, found.lost) == (45, {4}, 0)
    assert found.frame["file"].to_list() == [place for place in range(9) for _ in range(5)]


def test_deep_nesting() -> None:
    """Brackets without end are no reason to fall over."""
    deep = b"[" * 200_000
    found = parsed([deep, b'[{"ID": 5, "Contents": "a", "x": ' + deep + b"]"], is_csv=False)
    assert found.frame.height == 0
    assert found.lost >= 1


NOISE = [
    b"{",
    b"}",
    b"[",
    b"]",
    b'"',
    b",",
    b":",
    b"\n",
    b"\r",
    b"\\",
    b"null",
    b"NaN",
    b"1e400",
    b"-1.5",
    b"\xff",
    b"\0",
]
NOISE += [b"\\ud800", b'{"ID":', b'{"~":0}', b"~", b"9" * 30, b"9" * 5000, b'""', b"{}"]


@pytest.mark.parametrize("is_csv", [True, False])
def test_any_damage_is_accounted_for(is_csv: bool) -> None:
    """Whatever happens to a file, reading it ends, and every row that was seen is kept or counted."""
    rng = Random(5)
    for seed in range(50):
        raw = bytearray(as_csv(rows(seed, 4)) if is_csv else rng.choice(layouts(rows(seed, 4))))
        for _ in range(rng.randrange(9)):
            place = rng.randrange(len(raw))
            raw[place : place + rng.choice([0, 0, 1, 9])] = rng.choice(NOISE)
        found = parsed([bytes(raw), as_csv(rows(1, 2)) if is_csv else as_json(rows(1, 2))], is_csv)
        corpus = to_messages(found, pl.Series(["5"]), PackageMetadata()).corpus
        assert corpus.unaccounted == 0
        assert found.frame.height + found.lost >= 2
        assert corpus.messages.write_ndjson()
