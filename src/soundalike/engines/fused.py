"""Decoding of a small Llama-shaped model by fused.c: many streams, one token at a time, a core a stream.

Through PyTorch a token of such a model costs ten times as much in calls as in arithmetic. Here a token is one call,
weights and caches are fp16, sums are fp32. Streams are dealt out to the cores, so none waits for another inside a
token. `available` says whether this machine can compile it. It knows numbers, never text.
"""

import ctypes
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy import ctypeslib
from numpy.typing import NDArray

from soundalike.engines.chunked_prefill import split_prompt
from soundalike.engines.llama_model import LlamaConfig
from soundalike.errors import EngineError
from soundalike.native import load_library

if TYPE_CHECKING:
    from soundalike.engines.adapter import Adapter

SOURCE = Path(__file__).with_name("fused.c")
MAX_PARAMETERS = (
    100_000_000  # parameters: of a larger model one core reads the weights too slowly to do without the others
)
PREFILL_CHUNK = 128  # tokens of a prompt that are read at once beside the tokens of others
MAX_POSITIONS = 4_096  # positions: a cache has room for all of them from the start

POINTERS = "embedding cosines sines head qkv out gate_up down before_attention before_mlp before_head".split()

Array = NDArray[Any]


def available() -> bool:
    """Whether this machine can compile and run fused.c."""
    return _compiled() is not None


def supports(shape: LlamaConfig, parameters: int) -> bool:
    """Whether fused.c can run a model of this shape, and is the fastest way to."""
    compiled = _compiled()
    if compiled is None or parameters > MAX_PARAMETERS:
        return False
    width = int(compiled.panel())
    heads = shape.num_attention_heads + 2 * shape.num_key_value_heads
    sizes = (
        shape.hidden_size,
        heads * shape.head_dim,
        2 * shape.intermediate_size,
        shape.head_dim,
        _max_positions(shape),
    )
    return not any(size % width for size in sizes)


class _Model(ctypes.Structure):
    """`model` of fused.c."""

    _fields_ = (
        *(
            (name, ctypes.c_int32)
            for name in "vocabulary columns hidden inner layers heads kv_heads head_dim reach".split()
        ),
        ("epsilon", ctypes.c_float),
        *((name, ctypes.c_void_p) for name in POINTERS),
    )


_INTS = ctypes.POINTER(ctypes.c_int32)


def _compiled() -> ctypes.CDLL | None:
    """fused.c as a library; None where it cannot be compiled."""
    return load_library(SOURCE, _declare)


def _declare(compiled: ctypes.CDLL) -> None:
    compiled.panel.argtypes, compiled.panel.restype = (), ctypes.c_int32
    caches, count = ctypes.POINTER(ctypes.c_void_p), ctypes.c_int32
    compiled.forward.argtypes = (
        *(ctypes.POINTER(_Model), count, caches, _INTS, _INTS, count),
        *(ctypeslib.ndpointer(np.float32, dimensions, flags="C") for dimensions in (2, 1)),
    )
    compiled.forward.restype = ctypes.c_int32


