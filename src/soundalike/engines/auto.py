"""The one place through which transformers reads a base's folder: its config, its weights, its tokenizer.

No code from the folder is run and nobody is asked whether it should be: with `trust_remote_code` left out,
transformers asks on the terminal and takes a line `y` of standard input for consent. Weights come from safetensors,
never from pickles.
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
    """The base's config as transformers reads it."""
    from transformers import AutoConfig

    with base_model_errors(folder):
        _admit(folder)
        return AutoConfig.from_pretrained(folder, **LOCAL_ONLY)


def model_from(folder: Path, **given: Any) -> Any:
    """The base's model; `given` goes to `AutoModelForCausalLM.from_pretrained`."""
    from transformers import AutoModelForCausalLM

    with base_model_errors(folder):
        _admit(folder)
        return AutoModelForCausalLM.from_pretrained(folder, use_safetensors=True, **LOCAL_ONLY, **given)


def tokenizer_from(folder: Path) -> Any:
    """The base's tokenizer."""
    from transformers import AutoTokenizer

    with base_model_errors(folder):
        _admit(folder)
        return AutoTokenizer.from_pretrained(folder, **LOCAL_ONLY)


def _admit(folder: Path) -> None:
    """`BaseModelError` where the base needs code of its own, or is damaged; see `base_check`."""
    from transformers import CONFIG_MAPPING

    config = read_base_config(folder)
    kind = config.get("model_type")
    if not isinstance(kind, str) or kind not in CONFIG_MAPPING:
        if config.get("auto_map") or any(folder.glob("*.py")):
            raise needs_own_code(folder)
        raise BaseModelError(
            f"The base in {folder} cannot be read: transformers knows no kind {kind!r}.", CHOOSE_ANOTHER_BASE
        )
    check_base(folder, config)


@contextmanager
def base_model_errors(folder: Path) -> Iterator[None]:
    """What goes wrong while a library reads a stranger's folder, as a `BaseModelError` of ours.

    Libraries check such a folder in few places, so that any exception may come of a damaged one.
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
        said = " ".join(str(error).split("\n")[0].split())[:200] or type(error).__name__
        raise BaseModelError(
            f"The base in {folder} cannot be read: {said.rstrip('.')}.", CHOOSE_ANOTHER_BASE
        ) from error
