"""Make the embedded base model from a folder of conversations.

    python -m soundalike.pocket.pretrain CORPORA --out FOLDER --tokens 8_000_000

Trains the tokenizer, then the model, prints held-out bits per byte as it goes, and writes a folder that plain
transformers loads. Stopped at any moment, the same command goes on from the last checkpoint; a finished run goes on
when it is given more tokens, in another round of warm-up, full rate and decay. Everything follows from the corpora,
these settings and the seed.
"""

import argparse
import hashlib
import json
import math
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer as Fast
from tokenizers import decoders, models, pre_tokenizers, trainers

from soundalike.clone.document import Document
from soundalike.engines.data_parallel import ThreadedDataParallel
from soundalike.engines.llama import Llama, LlamaConfig
from soundalike.engines.loss import batch_loss
from soundalike.engines.muon import Muon
from soundalike.engines.tokenizer import FileTokenizer
from soundalike.pocket import corpora
from soundalike.training.packing import Batch, encode, pack

CHECKPOINT_SECONDS = 60.0
LANE_WINDOWS = 2  # windows that one core reads at a time
END, PAD = "<|endoftext|>", "<|pad|>"
# What chatters type and the corpora lack: seen often enough by the tokenizer not to fall apart into bytes.
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


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that decides the weights besides the corpora."""

    seed: int = 1
    tokens: int = 14_000_000
    window: int = 512
    batch_windows: int = 16
    chunk_conversations: int = 2_048
    vocabulary: int = 8_192
    matrix_rate: float = 0.02
    vector_rate: float = 3e-3
    weight_decay: float = 0.05
    warmup_steps: int = 50
    decay_share: float = 0.3
    peak: float = 1.0
    mixture: str = "chat"
    clip: float = 1.0

    @property
    def step_tokens(self) -> int:
        return self.window * self.batch_windows

    @property
    def shares(self) -> Mapping[str, float]:
        """Of the text, by corpus."""
        return corpora.MIXTURES[self.mixture]

    @property
    def steps(self) -> int:
        return self.tokens // self.step_tokens

    def rate(self, step: int, began: int = 0) -> float:
        """Warm-up to `peak`, stable, linear decay to nothing (arXiv 2405.18392), as a share of the rates.

        A finished run that goes on with more tokens does all of it again from step `began` (arXiv 2410.05192).
        """
        decay = self.decay_share * (self.steps - began)
        return self.peak * min((step - began + 1) / self.warmup_steps, 1.0, (self.steps - step) / decay)


SHAPE = LlamaConfig(
    vocab_size=8_192,
    hidden_size=256,
    intermediate_size=704,
    num_hidden_layers=6,
    num_attention_heads=4,
    num_key_value_heads=1,
    head_dim=64,
    max_position_embeddings=512,
)


def train_tokenizer(data: corpora.Corpora, settings: Settings) -> Fast:
    """Byte-level BPE; ids 0 and 1 are end-of-text and padding."""
    fast = Fast(models.BPE())
    fast.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    fast.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=settings.vocabulary,
        special_tokens=[END, PAD],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    texts = [d.text for chunk in islice(corpora.chunks(data, settings.seed, 8_192, settings.shares), 3) for d in chunk]
    rng = Random(settings.seed)
    extra = [" ".join(rng.choice(words) for _ in range(12)) for words in (EMOJI, CHAT, CHAT) for _ in range(4_000)]
    extra += ["".join(rng.choice(EMOJI) for _ in range(3)) for _ in range(4_000)]
    fast.train_from_iterator(texts + extra, trainer)
    return fast


def write_folder(out: Path, shape: LlamaConfig, fast: Fast) -> None:
    """Everything but the weights."""
    out.mkdir(parents=True, exist_ok=True)
    fast.save(str(out / "tokenizer.json"))
    (out / "config.json").write_text(json.dumps(shape.config(), indent=2) + "\n", "utf-8")
    names = {"bos_token": END, "eos_token": END, "pad_token": PAD}
    described = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": shape.max_position_embeddings,
    } | names
    (out / "tokenizer_config.json").write_text(json.dumps(described, indent=2) + "\n", "utf-8")


def write_weights(out: Path, model: Llama) -> None:
    """bf16 weights under transformers' names, and the hashes of all that a reader needs."""
    tensors = {name: value.to(torch.bfloat16).contiguous() for name, value in model.named_parameters()}
    save_file(tensors, out / "model.safetensors", metadata={"format": "pt"})
    names = ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")
    sums = [f"{hashlib.sha256((out / name).read_bytes()).hexdigest()}  {name}\n" for name in names]
    (out / "SHA256SUMS").write_text("".join(sums), "utf-8")


