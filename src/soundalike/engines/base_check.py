"""Whether a base model's folder can be read safely, asked before any library reads it. Light: no torch.

Weights are read from safetensors only: a pickle can run code while it is read. The header of each file must describe
the bytes that follow it, and the sizes in config.json must be ones that the weights can have, so that a damaged or
made-up folder costs neither memory nor time. `BaseModelError` otherwise.
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
    """Refuse a folder whose weights are pickles or damaged, or whose `config` does not describe them."""
    _demand_plain_files(folder)
    if "model_file" in config:  # mlx-lm would import it
        raise needs_own_code(folder)
    shapes = [shape for path in weight_files(folder) for shape in _shapes(path)]
    largest = max(map(math.prod, shapes), default=0)
    for part in _parts(config):
        _demand(folder, part, "max_position_embeddings", MAX_POSITIONS)
        _demand(folder, part, "num_hidden_layers", len(shapes))
        for name in SIZES:
            _demand(folder, part, name, largest)


def _demand_plain_files(folder: Path) -> None:
    """`BaseModelError` where a pipe or a device lies in the folder: a library that opened one might wait for ever."""
    for path in sorted(folder.iterdir()):
        if path.exists():
            regular_path(path, BaseModelError, FETCH_AGAIN)


def needs_own_code(folder: Path) -> BaseModelError:
    """What is said of a base that needs code from its own folder."""
    return BaseModelError(
        f"The base in {folder} needs code of its own, and such code is never run here.", CHOOSE_ANOTHER_BASE
    )


def weight_files(folder: Path) -> list[Path]:
    """The safetensors files of the weights; `BaseModelError` where there are none."""
    index = folder / INDEX
    if index.is_file() and not (folder / "model.safetensors").is_file():
        return [folder / name for name in sorted(_indexed(index))]
    files = sorted(path for path in folder.glob("*.safetensors") if path.is_file())
    if files:
        return files
    if any(path for pattern in PICKLES for path in folder.glob(pattern)):
        what = f"The base in {folder} keeps its weights as pickle, which can run code; only safetensors are read."
        raise BaseModelError(what, "Take a version of it with model.safetensors.")
    raise BaseModelError(f"There is no model.safetensors in {folder}.", FETCH_AGAIN)


def _indexed(index: Path) -> set[str]:
    """Names of the files that the weights are spread over."""
    try:
        names = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BaseModelError(f"{index} is damaged.", FETCH_AGAIN) from error
    odd = [name for name in names if not _plain(name)]
    if odd or not names:
        raise BaseModelError(f"{index} names {odd[:1]}, which is no safetensors file beside it.", FETCH_AGAIN)
    return names


def _plain(name: object) -> bool:
    return isinstance(name, str) and name.endswith(".safetensors") and Path(name).name == name and "\\" not in name


def _shapes(path: Path) -> Iterator[list[int]]:
    """Shapes of the tensors in a file, from a header that the safetensors library has compared with the file's size."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="np") as file:
            for name in file.keys():
                yield file.get_slice(name).get_shape()
    except (SafetensorError, OSError) as error:
        raise BaseModelError(f"{path} is damaged: {error}.", FETCH_AGAIN) from error


def _parts(config: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The config and those of its parts, such as `text_config`."""
    yield config
    for part in config.values():
        if isinstance(part, dict):
            yield from _parts(part)


def _demand(folder: Path, config: dict[str, Any], name: str, most: int) -> None:
    value = config.get(name)
    each = value if isinstance(value, list) else [] if value is None else [value]  # some give one a layer
    if any(isinstance(one, bool) or not isinstance(one, int) or not 0 < one <= most for one in each):
        what = f"{folder / 'config.json'} is damaged: {name} is {str(value)[:30]}, which its weights cannot have."
        raise BaseModelError(what, FETCH_AGAIN)
