"""Decoding with pocket, one prompt and sixteen, against transformers' `generate` and llama.cpp; same weights, sampler.

transformers decodes in fp32; llama.cpp and we keep weights in fp16.
"""

import json
import sys
import time
from collections.abc import Callable
from typing import Any

from benchmarks.side import Side, compare

PROMPT, TOKENS, REPEATS = "sam: what are you up to tonight?\nyou:", 96, 3


def ours(streams: int) -> float:
    """Tokens a second over all streams; as with `min_new_tokens` beside it, none ends early."""
    from soundalike.engines import llama
    from soundalike.generation.batch import generate
    from soundalike.generation.sampling import Sampling

    engine = llama.load("pocket")
    prompt = [engine.tokenizer.begin, *engine.tokenizer.encode([PROMPT])[0]]
    engine.tokenizer.end = -1
    return _best(lambda: sum(len(s) for s in generate(engine, [prompt] * streams, Sampling(seed=1), TOKENS)))


def theirs(streams: int) -> float:
    """The same through transformers."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from soundalike.engines.base_files import POCKET_FOLDER

    model: Any = AutoModelForCausalLM.from_pretrained(POCKET_FOLDER, dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(POCKET_FOLDER)
    ids = torch.tensor([[0, *tokenizer(PROMPT)["input_ids"]]] * streams)
    knobs = {"do_sample": True, "top_p": 0.99, "temperature": 1.0, "top_k": 0}
    settings = {"max_new_tokens": TOKENS, "min_new_tokens": TOKENS, "pad_token_id": 1}

    def once() -> int:
        made = model.generate(ids, attention_mask=torch.ones_like(ids), **knobs, **settings)
        return int((made.shape[1] - ids.shape[1]) * streams)

    return _best(once)


def llama_cpp(streams: int) -> float:
    """The same through llama.cpp, all streams in one batch."""
    from pathlib import Path
    from tempfile import TemporaryDirectory

    import torch

    from benchmarks.llama_cpp import Context
    from soundalike.engines import llama
    from soundalike.export import ExportSource
    from soundalike.export.gguf import write_gguf
    from soundalike.training.recipe import Recipe

    engine = llama.load("pocket")
    prompt = [engine.tokenizer.begin, *engine.tokenizer.encode([PROMPT])[0]]
    with TemporaryDirectory() as folder:
        engine.save(Path(folder))  # nothing was learned: the base itself
        file = write_gguf(ExportSource("pocket", Path(folder), "you", True, 512, Recipe()), Path(folder))
        context = Context(file, streams, len(prompt) + TOKENS, torch.get_num_threads())
        return _best(lambda: context.run(prompt, TOKENS))


def _best(once: Callable[[], int]) -> float:
    once()
    rates = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        count = once()
        rates.append(count / (time.perf_counter() - started))
    return sorted(rates)[len(rates) // 2]


def run(rounds: int = 3) -> None:
    """Print the tables."""
    for streams in (1, 16):
        sides = [
            Side(name, [sys.executable, "-m", "benchmarks.generate", kind, str(streams)], "rate")
            for name, kind in (("soundalike", "ours"), ("transformers generate", "theirs"), ("llama.cpp", "llama_cpp"))
        ]
        compare(f"Decoding, {streams} at once", "tokens a second", sides, rounds, warmup=False)


KINDS = {"ours": ours, "theirs": theirs, "llama_cpp": llama_cpp}

if __name__ == "__main__":
    print(json.dumps({"rate": KINDS[sys.argv[1]](int(sys.argv[2]))}))
