"""Conversion between the two layouts of a low-rank adapter on disk: PEFT's, which clones have, and mlx-lm's.

Both have the same factors, transposed and under other names: PEFT computes x A^T B^T alpha / r, mlx-lm x a b scale.
Works on arrays of any library that have `.T`.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from soundalike.errors import EngineError

Array = TypeVar("Array")

PEFT_PREFIX = "base_model.model."
MODULE_PATH = re.compile(r"\.layers\.\d+\.(.+)\.lora_[abAB]\b")
MLX_SUFFIXES = {".lora_A.weight": ".lora_a", ".lora_B.weight": ".lora_b"}
PEFT_SUFFIXES = {mlx: peft for peft, mlx in MLX_SUFFIXES.items()}


def to_mlx(factors: Mapping[str, Array]) -> dict[str, Array]:
    """PEFT's tensors in mlx-lm's layout; `EngineError` for a tensor that is no LoRA factor."""
    return {
        _renamed(name.removeprefix(PEFT_PREFIX), MLX_SUFFIXES): _transposed(factor) for name, factor in factors.items()
    }


def to_peft(factors: Mapping[str, Array]) -> dict[str, Array]:
    """mlx-lm's tensors in PEFT's layout; `EngineError` for a tensor that is no LoRA factor."""
    return {PEFT_PREFIX + _renamed(name, PEFT_SUFFIXES): _transposed(factor) for name, factor in factors.items()}


def module_paths(names: Iterable[str]) -> list[str]:
    """Paths within a layer, such as `self_attn.q_proj`, of the modules that factors of these names adapt."""
    return sorted({match[1] for match in map(MODULE_PATH.search, names) if match})


def mlx_config(peft: Mapping[str, Any], names: Iterable[str], layers: int) -> dict[str, Any]:
    """mlx-lm's `adapter_config.json` for a PEFT config and tensors of these names; scale is alpha / r."""
    rank = int(peft["r"])
    scale = float(peft["lora_alpha"]) / rank
    parameters = {"rank": rank, "scale": scale, "dropout": 0.0, "keys": module_paths(names)}
    return {"fine_tune_type": "lora", "num_layers": layers, "lora_parameters": parameters}


def peft_config(mlx: Mapping[str, Any], names: Iterable[str], base: str) -> dict[str, Any]:
    """PEFT's `adapter_config.json` for an mlx-lm config and tensors of these names; alpha is scale x r."""
    parameters = mlx["lora_parameters"]
    modules = sorted({path.rsplit(".", 1)[-1] for path in module_paths(names)})
    return {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": base,
        "r": parameters["rank"],
        "lora_alpha": parameters["scale"] * parameters["rank"],
        "lora_dropout": 0.0,
        "bias": "none",
        "inference_mode": True,
        "target_modules": modules,
    }


def flat_rope_config(config: Mapping[str, Any]) -> dict[str, Any]:
    """The rotary settings that a transformers 5 `config.json` nests, under the top-level names that mlx-lm reads.

    Without them mlx-lm uses a default, for most models, and says nothing.
    """
    nested: dict[str, Any] = config.get("rope_parameters") or {}
    rope = nested.get("full_attention", nested)
    flat = {"rope_theta": rope.get("rope_theta")}
    if rope.get("rope_type", "default") != "default":
        flat["rope_scaling"] = rope
    if "sliding_attention" in nested:
        flat["rope_local_base_freq"] = nested["sliding_attention"].get("rope_theta")
    return {name: value for name, value in flat.items() if value is not None and name not in config}


def _renamed(name: str, suffixes: Mapping[str, str]) -> str:
    for suffix, other in suffixes.items():
        if name.endswith(suffix):
            return name.removesuffix(suffix) + other
    raise EngineError(f"{name} is no factor of a low-rank adapter.", "Only plain LoRA can be converted.")


def _transposed(factor: Any) -> Any:
    return factor.T
