"""Repeated lines: whether a line is the same as an earlier one, or may become so.

The bounds allow what people do: they send "lol" twice.
"""

from collections import Counter
from collections.abc import Sequence
from difflib import SequenceMatcher

from soundalike.metrics.loops import fold

SHORT_LINE = 3  # a line of fewer words may be sent twice in a row
LINES_BACK = 8
NEAR = 0.85  # share of words in common, in order, that makes two lines the same
NEAR_FROM = 5  # words; shorter lines are compared whole


def same_line(one: str, other: str) -> bool:
    """Whether two lines are the same except for case, punctuation and, in longer ones, a word."""
    first, second = fold(one), fold(other)
    if min(len(first), len(second)) < NEAR_FROM:
        return first == second
    matcher = SequenceMatcher(None, first, second, autojunk=False)
    return matcher.quick_ratio() >= NEAR and matcher.ratio() >= NEAR


def may_become(words: Sequence[str], other: str) -> bool:
    """Whether a line that begins with these folded words may become the same as `other`; see `same_line`.

    In the longest such line all words match but its strangers, those that `other` has not: the ratio is
    2n / (2n + strangers) for n words of `other`.
    """
    others = fold(other)
    strangers, size = (Counter(words) - Counter(others)).total(), len(others)
    near = size >= NEAR_FROM and 2 * size >= NEAR * (2 * size + strangers)
    return near or others[: len(words)] == list(words)


def repeats_line(line: str, earlier: Sequence[str]) -> bool:
    """Whether `line` repeats a recent one: any of the last 8, or for a line of one or two words, both of the last two.

    `earlier` are the lines of the same person, oldest first. An empty line repeats nothing.
    """
    words = len(fold(line))
    if not words:
        return False
    recent, allowed = (earlier[-2:], 1) if words < SHORT_LINE else (earlier[-LINES_BACK:], 0)
    return sum(same_line(line, one) for one in recent) > allowed
