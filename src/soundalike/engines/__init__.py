"""Loads the engine that runs a base model. Importing this loads no tensor library; `load` does."""

import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from soundalike import machine
from soundalike.engines.base_files import base_folder, is_small_llama
from soundalike.engines.protocol import Engine
from soundalike.errors import BaseModelError

if TYPE_CHECKING:
    from soundalike.training.numerics import Numerics
    from soundalike.training.recipe import Training


def load(
    base: str,
    adapter: Path | None = None,
    training: "Training | None" = None,
    numerics: "Numerics | None" = None,
) -> Engine:
    """The engine for `base` with the adapter in the folder `adapter`, or with a new one as `training` describes it.

    Without `numerics` the number types are chosen from `training`, the environment and the machine. `BaseModelError`
    if the base cannot be loaded, `EngineError` if the adapter cannot.
    """
    module = import_module(f"soundalike.engines.{engine_module_of(base)}")
    engine: Engine = module.load(base, adapter, training, numerics)
    return engine


def peak_memory() -> int:
    """Peak memory of this process in bytes: of the GPU if one was used, else of the machine."""
    torch: Any = sys.modules.get("torch")
    on_gpu = int(torch.cuda.max_memory_allocated()) if torch and torch.cuda.is_available() else 0
    return on_gpu or machine.peak_memory()


def engine_module_of(base: str) -> str:
    """The module of this package that runs `base`; `BaseModelError` if there is no such base here or on the hub.

    `markov` runs word chains ("markov", "markov-3"), `llama` runs pocket and other small Llama models. Every other base
    is run by `mlx` on Apple silicon if mlx-lm is installed, else by `huggingface`.
    """
    if "://" in base:
        do = "A person names a server, with --at; a base is `pocket`, a folder, or a Hugging Face name."
        raise BaseModelError(f"The base {base[:100]} is an address, and nothing is sent to one that a clone names.", do)
    if base.partition("-")[0] == "markov":
        return "markov"
    if is_small_llama(base_folder(base)):
        return "llama"
    return "mlx" if machine.is_apple_silicon() and find_spec("mlx_lm") else "huggingface"
