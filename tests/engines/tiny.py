"""A random two-layer base in transformers' folder layout, made in memory's time: no download, no training."""

from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

from soundalike.engines.llama import Llama, Shape
from soundalike.pocket.pretrain import END, PAD, initialise, write_folder, write_weights

SHAPE = Shape(
    vocab_size=258,
    hidden_size=32,
    intermediate_size=48,
    num_hidden_layers=2,
    num_attention_heads=2,
    num_key_value_heads=1,
    head_dim=32,
    max_position_embeddings=64,
)


def base(folder: Path, seed: int = 0) -> Path:
    """Write the base into `folder`; one token a byte, 0 ends and begins, 1 pads."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: number for number, token in enumerate([END, PAD, *alphabet])}
    fast = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    fast.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    fast.decoder = decoders.ByteLevel()
    fast.add_special_tokens([END, PAD])
    torch.manual_seed(seed)
    model = Llama(SHAPE)
    initialise(model)
    write_folder(folder, SHAPE, fast)
    write_weights(folder, model)
    return folder