def batches(data: corpora.Corpora, tokenizer: FileTokenizer, settings: Settings, skip: int) -> Iterator[Batch]:
    """Endless batches; the first `skip` are passed over."""
    for number, documents in enumerate(
        corpora.chunks(data, settings.seed, settings.chunk_conversations, settings.shares)
    ):
        windows = pack(list(encode(documents, tokenizer, settings.window)), settings.window, settings.seed + number)
        for start in range(0, len(windows) - settings.batch_windows + 1, settings.batch_windows):
            if skip > 0:
                skip -= 1
            else:
                yield windows.take(slice(start, start + settings.batch_windows))


@torch.no_grad()
def bits_per_byte(model: Llama, tokenizer: FileTokenizer, documents: list[Document], window: int) -> float:
    """Bits a byte of text costs; ends of documents are paid for, cut documents start cold."""
    windows = pack(list(encode(documents, tokenizer, window)), window, 0)
    nats = sum(batch_loss(model, part).item() for part in windows.parts(16))
    return nats / math.log(2) / sum(len(d.text.encode()) for d in documents)


def evaluate(
    model: Llama, tokenizer: FileTokenizer, data: corpora.Corpora, window: int, limit: int
) -> dict[str, float]:
    """Bits per byte of held-out conversations by corpus, and their mean, each corpus weighing the same."""
    by_corpus = {
        name: bits_per_byte(model, tokenizer, [corpora.plain(c) for c in pool[:limit]], window)
        for name, pool in data.held_out.items()
        if pool
    }
    return by_corpus | {"mean": sum(by_corpus.values()) / len(by_corpus)}


class Run:
    """Model, optimizers, the steps taken and the one at which this round began, kept in one checkpoint file."""

    def __init__(self, settings: Settings, shape: LlamaConfig) -> None:
        torch.manual_seed(settings.seed)
        torch.randn(shape.vocab_size, shape.hidden_size)  # unused, but the weights in the package began with it
        self.settings, self.model = settings, Llama(shape)
        self.began, self.done, self.seconds = 0, 0, 0.0
        initialise(self.model)
        matrices = [p for p in self.model.model.layers.parameters() if p.ndim == 2]
        vectors = [p for p in self.model.parameters() if not any(p is m for m in matrices)]
        self.lanes = ThreadedDataParallel(self.model, torch.get_num_threads())
        self.muon = Muon(matrices, settings.matrix_rate, weight_decay=settings.weight_decay)
        self.adam = torch.optim.AdamW(vectors, settings.vector_rate, betas=(0.9, 0.95), weight_decay=0.0, fused=True)

    def step(self, batch: Batch) -> float:
        """One update; gives the loss in nats a token."""
        started, share = time.perf_counter(), self.settings.rate(self.done, self.began)
        self.muon.param_groups[0]["lr"] = self.settings.matrix_rate * share
        self.adam.param_groups[0]["lr"] = self.settings.vector_rate * share
        weight = float(batch.weights.sum())
        parts = batch.parts(LANE_WINDOWS)
        loss = self.lanes.gradient(lambda model, part: batch_loss(model, part) / weight, parts)
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.settings.clip)
        for optimizer in (self.muon, self.adam):
            optimizer.step()
            optimizer.zero_grad()
        self.done += 1
        self.seconds += time.perf_counter() - started
        return loss

    def save(self, path: Path) -> None:
        """Atomically: the old checkpoint stands until the new one is whole."""
        state: dict[str, Any] = {"began": self.began, "done": self.done, "steps": self.settings.steps}
        state |= {"seconds": self.seconds}
        state |= {"model": self.model.state_dict(), "muon": self.muon.state_dict(), "adam": self.adam.state_dict()}
        torch.save(state, path.with_suffix(".part"))
        os.replace(path.with_suffix(".part"), path)

    def load(self, path: Path) -> None:
        """Go on from a checkpoint; where its run was finished, a new round begins."""
        state = torch.load(path, weights_only=True)
        self.model.load_state_dict(state["model"])
        self.muon.load_state_dict(state["muon"])
        self.adam.load_state_dict(state["adam"])
        self.done, self.seconds = state["done"], state["seconds"]
        self.began = self.done if self.done == state["steps"] else state["began"]


