"""Loads a Hugging Face base model and its tokenizer, with weights in the number type that was chosen for them.

Weights are fp32, bf16 or 4-bit NF4 (arXiv 2305.14314, by bitsandbytes). Code that a model brings along is never run;
see `auto`.
"""

import copy
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

import torch

from soundalike import machine
from soundalike.engines.auto import base_model_errors, config_from, model_from, tokenizer_from
from soundalike.engines.base_check import CHOOSE_ANOTHER_BASE
from soundalike.engines.base_files import read_base_config
from soundalike.engines.tokenizer import FileTokenizer
from soundalike.errors import BaseModelError
from soundalike.paths import bytes_in
from soundalike.training.numerics import Numerics

TYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}


def device() -> str:
    """The type of the device that models are put on: "cuda" if there is a GPU, else "cpu"."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def free_memory() -> int:
    """Free memory of that device, in bytes."""
    return torch.cuda.mem_get_info()[0] if device() == "cuda" else machine.free_memory()


def parameters(folder: Path) -> float:
    """The number of parameters of a base, from the size of its files and the type that its config.json states."""
    config = read_base_config(folder)
    config |= config.get("text_config") or {}
    size = bytes_in(folder.glob("*.safetensors"))
    return size / (4 if (config.get("dtype") or config.get("torch_dtype")) == "float32" else 2)


_loaded: WeakValueDictionary[tuple[Path, str, str], Any] = WeakValueDictionary()  # models that are in use


def read_model(folder: Path, numerics: Numerics) -> Any:
    """The model in `folder`, on `device()`, with frozen weights; `BaseModelError` if it cannot be loaded.

    Models of one folder and number type share their weights while they are in use, each with modules of its own:
    several adapters over one base need memory for the base only once.
    """
    key = (folder.resolve(), numerics.weights, numerics.compute)
    original = _loaded.get(key)
    if original is None:
        original = _loaded[key] = _read_model(folder, numerics)
    model = copy.deepcopy(original, {id(tensor): tensor for tensor in (*original.parameters(), *original.buffers())})
    model.soundalike_original = (original,)  # keeps it alive; in a tuple, so that it is not registered as a submodule
    return model


def _read_model(folder: Path, numerics: Numerics) -> Any:
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()  # type: ignore[no-untyped-call]  # the command line shows its own progress
    with base_model_errors(folder):
        config = config_from(folder)
        _disable_dropout(config)
        quantized = numerics.weights == "4-bit"
        types = _nf4(TYPES[numerics.compute]) if quantized else {"dtype": TYPES[numerics.weights]}
        attention = attention_implementation(numerics)
        model = model_from(folder, config=config, device_map={"": device()}, attn_implementation=attention, **types)
    model.requires_grad_(False)
    model.train(False)
    disable_cpu_repacking(model)
    return model


def disable_cpu_repacking(model: Any) -> None:
    """Make bitsandbytes leave 4-bit weights as they were quantized.

    On a processor with AVX512-BF16 it would rearrange them for inference at the first pass without gradients. Passes
    with gradients then read them wrongly, and layers whose width is not a multiple of 32 fail.
    """
    for module in model.modules():
        if hasattr(module, "support_avx512bf16_for_cpu"):
            module.support_avx512bf16_for_cpu = False


def attention_implementation(numerics: Numerics) -> str:
    """transformers' name for FlashAttention if it is installed and usable here, else for PyTorch's own attention."""
    flash = device() == "cuda" and numerics.compute == "bf16" and find_spec("flash_attn") is not None
    return "flash_attention_2" if flash else "sdpa"


def read_tokenizer(folder: Path) -> FileTokenizer:
    """The base's tokenizer; where it has no token that begins a text, the one that ends a text begins it too."""
    tokenizer = tokenizer_from(folder)
    begin, end, fast = tokenizer.bos_token_id, tokenizer.eos_token_id, getattr(tokenizer, "backend_tokenizer", None)
    if end is None or fast is None:
        raise BaseModelError(f"The tokenizer in {folder} has no token that ends a text.", CHOOSE_ANOTHER_BASE)
    return FileTokenizer(fast, end if begin is None else begin, end)


def _nf4(compute: torch.dtype) -> dict[str, Any]:
    """Arguments of `from_pretrained` for NF4 with quantized constants, 4.13 bits a weight, multiplied as `compute`."""
    from transformers import BitsAndBytesConfig

    if find_spec("bitsandbytes") is None:
        raise BaseModelError(
            "This base fits into memory in 4 bits only, and bitsandbytes is not installed.",
            "Install it: pip install 'soundalike[4bit]'",
        )
    config: Any = BitsAndBytesConfig(  # type: ignore[no-untyped-call]
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True, bnb_4bit_compute_dtype=compute
    )
    return {"quantization_config": config, "dtype": compute}


def _disable_dropout(config: Any) -> None:
    """Set all dropout to 0: adapters train for a few passes only, and a resumed run must have the same losses."""
    for part in (config, config.get_text_config()):
        for name, value in vars(part).items():
            if name.endswith(("dropout", "pdrop")) and isinstance(value, float):
                setattr(part, name, 0.0)
