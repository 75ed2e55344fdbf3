"""Chunked prefill: prompts are read between the tokens of running streams, so that no stream waits for a whole prompt.

Short prompts are read whole and together, long ones in chunks. Where a chunk ends depends on the prompt alone, so that
a stream's logits do not depend on how busy the engine is.
"""

from collections.abc import Collection, Iterator, Sequence
from time import perf_counter
from typing import Protocol, runtime_checkable

from soundalike.engines.protocol import Streams

MAX_UNCHUNKED_TOKENS = 256  # longer prompts are read in chunks
BATCH_TOKENS = 1_024  # of short prompts that are read in one pass
PREFILL_SECONDS = 0.05  # for chunks, between two tokens of running streams; a chunk that was begun is finished
FINISHED = object()


@runtime_checkable
class SupportsChunkedPrefill(Protocol):
    """Streams that can read a prompt in chunks."""

    @property
    def max_concurrent_prefills(self) -> int:
        """How many prompts `prefill_chunks` can read side by side."""

    def prefill_chunks(self, prompts: Sequence[Sequence[int]]) -> Iterator[None]:
        """Read one chunk of each prompt per step; at the end of the iteration the prompts are the last streams."""


class PrefillQueue:
    """Prompts, by the caller's stream ids, that wait to become streams.

    Long prompts are read in the order of their place among those that were added in one call, and then in order of
    their ids: whoever asks for one reply waits for the first of another's sixteen, not for all of them.
    """

    def __init__(self, streams: Streams) -> None:
        self._streams = streams
        self._short: dict[int, Sequence[int]] = {}
        self._long: dict[tuple[int, int], Sequence[int]] = {}  # (place, id) -> prompt
        self._chunks: Iterator[None] | None = None  # of the prompts that are being read
        self._reading: list[int] = []  # their ids

    @property
    def pending(self) -> list[int]:
        """The ids of all prompts that are not streams yet."""
        return sorted([*self._short, *(stream for _, stream in self._long), *self._reading])

    def add(self, streams: Sequence[int], prompts: Sequence[Sequence[int]]) -> None:
        """Queue prompts that were asked for together."""
        chunked = isinstance(self._streams, SupportsChunkedPrefill)
        for place, (stream, prompt) in enumerate(zip(streams, prompts, strict=True)):
            if chunked and len(prompt) > MAX_UNCHUNKED_TOKENS:
                self._long[place, stream] = prompt
            else:
                self._short[stream] = prompt

    def cancel(self, streams: Collection[int]) -> list[int]:
        """Drop prompts. Returns the ids that will become streams all the same, being read together with others."""
        self._short = {stream: prompt for stream, prompt in self._short.items() if stream not in streams}
        self._long = {key: prompt for key, prompt in self._long.items() if key[1] not in streams}
        if set(self._reading) <= set(streams):
            self._chunks, self._reading = None, []
        return [stream for stream in self._reading if stream in streams]

    def process(self) -> list[int]:
        """Read for a while; returns the ids of the prompts that have become streams, in the order of their rows."""
        return [*self._read_short(), *self._read_long()]

    def _read_short(self) -> list[int]:
        batch, tokens = list[int](), 0
        for stream, prompt in self._short.items():
            tokens += len(prompt)
            if batch and tokens > BATCH_TOKENS:
                break
            batch.append(stream)
        if batch:
            self._streams.join([self._short.pop(stream) for stream in batch])
        return batch

    def _read_long(self) -> list[int]:
        joined, began = list[int](), perf_counter()
        while (self._reading or self._long) and perf_counter() - began < PREFILL_SECONDS:
            joined += self._read_chunk()
        return joined

    def _read_chunk(self) -> list[int]:
        """Read the next chunk; returns the ids of the prompts that have become streams by it."""
        if self._chunks is None:
            assert isinstance(self._streams, SupportsChunkedPrefill)
            keys = sorted(self._long)[: self._streams.max_concurrent_prefills]
            self._reading = [stream for _, stream in keys]
            self._chunks = self._streams.prefill_chunks([self._long.pop(key) for key in keys])
        if next(self._chunks, FINISHED) is not FINISHED:
            return []
        joined, self._chunks, self._reading = self._reading, None, []
        return joined


def split_prompt(prompt: Sequence[int], size: int) -> list[Sequence[int]]:
    """The prompt in chunks of `size` tokens; the last has what remains."""
    return [prompt[start : start + size] for start in range(0, len(prompt), size)]
