"""Base and adapter merged: a folder that transformers and vLLM load.

transformers and peft do the merging, so it works for every base that they support.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from soundalike.engines.adapter_files import adapter_settings, check_shapes, read_tensors
from soundalike.engines.adapter_layouts import flat_rope_config
from soundalike.engines.auto import model_from, tokenizer_from
from soundalike.engines.base_files import base_folder, read_base_config
from soundalike.export import SMALL, ExportSource
from soundalike.export.template import chat_template

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast


def write_merged(source: ExportSource, target: Path) -> None:
    """Write weights, config and tokenizer into `target`; the tokenizer's chat template writes transcripts."""
    merged_model(source).save_pretrained(target)
    config = read_base_config(target)
    (target / "config.json").write_text(json.dumps(config | flat_rope_config(config), indent=2) + "\n", "utf-8")
    write_tokenizer(source, target)


def merged_model(source: ExportSource) -> "PreTrainedModel":
    """The base with the adapter added to its weights: in fp32 if it is small, else in the base's own type."""
    import torch
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    model: Any = model_from(base_folder(source.base), dtype="auto", attn_implementation="eager")
    if model.num_parameters() <= SMALL:
        model = model.to(torch.float32)
    full = adapter_settings(source.adapter)["method"] == "full"
    merged = _plus_delta(model, source.adapter) if full else _plus_factors(model, source)
    return merged.eval()  # type: ignore[no-any-return]


def _plus_delta(model: Any, adapter: Path) -> Any:
    """Add to every trained weight its difference, in place."""
    import torch

    differences, weights = read_tensors(adapter), dict(model.named_parameters())
    if adapter_settings(adapter)["num_layers"] is not None:
        weights = {name: weight for name, weight in weights.items() if name in differences}
    check_shapes(differences, weights, adapter)
    with torch.no_grad():
        for name, weight in weights.items():
            weight += differences[name].to(weight.dtype)
    return model


def _plus_factors(model: Any, source: ExportSource) -> Any:
    """Add alpha / rank * B A to every adapted matrix."""
    from peft import get_peft_model_state_dict, set_peft_model_state_dict

    from soundalike.engines.peft_adapter import lora_config, with_adapter, without_future_warnings

    factors, config = read_tensors(source.adapter), lora_config(source.adapter)
    config.base_model_name_or_path = None  # peft would compare the base's name with the name of its folder
    with without_future_warnings():
        peft = with_adapter(model, config, source.adapter)
        check_shapes(factors, get_peft_model_state_dict(peft, save_embedding_layers=False), source.adapter)
        set_peft_model_state_dict(peft, factors)
        return peft.merge_and_unload()


def write_tokenizer(source: ExportSource, target: Path) -> "PreTrainedTokenizerFast":
    """Write the base's tokenizer into `target`, with the first token and the transcripts of training."""
    from tokenizers.processors import TemplateProcessing

    tokenizer: Any = tokenizer_from(base_folder(source.base))
    if tokenizer.bos_token is None:  # as in training
        tokenizer.bos_token = tokenizer.eos_token
    begin = tokenizer.bos_token
    if tokenizer("a")["input_ids"][0] != tokenizer.bos_token_id:
        special = [(begin, tokenizer.bos_token_id)]
        tokenizer.backend_tokenizer.post_processor = TemplateProcessing(f"{begin} $A", f"{begin} $A $B", special)
    tokenizer.chat_template = chat_template(source)
    tokenizer.save_pretrained(target)
    return tokenizer  # type: ignore[no-any-return]
