"""Generation with a small Llama model through fused.c: many streams, one token of each at a time, on all cores.

Through PyTorch a token of such a model costs ten times as much in calls as in arithmetic; here a pass is one call.
Caches are fp16. Small weights stay in the processor's caches, and streams are divided among the cores, so that no core
waits for another within a token. Larger weights take longer to read than to multiply, and all cores share each product,
so that they are read once for all streams: see `fused_weights`.
Prompts that begin as an earlier one did are read from where they differ.
"""

import ctypes
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from soundalike.engines import fused_library
from soundalike.engines.fused_streams import FusedStreams, LogitsBuffer, Stream
from soundalike.engines.fused_weights import PackedWeights
from soundalike.engines.llama_model import LlamaConfig
from soundalike.engines.prefix_cache import PrefixCache, longest_prefix
from soundalike.errors import EngineError

if TYPE_CHECKING:
    from soundalike.engines.adapter import Adapter

PREFIX_BYTES = 256 << 20  # of keys and values of streams that have left
CACHE_STEP = 128  # a cache has a multiple of so many positions, so that it rarely grows

Cache = NDArray[np.float16]


class FusedDecoder:
    """A snapshot of a model with its adapter merged, packed for fused.c; later training does not change it."""

    def __init__(self, adapter: "Adapter") -> None:
        library = fused_library.library()
        if library is None:
            raise EngineError("fused.c was not compiled on this machine.", "Install a C compiler.")
        self._library, self._panel = library, int(library.panel())
        self.config: LlamaConfig = adapter.model.config
        self._weights = PackedWeights(adapter, self._panel, int(library.together()))
        self.max_positions = int(self._weights.model.max_positions)
        self.threads = torch.get_num_threads()
        self._pool = ThreadPoolExecutor(max(1, self.threads - 1), "fused")
        self.prefixes: PrefixCache[Cache] = PrefixCache(PREFIX_BYTES)

    def streams(self) -> FusedStreams:
        """An empty set of streams."""
        return FusedStreams(self)

    def new_stream(self, prompt: Sequence[int], others: Sequence[Stream] = ()) -> Stream:
        """A stream that is to read `prompt`, but for what `others` or one that has left have read of it."""
        stream = Stream(self._new_cache(len(prompt), CACHE_STEP // 2), list(prompt))
        found = self.prefixes.longest(stream.tokens)
        beside, shared = longest_prefix(stream.tokens, ((other.tokens, other) for other in others))
        if found and found[1] >= shared:
            self._copy_prefix(found[0], stream.cache, found[1])
            stream.length = found[1]
        elif beside:
            stream.begins_as, stream.shared = beside, shared
        stream.unread = len(stream.tokens) - stream.length
        return stream

    def _new_cache(self, positions: int, spare: int = 0) -> Cache:
        """An uninitialised cache for so many positions, and `spare` more if the model has them; fused.c describes its
        layout. `ValueError` for more positions than the model has."""
        if positions > self.max_positions:
            raise ValueError(f"a text of {positions} tokens, and the model has {self.max_positions} positions")
        heads = self.config.num_hidden_layers * self.config.num_key_value_heads
        capacity = min(-(-(positions + spare) // CACHE_STEP) * CACHE_STEP, self.max_positions)
        return np.empty((heads, 2, capacity * self.config.head_dim), np.float16)

    def _copy_prefix(self, source: Cache, target: Cache, count: int) -> None:
        """Copy the keys and values of the first `count` positions from one cache into another."""
        (heads, _, _), head_dim, panel = source.shape, self.config.head_dim, self._panel
        panels = -(-count // panel)
        keys, new_keys = (cache[:, 0].reshape(heads, -1, head_dim * panel) for cache in (source, target))
        new_keys[:, :panels] = keys[:, :panels]
        values, new_values = (cache[:, 1].reshape(heads, head_dim // panel, -1, panel) for cache in (source, target))
        new_values[:, :, :count] = values[:, :, :count]

    def _make_room(self, stream: Stream) -> None:
        """Give the stream a cache that has a position for each of its tokens."""
        if len(stream.tokens) > stream.cache.shape[2] // self.config.head_dim:
            larger = self._new_cache(len(stream.tokens), len(stream.tokens) // 2)
            self._copy_prefix(stream.cache, larger, stream.length)
            stream.cache = larger

    def leave(self, streams: Iterable[Stream]) -> None:
        """Keep what these streams have read for prompts that begin alike; they are not used any more."""
        for stream in streams:
            self.prefixes.add(stream.tokens[: stream.length], stream.cache, stream.cache.nbytes)
            stream.unread = 0

    def empty_logits(self, rows: int) -> LogitsBuffer:
        """An uninitialised buffer for `rows` rows of logits."""
        width = self._weights.model.padded_vocab_size
        return LogitsBuffer(np.empty((rows, width), np.float32), np.empty(rows, np.float32))

    def new_text(self, tokens: Sequence[int]) -> Stream:
        """A stream that is to read all of `tokens`, whatever others have read; `ValueError` if they are too many."""
        return Stream(self._new_cache(len(tokens)), list(tokens), unread=len(tokens))

    def branch(self, stream: Stream, tokens: Sequence[int]) -> Stream:
        """A stream that goes on with `tokens` after what `stream` has read; `ValueError` if they are too many."""
        branch = Stream(self._new_cache(stream.length + len(tokens)), [*stream.tokens[: stream.length], *tokens])
        self._copy_prefix(stream.cache, branch.cache, stream.length)
        branch.length, branch.unread = stream.length, len(tokens)
        return branch

    def forward_all(self, streams: Sequence[Stream]) -> list[LogitsBuffer]:
        """Let each stream read its unread tokens; returns for each the logits after every one of them, (unread,)."""
        ends = np.cumsum([stream.unread for stream in streams]).tolist()
        buffer = self.empty_logits(ends[-1])
        self._forward(streams, buffer, every=True)
        return [buffer.take(slice(*edge)) for edge in pairwise([0, *ends])]

    def forward(self, streams: Sequence[Stream]) -> LogitsBuffer:
        """Let each stream read its unread tokens; returns the logits after each.

        Those that begin as another of them follow after it.
        """
        buffer, waiting = self.empty_logits(len(streams)), list(range(len(streams)))
        while waiting:
            ready = [at for at in waiting if self._may_read(streams[at])]
            self._forward_rows([streams[at] for at in ready], buffer, ready)
            waiting = [at for at in waiting if streams[at].unread]
        return buffer

    def _may_read(self, stream: Stream) -> bool:
        """Whether the stream that it begins as has read the shared tokens; they are copied then."""
        first = stream.begins_as
        if first is None:
            return True
        if first.length < stream.shared and first.unread:
            return False
        stream.begins_as = None
        if first.length >= stream.shared:
            self._copy_prefix(first.cache, stream.cache, stream.shared)
            stream.length, stream.unread = stream.shared, stream.unread - stream.shared
        return True

    def _forward_rows(self, streams: Sequence[Stream], buffer: LogitsBuffer, rows: list[int]) -> None:
        """One pass; the logits after each stream's last token are written to these rows."""
        if len(rows) == len(buffer):
            self._forward(streams, buffer)
        else:
            read = self.empty_logits(len(streams))
            self._forward(streams, read)
            buffer.logits[rows], buffer.logsumexp[rows] = read.logits, read.logsumexp

    def _forward(self, streams: Sequence[Stream], buffer: LogitsBuffer, every: bool = False) -> None:
        """One pass; `buffer` gets the logits after each stream's last token, or after `every` unread one.

        All cores get about as many tokens, or share the products.
        """
        if self._weights.large:
            self._call(streams, buffer, self.threads, every)
        else:
            ends = np.cumsum([stream.unread for stream in streams])
            shares = ends[-1] * np.arange(1, self.threads) / self.threads
            edges = [0, *ends.searchsorted(shares, side="right").tolist(), len(streams)]
            first = [0, *ends.tolist()] if every else range(len(streams) + 1)  # the row of each stream's first logits
            parts = [
                (streams[one:end], buffer.take(slice(first[one], first[end])))
                for one, end in pairwise(edges)
                if one < end
            ]
            others = [self._pool.submit(self._call, *part, 1, every) for part in parts[1:]]
            self._call(*parts[0], 1, every)
            for job in others:
                job.result()
        for stream in streams:
            stream.length, stream.unread = stream.length + stream.unread, 0

    def _call(self, streams: Sequence[Stream], buffer: LogitsBuffer, threads: int, every: bool) -> None:
        """One call of fused.c. It writes logits for the last rows, so where not `every` token has some, the streams'
        last tokens are put there."""
        for stream in streams:
            self._make_room(stream)
        ends = [stream.length + stream.unread - (not every) for stream in streams]
        rows = [(stream, at) for stream, end in zip(streams, ends, strict=True) for at in range(stream.length, end)]
        rows += [] if every else zip(streams, ends, strict=True)
        caches = (ctypes.c_void_p * len(rows))(*(stream.cache.ctypes.data for stream, _ in rows))
        head_dim = self.config.head_dim
        capacities = (ctypes.c_int32 * len(rows))(*(stream.cache.shape[2] // head_dim for stream, _ in rows))
        positions = (ctypes.c_int32 * len(rows))(*(at for _, at in rows))
        tokens = (ctypes.c_int32 * len(rows))(*(stream.tokens[at] for stream, at in rows))
        model = ctypes.byref(self._weights.model)
        inputs = (model, len(rows), caches, capacities, positions, tokens, len(buffer), threads)
        if self._library.forward(*inputs, buffer.logits, buffer.logsumexp):
            raise MemoryError("no memory for the numbers of one pass")
