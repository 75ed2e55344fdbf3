"""Loads a base model with mlx-lm, with weights in the number type that was chosen for them."""

from pathlib import Path
from typing import Any

import mlx.core as mx
from mlx.utils import tree_flatten
from mlx_lm.models.cache import KVCache, RotatingKVCache, make_prompt_cache
from mlx_lm.utils import load_model, quantize_model

from soundalike import machine
from soundalike.engines.adapter_layouts import flat_rope_config
from soundalike.engines.base_check import CHOOSE_ANOTHER_BASE, check_base
from soundalike.engines.base_files import read_base_config
from soundalike.engines.mlx_training import enable_gradient_checkpointing
from soundalike.errors import EngineError
from soundalike.training.base_models import WEIGHTS_SHARE, Precision
from soundalike.training.numerics import Numerics

CHECKPOINTING_BYTES = 2_000_000_000  # of weights, from which on gradient checkpointing is used


def read_model(folder: Path, requested: Numerics | None) -> tuple[Any, Numerics]:
    """mlx-lm's model of the base, and its number types.

    Without a request the types are those of the files, or 4-bit weights if the files' would take too much memory. A
    base that is stored quantized stays so.
    """
    model, config = _load(folder)
    weight_bytes = sum(value.nbytes for _, value in tree_flatten(model.parameters()))
    quantized = "quantization" in config or "quantization_config" in config
    too_large = requested is None and weight_bytes > WEIGHTS_SHARE * machine.memory()
    if not quantized and (too_large or (requested and requested.weights == "4-bit")):
        model, config = quantize_model(model, config, group_size=64, bits=4)
        quantized = True
    stored_fp16 = not quantized and _has_dtype(model, mx.float16)
    if not quantized and (requested or stored_fp16):  # fp16 becomes bf16: gradients would leave its range
        model.set_dtype(mx.float32 if requested and requested.weights == "fp32" else mx.bfloat16)
    if weight_bytes > CHECKPOINTING_BYTES:
        enable_gradient_checkpointing(model.layers)
    mx.eval(model.parameters())
    fp32 = _has_dtype(model, mx.float32)
    weights: Precision = "4-bit" if quantized else "fp32" if fp32 else "bf16"
    as_stored = "The base is stored in fp16." if stored_fp16 else "The base is stored so."
    reason = requested.reason if requested else "Memory is short." if too_large else as_stored
    return model, Numerics(weights, "fp32" if fp32 else "bf16", reason)


def _load(folder: Path) -> tuple[Any, dict[str, Any]]:
    """mlx-lm's model of the base and its config; `EngineError` if it cannot be read or packed."""
    base_config = read_base_config(folder)
    check_base(folder, base_config)
    try:
        model, config = load_model(folder, lazy=True, model_config=flat_rope_config(base_config))
    except (TypeError, ValueError, LookupError, AttributeError, ArithmeticError, RuntimeError, OSError) as error:
        raise EngineError(f"mlx-lm cannot read the base in {folder}: {error}.", CHOOSE_ANOTHER_BASE) from error
    if not all(isinstance(cache, KVCache | RotatingKVCache) for cache in make_prompt_cache(model)):
        raise EngineError(
            f"A {config['model_type']} model keeps a state that packed documents would share.",
            "Take a base with attention only: `soundalike doctor` suggests some.",
        )
    return model, config


def _has_dtype(model: Any, dtype: mx.Dtype) -> bool:
    return any(value.dtype == dtype for _, value in tree_flatten(model.parameters()))
