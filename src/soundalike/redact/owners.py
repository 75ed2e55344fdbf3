"""What the owner asks to be masked: names, streets, codes, whatever no rule can know.

A list of strings, one a line; they are masked wherever they stand as words of their own, whatever their case.
"""

import re
from collections.abc import Collection
from pathlib import Path

import polars as pl

from soundalike.errors import UsageError

KIND, WORD = "strings on your list", "something"


def read_list(path: Path) -> list[str]:
    """The strings in a file; empty lines are passed over. `UsageError` where it cannot be read or holds none."""
    try:
        found = [line.strip() for line in path.read_text("utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}.", "Name a text file with a string a line.") from error
    if not found:
        raise UsageError(f"{path} holds no strings.", "Write what is to be masked into it, one a line.")
    return found


def mask(messages: pl.DataFrame, strings: Collection[str]) -> tuple[pl.DataFrame, dict[str, int]]:
    """The message frame with `strings` masked in `text`, and how often."""
    longest_first = sorted(strings, key=len, reverse=True)
    wanted = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w)", re.IGNORECASE)
    count = 0

    def masked(text: str) -> str:
        nonlocal count
        text, times = wanted.subn(WORD, text)
        count += times
        return text

    texts = messages["text"].to_list()
    made = pl.Series("text", [text if text is None else masked(text) for text in texts], dtype=pl.String)
    return messages.with_columns(made), {KIND: count} if count else {}
