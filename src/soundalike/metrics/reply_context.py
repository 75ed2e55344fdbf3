"""Replies and what stands before them, by words alone: which are shared, which are unknown, what follows what."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from soundalike.metrics import coherence
from soundalike.metrics.coherence import CoherenceModel
from soundalike.metrics.stats import Floats
from soundalike.metrics.words import words

RECENT = 4  # messages before that a message is compared with
MOST_PAIRS = 12_000  # of a message and those before it, that the model of what follows what is fitted on
AT_ONCE = 400  # pairs whose fit is measured against one another

Answer = tuple[Sequence[str], Sequence[str]]  # the texts before a turn, the messages of the turn

COLUMNS = (
    "length", "length spread", "last length", "words", "stops", "capitals",
    "unknown words", "shared with the last lines", "shared with the window", "shared with the history", "repeats",
    "fits the context", "follows the last lines",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ReplyContextModel:
    """What is known of the owner's training part: how often each word is in a message of theirs (`counts`, of `texts`
    messages), which replies fit which contexts, and which message follows which."""

    counts: Counter[str]
    texts: int
    reply: CoherenceModel | None
    message: CoherenceModel | None

    @classmethod
    def fit(
        cls,
        learned: Sequence[str],
        reply: CoherenceModel | None,
        chats: Sequence[Sequence[tuple[bool, str]]],
        seed: int,
    ) -> "ReplyContextModel":
        """From the owner's messages, a model of their replies, and conversations as (owner's or not, text)."""
        counts = Counter(word for text in learned for word in set(words(text)))
        pairs = [
            ([text for _, text in chat[max(0, at - RECENT) : at]], [chat[at][1]])
            for chat in chats
            for at in range(1, len(chat))
            if chat[at][0]
        ]
        chosen = np.random.default_rng(seed).permutation(len(pairs))[:MOST_PAIRS]
        return cls(counts, len(learned), reply, coherence.fit([pairs[at] for at in chosen.tolist()]))

    def features(self, windows: Sequence[Sequence[Answer]]) -> Floats:
        """(windows, COLUMNS): of each window, which is given by its turns; zeros of one without messages."""
        found = np.array([self._of_words(answers) for answers in windows]).reshape(len(windows), -1)
        first = [(at, answers[0]) for at, answers in enumerate(windows) if answers and answers[0][0]]
        later = [
            (at, (before, [message]))
            for at, answers in enumerate(windows)
            for before, message in _steps(answers)
            if before
        ]
        fits = [_mean_fit(self.reply, first, len(windows)), _mean_fit(self.message, later, len(windows))]
        return np.column_stack([found, *fits])

    def _of_words(self, answers: Sequence[Answer]) -> list[float]:
        texts = [text for _, messages in answers for text in messages]
        if not texts:
            return [0.0] * (len(COLUMNS) - 2)
        own = [words(text) for text in texts]
        sizes = np.log1p([len(text) for text in texts])
        known = {word for before, _ in answers for text in before for word in words(text)}
        everything = [word for one in own for word in one]
        unknown = sum(self.counts[word] < 2 and word not in known for word in everything)
        recent, history, inside, repeated = list[float](), list[float](), list[float](), 0
        for number, (before, message) in enumerate(_steps(answers)):
            recent.append(self._shared(own[number], _vocabulary(before[-RECENT:])))
            history.append(self._shared(own[number], known))
            inside.append(self._shared(own[number], _vocabulary(texts[:number])))
            repeated += message in before or message in texts[:number]
        return [
            float(sizes.mean()), float(sizes.std()), float(sizes[-1]), len(everything) / len(texts),
            float(np.mean([text[-1:] in ".?!…" for text in texts])),
            float(np.mean([text[:1].isupper() for text in texts])),
            unknown / max(len(everything), 1), float(np.mean(recent)), float(np.mean(inside)), float(np.mean(history)),
            float(repeated),
        ]  # fmt: skip

    def _shared(self, own: Sequence[str], others: set[str]) -> float:
        """The share of a message's words that are among `others`, each by its inverse document frequency."""
        weights = {word: math.log((self.texts + 1) / (self.counts[word] + 1)) for word in set(own)}
        return sum(weight for word, weight in weights.items() if word in others) / (sum(weights.values()) or 1.0)


def _steps(answers: Sequence[Answer]) -> list[tuple[list[str], str]]:
    """Each message of a window with all texts before it, those of its own turn too."""
    return [
        ([*before, *messages[:number]], message)
        for before, messages in answers
        for number, message in enumerate(messages)
    ]


def _vocabulary(texts: Sequence[str]) -> set[str]:
    return {word for text in texts for word in words(text)}


def _mean_fit(model: CoherenceModel | None, pairs: Sequence[tuple[int, Answer]], windows: int) -> Floats:
    """(windows,): how well a window's replies fit their contexts, less how well they fit other ones; 0 for none."""
    fits = np.zeros(len(pairs))
    if model is not None:
        for start in range(0, len(pairs), AT_ONCE):
            scores = model.scores([pair for _, pair in pairs[start : start + AT_ONCE]])  # (contexts, replies)
            fits[start : start + AT_ONCE] = np.diag(scores) - scores.mean(axis=0)
    rows = np.array([at for at, _ in pairs], np.int64)
    made: Floats = np.bincount(rows, fits, windows) / np.maximum(np.bincount(rows, minlength=windows), 1)
    return made
