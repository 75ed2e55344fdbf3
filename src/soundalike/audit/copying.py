"""Copying: how much of what a voice writes unasked is somebody's message word for word?

Without guards, to openers of any chat. Beside it stands the owner's own rate: people say things again. Other people's
lines are counted apart.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from soundalike.generation.voice import Voice
from soundalike.metrics.ngram_index import MessageIndex
from soundalike.metrics.repetition import recites
from soundalike.metrics.stats import Estimate, mean

REPLIES = 500
BATCH = 50
OPENERS = (
    "hey", "hi there", "what are you up to?", "how was your day?", "good morning", "guess what happened", "u there?",
    "lol", "did you see that?", "what do you think?", "i am so tired", "tell me something", "what's for dinner?",
    "happy birthday!", "where are you?", "can you help me with something?", "what did you do on the weekend?",
    "i have news", "do you remember?", "what's your number again?", "who is coming?", "what is the password?",
    "any plans tonight?", "that is so funny", "sorry i'm late",
)  # fmt: skip

OnReplies = Callable[[int], None]  # replies made since the last call


@dataclass(frozen=True, slots=True)
class CopyRates:
    """`messages`: share of those of five words and more that stand word for word in a learned one; `grams`: share of
    all runs of eight words that do. None where there was none to look at."""

    messages: Estimate | None
    grams: Estimate | None


@dataclass(frozen=True, slots=True)
class CopyingComparison:
    """What a voice copies beside what its owner says again: of the owner's lines, or of other people's."""

    clone: CopyRates
    you: CopyRates

    @property
    def beyond_habit(self) -> bool:
        """Whether the voice repeats clearly more than its owner does."""
        return recites(self.clone.messages, self.you.messages) or recites(self.clone.grams, self.you.grams)


def sample_replies(voice: Voice, seed: int = 0, on_replies: OnReplies = lambda replies: None) -> list[str]:
    """The messages of REPLIES replies."""
    messages = list[str]()
    for start in range(0, REPLIES, BATCH):
        numbers = range(start, min(start + BATCH, REPLIES))
        histories = [[("sam", OPENERS[at % len(OPENERS)])] for at in numbers]
        replies = voice.replies(histories, replace(voice.sampling, seed=seed + start))
        messages += [message for reply in replies for message in reply]
        on_replies(len(numbers))
    return messages


def copy_rates(texts: Sequence[str], learned: MessageIndex) -> CopyRates:
    """How much of `texts` stands in what was learned."""
    whole = [float(copied) for text in texts if (copied := learned.in_message(text)) is not None]
    counted = [learned.copied_ngrams(text) for text in texts]
    runs = [value for hits, of in counted for value in [1.0] * hits + [0.0] * (of - hits)]
    return CopyRates(
        _mean(whole, np.arange(len(whole))), _mean(runs, np.repeat(np.arange(len(texts)), [of for _, of in counted]))
    )


def _mean(values: Sequence[float], groups: np.typing.NDArray[np.int64]) -> Estimate | None:
    return mean(np.array(values, np.float64), groups) if values else None
