"""Decoding of a small Llama-shaped model by fused.c: many streams, one token at a time, a core a stream.

Through PyTorch a token of such a model costs ten times as much in calls as in arithmetic. Here a token is one call,
weights and caches are fp16, sums are fp32. Streams are dealt out to the cores, so none waits for another inside a
token. The C file is compiled when it is first needed and kept in the user's cache; `available` says whether this
machine can. It knows numbers, never text.
"""

import ctypes
import hashlib
import os
import platform
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from soundalike.engines.llama import Shape
from soundalike.errors import EngineError

if TYPE_CHECKING:
    from soundalike.engines.adapter import Adapter

SOURCE = Path(__file__).with_name("fused.c")
FLAGS = ("-O3", "-ffast-math", "-fPIC", "-std=gnu11")
LARGEST = 100_000_000  # parameters: of a larger model one core reads the weights too slowly to do without the others
LONGEST = 4_096  # positions: a cache has room for all of them from the start
COMPILE_SECONDS = 120

Array = NDArray[Any]


def available() -> bool:
    """Whether this machine can compile and run fused.c."""
    return _library() is not None


def fits(shape: Shape, parameters: int) -> bool:
    """Whether fused.c can run a model of this shape, and is the fastest way to."""
    library = _library()
    if library is None or parameters > LARGEST:
        return False
    width = int(library.panel())
    heads = shape.num_attention_heads + 2 * shape.num_key_value_heads
    sizes = (shape.hidden_size, heads * shape.head_dim, 2 * shape.intermediate_size, shape.head_dim, _reach(shape))
    return not any(size % width for size in sizes)


@cache
def _library() -> ctypes.CDLL | None:
    """fused.c compiled for this processor; None where there is no compiler that can."""
    compiler = _compiler()
    if not compiler:
        return None
    key = "\0".join((SOURCE.read_text(), *compiler, *FLAGS, _processor())).encode()
    made = _cache_folder() / f"fused-{hashlib.sha256(key).hexdigest()[:16]}.so"
    if made.exists():
        return ctypes.CDLL(str(made))
    try:
        made.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        place = tempfile.TemporaryDirectory(dir=made.parent)
    except OSError:  # a home that cannot be written: compiled for this process alone
        place = tempfile.TemporaryDirectory()
    with place as folder:
        part = Path(folder) / made.name
        if not _compile(compiler, part):
            return None
        library = ctypes.CDLL(str(part))
        if part.parent.parent == made.parent:
            part.replace(made)  # in one move, so that a half-written file is never loaded
        return library


def _compiler() -> list[str]:
    named = os.environ.get("CC")
    found = next(filter(None, map(shutil.which, ("cc", "gcc", "clang"))), None)
    return shlex.split(named) if named else [found] if found else []


def _compile(compiler: list[str], made: Path) -> bool:
    """Some compilers for ARM know no -march=native, and need none.

    The library is linked by a command of its own: linked with -ffast-math it would, once loaded, make the processor
    take tiny numbers for zero in all of the process.
    """
    part = made.with_suffix(".o")
    link = [*compiler, "-shared", "-o", str(made), str(part), "-lm"]
    for native in (["-march=native"], []):
        if _runs([*compiler, *native, *FLAGS, "-c", "-o", str(part), str(SOURCE)]):
            return _runs(link)
    return False


