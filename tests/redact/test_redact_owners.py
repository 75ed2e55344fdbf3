"""What the owner asks to be masked is masked, and nothing else."""

from pathlib import Path

import polars as pl
import pytest

from soundalike.errors import UsageError
from soundalike.redact import owners


def masked(text: str, *strings: str) -> str:
    made, _ = owners.mask(pl.DataFrame({"text": [text]}), strings)
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
    made, counts = owners.mask(frame, ["mira"])
    assert made["text"].to_list() == ["something something", None, "soup"] and counts == {owners.KIND: 2}
    assert owners.mask(frame, ["oak"])[1] == {}


def test_a_list_is_read_or_refused(tmp_path: Path) -> None:
    """A string a line; a file that is not there, or holds none, is told."""
    path = tmp_path / "mask.txt"
    path.write_text("mira oak\n\n 4821 \n")
    assert owners.read_list(path) == ["mira oak", "4821"]
    path.write_text("\n")
    for wrong in (path, tmp_path / "none.txt"):
        with pytest.raises(UsageError, match=wrong.name):
            owners.read_list(wrong)
