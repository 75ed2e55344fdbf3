"""A transformers model wrapped by peft, with clear errors for an adapter folder that does not fit."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from soundalike.engines.adapter_files import CONFIG, OTHER_BASE_ADVICE, damaged_adapter, read_config
from soundalike.errors import EngineError


def lora_config(adapter: Path) -> Any:
    """peft's `LoraConfig` of an adapter's folder; `EngineError` if that holds something else."""
    from peft import LoraConfig

    if read_config(adapter)["peft_type"] != "LORA":
        raise EngineError(f"The adapter in {adapter} belongs to another base.", OTHER_BASE_ADVICE)
    try:
        return LoraConfig.from_pretrained(str(adapter))
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise damaged_adapter(adapter / CONFIG, error) from error


def with_adapter(model: Any, config: Any, adapter: Path | None = None) -> Any:
    """`model` wrapped by peft; `EngineError` if `config` comes from the folder `adapter` and does not fit the model."""
    from peft import get_peft_model

    try:
        with without_future_warnings():
            return get_peft_model(model, config)
    except (ValueError, TypeError, LookupError, AttributeError, RuntimeError) as error:
        if adapter is None:
            raise
        raise damaged_adapter(adapter / CONFIG, error) from error


@contextmanager
def without_future_warnings() -> Iterator[None]:
    """Within it, peft's use of deprecated names of transformers prints no warning, which no user could act on."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        yield
