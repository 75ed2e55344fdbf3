"""Strings that the owner wants to be masked, from a file with one per line: names, streets, codes.

They are masked wherever they occur as separate words, ignoring case, blanks and whatever else a `MappedView` ignores.
"""

import re
import sys
from collections.abc import Collection
from pathlib import Path

import polars as pl

from soundalike.errors import UsageError
from soundalike.redact.text_view import make_view
from soundalike.text_encoding import decode

KIND, WORD = "strings on your list", "something"
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\U00020000-\U0003ffff]")
_LARGEST = 8 * 2**20  # bytes
STANDARD_INPUT = Path("-")
_DO = "Name a text file with a string a line."


def read_list(path: Path) -> list[str]:
    """The strings in a text file in UTF-8, UTF-16, UTF-32 or cp1252, or on STANDARD_INPUT; empty lines are ignored.

    `UsageError` if it is no regular file, cannot be read, is too large for a list, is not text, or is empty.
    """
    name = "Standard input" if path == STANDARD_INPUT else str(path)
    data = sys.stdin.buffer.read(_LARGEST + 1) if path == STANDARD_INPUT else _read(path)
    if len(data) > _LARGEST:
        raise UsageError(f"{name} is too large for a list of strings.", _DO)
    text, _ = decode(data)
    if "\0" in text:  # in an encoding that was not recognised; nothing on the list would be found
        raise UsageError(f"{name} is not plain text.", "Save it as UTF-8, with a string a line.")
    found = [line.strip() for line in text.splitlines() if line.strip()]
    if not found:
        raise UsageError(f"{name} holds no strings.", "Write what is to be masked into it, one a line.")
    return found


def _read(path: Path) -> bytes:
    """The bytes of a regular file, at most one more than `_LARGEST`."""
    try:
        if path.exists() and not path.is_file():
            raise UsageError(f"{path} is not a file.", _DO)
        with path.open("rb") as file:
            return file.read(_LARGEST + 1)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}.", _DO) from error


def mask_strings(messages: pl.DataFrame, strings: Collection[str]) -> tuple[pl.DataFrame, dict[str, int]]:
    """The message frame with `strings` masked in `text`, and how often."""
    longest_first = sorted((make_view(string).text for string in strings), key=len, reverse=True)
    wanted = re.compile("|".join(map(_pattern, filter(str.strip, longest_first))) or r"(?!)", re.IGNORECASE)
    count = 0

    def masked(text: str) -> str:
        nonlocal count
        view = make_view(text)
        found = [(*match.span(), WORD) for match in wanted.finditer(view.text)]
        view.edit(found)
        count += len(found)
        return view.result

    texts = messages["text"].to_list()
    made = pl.Series("text", [text if text is None else masked(text) for text in texts], dtype=pl.String)
    return messages.with_columns(made), {KIND: count} if count else {}


def _pattern(string: str) -> str:
    """A pattern for the string as separate words; in scripts without blanks between words, anywhere."""
    words = r"\s+".join(map(re.escape, string.split()))
    return rf"{_edge(string.strip()[0], '<!')}{words}{_edge(string.strip()[-1], '!')}"


def _edge(character: str, look: str) -> str:
    return "" if _UNSPACED.match(character) else rf"(?{look}\w)"
