"""The containers that are open around an array of a JSON stream, and the small values in them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from soundalike.sources._json_repair import PARSE_ERRORS, load_leniently

SMALL = 1 << 16  # bytes; larger values around the array are left out of the head

Path = tuple[str, ...]  # keys from the root to an array; "*" stands for each element of an array

_BETWEEN = b" \t\r\n,"
_KEY = re.compile(rb'"((?:[^"\\]|\\.)*)"\s*:\s*\Z', re.DOTALL)
_KEY_LENGTH = 400  # bytes before a bracket in which its key is looked for


@dataclass
class OpenContainer:
    """An open container: its key, whether it is an array, its small values so far as text, and arrays found in it."""

    key: str
    is_array: bool
    text: bytearray = field(default_factory=bytearray)
    arrays: int = 0

    def add(self, raw: bytes) -> None:
        """Append to the text, or null in place of what is too long."""
        if not self.is_array and len(self.text) <= 4 * SMALL:
            self.text += raw if len(raw) <= SMALL else b"null"

    def values(self) -> dict[str, Any]:
        """The values so far; empty if they cannot be parsed."""
        try:
            found = load_leniently(b"{" + bytes(self.text).strip(_BETWEEN) + b"}")
        except PARSE_ERRORS:
            return {}
        return found if isinstance(found, dict) else {}


@dataclass
class OpenContainers:
    """The open containers from the root down, as far as they lie on one of `paths`."""

    paths: Sequence[Path]
    open: list[OpenContainer] = field(default_factory=list)

    def key_of(self, before: bytes) -> str | None:
        """The key of a container that begins after `before`; "*" in an array, "" for the root, None if it lacks one."""
        if not self.open:
            return ""
        if self.open[-1].is_array:
            return "*"
        found = _KEY.search(before[-_KEY_LENGTH:])
        return found[1].decode("utf-8", "replace") if found else None

    def path_to(self, key: str) -> Path:
        """The path of the container under `key` in the innermost one."""
        return (*(level.key for level in self.open[1:]), key) if self.open else ()

    def leads_on(self, path: Path) -> bool:
        """Whether an array that is looked for is at `path` or below it."""
        return any(wanted[: len(path)] == path for wanted in self.paths)

    def head(self) -> dict[str, Any]:
        """The values of the innermost object."""
        return self.open[-1].values() if self.open else {}

    def root(self) -> dict[str, Any]:
        """The values of the outermost object."""
        return self.open[0].values() if self.open else {}
