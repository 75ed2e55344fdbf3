"""Texts of Signal's export that continue in a file of their own, since they are longer than about 2,000 bytes.

A message holds the beginning and the size of the whole. Files are found by that size and by their beginning, because
programs of different versions call them differently.
"""

from collections.abc import Mapping, Sequence

from soundalike.sources._json_files import whole_number
from soundalike.sources._tree import Member

_LONGEST = 1 << 18  # bytes; Signal's own limit is a quarter of this
_LOCATORS = ("locatorInfo", "backupLocator", "attachmentLocator")


class LongTexts:
    """The files beside `main.jsonl` that may hold a text; `used` are the names of those that do."""

    def __init__(self, files: Sequence[Member]) -> None:
        self.used: set[str] = set()
        self._by_size: dict[int, list[Member]] = {}
        for member in files:
            if member.size <= _LONGEST:
                self._by_size.setdefault(member.size, []).append(member)

    def whole(self, body: str, pointer: Mapping[str, object]) -> str | None:
        """The whole text that begins with `body`; None if its file is not in the export.

        Raises ExportError if a file cannot be read.
        """
        beginning = body.encode("utf-8", "replace")
        for member in self._by_size.get(_size(pointer) or 0, ()):
            raw = member.read()
            if beginning and raw.startswith(beginning):
                self.used.add(member.name)
                return raw.decode("utf-8", "replace")
        return None


def _size(pointer: Mapping[str, object]) -> int | None:
    """The size in bytes of the file that is meant."""
    for name in _LOCATORS:
        locator = pointer.get(name)
        if isinstance(locator, dict) and (size := whole_number(locator.get("size"))):
            return size
    return None
