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
from typing import Any, Literal
from weakref import WeakValueDictionary

import torch

from soundalike import machine
from soundalike.bases import Precision, finest
from soundalike.engines.auto import config_from, explained, model_from, tokenizer_from
from soundalike.engines.base_check import ANOTHER
from soundalike.engines.precision import fast_in_bf16
from soundalike.engines.tokenizer import FileTokenizer
from soundalike.errors import BaseModelError

Asked = Literal["auto", "fp32", "bf16", "4-bit"]


def device() -> str:
    """The GPU where there is one."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def memory() -> int:
    """Bytes that the device has for weights and what training needs."""
    return torch.cuda.mem_get_info()[1] if device() == "cuda" else machine.memory()


def free_memory() -> int:
    """Bytes of it that nobody uses."""
    return torch.cuda.mem_get_info()[0] if device() == "cuda" else machine.free_memory()


def parameters(folder: Path, config: Any) -> float:
    """How many weights a base has, from the size of its files."""
    size = sum(path.stat().st_size for path in folder.glob("*.safetensors"))
    return size / (4 if config.dtype == torch.float32 else 2)


def chosen(asked: Asked, weights: float) -> Precision:
    """The precision asked for, or the finest that this machine has room for."""
    if asked != "auto":
        return asked
    return finest(weights, device(), memory(), device() == "cpu" and fast_in_bf16())


_read: WeakValueDictionary[tuple[Path, Asked], Any] = WeakValueDictionary()  # bases that somebody stands on


def read_model(folder: Path, asked: Asked = "auto") -> tuple[Any, Precision]:
    """The model in `folder` and the precision of its weights; `BaseModelError` for one that cannot be adapted.

    The weights are frozen, so whoever asks for them again while they are held gets the same ones in modules of its own:
    several adapters over one base hold it once.
    """
    key = (folder.resolve(), asked)
    first = _read.get(key)
    if first is None:
        first, precision = _read_model(folder, asked)
        first.soundalike_precision = precision
        _read[key] = first
    twin = copy.deepcopy(first, {id(tensor): tensor for tensor in (*first.parameters(), *first.buffers())})
    twin.soundalike_first = (first,)  # held as long as a twin is; in a tuple, since a module would be a part of it
    return twin, first.soundalike_precision


def _read_model(folder: Path, asked: Asked) -> tuple[Any, Precision]:
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()  # type: ignore[no-untyped-call]  # who loads a base shows that it does
    with explained(folder):
        config = config_from(folder)
        _without_dropout(config)
        precision = chosen(asked, parameters(folder, config))
        given: dict[str, Any] = {"dtype": torch.float32 if precision == "fp32" else torch.bfloat16}
        if precision == "4-bit":
            given = _four_bits()
        model = model_from(
            folder, config=config, device_map={"": device()}, attn_implementation=attention(precision), **given
        )
    model.requires_grad_(False)
    model.train(False)
    return model, precision


def attention(precision: Precision) -> str:
    """FlashAttention's kernels for packed sequences where they are installed, else PyTorch's own."""
    flash = device() == "cuda" and precision != "fp32" and find_spec("flash_attn") is not None
    return "flash_attention_2" if flash else "sdpa"


def read_tokenizer(folder: Path) -> FileTokenizer:
    """The base's tokenizer. Documents open with its begin token, or with its end token where it has none."""
    told = tokenizer_from(folder)
    end, fast = told.eos_token_id, getattr(told, "backend_tokenizer", None)
    if end is None or fast is None:
        raise BaseModelError(f"The tokenizer in {folder} has no token that ends a text.", ANOTHER)
    return FileTokenizer(fast, end if told.bos_token_id is None else told.bos_token_id, end)


def _four_bits() -> dict[str, Any]:
    """NF4 with quantized constants, 4.13 bits a weight; products in bf16 where that is fast."""
    from transformers import BitsAndBytesConfig

    if find_spec("bitsandbytes") is None:
        raise BaseModelError(
            "This base fits into memory in 4 bits only, and bitsandbytes is not installed.",
            "Install it: pip install 'soundalike[4bit]'",
        )
    dtype = torch.bfloat16 if device() == "cuda" or fast_in_bf16() else torch.float32
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
def unwarned() -> Iterator[None]:
    """Within it peft may ask transformers by an old name without a warning to the person, who cannot help it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        yield