class FusedDecoder:
    """The model as it is now, packed for fused.c; training afterwards does not change it."""

    def __init__(self, adapter: "Adapter") -> None:
        compiled = _compiled()
        if compiled is None:
            raise EngineError("fused.c was not compiled on this machine.", "Install a C compiler.")
        self._library, self._panel = compiled, int(compiled.panel())
        self._held: list[Array] = []  # what the structure's pointers point to
        shape = self.shape = adapter.model.shape
        self.max_positions = _max_positions(shape)

        def weight(name: str) -> Array:
            made: Array = adapter.effective_weight(name).float().cpu().numpy()
            return made

        def layers(hold: Callable[[Array], int], *names: str) -> int:
            """Weights of every layer, those of `names` below each other."""
            wholes = (
                np.concatenate([weight(f"model.layers.{number}.{name}.weight") for name in names])
                for number in range(shape.num_hidden_layers)
            )
            return self._hold(np.array([hold(whole) for whole in wholes], np.uintp))

        embedding = weight("model.embed_tokens.weight")
        half = shape.head_dim // 2
        self._columns = -(-shape.vocab_size // self._panel) * self._panel
        head = np.zeros((self._columns, shape.hidden_size), np.float32)
        head[: shape.vocab_size] = embedding
        attention, mlp = "self_attn.", "mlp."
        self._model = _Model(
            shape.vocab_size,
            self._columns,
            shape.hidden_size,
            shape.intermediate_size,
            shape.num_hidden_layers,
            shape.num_attention_heads,
            shape.num_key_value_heads,
            shape.head_dim,
            self.max_positions,
            shape.rms_norm_eps,
            self._hold(embedding.astype(np.float16)),
            self._hold(adapter.model.cos[: self.max_positions, :half].float().cpu().contiguous().numpy()),
            self._hold(adapter.model.sin[: self.max_positions, :half].float().cpu().contiguous().numpy()),
            self._pack(head),
            layers(self._pack, *(f"{attention}{kind}_proj" for kind in "qkv")),
            layers(self._pack, f"{attention}o_proj"),
            layers(self._pack, f"{mlp}gate_proj", f"{mlp}up_proj"),
            layers(self._pack, f"{mlp}down_proj"),
            layers(self._hold, "input_layernorm"),
            layers(self._hold, "post_attention_layernorm"),
            self._hold(weight("model.norm.weight")),
        )
        self.threads = torch.get_num_threads()
        self._pool = ThreadPoolExecutor(max(1, self.threads - 1), "fused")

    def open(self) -> "FusedStreams":
        """No streams yet."""
        return FusedStreams(self)

    def new_cache(self) -> Array:
        """Room for the keys and values of one stream."""
        shape = self.shape
        return np.empty(
            2 * shape.num_hidden_layers * shape.num_key_value_heads * self.max_positions * shape.head_dim, np.float16
        )

    def _hold(self, array: Array) -> int:
        self._held.append(np.ascontiguousarray(array))
        return self._held[-1].ctypes.data

    def _pack(self, weight: Array) -> int:
        """(outputs, inputs) -> (outputs / panel, inputs, panel) in fp16."""
        outputs, inputs = weight.shape
        panels = weight.astype(np.float16).reshape(outputs // self._panel, self._panel, inputs)
        return self._hold(panels.transpose(0, 2, 1))

    def read(self, streams: Sequence["Stream"]) -> "LogitsBuffer":
        """Let streams read what they have not yet read; what comes after each. Each core gets as many tokens."""
        made = self.empty_logits(len(streams))
        ends = np.cumsum([len(stream.unread) for stream in streams])
        shares = ends[-1] * np.arange(1, self.threads) / self.threads
        edges = [0, *ends.searchsorted(shares, side="right").tolist(), len(streams)]
        parts = [slice(*edge) for edge in pairwise(edges) if edge[0] < edge[1]]

        def one(part: slice) -> None:
            self._forward(streams[part], made.part(part))

        others = [self._pool.submit(one, part) for part in parts[1:]]
        one(parts[0])
        for job in others:
            job.result()
        for stream in streams:
            stream.read, stream.unread = stream.read + len(stream.unread), ()
        return made

    def empty_logits(self, rows: int) -> "LogitsBuffer":
        """Room for what comes after so many rows."""
        return LogitsBuffer(np.empty((rows, self._columns), np.float32), np.empty(rows, np.float32))

    def _forward(self, streams: Sequence["Stream"], made: "LogitsBuffer") -> None:
        """One pass: the last token of each stream stands at the end, those before it in front."""
        late = [(stream, len(stream.unread) - 1) for stream in streams]
        rows = [*((stream, at) for stream, last in late for at in range(last)), *late]
        caches = (ctypes.c_void_p * len(rows))(*(stream.cache.ctypes.data for stream, _ in rows))
        places = (ctypes.c_int32 * len(rows))(*(stream.read + at for stream, at in rows))
        tokens = (ctypes.c_int32 * len(rows))(*(stream.unread[at] for stream, at in rows))
        given = (ctypes.byref(self._model), len(rows), caches, places, tokens, len(streams))
        if self._library.forward(*given, made.logits, made.logsumexp):
            raise MemoryError("no memory for the numbers of one pass")


@dataclass(slots=True)
class Stream:
    """Keys and values of what one stream has read, how many tokens that were, and those that it has yet to read."""

    cache: Array
    unread: Sequence[int]
    read: int = 0


@dataclass(frozen=True, slots=True)
class LogitsBuffer:
    """Logits (rows, columns of the head) and the log mass of each row, float32."""

    logits: NDArray[np.float32]
    logsumexp: NDArray[np.float32]

    def part(self, rows: slice | list[int]) -> "LogitsBuffer":
        """Some rows: of a slice, the same memory."""
        return LogitsBuffer(self.logits[rows], self.logsumexp[rows])

    def followed_by(self, more: "LogitsBuffer") -> "LogitsBuffer":
        """These rows, then those of `more`."""
        logits, logsumexp = (self.logits, more.logits), (self.logsumexp, more.logsumexp)
        return LogitsBuffer(np.concatenate(logits), np.concatenate(logsumexp))


class FusedStreams:
    """Streams in flight, each with a cache of its own; see the Streams protocol.

    What they are given is read when somebody asks what they believe: a stream's next token and the prompt of one that
    joins in the same pass, and nothing of one that has left.
    """

    def __init__(self, decoder: FusedDecoder) -> None:
        self._decoder = decoder
        self._streams: list[Stream] = []
        self._known = decoder.empty_logits(0)  # of the first streams; the others have something to read

    @property
    def logits(self) -> NDArray[np.float32]:
        """(streams, vocabulary) of each stream's next token."""
        return self._believed().logits[:, : self._decoder.shape.vocab_size]

    @property
    def logsumexp(self) -> NDArray[np.float32]:
        """(streams,): the logarithm of the sum of each row's exponentials."""
        return self._believed().logsumexp

    @property
    def exhausted(self) -> list[int]:
        """The streams that have no place left for a token."""
        lengths = (stream.read + len(stream.unread) for stream in self._streams)
        return [row for row, length in enumerate(lengths) if length >= self._decoder.max_positions]

    def join(self, prompts: Sequence[Sequence[int]]) -> None:
        """Streams of their own for these prompts, after those that run."""
        max_positions = self._decoder.max_positions
        self._streams += [Stream(self._decoder.new_cache(), prompt[1 - max_positions :]) for prompt in prompts]

    @property
    def max_concurrent_prefills(self) -> int:
        """A prompt a core."""
        return self._decoder.threads

    def prefill_chunks(self, prompts: Sequence[Sequence[int]]) -> Iterator[None]:
        """Read prompts a slice a turn, the last slices with whatever is read next; see `SupportsChunkedPrefill`."""
        max_positions = self._decoder.max_positions
        parts = [split_prompt(prompt[1 - max_positions :], PREFILL_CHUNK) for prompt in prompts]
        streams = [Stream(self._decoder.new_cache(), part.pop(0)) for part in parts]
        while any(parts):
            going_on = [(stream, part) for stream, part in zip(streams, parts, strict=True) if part]
            self._decoder.read([stream for stream, _ in going_on])
            for stream, part in going_on:
                stream.unread = part.pop(0)
            yield
        self._streams += streams

    def advance(self, tokens: Sequence[int]) -> None:
        """Give each stream its next token."""
        self._believed()
        for stream, token in zip(self._streams, tokens, strict=True):
            stream.unread = (token,)
        self._known = self._decoder.empty_logits(0)

    def keep(self, rows: Sequence[int]) -> None:
        """Go on with these streams only."""
        if len(self._known.logsumexp):
            self._known = self._believed().part(list(rows))
        self._streams = [self._streams[row] for row in rows]

    def _believed(self) -> LogitsBuffer:
        known, streams = self._known, self._streams[len(self._known.logsumexp) :]
        if streams:
            new = self._decoder.read(streams)
            self._known = known.followed_by(new) if len(known.logsumexp) else new
        return self._known


def _max_positions(shape: LlamaConfig) -> int:
    """Positions that a cache holds."""
    return min(shape.max_position_embeddings, MAX_POSITIONS)
