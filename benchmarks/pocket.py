"""The embedded base beside what else could be made of the same corpora, and what it recites of them.

    python -m benchmarks.pocket CORPORA [--minutes 10]

Held-out bits per byte, a mean over corpora each weighing the same: pocket, a modified Kneser-Ney 5-gram model of the
same tokens, and, with --minutes, two transformers of pocket's shape trained for so long from nothing, one after the
other: by `pretrain`, and by plain transformers. Then two checks on pocket itself: how often it goes on with a
training conversation word for word, and whether what it samples holds handles, addresses or links.
"""

import argparse
import math
import re
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.kneser_ney import KneserNey
from soundalike.engines import llama
from soundalike.engines.base_files import POCKET_FOLDER
from soundalike.engines.llama import LlamaEngine, read_base
from soundalike.generation.batch import generate
from soundalike.generation.sampling import Sampling
from soundalike.pocket import names
from soundalike.training.packing import encode
from tools.pretrain_pocket import corpora
from tools.pretrain_pocket.cleaning import ADDRESS, HANDLE
from tools.pretrain_pocket.pretrain import Run, batches, evaluate
from tools.pretrain_pocket.settings import MIXTURES, SHAPE, Settings

# The handles that pretraining made up: they are nobody's.
INVENTED = re.compile(rf"@(?:{'|'.join(map(str.lower, [*names.WORDS, *names.FIRST]))}|[._\d])+", re.IGNORECASE)
PREFIXES, RECITED = 1_000, 20
LINES = 10_000
TIMED = 8  # steps that are timed to know how many fit


def kneser_ney(data: corpora.Corpora, engine: LlamaEngine, settings: Settings, tokens: int) -> dict[str, float]:
    """Held-out bits per byte of a 5-gram model that counted as many tokens of the stream that pocket learned from."""
    seen, count = list[Any](), 0
    for chunk in corpora.chunks(data, settings.seed, settings.chunk_conversations, settings.shares):
        pieces = [piece.tokens for piece in encode(chunk, engine.tokenizer, settings.window)]
        seen, count = seen + pieces, count + sum(map(len, pieces))
        if count >= tokens:
            break
    model = KneserNey(seen, engine.tokenizer.size)
    figures = {}
    for name, pool in data.held_out.items():
        documents = [corpora.plain(conversation) for conversation in pool]
        held = [piece.tokens.tolist() for piece in encode(documents, engine.tokenizer, settings.window)]
        size = sum(len(document.text.encode()) for document in documents)
        figures[name] = model.nats(held) / math.log(2) / size
    return figures | {"mean": sum(figures.values()) / len(figures)}


def own_pretraining(data: corpora.Corpora, settings: Settings, minutes: float) -> dict[str, float]:
    """Held-out bits per byte of pocket's shape after so many minutes of `pretrain`'s steps."""
    tokenizer, run = read_base(POCKET_FOLDER)[1], Run(settings, SHAPE)
    stream = batches(data, tokenizer, settings, skip=0)
    seconds = _seconds(lambda: run.step(next(stream)))
    tokens = round(minutes * 60 / seconds) * settings.step_tokens
    run = Run(replace(settings, tokens=tokens), SHAPE)
    started = time.perf_counter()
    for batch in islice(stream, run.settings.steps):
        run.step(batch)
    print(f"pretrain: {run.done * settings.step_tokens:,} tokens in {(time.perf_counter() - started) / 60:.1f} min")
    return evaluate(run.model, tokenizer, data, settings.window, 10**6)


def plain_trainer(data: corpora.Corpora, settings: Settings, minutes: float) -> dict[str, float]:
    """The same for pocket's shape trained by transformers' Trainer as its language-modelling example does it."""
    import torch
    from transformers import AutoConfig, AutoTokenizer, LlamaForCausalLM, Trainer, TrainingArguments
    from transformers import default_data_collator as together

    tokenizer = AutoTokenizer.from_pretrained(POCKET_FOLDER)

    class Stream(torch.utils.data.IterableDataset[Any]):
        """Transcripts joined and cut into blocks."""

        def __iter__(self) -> Any:
            held: list[int] = []
            for chunk in corpora.chunks(data, settings.seed, settings.chunk_conversations, settings.shares):
                for ids in tokenizer([document.text for document in chunk])["input_ids"]:
                    held += [*ids, tokenizer.eos_token_id]
                while len(held) >= settings.window:
                    block, held = held[: settings.window], held[settings.window :]
                    yield {"input_ids": torch.tensor(block), "labels": torch.tensor(block)}

    def train(folder: str, steps: int) -> Any:
        torch.manual_seed(settings.seed)
        model = LlamaForCausalLM(AutoConfig.from_pretrained(POCKET_FOLDER, dtype=torch.float32))
        arguments = TrainingArguments(
            folder,
            per_device_train_batch_size=8,
            max_steps=steps,
            learning_rate=1e-3,
            lr_scheduler_type="cosine",
            warmup_steps=20,
            use_cpu=True,
            report_to=[],
            save_strategy="no",
            logging_strategy="no",
            disable_tqdm=True,
        )
        Trainer(model, arguments, train_dataset=Stream(), data_collator=together).train()
        return model

    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        train(folder, 1)
        once = time.perf_counter() - started
        train(folder, 1 + TIMED)
        steps = round(minutes * 60 / ((time.perf_counter() - started - 2 * once) / TIMED))
        started = time.perf_counter()
        train(folder, steps).save_pretrained(folder)
        spent = (time.perf_counter() - started) / 60
        print(f"Trainer: {steps * 8 * settings.window:,} tokens in {spent:.1f} min")
        for name in ("config.json", "tokenizer.json", "tokenizer_config.json"):
            (Path(folder) / name).write_bytes((POCKET_FOLDER / name).read_bytes())
        ours, tokens = read_base(Path(folder))
    return evaluate(ours, tokens, data, settings.window, 10**6)


