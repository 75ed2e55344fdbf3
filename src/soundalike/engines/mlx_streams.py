"""Texts that an MLX model goes on with side by side, and what stands in for a cache where documents are packed.

Keys and values lie in mlx-lm's batched cache, which streams join and leave; of earlier prompts they are kept, so that a
conversation is not read from its beginning at every reply. It knows tensors, never text.
"""

from collections.abc import Sequence
from typing import Any

import mlx.core as mx
import numpy as np
from mlx_lm.models.cache import LRUPromptCache, make_prompt_cache
from numpy.typing import NDArray

MODEL = "model"  # the one model whose prompts a cache holds


class PackedCache:
    """A cache that holds nothing: each token sees its own document's earlier ones, and no others.

    `documents` (windows, length): equal where two tokens belong to one document. Rotary positions go on through a
    window, which is the same to attention: it sees differences only. Windows of sliding attention are kept.
    """

    offset = 0

    def __init__(self, documents: mx.array) -> None:
        self._same = documents[:, None, :, None] == documents[:, None, None, :]

    def make_mask(self, length: int, return_array: bool = False, window_size: int | None = None) -> mx.array:
        """(windows, 1, length, length): true where a token may look."""
        at = mx.arange(length)
        back = at[:, None] - at[None]
        seen = (back >= 0) if window_size is None else (back >= 0) & (back < window_size)
        return self._same & seen

    def update_and_fetch(self, keys: mx.array, values: mx.array) -> tuple[mx.array, mx.array]:
        """Nothing was before."""
        return keys, values


class MlxStreams:
    """Streams in flight: a batched cache a layer, how long each stream is, and the logits of what comes next.

    Of `reach` places, of `size` tokens: a model may have rows of logits that its tokenizer has no token for.
    """

    def __init__(self, model: Any, max_positions: int, size: int, prompts: LRUPromptCache) -> None:
        self._model, self._max_positions, self._size, self._prompts = model, max_positions, size, prompts
        self._caches: list[Any] = []
        self._lengths: list[int] = []
        self._logits: Any = None

    @property
    def logits(self) -> NDArray[np.float32]:
        """(streams, vocabulary) of each stream's next token."""
        return np.array(self._logits)

    @property
    def logsumexp(self) -> NDArray[np.float32]:
        """(streams,): the logarithm of the sum of each row's exponentials."""
        return np.array(mx.logsumexp(self._logits, axis=-1))

    @property
    def exhausted(self) -> list[int]:
        """The streams that have no place left for a token."""
        return [row for row, length in enumerate(self._lengths) if length >= self._max_positions]

    def join(self, prompts: Sequence[Sequence[int]]) -> None:
        """Read prompts into streams of their own, after those that run."""
        kept = [list(prompt)[1 - self._max_positions :] for prompt in prompts]
        read = [self._read(prompt[:-1]) for prompt in kept]
        caches = [layer[0].merge(list(layer)) for layer in zip(*read, strict=True)]
        logits = self._next([prompt[-1] for prompt in kept], caches)
        if self._caches:
            for mine, new in zip(self._caches, caches, strict=True):
                mine.extend(new)
            logits = mx.concatenate([self._logits, logits])
        else:
            self._caches = caches
        self._logits, self._lengths = logits, [*self._lengths, *map(len, kept)]

    def _read(self, tokens: list[int]) -> list[Any]:
        """The model's own caches after `tokens`, from the longest beginning that was read before."""
        found, rest = self._prompts.fetch_nearest_cache(MODEL, tokens) if tokens else (None, [])
        caches: list[Any] = found or make_prompt_cache(self._model)
        if rest:
            self._model(mx.array([rest]), cache=caches)
            mx.eval([cache.state for cache in caches])
            self._prompts.insert_cache(MODEL, tokens, caches)
        return caches

    def _next(self, tokens: Sequence[int], caches: list[Any]) -> mx.array:
        logits = self._model(mx.array(tokens)[:, None], cache=caches)[:, -1, : self._size].astype(mx.float32)
        mx.eval(logits, [cache.state for cache in caches])
        return logits

    def advance(self, tokens: Sequence[int]) -> None:
        """Give each stream its next token."""
        self._logits = self._next(tokens, self._caches)
        self._lengths = [length + 1 for length in self._lengths]

    def keep(self, rows: Sequence[int]) -> None:
        """Go on with these streams only."""
        self._lengths = [self._lengths[row] for row in rows]
        if not rows:
            self._caches, self._logits = [], None
            return
        index = mx.array(list(rows))
        for cache in self._caches:
            cache.filter(index)
        self._logits = self._logits[index]
