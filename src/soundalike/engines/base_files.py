"""Locates a base model's files: in the package, in the user's cache, in a folder, or on the Hugging Face hub.

A model of the hub is read from the hub's cache on this machine, and downloaded only if it is not there. Importing this
loads no tensor library.
"""

import json
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from soundalike.engines import smollm2
from soundalike.errors import FULL_DISK, BaseModelError, DiskFull, RecipeError
from soundalike.paths import regular_file

POCKET_FOLDER = Path(__file__).parents[1] / "pocket" / "weights"
# Without `consolidated.safetensors` and `original/`, which have the same weights a second time.
FETCH_PATTERNS = ["*.json", "model*.safetensors", "tokenizer*", "*.model", "*.txt"]
IGNORE_PATTERNS = ["original/*", "onnx/*", "*.msgpack", "*.gguf"]
SMALL_BASE_BYTES = 600e6  # of weights; all of them can be trained in fp32 on any machine
# What engines/llama_model.py implements. A setting that is missing from a config.json has this value.
SUPPORTED_SETTINGS = {
    "model_type": "llama",
    "hidden_act": "silu",
    "attention_bias": False,
    "mlp_bias": False,
    "rope_scaling": None,
    "pretraining_tp": 1,
}


def base_folder(base: str) -> Path:
    """The folder with config.json and the weights of `base`, after a download if need be.

    `BaseModelError` if there is no such base or it cannot be downloaded, `DiskFull` if the disk is full.
    """
    if base == "pocket":
        return POCKET_FOLDER
    if base == smollm2.NAME:
        return smollm2.folder()
    folder = Path(base).expanduser()
    if (folder / "config.json").is_file():
        return folder
    if folder.exists() or base.count("/") != 1 or base.startswith((".", "/", "~")):
        raise BaseModelError(
            f"There is no base model at {base}.",
            "Give `pocket`, `smollm2`, a folder with config.json and model.safetensors, or a hub name: org/model.",
        )
    return _from_hub(base)


def add(base: str) -> Path:
    """Like `base_folder`, and fetches the base `smollm2` too if it is not on this machine."""
    return smollm2.add() if base == smollm2.NAME else base_folder(base)


def check_window(base: str, max_positions: int, window: int) -> None:
    """`RecipeError` if training windows of `window` tokens are longer than the base's `max_positions`."""
    if window > max_positions:
        do = f"Set window to at most {max_positions}."
        raise RecipeError(f"{base} reads {max_positions} tokens at once, and windows have {window}.", do)


def _from_hub(name: str) -> Path:
    """The folder of a model of the hub in this machine's cache."""
    from httpx2 import HTTPError
    from huggingface_hub import snapshot_download
    from huggingface_hub.constants import HF_HUB_CACHE
    from huggingface_hub.errors import (
        GatedRepoError,
        HfHubHTTPError,
        HFValidationError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
    )

    download = partial(snapshot_download, name, allow_patterns=FETCH_PATTERNS, ignore_patterns=IGNORE_PATTERNS)
    with suppress(LocalEntryNotFoundError):  # a base that was downloaded once needs no network
        return Path(download(local_files_only=True))
    try:
        return Path(download())
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
        if (cause := _full_disk_error(error)) is not None:
            what = (
                f"The disk is full: the base model {name} could not be fetched into {cause.filename or HF_HUB_CACHE}."
            )
            raise DiskFull(what, "Make room and try again, or name a folder on another disk in HF_HOME.") from error
        raise BaseModelError(
            f"The base model {name} is not on this machine and the Hugging Face hub cannot be reached.",
            "Go online once to fetch it (and unset HF_HUB_OFFLINE), give a folder, or use `--base pocket`.",
            control="Go online once to fetch it, name its folder, or choose the base pocket.",
        ) from error


def _full_disk_error(error: BaseException | None) -> OSError | None:
    """The first error in a chain of causes that says the disk is full."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in FULL_DISK:
            return error
        error = error.__cause__ or error.__context__
    return None


def is_fetched(base: str) -> bool:
    """Whether a base needs no download: for one of the hub, whether it is in the hub's cache, at least in part."""
    if base in ("pocket", smollm2.NAME):
        return base == "pocket" or smollm2.is_here()
    from huggingface_hub.constants import HF_HUB_CACHE  # 30 ms; the hub's own rule has five variables

    return any((Path(HF_HUB_CACHE) / f"models--{base.replace('/', '--')}" / "snapshots").glob("*/config.json"))


def read_base_config(folder: Path) -> dict[str, Any]:
    """config.json of a base model; `BaseModelError` if it is missing or no JSON object."""
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
    """Whether the base is one that `engines/llama.py` runs: a Llama with tied weights, small, in one file."""
    config, weights = read_base_config(folder), folder / "model.safetensors"
    rope = config.get("rope_parameters")
    return (
        all(config.get(name, value) == value for name, value in SUPPORTED_SETTINGS.items())
        and (rope.get("rope_type", "default") if isinstance(rope, dict) else "default") == "default"
        and all(isinstance(config.get(name), int) for name in ("eos_token_id", "bos_token_id"))
        and bool(config.get("tie_word_embeddings", False))
        and weights.is_file()
        and weights.stat().st_size <= SMALL_BASE_BYTES
    )
