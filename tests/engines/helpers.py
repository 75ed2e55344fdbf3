"""What the tests of engines share: texts as token ids and packed batches, and the tokens that an engine generates."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from soundalike.clone.document import Document
from soundalike.engines.protocol import Batch, Engine
from soundalike.generation.batch import generate
from soundalike.generation.sampling import Sampling
from soundalike.training.packing import encode, pack

WINDOW = 64


def batch_of(engine: Engine, texts: Sequence[str]) -> Batch:
    """One document per text, packed into windows of 64 tokens."""
    return pack(list(encode([Document(text) for text in texts], engine.tokenizer, WINDOW)), WINDOW, 0)


def tokens_of(engine: Engine, text: str) -> list[int]:
    """The token that begins a document, then those of `text`."""
    return [engine.tokenizer.begin, *engine.tokenizer.encode([text])[0]]


def generated_logprobs(
    engine: Engine, prompts: list[list[int]], max_tokens: int, scorer: Engine | None = None
) -> list[tuple[NDArray[np.float32], list[float]]]:
    """For each prompt, the log-probabilities of the tokens that `engine` generates after it.

    They are given twice: as `logprobs` of `scorer`, or of the engine itself, computes them, and as they were drawn.
    """
    scorer = scorer or engine
    steps: list[list[tuple[int, float]]] = [[] for _ in prompts]
    for drawn in generate(engine, prompts, Sampling(seed=1), max_tokens):
        for step in drawn:
            steps[step.stream].append((step.token, step.logprob))
    pairs = []
    for prompt, own in zip(prompts, steps, strict=True):
        tokens, logprobs = [token for token, _ in own], [logprob for _, logprob in own]
        pairs.append((scorer.logprobs([*prompt, *tokens])[len(prompt) :], logprobs))
    return pairs
