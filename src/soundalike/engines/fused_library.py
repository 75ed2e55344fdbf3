"""fused.c as a library of ctypes: its structure, its argument types, and which models it can run."""

import ctypes
from pathlib import Path

import numpy as np
from numpy import ctypeslib

from soundalike.engines.llama_model import LlamaConfig
from soundalike.native import load_library

SOURCE = Path(__file__).with_name("fused.c")
MAX_PARAMETERS = 400_000_000  # the largest model that `llama.py` runs has fewer
MAX_POSITIONS = 4_096  # of a stream

SIZES = (
    *("vocab_size", "padded_vocab_size", "hidden_size", "intermediate_size"),
    *("num_layers", "num_heads", "num_kv_heads", "head_dim", "max_positions"),
)
POINTERS = (
    *("embedding", "cos", "sin", "lm_head", "qkv_proj", "o_proj", "gate_up_proj", "down_proj"),
    *("input_norm", "mlp_norm", "final_norm"),
)


class FusedMatrix(ctypes.Structure):
    """The structure `matrix` of fused.c: packed weights, and a scale per output where they have 8 bits."""

    _fields_ = (("weight", ctypes.c_void_p), ("scale", ctypes.c_void_p))


class FusedModel(ctypes.Structure):
    """The structure `model` of fused.c: sizes, and pointers to arrays that the caller keeps alive."""

    _fields_ = (
        *((name, ctypes.c_int32) for name in SIZES),
        ("rms_norm_eps", ctypes.c_float),
        *((name, ctypes.c_void_p) for name in POINTERS),
    )


def library() -> ctypes.CDLL | None:
    """fused.c, loaded; None if the package brings no library for this processor and none can be compiled here."""
    return load_library(SOURCE, declare)


def available() -> bool:
    """Whether fused.c can be used here."""
    return library() is not None


def origin() -> str | None:
    """Where the library of fused.c comes from, for a person; None if there is none."""
    loaded = library()
    if loaded is None:
        return None
    path = Path(loaded._name)
    return f"built in ({path.stem})" if path.parent == SOURCE.parent else "compiled on this machine"


def supports(config: LlamaConfig, parameters: int) -> bool:
    """Whether fused.c can run a model of these sizes and this number of parameters, and is the fastest way to.

    Matrices and caches are computed in panels of 16 or 32 columns, so widths must be multiples of that.
    """
    compiled = library()
    if compiled is None or parameters > MAX_PARAMETERS:
        return False
    heads = config.num_attention_heads + 2 * config.num_key_value_heads
    qkv_width, gate_up_width = heads * config.head_dim, 2 * config.intermediate_size
    widths = (config.hidden_size, qkv_width, gate_up_width, config.head_dim, max_positions(config))
    panel = int(compiled.panel())
    return not any(width % panel for width in widths)


def max_positions(config: LlamaConfig) -> int:
    """The most positions of a stream."""
    return min(config.max_position_embeddings, MAX_POSITIONS)


def declare(compiled: ctypes.CDLL) -> None:
    """Set the argument types of the library's functions."""
    for size in (compiled.panel, compiled.together):
        size.argtypes, size.restype = (), ctypes.c_int32
    ints, count = ctypes.POINTER(ctypes.c_int32), ctypes.c_int32
    compiled.forward.argtypes = (
        *(ctypes.POINTER(FusedModel), count, ctypes.POINTER(ctypes.c_void_p), ints, ints, ints, count, count),
        *(ctypeslib.ndpointer(np.float32, dimensions, flags="C") for dimensions in (2, 1)),
    )
    compiled.forward.restype = ctypes.c_int32
