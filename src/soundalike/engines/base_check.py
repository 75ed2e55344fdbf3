"""Checks a base model's folder before any library reads it. Importing this loads no tensor library.

Only safetensors are accepted, because reading a pickle can run code. The header of each file must describe the bytes
that follow it, and the sizes in config.json must be possible with these weights, so that a damaged or malicious folder
costs neither memory nor time. What is wrong is raised as `BaseModelError`.
"""

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from soundalike.errors import BaseModelError
from soundalike.paths import regular_path

CHOOSE_ANOTHER_BASE = "Take another base: `soundalike doctor` suggests some."
FETCH_AGAIN = "Fetch the base again."
PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl")
INDEX = "model.safetensors.index.json"
MAX_POSITIONS = 1 << 24  # the longest published context is 10 million tokens
SIZES = ("vocab_size", "hidden_size", "intermediate_size", "num_attention_heads", "num_key_value_heads", "head_dim")


def check_base(folder: Path, config: dict[str, Any]) -> None:
    """Refuse a folder whose weights are pickles or damaged, or whose `config` does not fit them."""
    _require_regular_files(folder)
    if "model_file" in config:  # mlx-lm would import it
        raise needs_own_code(folder)
    shapes = [shape for path in weight_files(folder) for shape in _tensor_shapes(path)]
    largest_tensor = max(map(math.prod, shapes), default=0)
    for part in _nested_configs(config):
        _check_size(folder, part, "max_position_embeddings", MAX_POSITIONS)
        _check_size(folder, part, "num_hidden_layers", len(shapes))
        for name in SIZES:
            _check_size(folder, part, name, largest_tensor)


def _require_regular_files(folder: Path) -> None:
    """Refuse pipes and devices: a library that opened one could wait forever."""
    for path in sorted(folder.iterdir()):
        if path.exists():
            regular_path(path, BaseModelError, FETCH_AGAIN)


def needs_own_code(folder: Path) -> BaseModelError:
    """The error to raise for a base that needs code from its own folder."""
    what = f"The base in {folder} needs code of its own, and such code is never run here."
    return BaseModelError(what, CHOOSE_ANOTHER_BASE)


def weight_files(folder: Path) -> list[Path]:
    """The safetensors files of the weights; `BaseModelError` if there are none."""
    index = folder / INDEX
    if index.is_file() and not (folder / "model.safetensors").is_file():
        return [folder / name for name in sorted(_indexed_files(index))]
    files = sorted(path for path in folder.glob("*.safetensors") if path.is_file())
    if files:
        return files
    if any(path for pattern in PICKLES for path in folder.glob(pattern)):
        what = f"The base in {folder} keeps its weights as pickle, which can run code; only safetensors are read."
        raise BaseModelError(what, "Take a version of it with model.safetensors.")
    raise BaseModelError(f"There is no model.safetensors in {folder}.", FETCH_AGAIN)


def _indexed_files(index: Path) -> set[str]:
    """Names of the files among which an index distributes the weights; `BaseModelError` for a path or another type."""
    try:
        names = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BaseModelError(f"{index} is damaged.", FETCH_AGAIN) from error
    refused = [name for name in names if not _is_file_beside(name)]
    if refused or not names:
        raise BaseModelError(f"{index} names {refused[:1]}, which is no safetensors file beside it.", FETCH_AGAIN)
    return names


def _is_file_beside(name: object) -> bool:
    return isinstance(name, str) and name.endswith(".safetensors") and Path(name).name == name and "\\" not in name


def _tensor_shapes(path: Path) -> Iterator[list[int]]:
    """Shapes of all tensors in a file, from its header, which the safetensors library compares with the file's size."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="np") as file:
            for name in file.keys():
                yield file.get_slice(name).get_shape()
    except (SafetensorError, OSError) as error:
        raise BaseModelError(f"{path} is damaged: {error}.", FETCH_AGAIN) from error


def _nested_configs(config: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The config and all tables in it, such as `text_config`."""
    yield config
    for part in config.values():
        if isinstance(part, dict):
            yield from _nested_configs(part)


def _check_size(folder: Path, config: dict[str, Any], name: str, maximum: int) -> None:
    """`BaseModelError` unless a size, or each in a list of sizes per layer, is whole and within 1..`maximum`."""
    value = config.get(name)
    sizes = value if isinstance(value, list) else [] if value is None else [value]
    if any(isinstance(size, bool) or not isinstance(size, int) or not 0 < size <= maximum for size in sizes):
        what = f"{folder / 'config.json'} is damaged: {name} is {str(value)[:30]}, which its weights cannot have."
        raise BaseModelError(what, FETCH_AGAIN)
