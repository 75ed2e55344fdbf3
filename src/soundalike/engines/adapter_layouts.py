"""The two layouts of a low-rank adapter on disk: PEFT's, which clones keep, and mlx-lm's.

They hold the same factors under other names, transposed: PEFT computes x A^T B^T alpha / r, mlx-lm x a b scale. It
knows names and axes of any array that has `.T`, be it torch's, numpy's or MLX's.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from soundalike.errors import EngineError

Array = TypeVar("Array")

ROOT = "base_model.model."
PLACE = re.compile(r"\.layers\.\d+\.(.+)\.lora_[abAB]\b")
FACTORS = {".lora_A.weight": ".lora_a", ".lora_B.weight": ".lora_b"}


def to_mlx(factors: Mapping[str, Array]) -> dict[str, Array]:
    """PEFT's tensors as mlx-lm names and turns them; `EngineError` at one that is no LoRA factor."""
    return {_renamed(name.removeprefix(ROOT), FACTORS): _turned(factor) for name, factor in factors.items()}


def to_peft(factors: Mapping[str, Array]) -> dict[str, Array]:
    """mlx-lm's tensors as PEFT names and turns them; `EngineError` at one that is no LoRA factor."""
    back = {theirs: ours for ours, theirs in FACTORS.items()}
    return {ROOT + _renamed(name, back): _turned(factor) for name, factor in factors.items()}


def module_paths(names: Iterable[str]) -> list[str]:
    """Where, within a layer, the factors of these names sit, in either layout: `self_attn.q_proj` and so on."""
    return sorted({match[1] for match in map(PLACE.search, names) if match})


def mlx_config(peft: Mapping[str, Any], names: Iterable[str], layers: int) -> dict[str, Any]:
    """mlx-lm's `adapter_config.json` for a PEFT one, whose tensors have these names: scale is alpha / r."""
    rank = int(peft["r"])
    parameters = {"rank": rank, "scale": float(peft["lora_alpha"]) / rank, "dropout": 0.0, "keys": module_paths(names)}
    return {"fine_tune_type": "lora", "num_layers": layers, "lora_parameters": parameters}


def peft_config(mlx: Mapping[str, Any], names: Iterable[str], base: str) -> dict[str, Any]:
    """PEFT's `adapter_config.json` for an mlx-lm one whose tensors have these names: alpha is scale x r."""
    parameters = mlx["lora_parameters"]
    modules = sorted({place.rsplit(".", 1)[-1] for place in module_paths(names)})
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
    """The rotation that a transformers 5 `config.json` nests, under the names outside of it that mlx-lm reads.

    Without them mlx-lm takes most models' default, and tells nobody.
    """
    nested: dict[str, Any] = config.get("rope_parameters") or {}
    whole = nested.get("full_attention", nested)
    named = {"rope_theta": whole.get("rope_theta")}
    if whole.get("rope_type", "default") != "default":
        named["rope_scaling"] = whole
    if "sliding_attention" in nested:
        named["rope_local_base_freq"] = nested["sliding_attention"].get("rope_theta")
    return {name: value for name, value in named.items() if value is not None and name not in config}


def _renamed(name: str, endings: Mapping[str, str]) -> str:
    for ending, other in endings.items():
        if name.endswith(ending):
            return name.removesuffix(ending) + other
    raise EngineError(f"{name} is no factor of a low-rank adapter.", "Only plain LoRA goes there and back.")


def _turned(factor: Any) -> Any:
    return factor.T
