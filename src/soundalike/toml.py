"""Reads TOML files that a user may have edited: UTF-8, with or without a byte-order mark."""

import codecs
import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from soundalike.errors import UsageError
from soundalike.paths import regular_file

MOST_BYTES = 16 << 20  # larger than any settings file
UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def read_text(path: Path, error: type[UsageError], do: str, *, utf_16: bool = False) -> str:
    """The file's text; raises `error` with the line and the advice `do` if it is not UTF-8.

    With `utf_16`, a file that begins with the byte-order mark of UTF-16 is read too.
    """
    if regular_file(path, error, do).st_size > MOST_BYTES:
        raise error(f"{path} is damaged: it is larger than any file of settings.", do)
    data = path.read_bytes()
    if marked := data.startswith(UTF_16):
        if not utf_16:
            raise error(f"{path} is saved as UTF-16, and UTF-8 is read.", "Save it as UTF-8.")
    try:
        text = data.decode("utf-16" if marked else "utf-8-sig")
    except UnicodeDecodeError as problem:
        line = data.count(b"\n", 0, problem.start) + 1
        what = f"{path} is damaged: on line {line} stands a character that is not UTF-8."
        raise error(what, f"Save it as UTF-8. {do}") from problem
    if "\0" in text:
        raise error(f"{path} is damaged: it holds zeros, as text in UTF-16 does.", f"Save it as UTF-8. {do}")
    return text


def parse(text: str, path: Path, error: type[UsageError], do: str) -> dict[str, Any]:
    """The tables of a TOML text; raises `error` with the line and the advice `do` if it is not valid."""
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as problem:
        raise error(f"{path} is damaged: {problem}.", do) from problem


def line_of(text: str, place: Sequence[str]) -> int:
    """The line, from 1, of the setting at `place` (its keys, outermost first), else that of its table, else 1."""
    table: list[str] = []
    best, depth = 1, 0
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*\[\[?([^\[\]]+)\]\]?\s*(#.*)?$", line):
            table = _keys(header[1])
            here = table
        elif key := re.match(r"\s*([\w\"'.\- ]+?)\s*=", line):
            here = [*table, *_keys(key[1])]
        else:
            continue
        if len(here) > depth and here == list(place[: len(here)]):
            best, depth = number, len(here)
    return best


def _keys(dotted: str) -> list[str]:
    return [part.strip().strip("\"'") for part in dotted.split(".")]
