"""Streams that draw: the history, the knobs and the random generator of each."""

from collections.abc import Sequence

import numpy as np

from soundalike.generation.sampling.draw import Drawn, Mask, WordContinuation, draw
from soundalike.generation.sampling.knobs import Sampling
from soundalike.generation.sampling.repeats import Repeats
from soundalike.generation.sampling.rows import Floats


class Sampler:
    """Draws for streams that come and go: keeps the history, the knobs and the generator of each.

    Without `letters` nothing is known of words, and `word_p` does nothing.
    """

    def __init__(self, letters: WordContinuation | None = None) -> None:
        self._letters = letters
        self._streams: dict[int, tuple[Repeats, Sampling, np.random.Generator]] = {}
        self._last: dict[int, int] = {}  # the token of each stream that the next one may go on with

    def join(
        self, streams: Sequence[int], prompts: Sequence[Sequence[int]], sampling: Sampling | Sequence[Sampling]
    ) -> None:
        """New streams under these numbers; prompt i draws from stream i of `sampling`, or the first of its own."""
        if isinstance(sampling, Sampling):
            knobs, sources = [sampling] * len(prompts), generators(sampling, len(prompts))
        else:
            knobs, sources = list(sampling), [generators(each, 1)[0] for each in sampling]
        for stream, prompt, knob, source in zip(streams, prompts, knobs, sources, strict=True):
            self._streams[stream] = Repeats(prompt, knob), knob, source
            if prompt:
                self._last[stream] = prompt[-1]

    def leave(self, stream: int) -> None:
        """Forget a stream."""
        del self._streams[stream]
        self._last.pop(stream, None)

    def draw(self, logits: Floats, logsumexp: Floats, streams: Sequence[int]) -> Drawn:
        """Next token of each stream in `streams`, row r of `logits` being streams[r]'s; see `draw`."""
        histories, knobs, sources = zip(*(self._streams[stream] for stream in streams), strict=True)
        if self._letters:
            self._letters = self._letters.padded(logits.shape[1])
        drawn = draw(logits, logsumexp, histories, knobs, sources, [self._within(stream) for stream in streams])
        for stream, history, token in zip(streams, histories, drawn[0].tolist(), strict=True):
            history.append(token)
            self._last[stream] = token
        return drawn

    def _within(self, stream: int) -> Mask | None:
        """The tokens that would go on with the word that the stream ends with."""
        last, letters = self._last.get(stream), self._letters
        return letters.on if letters and last is not None and letters.open[last] else None


def generators(sampling: Sampling, count: int) -> list[np.random.Generator]:
    """One random generator a stream, repeatable where the seed is set."""
    if sampling.seed is None:
        return [np.random.default_rng() for _ in range(count)]
    streams = sampling.streams or range(count)
    return [np.random.default_rng((sampling.seed, stream)) for stream in streams[:count]]