def _runs(command: Sequence[str]) -> bool:
    try:
        done = subprocess.run(command, capture_output=True, timeout=COMPILE_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _cache_folder() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "soundalike"


def _processor() -> str:
    """What -march=native depends on: a home that several machines share holds a library for each."""
    facts = Path("/proc/cpuinfo")
    if not facts.exists():
        return f"{platform.machine()} {platform.processor()}"
    return next((line for line in facts.read_text().splitlines() if line.startswith(("flags", "Features"))), "")


class _Model(ctypes.Structure):
    """`model` of fused.c."""

    _fields_ = (
        *(
            (name, ctypes.c_int32)
            for name in "vocabulary columns hidden inner layers heads kv_heads head_dim reach".split()
        ),
        ("epsilon", ctypes.c_float),
        *((name, ctypes.c_void_p) for name in "embedding cosines sines head qkv out gate_up down".split()),
    )


class FusedDecoder:
    """The model as it is now, packed for fused.c; training afterwards does not change it."""

    def __init__(self, adapter: "Adapter") -> None:
        library = _library()
        if library is None:
            raise EngineError("fused.c was not compiled on this machine.", "Install a C compiler.")
        self._library, self._panel = library, int(library.panel())
        self._held: list[Array] = []  # what the structure's pointers point to
        shape = self.shape = adapter.model.shape
        self.reach = _reach(shape)

        def weight(name: str) -> Array:
            made: Array = adapter.effective(name).float().cpu().numpy()
            return made

        def layers(*names: str, norm: str | None = None) -> int:
            """Packed weights of every layer, those of `names` below each other, with the norm before them folded in."""
            packed = []
            for number in range(shape.num_hidden_layers):
                whole = np.concatenate([weight(f"model.layers.{number}.{name}.weight") for name in names])
                packed.append(self._pack(whole * weight(f"model.layers.{number}.{norm}.weight") if norm else whole))
            return self._hold(np.array(packed, np.uintp))

        embedding = weight("model.embed_tokens.weight")
        half = shape.head_dim // 2
        self._columns = -(-shape.vocab_size // self._panel) * self._panel
        head = np.zeros((self._columns, shape.hidden_size), np.float32)
        head[: shape.vocab_size] = embedding * weight("model.norm.weight")
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
            self.reach,
            shape.rms_norm_eps,
            self._hold(embedding.astype(np.float16)),
            self._hold(adapter.model.cos[: self.reach, :half].float().cpu().contiguous().numpy()),
            self._hold(adapter.model.sin[: self.reach, :half].float().cpu().contiguous().numpy()),
            self._pack(head),
            layers(*(f"{attention}{kind}_proj" for kind in "qkv"), norm="input_layernorm"),
            layers(f"{attention}o_proj"),
            layers(f"{mlp}gate_proj", f"{mlp}up_proj", norm="post_attention_layernorm"),
            layers(f"{mlp}down_proj"),
        )
        self._threads = torch.get_num_threads()
        self._pool = ThreadPoolExecutor(self._threads, "fused")

    def open(self) -> "FusedStreams":
        """No streams yet."""
        return FusedStreams(self)

    def new_cache(self) -> Array:
        """Room for the keys and values of one stream."""
        shape = self.shape
        return np.empty(
            2 * shape.num_hidden_layers * shape.num_key_value_heads * self.reach * shape.head_dim, np.float16
        )

    def _hold(self, array: Array) -> int:
        self._held.append(np.ascontiguousarray(array))
        return self._held[-1].ctypes.data

    def _pack(self, weight: Array) -> int:
        """(outputs, inputs) -> (outputs / panel, inputs, panel) in fp16."""
        outputs, inputs = weight.shape
        panels = weight.astype(np.float16).reshape(outputs // self._panel, self._panel, inputs)
        return self._hold(panels.transpose(0, 2, 1))

    def read(self, prompts: Sequence[tuple[Array, Sequence[int]]]) -> "Beliefs":
        """What comes after each of `prompts`: an empty cache and the tokens to read into it."""
        made = self.believe_nothing(len(prompts))

        def one(at: int) -> None:
            memory, tokens = prompts[at]
            self._forward([memory] * len(tokens), range(len(tokens)), tokens, made.part(slice(at, at + 1)))

        list((self._pool.map if len(prompts) > 1 else map)(one, range(len(prompts))))
        return made

    def step(self, caches: Sequence[Array], lengths: Sequence[int], tokens: Sequence[int]) -> "Beliefs":
        """What comes after one more token of each stream; the streams are dealt out evenly to the cores."""
        made = self.believe_nothing(len(tokens))
        share = -(-len(tokens) // self._threads)
        parts = [slice(at, at + share) for at in range(0, len(tokens), share)]

        def one(part: slice) -> None:
            self._forward(caches[part], lengths[part], tokens[part], made.part(part))

        list((self._pool.map if len(parts) > 1 else map)(one, parts))
        return made

    def believe_nothing(self, rows: int) -> "Beliefs":
        """Room for what comes after so many rows."""
        return Beliefs(np.empty((rows, self._columns), np.float32), np.empty(rows, np.float32))

    def _forward(
        self, caches: Sequence[Array], positions: Sequence[int], tokens: Sequence[int], made: "Beliefs"
    ) -> None:
        rows = len(tokens)
        pointers = (ctypes.c_void_p * rows)(*(memory.ctypes.data for memory in caches))
        places, ids = (ctypes.c_int32 * rows)(*positions), (ctypes.c_int32 * rows)(*tokens)
        out = (ctypes.c_void_p(array.ctypes.data) for array in (made.logits, made.masses))
        if self._library.forward(ctypes.byref(self._model), rows, pointers, places, ids, len(made.masses), *out):
            raise MemoryError("no memory for the numbers of one pass")


@dataclass(frozen=True, slots=True)
class Beliefs:
    """Logits (rows, columns of the head) and the log mass of each row, float32."""

    logits: NDArray[np.float32]
    masses: NDArray[np.float32]

    def part(self, rows: slice | list[int]) -> "Beliefs":
        """Some rows: of a slice, the same memory."""
        return Beliefs(self.logits[rows], self.masses[rows])


class FusedStreams:
    """Streams in flight, each with a cache of its own; see the Streams protocol."""

    def __init__(self, decoder: FusedDecoder) -> None:
        self._decoder = decoder
        self._caches: list[Array] = []
        self._lengths: list[int] = []
        self._beliefs = decoder.believe_nothing(0)

    @property
    def logits(self) -> NDArray[np.float32]:
        """(streams, vocabulary) of each stream's next token."""
        return self._beliefs.logits[:, : self._decoder.shape.vocab_size]

    @property
    def masses(self) -> NDArray[np.float32]:
        """(streams,): the logarithm of the sum of each row's exponentials."""
        return self._beliefs.masses

    @property
    def spent(self) -> list[int]:
        """The streams that have no place left for a token."""
        return [row for row, length in enumerate(self._lengths) if length >= self._decoder.reach]

    def join(self, prompts: Sequence[Sequence[int]]) -> None:
        """Read prompts into streams of their own, after those that run."""
        kept = [prompt[1 - self._decoder.reach :] for prompt in prompts]
        caches = [self._decoder.new_cache() for _ in kept]
        before, new = self._beliefs, self._decoder.read(list(zip(caches, kept, strict=True)))
        logits, masses = np.concatenate((before.logits, new.logits)), np.concatenate((before.masses, new.masses))
        self._beliefs = Beliefs(logits, masses)
        self._caches += caches
        self._lengths += map(len, kept)

    def advance(self, tokens: Sequence[int]) -> None:
        """Give each stream its next token."""
        self._beliefs = self._decoder.step(self._caches, self._lengths, tokens)
        self._lengths = [length + 1 for length in self._lengths]

    def keep(self, rows: Sequence[int]) -> None:
        """Go on with these streams only."""
        self._caches, self._lengths = [self._caches[row] for row in rows], [self._lengths[row] for row in rows]
        self._beliefs = self._beliefs.part(list(rows))


def _reach(shape: Shape) -> int:
    """Positions that a cache holds."""
    return min(shape.max_position_embeddings, LONGEST)
