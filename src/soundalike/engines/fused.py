"""Generation with a small Llama model through fused.c: many streams, one token of each at a time, on all cores.

Through PyTorch a token of such a model costs ten times as much in calls as in arithmetic; here a pass is one call.
Caches are fp16. Where the weights fit into the processor's caches they are fp16, and streams are divided
among the cores, so that no core waits for another within a token. Larger weights have 8 bits, because a token then
takes as long as it takes to read them, and all cores share each product, so that they are read once for all streams.
Prompts that begin as an earlier one did are read from where they differ.
"""

import ctypes
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from soundalike.engines import fused_library
from soundalike.engines.chunked_prefill import split_prompt
from soundalike.engines.fused_library import FusedMatrix
from soundalike.engines.llama_model import LlamaConfig
from soundalike.engines.prefix_cache import PrefixCache, longest_prefix
from soundalike.errors import EngineError

if TYPE_CHECKING:
    from soundalike.engines.adapter import Adapter

PREFILL_CHUNK = 128  # tokens of a long prompt that are read between two tokens of other streams
IN_CACHE = 32_000_000  # parameters of the largest model whose weights are fp16
PREFIX_BYTES = 256 << 20  # of keys and values of streams that have left
CACHE_STEP = 128  # a cache has a multiple of so many positions, so that it rarely grows

Array = NDArray[Any]


@dataclass(slots=True, eq=False)
class Stream:
    """One stream: its cache of keys and values, all its tokens, how many are in the cache, how many are to be read.

    `begins_as` is a stream that shares its first `shared` tokens and reads them in its place.
    """

    cache: Array
    tokens: list[int]
    length: int = 0
    unread: int = 0
    begins_as: "Stream | None" = None
    shared: int = 0


@dataclass(frozen=True, slots=True)
class LogitsBuffer:
    """Logits (rows, padded vocabulary) and their log-sum-exp over the vocabulary (rows,), float32."""

    logits: NDArray[np.float32]
    logsumexp: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.logsumexp)

    def take(self, rows: slice | list[int]) -> "LogitsBuffer":
        """These rows; of a slice, a view."""
        return LogitsBuffer(self.logits[rows], self.logsumexp[rows])

    def followed_by(self, more: "LogitsBuffer") -> "LogitsBuffer":
        """These rows, then those of `more`."""
        logits, logsumexp = (self.logits, more.logits), (self.logsumexp, more.logsumexp)
        return LogitsBuffer(np.concatenate(logits), np.concatenate(logsumexp))


