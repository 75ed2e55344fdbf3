"""A text as the rules read it: one kind of blank, hyphen and digit, nothing invisible, accents as one character.

Chats hold numbers and addresses with no-break spaces, dashes, full-width or mathematical characters, and invisible
characters between letters. Rules look for plain ones; a `MappedView` shows them those, and lays what they edit on the
characters that were typed. Every character of the view has the piece of the original that it stands for.
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import cache

from soundalike.characters import BLANKS, HYPHENS, MARKS, UNSEEN, expand
from soundalike.redact.rule import Edit, apply_edits

# Blocks whose characters are compatible with ASCII ones: letterlike, enclosed, small and full-width, mathematical.
# The full-width stops of Chinese and Japanese stay, because they end an address as their plain ones do not.
_LOOKALIKES = "\u2100-\u214f\u2460-\u249b\u24b6-\u24ea\ufe50-\ufe6b\uff01-\uff5e\U0001d400-\U0001d7ff"
_STOPS = frozenset("，．。！？；：（）")
# The zero of each script's digits; the nine after it follow.
_ZEROS = (
    "\u0660\u06f0\u07c0\u0966\u09e6\u0a66\u0ae6\u0b66\u0be6\u0c66\u0ce6\u0d66\u0de6\u0e50\u0ed0\u0f20\u1040\u17e0\u1810"
)
_DIGITS = "".join(f"{zero}-{chr(ord(zero) + 9)}" for zero in _ZEROS)

ODD = f"[{BLANKS}{HYPHENS}{UNSEEN}{MARKS}{_LOOKALIKES}{_DIGITS}]"
"""Matches where a text and its view differ or may; for `re` and for Rust's engine."""

is_odd = re.compile(ODD).search
_is_uneven = re.compile(f"[{UNSEEN}{MARKS}]").search  # has characters that are no character of the view


@cache
def _table() -> dict[int, str]:
    """Character -> what the view shows for it: one character, or none."""
    table = {ord(c): " " for c in expand(BLANKS)} | {ord(c): "-" for c in expand(HYPHENS)}
    table |= {ord(c): "" for c in expand(UNSEEN)}
    table |= {ord(zero) + n: str(n) for zero in _ZEROS for n in range(10)}
    for character in expand(_LOOKALIKES):
        plain = unicodedata.normalize("NFKC", character)
        if len(plain) == 1 and plain.isascii() and character not in _STOPS:
            table.setdefault(ord(character), plain)
    return table


class TextView:
    """A text without odd characters: what rules read in `text` is what was typed."""

    def __init__(self, original: str) -> None:
        self.text = original

    @property
    def result(self) -> str:
        """What was typed, with every edit made."""
        return self.text

    def edit(self, edits: Sequence[Edit]) -> None:
        """Make edits, given in places of `text`."""
        self.text = apply_edits(self.text, edits)


class MappedView(TextView):
    """A text with odd characters, as rules read it in `text`, and as it was typed in `written`."""

    def __init__(self, original: str) -> None:
        seen, self._pieces = _seen(original)
        super().__init__("".join(seen))

    @property
    def result(self) -> str:
        """What was typed, with every edit made."""
        return "".join(self._pieces)

    def edit(self, edits: Sequence[Edit]) -> None:
        """Make edits, given in places of `text`, in it and in what was typed."""
        super().edit(edits)
        done = 0
        pieces: list[str] = []
        for start, end, instead in edits:
            pieces += self._pieces[done:start] + list(instead)
            done = end
        self._pieces = pieces + self._pieces[done:]


def make_view(original: str) -> TextView:
    """The view of a text; for most it costs next to nothing."""
    return TextView(original) if original.isascii() or not is_odd(original) else MappedView(original)


def _seen(original: str) -> tuple[list[str], list[str]]:
    """The characters of a view, and beside each what stands for it in the original."""
    if not _is_uneven(original):
        return list(original.translate(_table())), list(original)
    table, before = _table(), ""
    seen: list[str] = []
    pieces: list[str] = []
    for character in original:
        shown = table.get(ord(character), character)
        if seen and "\u0300" <= character <= "\u036f":
            composed = unicodedata.normalize("NFC", seen[-1] + character)
            if len(composed) == 1:
                seen[-1], shown = composed, ""
        if shown:
            seen.append(shown)
            pieces.append(before + character)
            before = ""
        elif pieces:
            pieces[-1] += character
        else:
            before += character
    if before:
        seen.append("")
        pieces.append(before)
    return seen, pieces