def initialise(model: Llama) -> None:
    """Small normal weights; what writes into the residual stream starts smaller with depth (GPT-2)."""
    depth = math.sqrt(2 * model.shape.num_hidden_layers)
    for name, p in model.named_parameters():
        if p.ndim == 2:
            scale = 0.02 / depth if name.endswith(("o_proj.weight", "down_proj.weight")) else 0.02
            torch.nn.init.normal_(p, std=scale)


def pretrain(folder: Path, out: Path, settings: Settings, shape: LlamaConfig = SHAPE) -> dict[str, float]:
    """Tokenizer, training with resume, final evaluation on all held-out conversations."""
    data = corpora.read(folder)
    if not (out / "tokenizer.json").exists():
        write_folder(out, shape, train_tokenizer(data, settings))
    tokenizer = FileTokenizer.read(out, shape.bos_token_id, shape.eos_token_id)
    run, checkpoint = Run(settings, shape), out / "checkpoint.pt"
    if checkpoint.exists():
        run.load(checkpoint)
    saved = time.perf_counter()
    for batch in islice(batches(data, tokenizer, settings, skip=run.done), settings.steps - run.done):
        loss = run.step(batch)
        if run.done % 20 == 0:
            rate = run.done * settings.step_tokens / run.seconds
            print(
                f"step {run.done}/{settings.steps} loss {loss:.3f} {rate:.0f} tokens/s {run.seconds / 60:.1f} min",
                flush=True,
            )
        if time.perf_counter() - saved > CHECKPOINT_SECONDS:
            run.save(checkpoint)
            saved = time.perf_counter()
        if run.done % 250 == 0:
            print(
                {k: round(v, 3) for k, v in evaluate(run.model, tokenizer, data, settings.window, 30).items()},
                flush=True,
            )
    run.save(checkpoint)
    write_weights(out, run.model)
    figures = evaluate(run.model, tokenizer, data, settings.window, 10**6)
    figures |= {"minutes": run.seconds / 60, "tokens": float(run.done * settings.step_tokens)}
    (out / "figures.json").write_text(json.dumps(figures, indent=2) + "\n", "utf-8")
    print(json.dumps(figures, indent=2))
    return figures


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpora", type=Path, help="folder of *.jsonl.gz conversations")
    parser.add_argument("--out", type=Path, required=True, help="folder for tokenizer, weights and checkpoint")
    parser.add_argument("--tokens", type=int, default=Settings().tokens, help="tokens to train on")
    parser.add_argument("--mixture", choices=corpora.MIXTURES, default=Settings().mixture, help="shares of the corpora")
    parser.add_argument(
        "--peak", type=float, default=Settings().peak, help="share of the rates that this round reaches"
    )
    parser.add_argument("--decay", type=float, default=Settings().decay_share, help="share of this round that decays")
    parser.add_argument("--seed", type=int, default=Settings().seed)
    given = parser.parse_args()
    settings = Settings(given.seed, given.tokens, peak=given.peak, decay_share=given.decay, mixture=given.mixture)
    pretrain(given.corpora, given.out, settings)


if __name__ == "__main__":
    main()
