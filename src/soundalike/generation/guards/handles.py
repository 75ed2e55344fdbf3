"""Messages that are nothing but somebody's handle: `@velvet_otter`, `otter.jam#4821`.

People mention each other so; from a voice such a message has no content, and reveals who its owner talks to.
"""

import re
from collections.abc import Collection
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

MENTION = r"@(\w[\w.-]{1,31})"  # without look-around, which Rust's regular expressions lack
TAGGED = r"(\w[\w.]{1,31}#[0-9]{4})"
_HANDLE = re.compile(rf"(?<![\w@.]){MENTION}|(?<![\w#]){TAGGED}(?!\w)")
_LOOKS_MADE = re.compile(r"[\d_.]")  # of a handle, not of a word or a first name
_WORD = re.compile(r"\w")


class Handles:
    """Known names and handles of people: after an @ any of them, bare only those that look like no word."""

    def __init__(self, known: Collection[str] = ()) -> None:
        names = {name.casefold().strip(" @.") for name in known}
        self._bare = {name for name in names if len(name) > 2 and " " not in name and _LOOKS_MADE.search(name)}
        spaced = sorted((re.escape(name) for name in names if " " in name), key=len, reverse=True)
        self._spaced = re.compile(rf"@(?:{'|'.join(spaced)})(?!\w)") if spaced else None

    @classmethod
    def learned(cls, texts: "pl.Series", names: Collection[str]) -> "Handles":
        """From everybody's messages and people's names."""
        known = set(names)
        for pattern in (MENTION, TAGGED):
            found = texts.filter(texts.str.contains(pattern)).str.extract_all(pattern).explode()
            known |= {handle.strip("@") for handle in found.drop_nulls().unique()}
        return cls(known)

    def only(self, text: str, present: Collection[str] = ()) -> bool:
        """Whether `text` is nothing but handles; those of people who are `present` in the conversation are allowed."""
        folded = text.casefold()
        allowed = {name.casefold() for name in present}
        if not _WORD.search(folded) or folded.strip(" @.!?,") in allowed:
            return False
        rest = self._spaced.sub(" ", folded) if self._spaced else folded
        words = [word for word in _HANDLE.sub(" ", rest).split() if _WORD.search(word)]
        return all(word.strip("@.,!?:;") in self._bare for word in words)
