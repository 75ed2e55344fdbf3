"""Decoding with pocket, one prompt and sixteen, against transformers' `generate`; same weights, precision, sampler."""

import json
import sys
import time
from collections.abc import Callable
from typing import Any

from benchmarks.side import Side, compare

PROMPT, TOKENS, REPEATS = "sam: what are you up to tonight?\nyou:", 96, 3


def ours(streams: int) -> float:
    """Tokens a second over all streams; as with `min_new_tokens` beside it, none ends early."""
    from soundalike.engines import torch as engine_of
    from soundalike.engines.speech import generate
    from soundalike.sampling import Sampling

    engine = engine_of.load("pocket")
    prompt = [engine.tokenizer.begin, *engine.tokenizer.encode([PROMPT])[0]]
    engine.tokenizer.end = -1
    return _best(lambda: sum(len(s) for s in generate(engine, [prompt] * streams, Sampling(seed=1), TOKENS)))


def theirs(streams: int) -> float:
    """The same through transformers."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from soundalike.engines.torch import EMBEDDED

    model: Any = AutoModelForCausalLM.from_pretrained(EMBEDDED, dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(EMBEDDED)
    ids = torch.tensor([[0, *tokenizer(PROMPT)["input_ids"]]] * streams)
    knobs = {"do_sample": True, "min_p": 0.05, "temperature": 0.9, "top_k": 0}
    settings = {"max_new_tokens": TOKENS, "min_new_tokens": TOKENS, "pad_token_id": 1}

    def once() -> int:
        made = model.generate(ids, attention_mask=torch.ones_like(ids), **knobs, **settings)
        return int((made.shape[1] - ids.shape[1]) * streams)

    return _best(once)


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
            for name, kind in (("soundalike", "ours"), ("transformers generate", "theirs"))
        ]
        compare(f"Decoding, {streams} at once", "tokens a second", sides, rounds, warmup=False)


if __name__ == "__main__":
    print(json.dumps({"rate": {"ours": ours, "theirs": theirs}[sys.argv[1]](int(sys.argv[2]))}))
