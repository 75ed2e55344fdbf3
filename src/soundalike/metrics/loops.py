"""What a loop is: one rule for the guard that stops a reply and for the figure that an evaluation prints.

Pure functions on text, for a reply that is still growing as well as for a finished one. The bounds leave room for
emphasis: people do write "no no no no".
"""

import re
import string
from collections.abc import Sequence

# How many rounds of an n-gram of n words, in a row, make a loop: one word 8, two 5, three 4, up to eight 3, more 2.
LOOP_ROUNDS = {1: 8, 2: 5, 3: 4} | dict.fromkeys(range(4, 9), 3) | dict.fromkeys(range(9, 25), 2)
DRAWN_OUT = 60  # so many letters of one "hahaha" or "noooo" are a loop
DRAWN_OUT_UNIT = 8

_WORD = re.compile(r"\S+")
_EDGES = string.punctuation + "…‘’“”¡¿"


def fold(text: str) -> list[str]:
    """The words of `text` as they are compared: no case, no punctuation around them, emoji kept."""
    return [word.strip(_EDGES) or word for word in text.casefold().split()]


def loop_start(text: str) -> int | None:
    """Where the second round starts if the end of `text` is a loop; None if it is none.

    A loop is an n-gram of 1 to 24 words repeated LOOP_ROUNDS times in a row, across lines too, or DRAWN_OUT
    characters that repeat one unit of up to 8.
    """
    words = fold(text)
    size = _looping_words(words, len(words))
    if size:
        return list(_WORD.finditer(text))[size - size * LOOP_ROUNDS[size]].start()
    unit = _drawn_out(text, len(text))
    return len(text) - DRAWN_OUT + unit if unit else None


def loops(text: str) -> bool:
    """Whether a finished text loops anywhere."""
    words = fold(text)
    if any(_looping_words(words, end) for end in range(1, len(words) + 1)):
        return True
    ends = [*range(DRAWN_OUT, len(text), DRAWN_OUT_UNIT), *(match.end() for match in _WORD.finditer(text))]
    return len(text) >= DRAWN_OUT and any(_drawn_out(text, end) for end in ends)


def _looping_words(words: Sequence[str], end: int) -> int:
    """The size in words of the n-gram that loops in the last of words[:end], or 0."""
    for size, rounds in LOOP_ROUNDS.items():
        first = end - size * rounds
        if first < 0 or words[end - 1] != words[end - 1 - size]:
            continue
        if words[first + size : end] == words[first : end - size]:
            return size
    return 0


def _drawn_out(text: str, end: int) -> int:
    """The size in characters of the unit that the last DRAWN_OUT of text[:end] repeat, or 0."""
    tail = text[max(0, end - DRAWN_OUT) : end]
    if len(tail) < DRAWN_OUT:
        return 0
    return next((unit for unit in range(1, DRAWN_OUT_UNIT + 1) if tail[unit:] == tail[:-unit]), 0)
