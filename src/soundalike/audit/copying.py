"""How much of what a voice says of itself is somebody's message word for word? Without guards, to openers of any chat.

Beside it the owner's own rate: people say things again. Other people's lines are counted apart.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from soundalike.generation.voice import Voice
from soundalike.metrics.repetition import SourceIndex
from soundalike.metrics.stats import Estimate, mean

REPLIES = 500
AT_ONCE = 50
OPENERS = (
    "hey", "hi there", "what are you up to?", "how was your day?", "good morning", "guess what happened", "u there?",
    "lol", "did you see that?", "what do you think?", "i am so tired", "tell me something", "what's for dinner?",
    "happy birthday!", "where are you?", "can you help me with something?", "what did you do on the weekend?",
    "i have news", "do you remember?", "what's your number again?", "who is coming?", "what is the password?",
    "any plans tonight?", "that is so funny", "sorry i'm late",
)  # fmt: skip

Step = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class CopyRates:
    """`messages`: share of those of five words and more that stand word for word in a learned one; `grams`: share of
    all runs of eight words that do. None where there was none to look at."""

    messages: Estimate | None
    grams: Estimate | None


def sample_replies(voice: Voice, seed: int = 0, step: Step = lambda texts: None) -> list[str]:
    """The messages of REPLIES replies."""
    said = list[str]()
    for start in range(0, REPLIES, AT_ONCE):
        numbers = range(start, min(start + AT_ONCE, REPLIES))
        histories = [[("sam", OPENERS[at % len(OPENERS)])] for at in numbers]
        replies = voice.replies(histories, replace(voice.sampling, seed=seed + start))
        said += [message for reply in replies for message in reply]
        step(len(numbers))
    return said


def rates(texts: Sequence[str], learned: SourceIndex) -> CopyRates:
    """How often `texts` say what was learned."""
    whole = [holds for text in texts if (holds := learned.holds(text)) is not None]
    counted = [learned.grams(text) for text in texts]
    runs = [(hit, number) for number, (hits, of) in enumerate(counted) for hit in [1.0] * hits + [0.0] * (of - hits)]
    return CopyRates(_mean([float(holds) for holds in whole], list(range(len(whole)))), _mean(*_columns(runs)))


def _columns(runs: Sequence[tuple[float, int]]) -> tuple[list[float], list[int]]:
    return [hit for hit, _ in runs], [number for _, number in runs]


def _mean(values: Sequence[float], groups: Sequence[int]) -> Estimate | None:
    return mean(np.array(values, np.float64), np.array(groups, np.int64)) if values else None
