"""The sampling state of streams that come and go: token history, settings and random generator of each."""

from collections.abc import Sequence

import numpy as np

from soundalike.generation.sampling.filters import Drawn, Mask, WordContinuation, draw
from soundalike.generation.sampling.logits_batch import Floats
from soundalike.generation.sampling.parameters import Sampling
from soundalike.generation.sampling.penalties import TokenHistory
from soundalike.generation.sampling.sequence_bias import SequenceBias


class Sampler:
    """Draws tokens for numbered streams. Without `words` the setting `word_p` has no effect."""

    def __init__(self, words: WordContinuation | None = None) -> None:
        self._words = words
        self._streams: dict[int, tuple[TokenHistory, Sampling, np.random.Generator]] = {}
        self._last: dict[int, int] = {}  # the last token of each stream

    def join(self, stream: int, prompt: Sequence[int], sampling: Sampling, bias: SequenceBias | None = None) -> None:
        """Add a stream, which draws from the first random stream of its `sampling`."""
        self._streams[stream] = TokenHistory(prompt, sampling, bias), sampling, random_generator(sampling)
        if prompt:
            self._last[stream] = prompt[-1]

    def leave(self, stream: int) -> None:
        """Remove a stream."""
        del self._streams[stream]
        self._last.pop(stream, None)

    def draw(self, logits: Floats, logsumexp: Floats, streams: Sequence[int]) -> Drawn:
        """The next token of each of `streams`, row r of `logits` being that of streams[r]; see `draw`."""
        histories, samplings, generators = zip(*(self._streams[stream] for stream in streams), strict=True)
        if self._words:
            self._words = self._words.padded(logits.shape[1])
        continuations = [self._continuations(stream) for stream in streams]
        drawn = draw(logits, logsumexp, histories, samplings, generators, continuations)
        for stream, history, token in zip(streams, histories, drawn[0].tolist(), strict=True):
            history.append(token)
            self._last[stream] = token
        return drawn

    def _continuations(self, stream: int) -> Mask | None:
        """The tokens that would continue the word at the end of the stream; None where it ends with no letter."""
        last, words = self._last.get(stream), self._words
        return words.starts_with_letter if words and last is not None and words.ends_with_letter[last] else None


def random_generator(sampling: Sampling) -> np.random.Generator:
    """The random generator of the first stream of `sampling`, repeatable where the seed is set."""
    if sampling.seed is None:
        return np.random.default_rng()
    return np.random.default_rng((sampling.seed, sampling.streams[0] if sampling.streams else 0))
