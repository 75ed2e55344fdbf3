"""Loops, lines said again, and lines in somebody else's name.

Pure functions on text, for a reply that is still growing as well as for a finished one. The bounds leave room for
emphasis: people do write "no no no no", and send "lol" twice.
"""

import re
import string
from collections import Counter
from collections.abc import Collection, Sequence
from difflib import SequenceMatcher

# How many rounds of an n-gram of n words, in a row, make a loop: one word 8, two 5, three 4, up to eight 3, more 2.
LOOP_ROUNDS = {1: 8, 2: 5, 3: 4} | dict.fromkeys(range(4, 9), 3) | dict.fromkeys(range(9, 25), 2)
DRAWN_OUT = 60  # so many letters of one "hahaha" or "noooo" are a loop
DRAWN_OUT_UNIT = 8
SHORT_LINE = 3  # a line of fewer words may be said twice running
LINES_BACK = 8
NEAR = 0.85  # share of words in common, in order, that makes two lines the same
NEAR_FROM = 5  # words; shorter lines are compared whole

_WORD = re.compile(r"\S+")
_EDGES = string.punctuation + "…‘’“”¡¿"


def fold(text: str) -> list[str]:
    """The words of `text` as they are compared: no case, no punctuation around them, emoji kept."""
    return [word.strip(_EDGES) or word for word in text.casefold().split()]


def loop_start(text: str) -> int | None:
    """Where the second round starts if the end of `text` is a loop; None if it is none.

    A loop is an n-gram of 1 to 24 words said LOOP_ROUNDS times in a row, across lines too, or DRAWN_OUT
    characters that repeat one unit of up to 8.
    """
    words = fold(text)
    for size, rounds in LOOP_ROUNDS.items():
        span = size * rounds
        if span <= len(words) and words[-1] == words[-1 - size] and words[size - span :] == words[-span:-size]:
            return list(_WORD.finditer(text))[-span + size].start()
    tail = text[-DRAWN_OUT:]
    if len(tail) == DRAWN_OUT:
        for unit in range(1, DRAWN_OUT_UNIT + 1):
            if tail[unit:] == tail[:-unit]:
                return len(text) - DRAWN_OUT + unit
    return None


def loops(text: str) -> bool:
    """Whether a finished text loops anywhere."""
    ends = [*range(DRAWN_OUT, len(text), DRAWN_OUT_UNIT), *(match.end() for match in _WORD.finditer(text))]
    return any(loop_start(text[:end]) is not None for end in ends)


def same_line(one: str, other: str) -> bool:
    """Whether two lines say the same but for case, punctuation and, in longer ones, a word."""
    first, second = fold(one), fold(other)
    if min(len(first), len(second)) < NEAR_FROM:
        return first == second
    matcher = SequenceMatcher(None, first, second, autojunk=False)
    return matcher.quick_ratio() >= NEAR and matcher.ratio() >= NEAR


def may_become(words: Sequence[str], other: str) -> bool:
    """Whether a line that begins with these words, folded, may come to say the same as `other`; see `same_line`.

    Of the longest such line all but its strangers, words that `other` has not, match: 2n / (2n + strangers).
    """
    others = fold(other)
    strangers, size = (Counter(words) - Counter(others)).total(), len(others)
    near = size >= NEAR_FROM and 2 * size >= NEAR * (2 * size + strangers)
    return near or others[: len(words)] == list(words)


def repeats_line(line: str, said: Sequence[str]) -> bool:
    """Whether `line` was lately said: once in the last 8 lines, or for a line of one or two words, twice just now.

    `said` is what the same person said before, oldest first. An empty line repeats nothing.
    """
    words = len(fold(line))
    if not words:
        return False
    recent, allowed = (said[-2:], 1) if words < SHORT_LINE else (said[-LINES_BACK:], 0)
    return sum(same_line(line, earlier) for earlier in recent) > allowed


def first_repeat(lines: Sequence[str], said: Sequence[str] = ()) -> int | None:
    """Index of the first of `lines` that repeats a line before it, in `lines` or in `said`."""
    before = [*said, *lines]
    return next((at for at, line in enumerate(lines) if repeats_line(line, before[: len(said) + at])), None)


def unmask(messages: Sequence[str], others: Collection[str]) -> list[str]:
    """The messages up to the first line that opens with the name of one of `others` and a colon."""
    names = {name.casefold() for name in others}
    kept: list[str] = []
    for message in messages:
        own: list[str] = []
        for line in message.split("\n"):
            name, colon, _ = line.partition(":")
            if colon and name.strip().casefold() in names:
                return [*kept, "\n".join(own)] if own else kept
            own.append(line)
        kept.append(message)
    return kept
