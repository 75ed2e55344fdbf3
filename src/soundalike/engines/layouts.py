"""The two layouts of a low-rank adapter on disk: PEFT's, which clones keep, and mlx-lm's.

They hold the same factors under other names, transposed: PEFT computes x A^T B^T alpha / r, mlx-lm x a b scale. It
knows names and axes of any array that has `.T`, be it torch's, numpy's or MLX's.
"""

from collections.abc import Mapping
from typing import Any, TypeVar

from soundalike.errors import EngineError

Array = TypeVar("Array")

ROOT = "base_model.model."
FACTORS = {".lora_A.weight": ".lora_a", ".lora_B.weight": ".lora_b"}


def to_mlx(factors: Mapping[str, Array]) -> dict[str, Array]:
    """PEFT's tensors as mlx-lm names and turns them; `EngineError` at one that is no LoRA factor."""
    return {_renamed(name.removeprefix(ROOT), FACTORS): _turned(factor) for name, factor in factors.items()}


def to_peft(factors: Mapping[str, Array]) -> dict[str, Array]:
    """mlx-lm's tensors as PEFT names and turns them; `EngineError` at one that is no LoRA factor."""
    back = {theirs: ours for ours, theirs in FACTORS.items()}
    return {ROOT + _renamed(name, back): _turned(factor) for name, factor in factors.items()}


def mlx_config(peft: Mapping[str, Any], layers: int) -> dict[str, Any]:
    """mlx-lm's `adapter_config.json` for a PEFT one, over a model of so many layers: scale is alpha / r."""
    rank, keys = int(peft["r"]), sorted(peft["target_modules"])
    inside = {"q_proj", "k_proj", "v_proj", "o_proj"}
    named = [f"{'self_attn' if key in inside else 'mlp'}.{key}" for key in keys]
    parameters = {"rank": rank, "scale": float(peft["lora_alpha"]) / rank, "dropout": 0.0, "keys": named}
    return {"fine_tune_type": "lora", "num_layers": layers, "lora_parameters": parameters}


def peft_config(mlx: Mapping[str, Any], names: list[str], base: str) -> dict[str, Any]:
    """PEFT's `adapter_config.json` for an mlx-lm one whose tensors have these names: alpha is scale x r."""
    parameters = mlx["lora_parameters"]
    modules = sorted({name.rsplit(".", 2)[-2] for name in names})
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


def _renamed(name: str, endings: Mapping[str, str]) -> str:
    for ending, other in endings.items():
        if name.endswith(ending):
            return name.removesuffix(ending) + other
    raise EngineError(f"{name} is no factor of a low-rank adapter.", "Only plain LoRA goes there and back.")


def _turned(factor: Any) -> Any:
    return factor.T
