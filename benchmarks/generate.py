"""Decoding, one prompt and sixteen, against llama.cpp, CTranslate2 and transformers' `generate`: same weights, sampler.

Pocket: llama.cpp and we keep weights in fp16, transformers in fp32. smollm2: all but transformers in 8 bits, and each
prompt is another one of 60 tokens, so that none was read before.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator
from itertools import count, repeat
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.side import Side, compare
from benchmarks.texts import demo_texts

PROMPT, PROMPT_TOKENS, TOKENS, REPEATS = "sam: what are you up to tonight?\nyou:", 60, 96, 3
NAMES = {
    "ours": "soundalike",
    "theirs": "transformers generate",
    "llama_cpp": "llama.cpp",
    "ctranslate2": "CTranslate2",
}


def prompts_of(base: str, tokenizer: Any, streams: int) -> Iterator[list[list[int]]]:
    """For each turn a prompt a stream: PROMPT for pocket, for a larger base the next tokens of the demo's messages."""
    if base == "pocket":
        yield from repeat([[tokenizer.begin, *tokenizer.encode([PROMPT])[0]]] * streams)
    ids, each = tokenizer.encode(["\n".join(demo_texts())])[0], PROMPT_TOKENS - 1
    for turn in count():
        starts = (each * (turn * streams + stream) % (len(ids) - each) for stream in range(streams))
        yield [[tokenizer.begin, *ids[start : start + each]] for start in starts]


def ours(base: str, streams: int) -> float:
    """Tokens a second over all streams; as with `min_new_tokens` beside it, none ends early."""
    from soundalike.engines import llama
    from soundalike.generation.batch import generate
    from soundalike.generation.sampling import Sampling

    engine = llama.load(base)
    turns = prompts_of(base, engine.tokenizer, streams)
    engine.tokenizer.end = -1
    return _best(lambda: sum(len(s) for s in generate(engine, next(turns), Sampling(seed=1), TOKENS)))


def theirs(base: str, streams: int) -> float:
    """The same through transformers."""
    import torch
    from transformers import AutoModelForCausalLM

    from soundalike.engines.base_files import base_folder

    model: Any = AutoModelForCausalLM.from_pretrained(base_folder(base), dtype=torch.float32)
    turns = prompts_of(base, _tokenizer(base), streams)
    knobs = {"do_sample": True, "top_p": 0.99, "temperature": 1.0, "top_k": 0}
    settings = {"max_new_tokens": TOKENS, "min_new_tokens": TOKENS, "pad_token_id": 1}

    def once() -> int:
        ids = torch.tensor(next(turns))
        made = model.generate(ids, attention_mask=torch.ones_like(ids), **knobs, **settings)
        return int((made.shape[1] - ids.shape[1]) * streams)

    return _best(once)


def llama_cpp(base: str, streams: int) -> float:
    """The same through llama.cpp, all streams in one batch."""
    import torch

    from benchmarks.llama_cpp import Context
    from soundalike.engines import llama
    from soundalike.export import ExportSource
    from soundalike.export.gguf import write_gguf
    from soundalike.training.recipe import Recipe, Training

    engine = llama.load(base, None, Training(method="lora", rank=1))
    turns = prompts_of(base, engine.tokenizer, streams)
    with TemporaryDirectory() as folder:
        engine.save(Path(folder))  # nothing was learned: the base itself
        source = ExportSource(base, Path(folder), "you", True, 512, Recipe(base=base))
        file = write_gguf(source, Path(folder), "f16" if base == "pocket" else "q8_0")
        context = Context(file, streams, PROMPT_TOKENS + TOKENS, torch.get_num_threads())
        return _best(lambda: context.run(next(turns), TOKENS))


def ctranslate2(base: str, streams: int) -> float:
    """The same through CTranslate2, all streams in one batch."""
    import torch

    from benchmarks.ctranslate2 import Generator
    from soundalike.engines.base_files import base_folder

    turns = prompts_of(base, _tokenizer(base), streams)
    with TemporaryDirectory() as folder:
        generator = Generator(base_folder(base), Path(folder), torch.get_num_threads())
        return _best(lambda: generator.run(next(turns), TOKENS))


def _tokenizer(base: str) -> Any:
    from soundalike.engines import llama

    return llama.load(base).tokenizer


def _best(once: Callable[[], int]) -> float:
    once()
    rates = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        made = once()
        rates.append(made / (time.perf_counter() - started))
    return sorted(rates)[len(rates) // 2]


def run(base: str = "pocket", rounds: int = 3) -> None:
    """Print the tables."""
    kinds = ("ours", "llama_cpp", "theirs" if base == "pocket" else "ctranslate2")
    for streams in (1, 16):
        sides = [
            Side(NAMES[kind], [sys.executable, "-m", "benchmarks.generate", kind, base, str(streams)], "rate")
            for kind in kinds
        ]
        compare(f"Decoding with {base}, {streams} at once", "tokens a second", sides, rounds, warmup=False)


KINDS = {"ours": ours, "theirs": theirs, "llama_cpp": llama_cpp, "ctranslate2": ctranslate2}

if __name__ == "__main__":
    print(json.dumps({"rate": KINDS[sys.argv[1]](sys.argv[2], int(sys.argv[3]))}))
