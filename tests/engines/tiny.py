"""Random bases of a few layers in transformers' folder layout, made in milliseconds: no download, no training."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

from soundalike.engines.llama_model import Llama, LlamaConfig
from tools.pretrain_pocket.base_folder import END, PAD, initialise, write_folder, write_weights

SHAPE = LlamaConfig(
    vocab_size=258,
    hidden_size=32,
    intermediate_size=48,
    num_hidden_layers=2,
    num_attention_heads=2,
    num_key_value_heads=1,
    head_dim=32,
    max_position_embeddings=256,
)


def base(folder: Path, seed: int = 0, max_positions: int = SHAPE.max_position_embeddings, **sizes: int) -> Path:
    """Write a base for `engines/llama.py` into `folder`: a token per byte, 0 begins and ends, 1 pads.

    `sizes` are fields of its config other than those of SHAPE.
    """
    torch.manual_seed(seed)
    shape = replace(SHAPE, max_position_embeddings=max_positions, **sizes)
    model = Llama(shape)
    initialise(model)
    write_folder(folder, shape, bytewise())
    write_weights(folder, model)
    return folder


def bytewise() -> Tokenizer:
    """A tokenizer with one token per byte."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: number for number, token in enumerate([END, PAD, *alphabet])}
    fast = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    fast.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    fast.decoder = decoders.ByteLevel()
    fast.add_special_tokens([END, PAD])
    return fast


KIND = {
    "vocab_size": 272,  # a few more than the tokenizer has ids, as in many published models
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 64,
    "bos_token_id": 0,
    "eos_token_id": 0,
    "pad_token_id": 1,
}


def pretrained(folder: Path, kind: str, seed: int = 0, **settings: Any) -> Path:
    """Write a base of one of transformers' kinds into `folder`; its weights are large, so that every token matters."""
    from transformers import AutoConfig, AutoModelForCausalLM

    config = AutoConfig.for_model(kind, **KIND | settings)
    torch.manual_seed(seed)
    model: Any = AutoModelForCausalLM.from_config(config, dtype=torch.float32)  # type: ignore[no-untyped-call]
    with torch.no_grad():
        for p in model.parameters():
            if p.ndim > 1:
                p.mul_(4)
    model.save_pretrained(folder)
    tokenizer_config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": END,
        "eos_token": END,
        "pad_token": PAD,
    }
    bytewise().save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(json.dumps(tokenizer_config))
    return folder
