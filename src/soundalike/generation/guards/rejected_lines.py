"""Whole lines that the owner rejected: they are never said again."""

from collections.abc import Iterable, Sequence

from soundalike.generation.guards.repeated_lines import SHORT_LINE
from soundalike.metrics.loops import fold


class RejectedLines:
    """Lines of `rejected` that are not among `chosen`; case and punctuation do not count.

    Lines of one or two words are not among them: whether "yeah" is right depends on what was asked.
    """

    def __init__(self, rejected: Iterable[str] = (), chosen: Iterable[str] = ()) -> None:
        lines = {tuple(fold(line)) for line in rejected} - {tuple(fold(line)) for line in chosen}
        self._lines = {line for line in lines if len(line) >= SHORT_LINE}

    def has(self, line: str) -> bool:
        """Whether `line` is one of them."""
        return tuple(fold(line)) in self._lines

    def may_begin(self, words: Sequence[str]) -> bool:
        """Whether a line that begins with these folded words may become one of them."""
        return any(line[: len(words)] == tuple(words) for line in self._lines)
