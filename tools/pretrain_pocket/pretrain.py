"""The pretraining run: batches from the corpora, Muon and AdamW, checkpoints, held-out bits per byte."""

import json
import math
import os
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import torch

from soundalike.clone.document import Document
from soundalike.engines.data_parallel import ThreadedDataParallel
from soundalike.engines.llama_model import Llama, LlamaConfig
from soundalike.engines.loss import batch_loss
from soundalike.engines.protocol import Batch
from soundalike.engines.tokenizer import FileTokenizer
from soundalike.training.packing import encode, pack
from tools.pretrain_pocket import corpora
from tools.pretrain_pocket.base_folder import initialise, train_tokenizer, write_folder, write_weights
from tools.pretrain_pocket.muon import Muon
from tools.pretrain_pocket.settings import SHAPE, Settings

CHECKPOINT_SECONDS = 60.0
PART_WINDOWS = 2  # windows that one thread reads at a time
TOKENIZER_CHUNKS, CHUNK_CONVERSATIONS = 3, 8_192  # of text, from which the tokenizer is trained


def batches(data: corpora.Corpora, tokenizer: FileTokenizer, settings: Settings, skip: int) -> Iterator[Batch]:
    """Endless batches after the first `skip`."""
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
    """Negative log-likelihood in bits over UTF-8 bytes.

    It includes the end token of every document; a document longer than `window` is cut, without context after a cut.
    """
    windows = pack(list(encode(documents, tokenizer, window)), window, 0)
    nats = sum(batch_loss(model, part).item() for part in windows.parts(16))
    return nats / math.log(2) / sum(len(d.text.encode()) for d in documents)


def evaluate(
    model: Llama, tokenizer: FileTokenizer, data: corpora.Corpora, window: int, limit: int
) -> dict[str, float]:
    """Bits per byte by corpus, of at most `limit` held-out conversations each, and their unweighted `mean`."""
    by_corpus = {
        name: bits_per_byte(model, tokenizer, [corpora.plain(c) for c in pool[:limit]], window)
        for name, pool in data.held_out.items()
        if pool
    }
    return by_corpus | {"mean": sum(by_corpus.values()) / len(by_corpus)}


class Run:
    """Model, optimizers, `done` steps, and the step at which this round `began`: the content of a checkpoint."""

    def __init__(self, settings: Settings, shape: LlamaConfig) -> None:
        torch.manual_seed(settings.seed)
        torch.randn(shape.vocab_size, shape.hidden_size)  # unused, but the weights in the package began with it
        self.settings, self.model = settings, Llama(shape)
        self.began, self.done, self.seconds = 0, 0, 0.0
        initialise(self.model)
        matrices = [p for p in self.model.model.layers.parameters() if p.ndim == 2]
        vectors = [p for p in self.model.parameters() if not any(p is m for m in matrices)]
        self.parallel = ThreadedDataParallel(self.model, torch.get_num_threads())
        self.muon = Muon(matrices, settings.matrix_rate, weight_decay=settings.weight_decay)
        self.adam = torch.optim.AdamW(vectors, settings.vector_rate, betas=(0.9, 0.95), weight_decay=0.0, fused=True)

    def step(self, batch: Batch) -> float:
        """One update; returns the mean loss before it in nats a token."""
        started, share = time.perf_counter(), self.settings.rate(self.done, self.began)
        self.muon.param_groups[0]["lr"] = self.settings.matrix_rate * share
        self.adam.param_groups[0]["lr"] = self.settings.vector_rate * share
        weight = float(batch.weights.sum())
        parts = batch.parts(PART_WINDOWS)
        loss = self.parallel.gradient(lambda model, part: batch_loss(model, part) / weight, parts)
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.settings.clip)
        for optimizer in (self.muon, self.adam):
            optimizer.step()
            optimizer.zero_grad()
        self.done += 1
        self.seconds += time.perf_counter() - started
        return loss

    def save(self, path: Path) -> None:
        """Write a checkpoint atomically."""
        state: dict[str, Any] = {"began": self.began, "done": self.done, "steps": self.settings.steps}
        state |= {"seconds": self.seconds}
        state |= {"model": self.model.state_dict(), "muon": self.muon.state_dict(), "adam": self.adam.state_dict()}
        torch.save(state, path.with_suffix(".part"))
        os.replace(path.with_suffix(".part"), path)

    def load(self, path: Path) -> None:
        """Continue from a checkpoint; after a finished run a new round begins."""
        state = torch.load(path, weights_only=True)
        self.model.load_state_dict(state["model"])
        self.muon.load_state_dict(state["muon"])
        self.adam.load_state_dict(state["adam"])
        self.done, self.seconds = state["done"], state["seconds"]
        self.began = self.done if self.done == state["steps"] else state["began"]


def pretrain(folder: Path, out: Path, settings: Settings, shape: LlamaConfig = SHAPE) -> dict[str, float]:
    """Train tokenizer and model, resuming from a checkpoint in `out`; returns the figures of the final evaluation."""
    data = corpora.read(folder)
    if not (out / "tokenizer.json").exists():
        chunks = islice(corpora.chunks(data, settings.seed, CHUNK_CONVERSATIONS, settings.shares), TOKENIZER_CHUNKS)
        texts = [document.text for chunk in chunks for document in chunk]
        write_folder(out, shape, train_tokenizer(texts, settings.vocabulary, settings.seed))
    tokenizer = FileTokenizer.read(out, shape.bos_token_id, shape.eos_token_id)
    run, checkpoint = Run(settings, shape), out / "checkpoint.pt"
    if checkpoint.exists():
        run.load(checkpoint)
    saved = time.perf_counter()
    for batch in islice(batches(data, tokenizer, settings, skip=run.done), settings.steps - run.done):
        loss = run.step(batch)
        if run.done % 20 == 0:
            rate = run.done * settings.step_tokens / run.seconds
            elapsed = f"{rate:.0f} tokens/s {run.seconds / 60:.1f} min"
            print(f"step {run.done}/{settings.steps} loss {loss:.3f} {elapsed}", flush=True)
        if time.perf_counter() - saved > CHECKPOINT_SECONDS:
            run.save(checkpoint)
            saved = time.perf_counter()
        if run.done % 250 == 0:
            bits = evaluate(run.model, tokenizer, data, settings.window, 30)
            print({name: round(value, 3) for name, value in bits.items()}, flush=True)
    run.save(checkpoint)
    write_weights(out, run.model)
    figures = evaluate(run.model, tokenizer, data, settings.window, 10**6)
    figures |= {"minutes": run.seconds / 60, "tokens": float(run.done * settings.step_tokens)}
    (out / "figures.json").write_text(json.dumps(figures, indent=2) + "\n", "utf-8")
    print(json.dumps(figures, indent=2))
    return figures
