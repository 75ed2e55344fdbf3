"""The only place where transformers reads a base's folder: its config, its weights, its tokenizer.

Code from the folder is never run, and nobody is asked for permission: without `trust_remote_code=False` transformers
asks on the terminal and takes a line `y` of standard input for consent. Weights are read from safetensors, never from
pickles.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from soundalike.engines.base_check import CHOOSE_ANOTHER_BASE, check_base, needs_own_code
from soundalike.engines.base_files import read_base_config
from soundalike.errors import BaseModelError, SoundalikeError

LOCAL_ONLY: dict[str, Any] = {"trust_remote_code": False, "local_files_only": True}


def config_from(folder: Path) -> Any:
    """The base's `PretrainedConfig`."""
    from transformers import AutoConfig

    with base_model_errors(folder):
        _check(folder)
        return AutoConfig.from_pretrained(folder, **LOCAL_ONLY)


def model_from(folder: Path, **arguments: Any) -> Any:
    """The base's `PreTrainedModel`; `arguments` are passed on to `AutoModelForCausalLM.from_pretrained`."""
    from transformers import AutoModelForCausalLM

    with base_model_errors(folder):
        _check(folder)
        return AutoModelForCausalLM.from_pretrained(folder, use_safetensors=True, **LOCAL_ONLY, **arguments)


def tokenizer_from(folder: Path) -> Any:
    """The base's `PreTrainedTokenizer`."""
    from transformers import AutoTokenizer

    with base_model_errors(folder):
        _check(folder)
        return AutoTokenizer.from_pretrained(folder, **LOCAL_ONLY)


def _check(folder: Path) -> None:
    """`BaseModelError` if transformers would need code from the folder to read it, or if `check_base` refuses it."""
    from transformers import CONFIG_MAPPING

    config = read_base_config(folder)
    kind = config.get("model_type")
    if not isinstance(kind, str) or kind not in CONFIG_MAPPING:
        if config.get("auto_map") or any(folder.glob("*.py")):
            raise needs_own_code(folder)
        what = f"The base in {folder} cannot be read: transformers knows no kind {kind!r}."
        raise BaseModelError(what, CHOOSE_ANOTHER_BASE)
    check_base(folder, config)


@contextmanager
def base_model_errors(folder: Path) -> Iterator[None]:
    """Raises whatever goes wrong within it as a `BaseModelError`, for code that lets a library read the folder.

    Libraries check such a folder in few places, so any exception can mean that it is damaged.
    """
    import torch

    try:
        yield
    except SoundalikeError:
        raise
    except (torch.OutOfMemoryError, MemoryError) as error:
        raise BaseModelError(f"The base in {folder} does not fit into memory.", CHOOSE_ANOTHER_BASE) from error
    except Exception as error:
        if "trust_remote_code" in str(error):
            raise needs_own_code(folder) from error
        reason = " ".join(str(error).split("\n")[0].split())[:200] or type(error).__name__
        what = f"The base in {folder} cannot be read: {reason.rstrip('.')}."
        raise BaseModelError(what, CHOOSE_ANOTHER_BASE) from error
