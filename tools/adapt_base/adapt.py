"""The run: batches of transcripts, a low-rank adapter, a rate that falls at the end of the time, checkpoints."""

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save_file

from soundalike.engines.adapter import LoraAdapter
from soundalike.engines.adapter_files import WEIGHTS
from soundalike.engines.llama import LlamaEngine, read_base
from soundalike.training.numerics import Hardware, for_small
from soundalike.training.recipe import Training
from tools.pretrain_pocket import corpora
from tools.pretrain_pocket.pretrain import batches, evaluate
from tools.pretrain_pocket.settings import Settings as TextSettings

CHECKPOINT, FIGURES = "checkpoint.npz", "figures.json"
CHECKPOINT_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Settings:
    """What decides the adapter besides base and corpora. `rate` is the peak; it falls to 0 in the last `decay` of
    `hours`. `layers` counts from the top."""

    hours: float = 2.0
    mixture: str = "chat"
    rank: int = 32
    alpha: float = 64.0
    layers: int = 15
    rate: float = 2e-3
    warmup_steps: int = 20
    decay: float = 0.4
    window: int = 256
    batch_windows: int = 4
    seed: int = 1


class Run:
    """The engine with its adapter, and how many steps and seconds it has trained: the content of a checkpoint."""

    def __init__(self, base: Path, settings: Settings) -> None:
        training = Training(method="lora", rank=settings.rank, alpha=settings.alpha, weight_decay=0.0)
        model, tokenizer = read_base(base)
        adapter = LoraAdapter(model, settings.rank, settings.alpha, settings.layers)
        self.engine = LlamaEngine(model, tokenizer, adapter, base.name, training, for_small(training, Hardware.here()))
        self.settings, self.steps, self.seconds = settings, 0, 0.0

    @property
    def rate(self) -> float:
        """The learning rate of the next step."""
        spent = self.seconds / 3600 / self.settings.hours
        share = min((self.steps + 1) / self.settings.warmup_steps, 1.0, (1 - spent) / self.settings.decay)
        return self.settings.rate * max(0.0, share)

    def save(self, out: Path) -> None:
        """Write a checkpoint atomically."""
        part = out / f"part-{CHECKPOINT}"
        arrays: dict[str, Any] = {"steps": self.steps, "seconds": self.seconds, **self.engine.state()}
        np.savez(part, **arrays)
        part.replace(out / CHECKPOINT)

    def load(self, out: Path) -> None:
        """Continue from the checkpoint in `out`."""
        with np.load(out / CHECKPOINT) as saved:
            state = {name: saved[name] for name in saved.files}
        self.steps, self.seconds = int(state.pop("steps")), float(state.pop("seconds"))
        self.engine.load_state(state)


def adapt(base: Path, folder: Path, out: Path, settings: Settings, adapter: Path | None = None) -> dict[str, float]:
    """Train for `settings.hours`, resuming from a checkpoint in `out`; returns held-out bits per byte by corpus.

    A run without a checkpoint goes on from the factors in the folder `adapter`, if there is one.
    """
    out.mkdir(parents=True, exist_ok=True)
    data, run = corpora.read(folder), Run(base, settings)
    text = TextSettings(
        settings.seed, window=settings.window, batch_windows=settings.batch_windows, mixture=settings.mixture
    )
    if (out / CHECKPOINT).exists():
        run.load(out)
    elif adapter is not None:
        run.engine.load(adapter)
    saved = time.perf_counter()
    for batch in batches(data, run.engine.tokenizer, text, skip=run.steps):
        if run.seconds >= settings.hours * 3600:
            break
        started = time.perf_counter()
        loss = run.engine.step(batch, run.rate)
        run.steps += 1
        run.seconds += time.perf_counter() - started
        if run.steps % 10 == 0:
            read = run.steps * text.step_tokens
            print(f"step {run.steps} loss {loss:.3f} {read} tokens {read / run.seconds:.0f} tokens/s", flush=True)
        if time.perf_counter() - saved > CHECKPOINT_SECONDS:
            run.save(out)
            saved = time.perf_counter()
    run.save(out)
    write_adapter(run, out / "adapter")
    return measure(run, data, out, text.step_tokens)


def write_adapter(run: Run, folder: Path) -> None:
    """The adapter in PEFT's layout with factors in fp16, which halves its size."""
    run.engine.save(folder)
    factors = load_file(folder / WEIGHTS)
    save_file({name: f.astype(np.float16) for name, f in factors.items()}, folder / WEIGHTS, metadata={"format": "pt"})


def measure(run: Run, data: corpora.Corpora, out: Path, step_tokens: int, conversations: int = 30) -> dict[str, float]:
    """Held-out bits per byte by corpus, written to figures.json with the tokens and minutes of the training."""
    figures = evaluate(run.engine.model, run.engine.tokenizer, data, run.settings.window, conversations)
    figures |= {"minutes": run.seconds / 60, "tokens": float(run.steps * step_tokens)}
    (out / FIGURES).write_text(json.dumps(figures, indent=2) + "\n", "utf-8")
    print(json.dumps(figures, indent=2))
    return figures