def _seconds(step: Callable[[], object]) -> float:
    """What one step takes, after a first one that warms up."""
    step()
    started = time.perf_counter()
    for _ in range(TIMED):
        step()
    return (time.perf_counter() - started) / TIMED


def drawn(engine: LlamaEngine, prompts: list[list[int]], sampling: Sampling, most: int) -> list[list[int]]:
    """The tokens that go on with each prompt."""
    made: list[list[int]] = [[] for _ in prompts]
    for steps in generate(engine, prompts, sampling, most):
        for step in steps:
            made[step.stream].append(step.token)
    return made


def recital(data: corpora.Corpora, engine: LlamaEngine, settings: Settings) -> float:
    """The share of conversations that greedy decoding, given half, goes on with word for word for RECITED tokens."""
    rng, shares = Random(settings.seed), MIXTURES["even"]  # the scenes stand in the package for all to read
    documents = [d for chunk in islice(corpora.chunks(data, settings.seed, 4_096, shares), 1) for d in chunk]
    pieces = [p.tokens.tolist() for p in encode(rng.sample(documents, 2_000), engine.tokenizer, settings.window)]
    pieces = [tokens for tokens in pieces if len(tokens) > 3 * RECITED][:PREFIXES]
    greedy, exact = Sampling(temperature=0, dry_multiplier=0), 0
    for start in range(0, len(pieces), 50):
        some = pieces[start : start + 50]
        made = drawn(engine, [tokens[: len(tokens) // 2] for tokens in some], greedy, RECITED)
        exact += sum(made[at] == tokens[len(tokens) // 2 :][:RECITED] for at, tokens in enumerate(some))
    return exact / len(pieces)


def leaks(engine: LlamaEngine) -> tuple[int, list[str]]:
    """Lines sampled from nothing, and those among them that hold a handle, an address or a link."""
    lines: list[str] = []
    number = 0
    while len(lines) < LINES:
        made = drawn(engine, [[engine.tokenizer.begin]] * 32, Sampling(seed=number, min_p=0.02), 400)
        number += 1
        for tokens in made:
            lines += [line for line in engine.tokenizer.decode(tokens).split("\n")[:-1] if ": " in line]
    said = [INVENTED.sub("", line.split(": ", 1)[1]) for line in lines[:LINES]]
    unwanted = (HANDLE, ADDRESS)
    return len(said), [text for text in said if any(pattern.search(text) for pattern in unwanted)]


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpora", type=Path)
    parser.add_argument("--minutes", type=float, default=0.0, help="train both for so long; 0 leaves it out")
    parser.add_argument("--tokens", type=int, default=Settings().tokens, help="tokens that the n-gram model counts")
    given = parser.parse_args()
    settings, data, engine = Settings(), corpora.read(given.corpora), llama.load("pocket")
    sides = {
        "pocket": evaluate(engine.model, engine.tokenizer, data, settings.window, 10**6),
        "Kneser-Ney 5-gram": kneser_ney(data, engine, settings, given.tokens),
    }
    if given.minutes:
        sides[f"pretrain, {given.minutes:g} min"] = own_pretraining(data, settings, given.minutes)
        sides[f"transformers' Trainer, {given.minutes:g} min"] = plain_trainer(data, settings, given.minutes)
    table = Table("side", *sides["pocket"], title="Held-out bits per byte")
    for name, figures in sides.items():
        table.add_row(name, *(f"{value:.3f}" for value in figures.values()))
    console = Console(width=120)
    console.print(table)
    console.print(f"Recited exactly: {recital(data, engine, settings):.2%} of {PREFIXES:,} training conversations")
    count, found = leaks(engine)
    console.print(f"Lines with a handle, an address or a link: {len(found)} of {count:,}")
    for text in found[:20]:
        console.print(f"  {text}", markup=False)


if __name__ == "__main__":
    main()
