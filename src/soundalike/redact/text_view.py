"""A text as the rules read it: one kind of blank, hyphen and digit, nothing invisible, accents as one character.

Chats hold numbers and addresses with no-break spaces, dashes, full-width or mathematical characters, and invisible
characters between letters. Rules look for plain ones. A `MappedView` shows them those and applies their edits to the
original: each character of the view has the piece of the original that it stands for.
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import cache

from soundalike.characters import BLANKS, HYPHENS, MARKS, UNSEEN, expand
from soundalike.redact.rule import Edit, apply_edits

# Blocks with compatibility variants of ASCII characters: letterlike, enclosed, small, full-width, mathematical. The
# full-width stops of Chinese and Japanese are kept, because they end an address as plain ones do not.
_LOOKALIKES = "\u2100-\u214f\u2460-\u249b\u24b6-\u24ea\ufe50-\ufe6b\uff01-\uff5e\U0001d400-\U0001d7ff"
_STOPS = frozenset("，．。！？；：（）")
# The zero of each script's digits; the nine after it follow.
_ZEROS = (
    "\u0660\u06f0\u07c0\u0966\u09e6\u0a66\u0ae6\u0b66\u0be6\u0c66\u0ce6\u0d66\u0de6\u0e50\u0ed0\u0f20\u1040\u17e0\u1810"
)
_DIGITS = "".join(f"{zero}-{chr(ord(zero) + 9)}" for zero in _ZEROS)

ODD = f"[{BLANKS}{HYPHENS}{UNSEEN}{MARKS}{_LOOKALIKES}{_DIGITS}]"
"""Matches where a text and its view may differ; for `re` and for Rust's engine."""

_is_odd = re.compile(ODD).search
_UNEVEN = re.compile(f"(?P<unseen>[{UNSEEN}]+)|[{MARKS}]")  # what may be no character of the view


@cache
def _table() -> dict[int, str]:
    """Code point -> what the view shows for it: one character, or none."""
    table = {ord(c): " " for c in expand(BLANKS)} | {ord(c): "-" for c in expand(HYPHENS)}
    table |= {ord(c): "" for c in expand(UNSEEN)}
    table |= {ord(zero) + n: str(n) for zero in _ZEROS for n in range(10)}
    for character in expand(_LOOKALIKES):
        plain = unicodedata.normalize("NFKC", character)
        if len(plain) == 1 and plain.isascii() and character not in _STOPS:
            table.setdefault(ord(character), plain)
    return table


class TextView:
    """A text without odd characters: rules read it in `text` as it was written."""

    def __init__(self, original: str) -> None:
        self.text = original

    @property
    def result(self) -> str:
        """The original with every edit made."""
        return self.text

    def edit(self, edits: Sequence[Edit]) -> None:
        """Make edits, whose positions are those of `text`."""
        self.text = apply_edits(self.text, edits)


class MappedView(TextView):
    """A text with odd characters: rules read plain ones in `text`, and edits are made in the original too."""

    def __init__(self, original: str) -> None:
        seen, self._pieces = _mapped(original)
        super().__init__("".join(seen))

    @property
    def result(self) -> str:
        """The original with every edit made."""
        return "".join(self._pieces)

    def edit(self, edits: Sequence[Edit]) -> None:
        """Make edits, whose positions are those of `text`, in it and in the original."""
        super().edit(edits)
        done = 0
        pieces: list[str] = []
        for start, end, instead in edits:
            pieces += [*self._pieces[done:start], *instead]
            done = end
        self._pieces = [*pieces, *self._pieces[done:]]


def make_view(original: str) -> TextView:
    """The view of a text; for most texts, which have no odd characters, it costs next to nothing."""
    return TextView(original) if original.isascii() or not _is_odd(original) else MappedView(original)


def _mapped(original: str) -> tuple[Sequence[str], Sequence[str]]:
    """The characters of a view, and for each the piece of the original that it stands for."""
    if not _UNEVEN.search(original):
        return original.translate(_table()), original
    seen: list[str] = []
    pieces: list[str] = []
    before, done = "", 0  # invisible characters before the first visible one; how far the original is mapped
    for match in _UNEVEN.finditer(original):
        before = _add_even(original[done : match.start()], before, seen, pieces)
        if match["unseen"]:
            before = _add_unseen(match[0], before, pieces)
        else:
            before = _add_mark(match[0], before, seen, pieces)
        done = match.end()
    before = _add_even(original[done:], before, seen, pieces)
    if before:
        seen.append("")
        pieces.append(before)
    return seen, pieces


def _add_even(text: str, before: str, seen: list[str], pieces: list[str]) -> str:
    """Map characters that are one character of the view each; the first piece begins with `before`."""
    if not text:
        return before
    seen += text.translate(_table())
    pieces += [before + text[0], *text[1:]]
    return ""


def _add_unseen(text: str, before: str, pieces: list[str]) -> str:
    """Map invisible characters to the character before them."""
    if not pieces:
        return before + text
    pieces[-1] += text
    return before


def _add_mark(mark: str, before: str, seen: list[str], pieces: list[str]) -> str:
    """Map an accent: to the character before it if both are one composed character, else to itself."""
    composed = unicodedata.normalize("NFC", seen[-1] + mark) if seen else ""
    if len(composed) == 1:
        seen[-1] = composed
        pieces[-1] += mark
        return before
    seen.append(mark)
    pieces.append(before + mark)
    return ""
