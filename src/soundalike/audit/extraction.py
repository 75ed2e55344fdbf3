"""Which messages does the model go on with word for word, given what stood before them and their first half?

Greedy decoding of the rest, token for token: extractable memorisation in the sense of Carlini et al. 2022,
"Quantifying memorization across neural language models", arXiv 2202.07646. Held-out messages, and the base alone, go on
with the same kind of sentence without ever having read it: they are the controls.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from soundalike.audit.texts import TextSpan, tokens_before
from soundalike.generation.batch_generator import BatchGenerator
from soundalike.generation.sampling import Sampling
from soundalike.generation.voice import Voice

MESSAGES = 200  # of each side
SHORTEST = 12  # tokens of a message; a shorter one is anybody's
CONTEXT = 96  # tokens before the half that is given
AT_ONCE = 16
GREEDY = Sampling(temperature=0.0, top_p=1.0, dry_multiplier=0.0)

Step = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class PrefixSuffix:
    """A message cut in two, in tokens: what the model is given, conversation included, and what it is to say."""

    place: TextSpan
    given: list[int]
    wanted: list[int]


def split_message(place: TextSpan, voice: Voice) -> PrefixSuffix | None:
    """None for a message of under SHORTEST tokens."""
    tokens, before = tokens_before(place.text.text[: place.end], place.start, voice.engine.tokenizer, CONTEXT)
    size = len(tokens) - before
    if size < SHORTEST or len(tokens) > voice.window:
        return None
    cut = before + size // 2
    return PrefixSuffix(place, tokens[:cut], tokens[cut:])


def draw(places: Sequence[TextSpan], voice: Voice, seed: int) -> list[PrefixSuffix]:
    """Up to MESSAGES of them, drawn by `seed`."""
    found: list[PrefixSuffix] = []
    for at in np.random.default_rng(seed).permutation(len(places)).tolist():
        if len(found) == MESSAGES:
            break
        if made := split_message(places[at], voice):
            found.append(made)
    return found


def recited(voice: Voice, some: Sequence[PrefixSuffix], step: Step = lambda texts: None) -> list[bool]:
    """For each, whether the model says exactly the rest; a stream is given up at its first other token."""
    said = list[bool]()
    for start in range(0, len(some), AT_ONCE):
        part = some[start : start + AT_ONCE]
        said += _said(voice, part)
        step(len(part))
    return said


def _said(voice: Voice, part: Sequence[PrefixSuffix]) -> list[bool]:
    speech, right, drawn = BatchGenerator(voice.engine), [0] * len(part), 0
    speech.join([one.given for one in part], GREEDY, [len(one.wanted) for one in part])
    while speech.running:
        steps = speech.step()
        hits = [one.stream for one in steps if one.token == part[one.stream].wanted[drawn]]
        for stream in hits:
            right[stream] += 1
        drawn += 1
        speech.leave([one.stream for one in steps if one.stream not in hits])
    return [count == len(one.wanted) for count, one in zip(right, part, strict=True)]
