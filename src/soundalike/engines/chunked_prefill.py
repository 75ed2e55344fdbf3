"""Prompts that wait to be read: short ones whole and together, long ones in slices, between the tokens of others.

An engine that can read a prompt in slices says so by `SupportsChunkedPrefill`. Where a slice ends depends on the prompt
alone, not on who else speaks: a stream believes the same however busy the engine is. It knows token ids, never text.
"""

from collections.abc import Collection, Iterator, Sequence
from time import perf_counter
from typing import Protocol, runtime_checkable

from soundalike.engines.protocol import Streams

MAX_UNCHUNKED_TOKENS = 256  # tokens: prompts up to so many are read whole
BATCH_TOKENS = 1_024  # tokens of such prompts that are read in one pass
PREFILL_SECONDS = 0.05  # for slices between two tokens of others; the slice that is under way is read to its end
FINISHED = object()


@runtime_checkable
class SupportsChunkedPrefill(Protocol):
    """Streams that can read prompts a slice at a time."""

    @property
    def max_concurrent_prefills(self) -> int:
        """How many prompts may be read side by side."""

    def prefill_chunks(self, prompts: Sequence[Sequence[int]]) -> Iterator[None]:
        """Read a slice of each of at most `abreast` prompts a turn; after the last turn they are the last streams."""


class PrefillQueue:
    """Numbered prompts on their way into `streams`.

    Of several long ones those of the lowest rank are read first, which is a prompt's place among those that were asked
    for at once: whoever asks for one reply waits for the first of another's sixteen, and not for all of them.
    """

    def __init__(self, streams: Streams) -> None:
        self._streams = streams
        self._short: dict[int, Sequence[int]] = {}
        self._long: dict[tuple[int, int], Sequence[int]] = {}  # (rank, number) -> prompt
        self._begun: Iterator[None] | None = None
        self._group: list[int] = []  # the prompts that `_begun` reads

    @property
    def numbers(self) -> list[int]:
        """The prompts that are not streams yet."""
        return sorted([*self._short, *(number for _, number in self._long), *self._group])

    def add(self, numbers: Sequence[int], prompts: Sequence[Sequence[int]]) -> None:
        """Prompts that were asked for at once."""
        sliced = isinstance(self._streams, SupportsChunkedPrefill)
        for rank, (number, prompt) in enumerate(zip(numbers, prompts, strict=True)):
            if sliced and len(prompt) > MAX_UNCHUNKED_TOKENS:
                self._long[rank, number] = prompt
            else:
                self._short[number] = prompt

    def leave(self, numbers: Collection[int]) -> list[int]:
        """Give these up; gives those that will be streams nevertheless, as they are being read beside others."""
        self._short = {number: prompt for number, prompt in self._short.items() if number not in numbers}
        self._long = {key: prompt for key, prompt in self._long.items() if key[1] not in numbers}
        if set(self._group) <= set(numbers):
            self._begun, self._group = None, []
        return [number for number in self._group if number in numbers]

    def read(self) -> list[int]:
        """Read for a while; gives the prompts that have become streams, in the order of their rows."""
        return [*self._read_short(), *self._read_long()]

    def _read_short(self) -> list[int]:
        taken, total = list[int](), 0
        for number, prompt in self._short.items():
            total += len(prompt)
            if taken and total > BATCH_TOKENS:
                break
            taken.append(number)
        if taken:
            self._streams.join([self._short.pop(number) for number in taken])
        return taken

    def _read_long(self) -> list[int]:
        joined, began = list[int](), perf_counter()
        while (self._group or self._long) and perf_counter() - began < PREFILL_SECONDS:
            joined += self._read_slice()
        return joined

    def _read_slice(self) -> list[int]:
        """The next slice; where it was the last, the prompts that have become streams by it."""
        if self._begun is None:
            assert isinstance(self._streams, SupportsChunkedPrefill)
            keys = sorted(self._long)[: self._streams.max_concurrent_prefills]
            self._group = [number for _, number in keys]
            self._begun = self._streams.prefill_chunks([self._long.pop(key) for key in keys])
        if next(self._begun, FINISHED) is not FINISHED:
            return []
        joined, self._begun, self._group = self._group, None, []
        return joined


def split_prompt(prompt: Sequence[int], size: int) -> list[Sequence[int]]:
    """A prompt in slices of `size` tokens; the last is what is left."""
    return [prompt[start : start + size] for start in range(0, len(prompt), size)]
