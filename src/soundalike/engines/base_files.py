"""Where a base model's files lie: in the package, in a folder, or on the Hugging Face hub. Light: no torch.

A hub name is read from the hub's cache on this machine; only what is missing there is fetched, once.
"""

import json
import os
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from soundalike.errors import FULL_DISK, BaseModelError, NoRoom, RecipeError
from soundalike.paths import regular_file

POCKET_FOLDER = Path(__file__).parents[1] / "pocket" / "weights"
# Not `consolidated.safetensors` or `original/`, which hold the same weights a second time.
FETCH_PATTERNS = ["*.json", "model*.safetensors", "tokenizer*", "*.model", "*.txt"]
IGNORE_PATTERNS = ["original/*", "onnx/*", "*.msgpack", "*.gguf"]
SMALL_BASE_BYTES = 600e6  # of weights: below it all of them can be moved, in fp32, on any machine
# What engines/llama_model.py computes, and nothing else; a setting that a config.json leaves out has this value.
SUPPORTED_SETTINGS = {
    "model_type": "llama",
    "hidden_act": "silu",
    "attention_bias": False,
    "mlp_bias": False,
    "rope_scaling": None,
    "pretraining_tp": 1,
}


def base_folder(base: str) -> Path:
    """The folder with config.json and the weights of `base`; `BaseModelError` where it cannot be had."""
    if base == "pocket":
        return POCKET_FOLDER
    folder = Path(base).expanduser()
    if (folder / "config.json").is_file():
        return folder
    if folder.exists() or base.count("/") != 1 or base.startswith((".", "/", "~")):
        raise BaseModelError(
            f"There is no base model at {base}.",
            "Give `pocket`, a folder with config.json and model.safetensors, or a Hugging Face name like org/model.",
        )
    return _fetched(base)


def check_window(base: str, max_positions: int, window: int) -> None:
    """`RecipeError` where windows of training hold more tokens than the `reach` of the base's positions."""
    if window > max_positions:
        do = f"Set window to at most {max_positions}."
        raise RecipeError(f"{base} reads {max_positions} tokens at once, and windows have {window}.", do)


def _fetched(name: str) -> Path:
    """The hub's model in this machine's cache, fetched where it is not there yet."""
    from httpx2 import HTTPError
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import (
        GatedRepoError,
        HfHubHTTPError,
        HFValidationError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
    )

    fetch = partial(snapshot_download, name, allow_patterns=FETCH_PATTERNS, ignore_patterns=IGNORE_PATTERNS)
    with suppress(LocalEntryNotFoundError):  # a base once fetched asks nobody
        return Path(fetch(local_files_only=True))
    try:
        return Path(fetch())
    except GatedRepoError as error:
        raise BaseModelError(
            f"The base model {name} is only given to those who accept its terms.",
            f"Accept them at https://huggingface.co/{name}, then log in with: hf auth login",
        ) from error
    except (RepositoryNotFoundError, HFValidationError) as error:
        raise BaseModelError(
            f"The Hugging Face hub has no model named {name}.", "Check the name, or give a folder."
        ) from error
    except (LocalEntryNotFoundError, HfHubHTTPError, HTTPError, OSError) as error:
        if (cause := _full_disk(error)) is not None:
            cache = os.environ.get("HF_HUB_CACHE") or os.environ.get("HF_HOME") or "~/.cache/huggingface"
            what = f"The disk is full: the base model {name} could not be fetched into {cause.filename or cache}."
            raise NoRoom(what, "Make room and try again, or name a folder on another disk in HF_HOME.") from error
        raise BaseModelError(
            f"The base model {name} is not on this machine and the Hugging Face hub cannot be reached.",
            "Go online once to fetch it (and unset HF_HUB_OFFLINE), give a folder, or use `--base pocket`.",
        ) from error


def _full_disk(error: BaseException | None) -> OSError | None:
    """The error of a full disk that an error is, or came of."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in FULL_DISK:
            return error
        error = error.__cause__ or error.__context__
    return None


def is_fetched(base: str) -> bool:
    """Whether a Hugging Face base, or what of it was fetched, lies in the hub's cache on this machine."""
    home = os.environ.get("HF_HOME", "~/.cache/huggingface")
    cache = Path(os.environ.get("HF_HUB_CACHE", f"{home}/hub")).expanduser()
    return any((cache / f"models--{base.replace('/', '--')}" / "snapshots").glob("*/config.json"))


def read_base_config(folder: Path) -> dict[str, Any]:
    """config.json of a base model; `BaseModelError` where it is no JSON object."""
    path = folder / "config.json"
    regular_file(path, BaseModelError, "Fetch the base again.")
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise BaseModelError(f"{path} is damaged: {error}.", "Fetch the base again.") from error
    if not isinstance(config, dict):
        raise BaseModelError(f"{path} is damaged: it holds no object.", "Fetch the base again.")
    return config


def is_small_llama(folder: Path) -> bool:
    """Whether the base is one that `engines/llama.py` runs: Llama-shaped, output tied, small, in one file."""
    config, weights = read_base_config(folder), folder / "model.safetensors"
    plain = all(config.get(name, value) == value for name, value in SUPPORTED_SETTINGS.items())
    rope = _of(config, "rope_parameters").get("rope_type", "default") == "default"
    ends = isinstance(config.get("eos_token_id"), int) and isinstance(config.get("bos_token_id"), int)
    tied = config.get("tie_word_embeddings", False)
    return plain and rope and ends and tied and weights.is_file() and weights.stat().st_size <= SMALL_BASE_BYTES


def _of(config: dict[str, Any], name: str) -> dict[str, Any]:
    """A table within a config; empty where there is none."""
    value = config.get(name)
    return value if isinstance(value, dict) else {}
