"""Generation with a small Llama model through fused.c: many streams, one token of each at a time, on all cores.

Through PyTorch a token of such a model costs ten times as much in calls as in arithmetic; here a pass is one call.
Weights and caches are fp16, sums are fp32. Streams are divided among the cores, so that no core waits for another
within a token.
"""

import ctypes
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from soundalike.engines import fused_library
from soundalike.engines.chunked_prefill import split_prompt
from soundalike.engines.llama_model import LlamaConfig
from soundalike.errors import EngineError

if TYPE_CHECKING:
    from soundalike.engines.adapter import Adapter

PREFILL_CHUNK = 128  # tokens of a long prompt that are read between two tokens of other streams

Array = NDArray[Any]


@dataclass(slots=True)
class Stream:
    """One stream: its cache of keys and values, how many tokens are in it, and the tokens to be read next."""

    cache: Array
    unread: Sequence[int]
    length: int = 0


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
        self._arrays: list[Array] = []  # keeps alive what the structure's pointers point to
        self.config: LlamaConfig = adapter.model.config
        self.max_positions = fused_library.max_positions(self.config)
        self._padded_vocab_size = -(-self.config.vocab_size // self._panel) * self._panel
        self._model = self._packed_model(adapter)
        self.threads = torch.get_num_threads()
        self._pool = ThreadPoolExecutor(max(1, self.threads - 1), "fused")

    def _packed_model(self, adapter: "Adapter") -> fused_library.FusedModel:
        config = self.config

        def weight(name: str) -> Array:
            array: Array = adapter.effective_weight(name).float().cpu().numpy()
            return array

        def per_layer(store: Callable[[Array], int], *names: str) -> int:
            """Pointer to one pointer per layer: to the weights called `names`, concatenated along their outputs."""
            weights = (
                np.concatenate([weight(f"model.layers.{layer}.{name}.weight") for name in names])
                for layer in range(config.num_hidden_layers)
            )
            return self._store(np.array([store(array) for array in weights], np.uintp))

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
            lm_head=self._pack(lm_head),
            qkv_proj=per_layer(self._pack, *(f"self_attn.{kind}_proj" for kind in "qkv")),
            o_proj=per_layer(self._pack, "self_attn.o_proj"),
            gate_up_proj=per_layer(self._pack, "mlp.gate_proj", "mlp.up_proj"),
            down_proj=per_layer(self._pack, "mlp.down_proj"),
            input_norm=per_layer(self._store, "input_layernorm"),
            mlp_norm=per_layer(self._store, "post_attention_layernorm"),
            final_norm=self._store(weight("model.norm.weight")),
        )

    def _store(self, array: Array) -> int:
        """Keep the array alive; returns its address."""
        self._arrays.append(np.ascontiguousarray(array))
        return self._arrays[-1].ctypes.data

    def _pack(self, weight: Array) -> int:
        """Address of a weight (outputs, inputs) in fp16 and in panels, (outputs / panel, inputs, panel)."""
        outputs, inputs = weight.shape
        panels = weight.astype(np.float16).reshape(outputs // self._panel, self._panel, inputs)
        return self._store(panels.transpose(0, 2, 1))

    def streams(self) -> "FusedStreams":
        """An empty set of streams."""
        return FusedStreams(self)

    def new_stream(self, unread: Sequence[int]) -> Stream:
        """A stream with an empty cache; fused.c describes its layout."""
        config = self.config
        heads = config.num_hidden_layers * config.num_key_value_heads
        return Stream(np.empty(2 * heads * self.max_positions * config.head_dim, np.float16), unread)

    def empty_logits(self, rows: int) -> LogitsBuffer:
        """An uninitialised buffer for `rows` rows of logits."""
        return LogitsBuffer(np.empty((rows, self._padded_vocab_size), np.float32), np.empty(rows, np.float32))

    def forward(self, streams: Sequence[Stream]) -> LogitsBuffer:
        """Let each stream read its unread tokens; returns the logits after each. All cores get about as many tokens."""
        buffer = self.empty_logits(len(streams))
        ends = np.cumsum([len(stream.unread) for stream in streams])
        shares = ends[-1] * np.arange(1, self.threads) / self.threads
        edges = [0, *ends.searchsorted(shares, side="right").tolist(), len(streams)]
        parts = [slice(*edge) for edge in pairwise(edges) if edge[0] < edge[1]]

        def run(part: slice) -> None:
            self._forward_on_one_core(streams[part], buffer.take(part))

        others = [self._pool.submit(run, part) for part in parts[1:]]
        run(parts[0])
        for job in others:
            job.result()
        for stream in streams:
            stream.length, stream.unread = stream.length + len(stream.unread), ()
        return buffer

    def _forward_on_one_core(self, streams: Sequence[Stream], buffer: LogitsBuffer) -> None:
        """One call of fused.c. It writes logits for the last rows, so each stream's last token is put there."""
        last = [(stream, len(stream.unread) - 1) for stream in streams]
        rows = [*((stream, at) for stream, end in last for at in range(end)), *last]
        caches = (ctypes.c_void_p * len(rows))(*(stream.cache.ctypes.data for stream, _ in rows))
        positions = (ctypes.c_int32 * len(rows))(*(stream.length + at for stream, at in rows))
        tokens = (ctypes.c_int32 * len(rows))(*(stream.unread[at] for stream, at in rows))
        inputs = (ctypes.byref(self._model), len(rows), caches, positions, tokens, len(streams))
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
        lengths = (stream.length + len(stream.unread) for stream in self._streams)
        return [row for row, length in enumerate(lengths) if length >= self._decoder.max_positions]

    def join(self, prompts: Sequence[Sequence[int]]) -> None:
        """Add prompts as new streams after the running ones; they are read with the next pass."""
        self._streams += [self._decoder.new_stream(self._fitting(prompt)) for prompt in prompts]

    def prefill_chunks(self, prompts: Sequence[Sequence[int]]) -> Iterator[None]:
        """Prefill prompts, a chunk of each per step; the last chunks are read with the next pass.

        See `SupportsChunkedPrefill`.
        """
        chunks = [split_prompt(self._fitting(prompt), PREFILL_CHUNK) for prompt in prompts]
        streams = [self._decoder.new_stream(of_prompt.pop(0)) for of_prompt in chunks]
        while any(chunks):
            unfinished = [(stream, rest) for stream, rest in zip(streams, chunks, strict=True) if rest]
            self._decoder.forward([stream for stream, _ in unfinished])
            for stream, rest in unfinished:
                stream.unread = rest.pop(0)
            yield
        self._streams += streams

    def _fitting(self, prompt: Sequence[int]) -> Sequence[int]:
        """The end of a prompt that leaves room for one more token."""
        return prompt[1 - self._decoder.max_positions :]

    def advance(self, tokens: Sequence[int]) -> None:
        """Append one token to each stream."""
        self._compute()
        for stream, token in zip(self._streams, tokens, strict=True):
            stream.unread = (token,)
        self._computed = self._decoder.empty_logits(0)

    def keep(self, rows: Sequence[int]) -> None:
        """Keep only these streams, in this order."""
        if len(self._computed):
            self._computed = self._compute().take(list(rows))
        self._streams = [self._streams[row] for row in rows]

    def _compute(self) -> LogitsBuffer:
        """Logits of all streams, after a pass over those with unread tokens."""
        unread = self._streams[len(self._computed) :]
        if unread:
            new = self._decoder.forward(unread)
            self._computed = self._computed.followed_by(new) if len(self._computed) else new
        return self._computed
