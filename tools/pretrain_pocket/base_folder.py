"""The folder of a base model in transformers' layout: config, tokenizer, weights and their hashes."""

import hashlib
import json
import math
from collections.abc import Sequence
from pathlib import Path
from random import Random

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer as Fast
from tokenizers import decoders, models, pre_tokenizers, trainers

from soundalike.engines.llama_model import Llama, LlamaConfig

END, PAD = "<|endoftext|>", "<|pad|>"
# What chatters type and the corpora lack; the tokenizer sees it often enough to give it tokens of its own.
EMOJI = (
    "😂 😭 💀 ❤️ 🔥 😍 🥺 ✨ 👀 🙏 😊 🤣 🥰 👍 😅 🤔 😎 🎉 😩 🙄 😤 💜 💙 🖤 "
    "💕 😘 😁 😉 🤷 🤦 😳 😬 🫠 🫡 🤡 💯 👏 🙃 🥲 😔 😢 😡 🤯 😴 🤢 👋 ✅ ❌ "
    "⭐ 🌈 🐸 🐱 🐶 🐦 🍕 🍜 ☕ 🎂 🚀 💪 🤝 👌 ✌️ 🤞 😏 😇 🤗 😋 😜 🥳 😱 💔 "
    "👻 🎮 🎵 📸 🌙 ☀️"
).split()
CHAT = (
    "lol lmao lmfao rofl haha hahaha hahahaha hehe hehehe xd xdd omg omfg wtf idk idc ngl tbh imo imho rn tmr "
    "tmrw bc cuz smh fr ong istg ikr nvm ofc pls plz thx ty tysm np yw brb gtg afk bruh bro dude lowkey highkey "
    "yeah yea yep yup nah nope ok okay okok kk gonna wanna gotta kinda sorta dunno lemme gimme ya yall u ur r "
    "soooo sooo nooo noooo yesss yessss ahhh ahhhh ughh hmm hmmm ummm wait what whattt pleaseee omggg lmaooo "
    "lolll ayy yay oof welp dang damn sheesh"
).split()


def train_tokenizer(texts: Sequence[str], vocabulary: int, seed: int) -> Fast:
    """Byte-level BPE of `vocabulary` tokens trained on `texts`; ids 0 and 1 are end-of-text and padding."""
    fast = Fast(models.BPE())
    fast.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    fast.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=[END, PAD],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    rng = Random(seed)
    extra = [" ".join(rng.choice(words) for _ in range(12)) for words in (EMOJI, CHAT, CHAT) for _ in range(4_000)]
    extra += ["".join(rng.choice(EMOJI) for _ in range(3)) for _ in range(4_000)]
    fast.train_from_iterator([*texts, *extra], trainer)
    return fast


def write_folder(out: Path, shape: LlamaConfig, fast: Fast) -> None:
    """Write config and tokenizer into `out`."""
    out.mkdir(parents=True, exist_ok=True)
    fast.save(str(out / "tokenizer.json"))
    (out / "config.json").write_text(json.dumps(shape.to_dict(), indent=2) + "\n", "utf-8")
    names = {"bos_token": END, "eos_token": END, "pad_token": PAD}
    described = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": shape.max_position_embeddings,
    } | names
    (out / "tokenizer_config.json").write_text(json.dumps(described, indent=2) + "\n", "utf-8")


def write_weights(out: Path, model: Llama) -> None:
    """Write bf16 weights under transformers' names, and SHA256SUMS of all files that a reader needs."""
    tensors = {name: value.to(torch.bfloat16).contiguous() for name, value in model.named_parameters()}
    save_file(tensors, out / "model.safetensors", metadata={"format": "pt"})
    names = ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")
    sums = [f"{hashlib.sha256((out / name).read_bytes()).hexdigest()}  {name}\n" for name in names]
    (out / "SHA256SUMS").write_text("".join(sums), "utf-8")


def initialise(model: Llama) -> None:
    """Normal weights of deviation 0.02; output projections are divided by sqrt(2 x layers), as in GPT-2."""
    depth = math.sqrt(2 * model.config.num_hidden_layers)
    for name, p in model.named_parameters():
        if p.ndim == 2:
            scale = 0.02 / depth if name.endswith(("o_proj.weight", "down_proj.weight")) else 0.02
            torch.nn.init.normal_(p, std=scale)
