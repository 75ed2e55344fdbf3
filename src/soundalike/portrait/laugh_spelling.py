"""The laughs of a message, all lengths of one under one spelling: LOOOL and lolol are lol, hahahah is haha."""

import re
from collections.abc import Sequence

import polars as pl

from soundalike.metrics import typing_habits

AT_RANDOM = "asdfjkl"  # the spelling for keys hit at random
_ANY = "|".join(f"(?:{pattern})" for pattern in typing_habits.LAUGHTER.values())
_SMASH = re.compile(typing_habits.LAUGHTER["smash"])
_LOL = re.compile(r"(l[ou]l)(?:[ou]l)*[sz]?")
_HAHA = re.compile(r"[bm]?w?a?(?:ha)+h?")
_TWICE = re.compile(r"a?([^\W\d_]{2})\1+\w?|[ао]?(\w{2})\2+\w?")
_MARKED = {"www": "[^k]*[wｗ]{2,}[^k]*", "555": ".*555.*", "233": "233+", "笑": ".*笑.*", "草": "草"}


def find_laughs(texts: pl.Series) -> list[list[str]]:
    """The laughs of each text as they are written, in order."""
    found = texts.to_frame("text").select(pl.col("text").fill_null("").str.extract_all(_ANY))["text"]
    return [[laugh.strip() for laugh in some] for some in found.to_list()]


def canonical(laugh: str) -> str:
    """The spelling that stands for all lengths of this laugh."""
    word = laugh.lower()
    for name, marked in _MARKED.items():
        if re.fullmatch(marked, word):
            return name
    if _SMASH.fullmatch(word):
        return AT_RANDOM
    short = re.sub(r"(.)\1+", r"\1", word)
    if lol := _LOL.fullmatch(short):
        return lol[1]
    if _HAHA.fullmatch(short):
        return "haha"
    if twice := _TWICE.fullmatch(short):
        return (twice[1] or twice[2]) * 2
    return short * 3 if len(short) == 1 and short.isalpha() else short


def canonical_laughs(laughs: Sequence[str]) -> set[str]:
    """The different spellings among the laughs of one message."""
    return {canonical(laugh) for laugh in laughs}
