"""What the owner asks to be masked is masked, and nothing else."""

import os
from io import BytesIO, TextIOWrapper
from pathlib import Path

import polars as pl
import pytest

from soundalike.errors import UsageError
from soundalike.redact import mask_list


def masked(text: str, *strings: str) -> str:
    made, _ = mask_list.mask_strings(pl.DataFrame({"text": [text]}), strings)
    return str(made["text"][0])


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("ask Mira about it, MIRA knows", "ask something about it, something knows"),
        ("admiral", "admiral"),
        ("mira oak lives at 12 fern.", "something lives at something."),
        ("a+b (c) is fine", "something is fine"),
    ],
)
def test_words_of_the_list_are_masked(text: str, after: str) -> None:
    """Whatever their case, the longest first, signs as they are, and never inside another word."""
    assert masked(text, "mira", "mira oak", "12 fern", "a+b (c)") == after


def test_it_is_counted_and_empty_messages_stay() -> None:
    """How often, and nothing where nothing was found; rows and order stay."""
    frame = pl.DataFrame({"text": ["mira mira", None, "soup"]}, schema={"text": pl.String})
    made, counts = mask_list.mask_strings(frame, ["mira"])
    assert made["text"].to_list() == ["something something", None, "soup"] and counts == {mask_list.KIND: 2}
    assert mask_list.mask_strings(frame, ["oak"])[1] == {}


def test_a_list_is_read_or_refused(tmp_path: Path) -> None:
    """A string a line; a file that is missing or empty is an error."""
    path = tmp_path / "mask.txt"
    path.write_text("mira oak\n\n 4821 \n")
    assert mask_list.read_list(path) == ["mira oak", "4821"]
    path.write_text("\n")
    for wrong in (path, tmp_path / "none.txt"):
        with pytest.raises(UsageError, match=wrong.name):
            mask_list.read_list(wrong)


def test_a_list_is_read_from_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    """As `-`, so that it is in no file and in no list of processes; errors say where it came from."""
    monkeypatch.setattr("sys.stdin", TextIOWrapper(BytesIO("mira oak\nZoë\n".encode())))
    assert mask_list.read_list(Path("-")) == ["mira oak", "Zoë"]
    with pytest.raises(UsageError, match="Standard input holds no strings"):
        mask_list.read_list(Path("-"))


@pytest.mark.parametrize(
    "data",
    [
        "\ufeffZebedee\nMill Lane".encode(),
        "Zebedee\r\nMill Lane\r\n".encode("utf-16"),
        "Zebedee\r\rMill Lane".encode("utf-16"),
        "Zebedee\nMill Lane".encode("utf-16-le"),
        "Zebedee\nMill Lane".encode("utf-16-be"),
        "Zebedee\nMill Lane".encode("utf-32"),
        "Zebedee\r\nMill Lane".encode("cp1252"),
    ],
)
def test_a_list_is_read_in_whatever_encoding_an_editor_writes(tmp_path: Path, data: bytes) -> None:
    """With or without a byte-order mark, which is no letter of the first string."""
    path = tmp_path / "mask.txt"
    path.write_bytes(data)
    assert mask_list.read_list(path) == ["Zebedee", "Mill Lane"]


def test_a_list_in_cp1252_keeps_its_accents(tmp_path: Path) -> None:
    """It is not UTF-8, and still says what it says."""
    path = tmp_path / "mask.txt"
    path.write_bytes("José\nStraße 5".encode("cp1252"))
    assert mask_list.read_list(path) == ["José", "Straße 5"]


@pytest.mark.parametrize("data", [b"\0\0\0", "Мила\nДуб".encode("utf-16-le"), b"PK\3\4\0\0mask\0"])
def test_a_list_that_is_no_text_is_refused(tmp_path: Path, data: bytes) -> None:
    """Read as it stands, it would mask nothing without a word."""
    path = tmp_path / "mask.txt"
    path.write_bytes(data)
    with pytest.raises(UsageError, match=r"mask\.txt is not plain text"):
        mask_list.read_list(path)


def test_only_a_regular_file_of_some_size_is_a_list(tmp_path: Path) -> None:
    """A pipe would be waited for, a device never ends: one sentence each."""
    pipe, large = tmp_path / "pipe", tmp_path / "large"
    os.mkfifo(pipe)
    with large.open("wb") as file:
        file.truncate(2**30)
    for wrong in (pipe, large, tmp_path, Path("/dev/zero"), tmp_path / ("n" * 300)):
        with pytest.raises(UsageError):
            mask_list.read_list(wrong)


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("on Mill\u00a0Lane, mill  lane", "on something, something"),
        ("ｚｅｂｅｄｅｅ and Ze\u200bbe\u00addee", "something and something"),
        ("Zoe\u0308 and zo\u00eb", "something and something"),
        ("我住在幸福路五号", "我住在something五号"),
        ("mill lanes", "mill lanes"),
    ],
)
def test_strings_are_found_however_they_are_written(text: str, after: str) -> None:
    """Case, width, blanks, accents as one character or two; scripts without blanks have no words of their own."""
    assert masked(text, "Mill Lane", "Zebedee", "Zo\u00eb", "幸福路", "\u200b") == after