class FusedDecoder:
    """A snapshot of a model with its adapter merged, packed for fused.c; later training does not change it."""

    def __init__(self, adapter: "Adapter") -> None:
        library = fused_library.library()
        if library is None:
            raise EngineError("fused.c was not compiled on this machine.", "Install a C compiler.")
        self._library, self._panel = library, int(library.panel())
        self._arrays: list[Array] = []  # keeps alive what the structures' pointers point to
        self._structures: list[Any] = []
        self.config: LlamaConfig = adapter.model.config
        self.max_positions = fused_library.max_positions(self.config)
        self._padded_vocab_size = -(-self.config.vocab_size // self._panel) * self._panel
        self._large = sum(p.numel() for p in adapter.model.parameters()) > IN_CACHE
        self._model = self._packed_model(adapter)
        self.threads = torch.get_num_threads()
        self._pool = ThreadPoolExecutor(max(1, self.threads - 1), "fused")
        heads = self.config.num_hidden_layers * self.config.num_key_value_heads
        self._token_bytes = 2 * 2 * heads * self.config.head_dim
        self.prefixes: PrefixCache[Array] = PrefixCache(PREFIX_BYTES // self._token_bytes)

    def _packed_model(self, adapter: "Adapter") -> fused_library.FusedModel:
        config = self.config

        def weight(name: str) -> Array:
            array: Array = adapter.effective_weight(name).float().cpu().numpy()
            return array

        def per_layer(*names: str) -> Iterator[Array]:
            """For each layer the weights called `names`, concatenated along their outputs."""
            for layer in range(config.num_hidden_layers):
                yield np.concatenate([weight(f"model.layers.{layer}.{name}.weight") for name in names])

        def norms(name: str) -> int:
            """Pointer to one pointer per layer."""
            return self._store(np.array([self._store(array) for array in per_layer(name)], np.uintp))

        def rotary(table: torch.Tensor) -> int:
            half = table[: self.max_positions, : config.head_dim // 2]  # the other half is the same
            return self._store(half.float().cpu().contiguous().numpy())

        embedding = weight("model.embed_tokens.weight")  # (vocabulary, hidden)
        lm_head = np.zeros((self._padded_vocab_size, config.hidden_size), np.float32)
        lm_head[: config.vocab_size] = embedding
        return fused_library.FusedModel(
            vocab_size=config.vocab_size,
            padded_vocab_size=self._padded_vocab_size,
            hidden_size=config.hidden_size,
            intermediate_size=config.intermediate_size,
            num_layers=config.num_hidden_layers,
            num_heads=config.num_attention_heads,
            num_kv_heads=config.num_key_value_heads,
            head_dim=config.head_dim,
            max_positions=self.max_positions,
            rms_norm_eps=config.rms_norm_eps,
            embedding=self._store(embedding.astype(np.float16)),
            cos=rotary(adapter.model.cos),
            sin=rotary(adapter.model.sin),
            lm_head=self._pack([lm_head]),
            qkv_proj=self._pack(per_layer(*(f"self_attn.{kind}_proj" for kind in "qkv"))),
            o_proj=self._pack(per_layer("self_attn.o_proj")),
            gate_up_proj=self._pack(per_layer("mlp.gate_proj", "mlp.up_proj")),
            down_proj=self._pack(per_layer("mlp.down_proj")),
            input_norm=norms("input_layernorm"),
            mlp_norm=norms("post_attention_layernorm"),
            final_norm=self._store(weight("model.norm.weight").copy()),
        )

    def _store(self, array: Array) -> int:
        """Keep the array alive; returns its address."""
        self._arrays.append(np.ascontiguousarray(array))
        return self._arrays[-1].ctypes.data

    def _pack(self, weights: Iterable[Array]) -> int:
        """Address of the `matrix` structures of weights, (outputs, inputs) each."""
        packed = [self._packed(weight) for weight in weights]
        matrices = (FusedMatrix * len(packed))(*packed)
        self._structures.append(matrices)
        return ctypes.addressof(matrices)

    def _packed(self, weight: Array) -> FusedMatrix:
        """The weight in panels: in fp16, or in 8 bits with a scale per output."""
        if not self._large:
            return FusedMatrix(self._store(self._panels(weight.astype(np.float16), 1)), None)
        scale = np.maximum(np.abs(weight).max(axis=1), 1e-12) / 127
        rounded = np.rint(weight / scale[:, None]).astype(np.int8)
        return FusedMatrix(self._store(self._panels(rounded, 2)), self._store(scale.astype(np.float32)))

    def _panels(self, weight: Array, together: int) -> Array:
        """(outputs / panel, inputs / together, panel, together) of a weight (outputs, inputs)."""
        outputs, inputs = weight.shape
        panels = weight.reshape(outputs // self._panel, self._panel, inputs // together, together)
        return panels.transpose(0, 2, 1, 3)

    def streams(self) -> "FusedStreams":
        """An empty set of streams."""
        return FusedStreams(self)

    def new_stream(self, prompt: Sequence[int], others: Sequence[Stream] = ()) -> Stream:
        """A stream that is to read `prompt`, but for what `others` or one that has left have read of it."""
        stream = Stream(self._new_cache(len(prompt) + CACHE_STEP // 2), list(prompt))
        found = self.prefixes.longest(stream.tokens)
        beside, shared = longest_prefix(stream.tokens, ((other.tokens, other) for other in others))
        if found and found[1] >= shared:
            self._copy_prefix(found[0], stream.cache, found[1])
            stream.length = found[1]
        elif beside:
            stream.begins_as, stream.shared = beside, shared
        stream.unread = len(stream.tokens) - stream.length
        return stream

    def _new_cache(self, positions: int) -> Array:
        """An uninitialised cache for at least so many positions; fused.c describes its layout."""
        heads = self.config.num_hidden_layers * self.config.num_key_value_heads
        capacity = min(-(-positions // CACHE_STEP) * CACHE_STEP, self.max_positions)
        return np.empty((heads, 2, capacity * self.config.head_dim), np.float16)

    def _copy_prefix(self, source: Array, target: Array, count: int) -> None:
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
            larger = self._new_cache(len(stream.tokens) + len(stream.tokens) // 2)
            self._copy_prefix(stream.cache, larger, stream.length)
            stream.cache = larger

    def leave(self, streams: Iterable[Stream]) -> None:
        """Keep what these streams have read for prompts that begin alike; they are not used any more."""
        for stream in streams:
            self.prefixes.add(stream.tokens[: stream.length], stream.cache)
            stream.unread = 0

    def empty_logits(self, rows: int) -> LogitsBuffer:
        """An uninitialised buffer for `rows` rows of logits."""
        return LogitsBuffer(np.empty((rows, self._padded_vocab_size), np.float32), np.empty(rows, np.float32))

    def new_text(self, tokens: Sequence[int]) -> Stream:
        """A stream that is to read all of `tokens`, whatever others have read."""
        return Stream(self._new_cache(len(tokens)), list(tokens), unread=len(tokens))

    def branch(self, stream: Stream, tokens: Sequence[int]) -> Stream:
        """A stream that goes on with `tokens` after what `stream` has read."""
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
        if self._large:
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
        inputs = (ctypes.byref(self._model), len(rows), caches, capacities, positions, tokens, len(buffer), threads)
        if self._library.forward(*inputs, buffer.logits, buffer.logsumexp):
            raise MemoryError("no memory for the numbers of one pass")


class FusedStreams:
    """Running streams, each with a cache of its own.

    Tokens are read when logits are asked for: next tokens and the prompts of new streams in one pass, and nothing of
    streams that have left in the meantime.
    """

    def __init__(self, decoder: FusedDecoder) -> None:
        self._decoder = decoder
        self._streams: list[Stream] = []
        self._computed = decoder.empty_logits(0)  # of the first streams; the others have unread tokens

    @property
    def max_concurrent_prefills(self) -> int:
        """One prompt for each core."""
        return self._decoder.threads

    @property
    def logits(self) -> NDArray[np.float32]:
        """Logits of each stream's next token, (streams, vocabulary)."""
        return self._compute().logits[:, : self._decoder.config.vocab_size]

    @property
    def logsumexp(self) -> NDArray[np.float32]:
        """Log-sum-exp of each row of `logits`, (streams,)."""
        return self._compute().logsumexp

    @property
    def exhausted(self) -> list[int]:
        """Rows whose context is full."""
        most = self._decoder.max_positions
        return [row for row, stream in enumerate(self._streams) if len(stream.tokens) >= most]

    def join(self, prompts: Sequence[Sequence[int]]) -> None:
        """Add prompts as new streams after the running ones; they are read with the next pass."""
        for prompt in prompts:
            self._streams.append(self._decoder.new_stream(self._fitting(prompt), self._streams))

    def prefill_chunks(self, prompts: Sequence[Sequence[int]]) -> Iterator[None]:
        """Prefill prompts, a chunk of each per step; the last chunks are read with the next pass.

        See `SupportsChunkedPrefill`.
        """
        streams = [self._decoder.new_stream(self._fitting(prompt)) for prompt in prompts]
        chunks = [[len(chunk) for chunk in split_prompt(range(stream.unread), PREFILL_CHUNK)] for stream in streams]
        while unfinished := [(stream, rest) for stream, rest in zip(streams, chunks, strict=True) if len(rest) > 1]:
            for stream, rest in unfinished:
                stream.unread = rest.pop(0)
            self._decoder.forward([stream for stream, _ in unfinished])
            yield
        for stream, rest in zip(streams, chunks, strict=True):
            stream.unread = rest.pop(0)
        self._streams += streams

    def _fitting(self, prompt: Sequence[int]) -> Sequence[int]:
        """The end of a prompt that leaves room for one more token."""
        return prompt[1 - self._decoder.max_positions :]

    def advance(self, tokens: Sequence[int]) -> None:
        """Append one token to each stream."""
        self._compute()
        for stream, token in zip(self._streams, tokens, strict=True):
            stream.tokens.append(token)
            stream.unread = 1
        self._computed = self._decoder.empty_logits(0)

    def keep(self, rows: Sequence[int]) -> None:
        """Keep only these streams, in this order."""
        if len(self._computed):
            self._computed = self._compute().take(list(rows))
        kept = [self._streams[row] for row in rows]
        self._decoder.leave(stream for stream in self._streams if stream not in kept)
        self._streams = kept

    def _compute(self) -> LogitsBuffer:
        """Logits of all streams, after a pass over those with unread tokens."""
        unread = self._streams[len(self._computed) :]
        if unread:
            new = self._decoder.forward(unread)
            self._computed = self._computed.followed_by(new) if len(self._computed) else new
        return self._computed
