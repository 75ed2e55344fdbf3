"""An adapter's folder: `adapter_config.json`, `adapter_model.safetensors`, and for large bases `weights.json`.

A low-rank adapter has PEFT's own layout and loads in plain `peft`. A weight delta has the same two files: its config
says `SOUNDALIKE_DELTA`, and its tensors are bf16 differences to the base's weights, under their names.
"""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from soundalike.errors import EngineError

if TYPE_CHECKING:
    from torch import Tensor

CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
PRECISION_FILE = "weights.json"  # the number type of the base's weights while the adapter was trained
DELTA_TYPE = "SOUNDALIKE_DELTA"
MAX_RANK = 1 << 14
OTHER_BASE_ADVICE = "Train again, or name the base that it was trained on."


def read_tensors(folder: Path) -> "dict[str, Tensor]":
    """The adapter's tensors, by name; `EngineError` if the file is missing or damaged."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    require_file(folder, WEIGHTS)
    try:
        return load_file(folder / WEIGHTS)
    except (SafetensorError, OSError, ValueError) as error:
        raise damaged_adapter(folder / WEIGHTS, error) from error


def check_shapes(stored: Mapping[str, Any], expected: Mapping[str, Any], folder: Path) -> None:
    """`EngineError` unless the adapter's tensors have exactly the names and shapes that this base expects.

    Nothing may be broadcast: a difference of one row would otherwise be added to all rows.
    """
    shapes, wanted = ({name: tuple(t.shape) for name, t in tensors.items()} for tensors in (stored, expected))
    if shapes != wanted:
        raise EngineError(f"The adapter in {folder} belongs to another base.", OTHER_BASE_ADVICE)


def read_config(folder: Path) -> dict[str, Any]:
    """adapter_config.json; `EngineError` if it is missing, damaged, or of an unknown kind of adapter."""
    require_file(folder, CONFIG)
    try:
        config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        if config["peft_type"] not in ("LORA", DELTA_TYPE):
            raise ValueError(f"peft_type is {config['peft_type']!r}")
        if config["peft_type"] == "LORA":
            _check_lora_config(config)
        elif (layers := config.get("num_layers")) is not None and (type(layers) is not int or layers < 1):
            raise ValueError(f"num_layers is {layers!r}")
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise damaged_adapter(folder / CONFIG, error) from error
    return dict(config)


def _check_lora_config(config: dict[str, Any]) -> None:
    """`ValueError` for a rank or scale that no training produces, and for settings with which peft imports code."""
    rank, alpha = config["r"], config["lora_alpha"]
    if isinstance(rank, bool) or not isinstance(rank, int) or not 0 < rank <= MAX_RANK:
        raise ValueError(f"r is {rank!r}")
    if isinstance(alpha, bool) or not isinstance(alpha, int | float) or not 0 < alpha < math.inf:
        raise ValueError(f"lora_alpha is {alpha!r}")
    if config.get("megatron_config") is not None:
        raise ValueError("it asks for megatron")


def adapter_settings(folder: Path) -> dict[str, Any]:
    """The settings of `Training` that an adapter's shapes depend on: `method`, and `rank`, `alpha` or `num_layers`."""
    config = read_config(folder)
    if config["peft_type"] == "LORA":
        return {"method": "lora", "rank": int(config["r"]), "alpha": float(config["lora_alpha"])}
    return {"method": "full", "num_layers": config.get("num_layers")}


def write_precision(folder: Path, precision: str) -> None:
    """Record the number type of the base's weights that the adapter was trained over."""
    (folder / PRECISION_FILE).write_text(json.dumps({"precision": precision}) + "\n", "utf-8")


def read_precision(folder: Path) -> dict[str, str]:
    """{"precision": the type that `write_precision` recorded}; empty for an adapter without a record."""
    if not (folder / PRECISION_FILE).is_file():
        return {}
    try:
        precision = json.loads((folder / PRECISION_FILE).read_text(encoding="utf-8"))["precision"]
        if precision not in ("fp32", "bf16", "4-bit"):
            raise ValueError(f"precision is {precision!r}")
    except (OSError, ValueError, LookupError, TypeError, RecursionError) as error:
        raise damaged_adapter(folder / PRECISION_FILE, error) from error
    return {"precision": precision}


def require_file(folder: Path, name: str) -> None:
    """`EngineError` unless the folder holds this regular file of an adapter."""
    if not (folder / name).is_file():
        what = f"There is no adapter in {folder}."
        raise EngineError(what, "Train one with `soundalike train`.", control="Train it under Training.")


def damaged_adapter(path: Path, error: Exception) -> EngineError:
    """The error to raise if a file of an adapter cannot be read."""
    reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
    do = "Train again with --fresh, or put back what was there."
    return EngineError(f"{path} is damaged: {reason}.", do, control="Train it anew, or put back what was there.")
