"""Streams over mlx-lm's caches: sequences that are generated side by side, and join and leave after any token.

Keys and values are in mlx-lm's batched caches. Those of earlier prompts are kept as well, so that a conversation is not
read from its beginning again for every reply.
"""

from collections.abc import Sequence
from typing import Any

import mlx.core as mx
import numpy as np
from mlx_lm.models.cache import LRUPromptCache, make_prompt_cache
from numpy.typing import NDArray

MODEL_KEY = "model"  # a prompt cache can hold prompts of several models; ours has one


class MlxStreams:
    """Running streams: one batched cache per layer, the length of each stream, and the logits of its next token.

    `max_positions` is the most tokens that a stream may have, `vocab_size` the number of ids that the tokenizer knows;
    a model may have logits beyond them.
    """

    def __init__(self, model: Any, max_positions: int, vocab_size: int, prompts: LRUPromptCache) -> None:
        self._model, self._max_positions, self._vocab_size, self._prompts = model, max_positions, vocab_size, prompts
        self._caches: list[Any] = []
        self._lengths: list[int] = []
        self._logits: Any = None  # (streams, vocabulary); None without streams

    @property
    def logits(self) -> NDArray[np.float32]:
        """Logits of each stream's next token, (streams, vocabulary)."""
        return np.array(self._logits)

    @property
    def logsumexp(self) -> NDArray[np.float32]:
        """Log-sum-exp of each row of `logits`, (streams,)."""
        return np.array(mx.logsumexp(self._logits, axis=-1))

    @property
    def exhausted(self) -> list[int]:
        """Rows whose context is full."""
        return [row for row, length in enumerate(self._lengths) if length >= self._max_positions]

    def join(self, prompts: Sequence[Sequence[int]]) -> None:
        """Prefill prompts, as new streams after the running ones."""
        fitting = [list(prompt)[1 - self._max_positions :] for prompt in prompts]
        prefilled = [self._prefill(prompt[:-1]) for prompt in fitting]
        caches = [layer[0].merge(list(layer)) for layer in zip(*prefilled, strict=True)]
        logits = self._forward([prompt[-1] for prompt in fitting], caches)
        if self._caches:
            for cache, new in zip(self._caches, caches, strict=True):
                cache.extend(new)
            logits = mx.concatenate([self._logits, logits])
        else:
            self._caches = caches
        self._logits, self._lengths = logits, [*self._lengths, *map(len, fitting)]

    def _prefill(self, tokens: list[int]) -> list[Any]:
        """The model's caches after `tokens`, continued from the longest prefix that is in the prompt cache."""
        found, rest = self._prompts.fetch_nearest_cache(MODEL_KEY, tokens) if tokens else (None, [])
        caches: list[Any] = found or make_prompt_cache(self._model)
        if rest:
            self._model(mx.array([rest]), cache=caches)
            mx.eval([cache.state for cache in caches])
            self._prompts.insert_cache(MODEL_KEY, tokens, caches)
        return caches

    def _forward(self, tokens: Sequence[int], caches: list[Any]) -> mx.array:
        """Logits (streams, vocabulary) after one more token of each stream."""
        logits = self._model(mx.array(tokens)[:, None], cache=caches)[:, -1, : self._vocab_size].astype(mx.float32)
        mx.eval(logits, [cache.state for cache in caches])
        return logits

    def advance(self, tokens: Sequence[int]) -> None:
        """Append one token to each stream."""
        self._logits = self._forward(tokens, self._caches)
        self._lengths = [length + 1 for length in self._lengths]

    def keep(self, rows: Sequence[int]) -> None:
        """Keep only these streams, in this order."""
        self._lengths = [self._lengths[row] for row in rows]
        if not rows:
            self._caches, self._logits = [], None
            return
        index = mx.array(list(rows))
        for cache in self._caches:
            cache.filter(index)
        self._logits = self._logits[index]
