"""The embedded base beside what else could be made of the same corpora, and what it recites of them.

    python -m benchmarks.pocket CORPORA [--minutes 10]

Held-out bits per byte, a mean over corpora each weighing the same: pocket, a modified Kneser-Ney 5-gram model of the
same tokens, and, with --minutes, a transformer of pocket's shape trained for so long by plain transformers. Then two
checks on pocket itself: how often it goes on with a training conversation word for word, and whether what it
samples holds handles, addresses or links.
"""

import argparse
import math
import re
import tempfile
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.kneser_ney import KneserNey
from soundalike.engines import torch as engine_of
from soundalike.engines.speech import generate
from soundalike.engines.torch import TorchEngine, read_base
from soundalike.engines.weights import EMBEDDED
from soundalike.packing import encode
from soundalike.pocket import corpora, names
from soundalike.pocket.pretrain import Settings, evaluate
from soundalike.sampling import Sampling

# The handles that pretraining made up: they are nobody's.
INVENTED = re.compile(rf"@(?:{'|'.join(map(str.lower, [*names.WORDS, *names.FIRST]))}|[._\d])+", re.IGNORECASE)
PREFIXES, RECITED = 1_000, 20
LINES = 10_000


def kneser_ney(data: corpora.Corpora, engine: TorchEngine, settings: Settings, tokens: int) -> dict[str, float]:
    """Held-out bits per byte of a 5-gram model that counted as many tokens of the stream that pocket learned from."""
    seen, count = list[Any](), 0
    for chunk in corpora.chunks(data, settings.seed, settings.chunk_conversations):
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


def plain_trainer(data: corpora.Corpora, settings: Settings, minutes: float) -> dict[str, float]:
    """The same for pocket's shape trained by transformers' Trainer as its language-modelling example does it."""
    import time

    import torch
    from transformers import (
        AutoConfig,
        AutoTokenizer,
        LlamaForCausalLM,
        Trainer,
        TrainerCallback,
        TrainingArguments,
        default_data_collator,
    )

    tokenizer = AutoTokenizer.from_pretrained(EMBEDDED)
    torch.manual_seed(settings.seed)
    model = LlamaForCausalLM(AutoConfig.from_pretrained(EMBEDDED, dtype=torch.float32))

    class Stream(torch.utils.data.IterableDataset[Any]):
        """Transcripts joined and cut into blocks."""

        def __iter__(self) -> Any:
            held: list[int] = []
            for chunk in corpora.chunks(data, settings.seed, settings.chunk_conversations):
                for ids in tokenizer([document.text for document in chunk])["input_ids"]:
                    held += [*ids, tokenizer.eos_token_id]
                while len(held) >= settings.window:
                    block, held = held[: settings.window], held[settings.window :]
                    yield {"input_ids": torch.tensor(block), "labels": torch.tensor(block)}

    class Budget(TrainerCallback):
        """Ends with the minutes, wherever the cosine then stands."""

        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            if state.global_step == 1:
                self.started = time.perf_counter()
            if time.perf_counter() - self.started > minutes * 60:
                control.should_training_stop = True

    rate = 900  # tokens a second, a guess: where it is far off, the cosine ends too early or is cut off
    steps = int(minutes * 60 * rate / (settings.window * 8))
    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            folder,
            per_device_train_batch_size=8,
            max_steps=max(steps, 1),
            learning_rate=1e-3,
            lr_scheduler_type="cosine",
            warmup_steps=20,
            use_cpu=True,
            report_to=[],
            save_strategy="no",
            logging_strategy="no",
            disable_tqdm=True,
        )
        trainer = Trainer(
            model, arguments, train_dataset=Stream(), data_collator=default_data_collator, callbacks=[Budget()]
        )
        trainer.train()
        model.save_pretrained(folder)
        for name in ("config.json", "tokenizer.json", "tokenizer_config.json"):
            (Path(folder) / name).write_bytes((EMBEDDED / name).read_bytes())
        ours, tokens = read_base(Path(folder))
    print(f"Trainer: {trainer.state.global_step} steps of {8 * settings.window} tokens")
    return evaluate(ours, tokens, data, settings.window, 10**6)


def drawn(engine: TorchEngine, prompts: list[list[int]], sampling: Sampling, most: int) -> list[list[int]]:
    """The tokens that go on with each prompt."""
    made: list[list[int]] = [[] for _ in prompts]
    for steps in generate(engine, prompts, sampling, most):
        for step in steps:
            made[step.stream].append(step.token)
    return made


def recital(data: corpora.Corpora, engine: TorchEngine, settings: Settings) -> float:
    """The share of training conversations whose next 20 tokens greedy decoding gives exactly, after half of them."""
    rng = Random(settings.seed)
    documents = [d for chunk in islice(corpora.chunks(data, settings.seed, 4_096), 1) for d in chunk]
    pieces = [p.tokens.tolist() for p in encode(rng.sample(documents, 2_000), engine.tokenizer, settings.window)]
    pieces = [tokens for tokens in pieces if len(tokens) > 3 * RECITED][:PREFIXES]
    greedy, exact = Sampling(temperature=0, dry_multiplier=0), 0
    for start in range(0, len(pieces), 50):
        some = pieces[start : start + 50]
        made = drawn(engine, [tokens[: len(tokens) // 2] for tokens in some], greedy, RECITED)
        exact += sum(made[at] == tokens[len(tokens) // 2 :][:RECITED] for at, tokens in enumerate(some))
    return exact / len(pieces)


def leaks(engine: TorchEngine) -> tuple[int, list[str]]:
    """Lines sampled from nothing, and those among them that hold a handle, an address or a link."""
    lines: list[str] = []
    number = 0
    while len(lines) < LINES:
        made = drawn(engine, [[engine.tokenizer.begin]] * 32, Sampling(seed=number, min_p=0.02), 400)
        number += 1
        for tokens in made:
            lines += [line for line in engine.tokenizer.decode(tokens).split("\n")[:-1] if ": " in line]
    said = [INVENTED.sub("", line.split(": ", 1)[1]) for line in lines[:LINES]]
    unwanted = (corpora.HANDLE, corpora.ADDRESS)
    return len(said), [text for text in said if any(pattern.search(text) for pattern in unwanted)]


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpora", type=Path)
    parser.add_argument("--minutes", type=float, default=0.0, help="train the peer for so long; 0 leaves it out")
    parser.add_argument("--tokens", type=int, default=Settings().tokens, help="tokens that the n-gram model counts")
    given = parser.parse_args()
    settings, data, engine = Settings(), corpora.read(given.corpora), engine_of.load("pocket")
    sides = {
        "pocket": evaluate(engine.model, engine.tokenizer, data, settings.window, 10**6),
        "Kneser-Ney 5-gram": kneser_ney(data, engine, settings, given.tokens),
    }
    if given.minutes:
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
