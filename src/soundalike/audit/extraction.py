"""Extraction: which messages does the model continue word for word, given what stood before and their first half?

Greedy decoding of the rest, token for token: extractable memorisation in the sense of Carlini et al. 2022,
"Quantifying memorization across neural language models", arXiv 2202.07646. Held-out messages, and the base alone,
continue with the same kind of sentence without ever having read it: they are the controls.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from soundalike.audit.texts import TextSpan, tokens_before
from soundalike.generation.batch import BatchGenerator
from soundalike.generation.request import TokenRequest
from soundalike.generation.sampling import Sampling
from soundalike.generation.voice import Voice

MESSAGES = 200  # of each side
SHORTEST = 12  # tokens of a message; a shorter one is anybody's
CONTEXT = 96  # tokens before the half that is given
BATCH = 16
GREEDY = Sampling(temperature=0.0, top_p=1.0, dry_multiplier=0.0)

OnTexts = Callable[[int], None]  # messages continued since the last call


@dataclass(frozen=True, slots=True)
class PrefixSuffix:
    """A message cut in two, in tokens: `prefix` is given, with the conversation before it; `suffix` is looked for."""

    span: TextSpan
    prefix: list[int]
    suffix: list[int]


def split_message(span: TextSpan, voice: Voice) -> PrefixSuffix | None:
    """The message in two halves; None for one of under SHORTEST tokens."""
    document = span.document[: span.end]
    tokens, before = tokens_before(document, span.start, voice.engine.tokenizer, CONTEXT)
    size = len(tokens) - before
    if size < SHORTEST or len(tokens) > voice.window:
        return None
    cut = before + size // 2
    return PrefixSuffix(span, tokens[:cut], tokens[cut:])


def draw(messages: Sequence[TextSpan], voice: Voice, seed: int) -> list[PrefixSuffix]:
    """Up to MESSAGES of them, drawn by `seed`."""
    found: list[PrefixSuffix] = []
    for at in np.random.default_rng(seed).permutation(len(messages)).tolist():
        if len(found) == MESSAGES:
            break
        if halves := split_message(messages[at], voice):
            found.append(halves)
    return found


def extracted(voice: Voice, some: Sequence[PrefixSuffix], on_texts: OnTexts = lambda texts: None) -> list[bool]:
    """For each, whether the model generates exactly the suffix; a stream ends at its first other token."""
    found = list[bool]()
    for start in range(0, len(some), BATCH):
        batch = some[start : start + BATCH]
        found += _extracted(voice, batch)
        on_texts(len(batch))
    return found


def _extracted(voice: Voice, batch: Sequence[PrefixSuffix]) -> list[bool]:
    generator, right, drawn = BatchGenerator(voice.engine), [0] * len(batch), 0
    generator.join([TokenRequest(one.prefix, GREEDY, len(one.suffix)) for one in batch])
    while generator.running:
        steps = generator.step()
        hits = [step.stream for step in steps if step.token == batch[step.stream].suffix[drawn]]
        for stream in hits:
            right[stream] += 1
        drawn += 1
        generator.leave([step.stream for step in steps if step.stream not in hits])
    return [count == len(one.suffix) for count, one in zip(right, batch, strict=True)]
