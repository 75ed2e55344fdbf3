"""Streams over transformers' caches: sequences that are generated side by side, and join and leave after any token.

Each prompt is prefilled alone, into a cache of whatever its layers remember: keys and values, a sliding window of them,
or a recurrent state. That cache then becomes a row of the cache of all running streams. Rows are aligned on the right;
where a shorter stream has no token, its row is padded on the left and masked.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from soundalike.engines.causal_lm import CausalLM
from soundalike.engines.chunked_prefill import split_prompt

PREFILL_CHUNK = {"cpu": 64, "cuda": 512}  # tokens of a long prompt that are read between two tokens of other streams
STATES = ("conv_states", "recurrent_states")  # of recurrent and convolutional layers; their size is fixed


class HuggingFaceStreams:
    """Running streams: one cache, the length of each stream, and the logits of its next token.

    `max_positions` is the most tokens that a stream may have, `vocab_size` the number of ids that the tokenizer knows.
    A model may have logits beyond them, which were never trained.
    """

    max_concurrent_prefills = 1

    def __init__(self, lm: CausalLM, max_positions: int, vocab_size: int) -> None:
        self._lm, self._max_positions, self._vocab_size = lm, max_positions, vocab_size
        self._cache: Any = None
        self._lengths = torch.zeros(0, dtype=torch.long, device=lm.device)
        self._logits = torch.zeros(0, lm.vocab_size, device=lm.device)

    @property
    def logits(self) -> NDArray[np.float32]:
        """Logits of each stream's next token, (streams, vocabulary); minus infinity for ids without a token."""
        logits = self._logits.clone()
        logits[:, self._vocab_size :] = -torch.inf
        array: NDArray[np.float32] = logits.cpu().numpy()
        return array

    @property
    def logsumexp(self) -> NDArray[np.float32]:
        """Log-sum-exp of each stream's logits, those of ids without a token included, (streams,)."""
        logsumexp: NDArray[np.float32] = self._logits.logsumexp(-1).cpu().numpy()
        return logsumexp

    @property
    def exhausted(self) -> list[int]:
        """Rows whose context is full."""
        return [row for row, length in enumerate(self._lengths.tolist()) if length >= self._max_positions]

    @torch.inference_mode()
    def join(self, prompts: Sequence[Sequence[int]]) -> None:
        """Prefill prompts one after another, as new streams after the running ones."""
        for prompt in prompts:
            tokens, cache = self._fitting(prompt), self._new_cache()
            self._append(self._prefill(tokens, cache, 0), cache, len(tokens))

    @torch.inference_mode()
    def prefill_chunks(self, prompts: Sequence[Sequence[int]]) -> Iterator[None]:
        """Prefill one prompt, a chunk per step; see `SupportsChunkedPrefill`."""
        (prompt,) = prompts
        tokens, cache = self._fitting(prompt), self._new_cache()
        size = PREFILL_CHUNK.get(self._lm.device.type, 256)
        chunks = split_prompt(tokens, size)
        if any(hasattr(layer, name) for layer in cache.layers for name in STATES):
            chunks = [tokens]  # these layers continue from a state with one token at a time only
        for number, chunk in enumerate(chunks[:-1]):
            self._prefill(chunk, cache, number * size)
            yield
        self._append(self._prefill(chunks[-1], cache, len(tokens) - len(chunks[-1])), cache, len(tokens))

    def _fitting(self, prompt: Sequence[int]) -> list[int]:
        """The end of a prompt that leaves room for one more token."""
        return list(prompt)[1 - self._max_positions :]

    def _new_cache(self) -> Any:
        from transformers import DynamicCache

        return DynamicCache(config=self._lm.model.config)

    def _prefill(self, tokens: Sequence[int], cache: Any, past: int) -> Tensor:
        """Last hidden state (1, hidden) of tokens that follow the `past` tokens in `cache`."""
        device = self._lm.device
        positions = torch.arange(past, past + len(tokens), device=device)[None]  # (1, time)
        ids = torch.tensor([list(tokens)], device=device)  # (1, time)
        return self._lm.hidden_states(ids, positions, **self._cache_arguments(cache))[0, -1:]

    def _append(self, hidden: Tensor, cache: Any, length: int) -> None:
        """Add a prefilled prompt, its last hidden state (1, hidden) and its cache, as the last stream."""
        if self._cache is None:
            self._cache = cache
        else:
            append_rows(self._cache, cache)
        self._lengths = torch.cat((self._lengths, torch.tensor([length], device=self._lm.device)))
        self._logits = torch.cat((self._logits, self._lm.logits(hidden).float()))

    @torch.inference_mode()
    def advance(self, tokens: Sequence[int]) -> None:
        """Append one token to each stream."""
        lm, longest = self._lm, int(self._lengths.max())
        places = torch.arange(longest + 1, device=lm.device)
        attended = places >= (longest - self._lengths)[:, None]  # (streams, places)
        ids = torch.tensor(list(tokens), device=lm.device)[:, None]  # (streams, 1)
        mask = {"attention_mask": attended} if len(ids) > 1 else {}  # one stream has no padding
        hidden = lm.hidden_states(ids, self._lengths[:, None], **mask, **self._cache_arguments(self._cache))
        self._lengths = self._lengths + 1
        self._logits = lm.logits(hidden[:, 0]).float()

    def _cache_arguments(self, cache: Any) -> dict[str, Any]:
        return {str(self._lm.cache_argument): cache, "use_cache": True}

    @torch.inference_mode()
    def keep(self, rows: Sequence[int]) -> None:
        """Keep only these streams, in this order."""
        index = torch.tensor(rows, dtype=torch.long, device=self._lengths.device)
        before = int(self._lengths.max()) if len(self._lengths) else 0
        self._lengths, self._logits = self._lengths[index], self._logits[index]
        if not rows:
            self._cache = None
            return
        self._cache.reorder_cache(index)
        drop_left(self._cache, before - int(self._lengths.max()))


def append_rows(cache: Any, other: Any) -> None:
    """Append the rows of the transformers cache `other` to `cache`, in place; shorter rows are padded on the left."""
    for layer, new in zip(cache.layers, other.layers, strict=True):
        if getattr(layer, "keys", None) is not None and layer.keys.numel():
            longest = max(layer.keys.shape[-2], new.keys.shape[-2])
            layer.keys = torch.cat((_pad_left(layer.keys, longest), _pad_left(new.keys, longest)))
            layer.values = torch.cat((_pad_left(layer.values, longest), _pad_left(new.values, longest)))
            if hasattr(layer, "cumulative_length"):
                layer.cumulative_length = max(layer.cumulative_length, new.cumulative_length)
        for name in STATES:
            for number, state in getattr(layer, name, {}).items():
                if state is not None:
                    getattr(layer, name)[number] = torch.cat((state, getattr(new, name)[number]))


def _pad_left(keys: Tensor, time: int) -> Tensor:
    """Keys or values (rows, heads, tokens, head_dim) padded to (rows, heads, time, head_dim)."""
    return F.pad(keys, (0, 0, time - keys.shape[-2], 0))


def drop_left(cache: Any, count: int) -> None:
    """Remove the first `count` places of a transformers cache, in place; they are padding in every row."""
    if not count:
        return
    for layer in cache.layers:
        if getattr(layer, "keys", None) is None or not layer.keys.numel():
            continue
        remaining = layer.get_seq_length() - count  # a sliding window may hold fewer already
        layer.keys, layer.values = layer.keys[..., -remaining:, :], layer.values[..., -remaining:, :]
        if hasattr(layer, "cumulative_length"):
            layer.cumulative_length = remaining
