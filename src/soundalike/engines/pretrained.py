"""Reads a Hugging Face base model and its tokenizer into this machine's memory, in numbers for which there is room.

On a GPU weights are bf16, or 4-bit NF4 (arXiv 2305.14314, by bitsandbytes) where bf16 would take too much of it; on a
processor fp32, bf16 or 4-bit. It never runs code that a model brings along.
"""

import copy
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
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
    """The GPU where there is one."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def free_memory() -> int:
    """Bytes of the device's memory that nobody uses."""
    return torch.cuda.mem_get_info()[0] if device() == "cuda" else machine.free_memory()


def parameters(folder: Path) -> float:
    """How many weights a base has, from the size of its files and the type that its config.json states."""
    told = read_base_config(folder)
    told |= told.get("text_config") or {}
    size = bytes_in(folder.glob("*.safetensors"))
    return size / (4 if (told.get("dtype") or told.get("torch_dtype")) == "float32" else 2)


_read: WeakValueDictionary[tuple[Path, str, str], Any] = WeakValueDictionary()  # bases that somebody stands on


def read_model(folder: Path, numerics: Numerics) -> Any:
    """The model in `folder`, its weights held as `numerics` says; `BaseModelError` for one that cannot be adapted.

    The weights are frozen, so whoever asks for them again while they are held gets the same ones in modules of its own:
    several adapters over one base hold it once.
    """
    key = (folder.resolve(), numerics.weights, numerics.compute)
    first = _read.get(key)
    if first is None:
        first = _read[key] = _read_model(folder, numerics)
    twin = copy.deepcopy(first, {id(tensor): tensor for tensor in (*first.parameters(), *first.buffers())})
    twin.soundalike_first = (first,)  # held as long as a twin is; in a tuple, since a module would be a part of it
    return twin


def _read_model(folder: Path, numerics: Numerics) -> Any:
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()  # type: ignore[no-untyped-call]  # who loads a base shows that it does
    with base_model_errors(folder):
        config = config_from(folder)
        _without_dropout(config)
        four_bits = numerics.weights == "4-bit"
        given = _four_bits(TYPES[numerics.compute]) if four_bits else {"dtype": TYPES[numerics.weights]}
        model = model_from(
            folder,
            config=config,
            device_map={"": device()},
            attn_implementation=attention_implementation(numerics),
            **given,
        )
    model.requires_grad_(False)
    model.train(False)
    disable_cpu_repacking(model)
    return model


def disable_cpu_repacking(model: Any) -> None:
    """Make bitsandbytes leave its 4-bit weights as they were quantized.

    On a processor with AVX512-BF16 it would rearrange them for inference at the first pass without gradients; passes
    with gradients then read them wrongly, and layers whose width is not a multiple of 32 fail.
    """
    for module in model.modules():
        if hasattr(module, "support_avx512bf16_for_cpu"):
            module.support_avx512bf16_for_cpu = False


def attention_implementation(numerics: Numerics) -> str:
    """FlashAttention's kernels for packed sequences where they are installed, else PyTorch's own."""
    flash = device() == "cuda" and numerics.compute == "bf16" and find_spec("flash_attn") is not None
    return "flash_attention_2" if flash else "sdpa"


def read_tokenizer(folder: Path) -> FileTokenizer:
    """The base's tokenizer. Documents open with its begin token, or with its end token where it has none."""
    told = tokenizer_from(folder)
    end, fast = told.eos_token_id, getattr(told, "backend_tokenizer", None)
    if end is None or fast is None:
        raise BaseModelError(f"The tokenizer in {folder} has no token that ends a text.", CHOOSE_ANOTHER_BASE)
    return FileTokenizer(fast, end if told.bos_token_id is None else told.bos_token_id, end)


def _four_bits(dtype: torch.dtype) -> dict[str, Any]:
    """NF4 with quantized constants, 4.13 bits a weight, multiplied as `dtype`."""
    from transformers import BitsAndBytesConfig

    if find_spec("bitsandbytes") is None:
        raise BaseModelError(
            "This base fits into memory in 4 bits only, and bitsandbytes is not installed.",
            "Install it: pip install 'soundalike[4bit]'",
        )
    config: Any = BitsAndBytesConfig(  # type: ignore[no-untyped-call]
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True, bnb_4bit_compute_dtype=dtype
    )
    return {"quantization_config": config, "dtype": dtype}


def _without_dropout(config: Any) -> None:
    """An adapter is learned in a few passes, and a run that was resumed has the same losses: nothing is dropped."""
    for part in (config, config.get_text_config()):
        for name, value in vars(part).items():
            if name.endswith(("dropout", "pdrop")) and isinstance(value, float):
                setattr(part, name, 0.0)


@contextmanager
def without_future_warnings() -> Iterator[None]:
    """Within it peft may ask transformers by an old name without a warning to the person, who cannot help it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        yield
