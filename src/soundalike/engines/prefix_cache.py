"""Keys and values of texts that were read, kept for prompts that begin alike.

A chat's next prompt begins with its last one, a reply that a guard stopped is drawn anew from the same prompt, and an
evaluation asks for several replies to one conversation.
"""

from collections.abc import Iterable, Sequence
from threading import Lock
from typing import Generic, TypeVar

FEWEST = 16  # tokens that are worth copying
MOST_TEXTS = 256  # all of them are compared with each prompt

Kept = TypeVar("Kept")


class PrefixCache(Generic[Kept]):
    """What was kept for texts, of at most `room` bytes together; the least recently used are dropped first."""

    def __init__(self, room: int) -> None:
        self._room = room
        self._entries: list[tuple[list[int], Kept, int]] = []  # text, kept and its bytes, the least recently used first
        self._lock = Lock()

    def longest(self, tokens: Sequence[int]) -> tuple[Kept, int] | None:
        """What was kept for the text that shares most of its beginning with `tokens`, and how many tokens they share.

        At least the last of `tokens` is not counted, because its logits must be computed. None where fewer than FEWEST
        are shared.
        """
        with self._lock:
            best, shared = longest_prefix(tokens, ((entry[0], entry) for entry in self._entries))
            if best is None:
                return None
            self._entries.remove(best)
            self._entries.append(best)
            return best[1], shared

    def add(self, tokens: Sequence[int], kept: Kept, size: int) -> None:
        """Keep `kept`, of `size` bytes, for the text `tokens`, in place of any text that it begins with."""
        if len(tokens) < FEWEST or size > self._room:
            return
        text = list(tokens)
        with self._lock:
            if any(other[: len(text)] == text for other, _, _ in self._entries):
                return
            self._entries = [entry for entry in self._entries if text[: len(entry[0])] != entry[0]]
            self._entries.append((text, kept, size))
            total = sum(bytes_kept for _, _, bytes_kept in self._entries)
            while total > self._room or len(self._entries) > MOST_TEXTS:
                total -= self._entries.pop(0)[2]


Found = TypeVar("Found")


def longest_prefix(tokens: Sequence[int], texts: Iterable[tuple[Sequence[int], Found]]) -> tuple[Found | None, int]:
    """The payload of the text with the longest common prefix with `tokens[:-1]`, and that prefix's length.

    (None, 0) if it is shorter than FEWEST. `texts` are (text, payload).
    """
    best: Found | None = None
    most, tokens = FEWEST - 1, list(tokens[:-1])
    for text, found in texts:
        if len(tokens) > most and tokens[: most + 1] == text[: most + 1]:
            best, most = found, _shared(tokens, text)
    return best, most if best is not None else 0


def _shared(one: Sequence[int], other: Sequence[int]) -> int:
    """The number of equal tokens at the beginning; slices are compared because that is faster than token by token."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
