"""Streams over transformers' own caches: texts that go on side by side, join and leave at any token.

Each prompt is read alone, exactly, whatever its layers remember: keys and values, a sliding window of them, or a
recurrent state. Its cache is then laid beside those that run, all ending at the same place, what is missing on
the left masked. Knows tensors, never text.
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

PREFILL_CHUNK = {"cpu": 64, "cuda": 512}  # tokens of a prompt that are read at once beside the tokens of others
STATES = ("conv_states", "recurrent_states")  # of recurrent and convolutional layers, which know no length


class HuggingFaceStreams:
    """Streams in flight: one cache, how long each stream is, and the logits of what comes next.

    `reach` is the most tokens that a stream may hold, `known` the ids that the tokenizer knows: a model's table often
    has rows beyond them, which nobody ever trained and nobody is to draw.
    """

    def __init__(self, lm: CausalLM, max_positions: int, known: int) -> None:
        self._lm, self._max_positions, self._known = lm, max_positions, known
        self._cache: Any = None
        self._lengths = torch.zeros(0, dtype=torch.long, device=lm.device)
        self._logits = torch.zeros(0, lm.vocabulary, device=lm.device)

    @property
    def logits(self) -> NDArray[np.float32]:
        """(streams, vocabulary) of each stream's next token; minus infinity where the tokenizer knows no such id."""
        made = self._logits.clone()
        made[:, self._known :] = -torch.inf
        given: NDArray[np.float32] = made.cpu().numpy()
        return given

    @property
    def logsumexp(self) -> NDArray[np.float32]:
        """(streams,): the logarithm of the sum of each row's exponentials."""
        made: NDArray[np.float32] = self._logits.logsumexp(-1).cpu().numpy()
        return made

    @property
    def exhausted(self) -> list[int]:
        """The streams that have no place left for a token."""
        return [row for row, length in enumerate(self._lengths.tolist()) if length >= self._max_positions]

    @torch.inference_mode()
    def join(self, prompts: Sequence[Sequence[int]]) -> None:
        """Read prompts, of each the end that fits, after those that run."""
        for prompt in prompts:
            self._join(list(prompt)[1 - self._max_positions :])

    max_concurrent_prefills = 1

    @torch.inference_mode()
    def prefill_chunks(self, prompts: Sequence[Sequence[int]]) -> Iterator[None]:
        """Read one prompt, a slice a turn; see `SupportsChunkedPrefill`."""
        (prompt,) = prompts
        size, kept, cache = (
            PREFILL_CHUNK.get(self._lm.device.type, 256),
            list(prompt)[1 - self._max_positions :],
            self._new_cache(),
        )
        parts = split_prompt(kept, size)
        if any(hasattr(layer, name) for layer in cache.layers for name in STATES):
            parts = [kept]  # such layers go on from a state with one token, and not with several
        for number, part in enumerate(parts[:-1]):
            self._read(part, cache, number * size)
            yield
        self._lay(self._read(parts[-1], cache, len(kept) - len(parts[-1])), cache, len(kept))

    def _new_cache(self) -> Any:
        from transformers import DynamicCache

        return DynamicCache(config=self._lm.model.config)

    def _join(self, prompt: list[int]) -> None:
        cache = self._new_cache()
        self._lay(self._read(prompt, cache, 0), cache, len(prompt))

    def _read(self, tokens: Sequence[int], cache: Any, held: int) -> Tensor:
        """Hidden state (1, hidden) after tokens that go on with the `held` tokens in `cache`."""
        device = self._lm.device
        positions = torch.arange(held, held + len(tokens), device=device)[None]
        return self._lm.read(torch.tensor([list(tokens)], device=device), positions, **self._given(cache))[0, -1:]

    def _lay(self, hidden: Tensor, cache: Any, length: int) -> None:
        """What was read becomes a stream after those that run."""
        if self._cache is None:
            self._cache = cache
        else:
            append_rows(self._cache, cache)
        self._lengths = torch.cat((self._lengths, torch.tensor([length], device=self._lm.device)))
        self._logits = torch.cat((self._logits, self._lm.logits(hidden).float()))

    @torch.inference_mode()
    def advance(self, tokens: Sequence[int]) -> None:
        """Give each stream its next token."""
        lm, longest = self._lm, int(self._lengths.max())
        places = torch.arange(longest + 1, device=lm.device)
        seen = places >= (longest - self._lengths)[:, None]
        ids = torch.tensor(list(tokens), device=lm.device)[:, None]
        given = {"attention_mask": seen} if len(ids) > 1 else {}  # a stream alone has nothing to mask
        hidden = lm.read(ids, self._lengths[:, None], **given, **self._given(self._cache))
        self._lengths = self._lengths + 1
        self._logits = lm.logits(hidden[:, 0]).float()

    def _given(self, cache: Any) -> dict[str, Any]:
        return {str(self._lm.cache_name): cache, "use_cache": True}

    @torch.inference_mode()
    def keep(self, rows: Sequence[int]) -> None:
        """Go on with these streams only."""
        index = torch.tensor(rows, dtype=torch.long, device=self._lengths.device)
        before = int(self._lengths.max()) if len(self._lengths) else 0
        self._lengths, self._logits = self._lengths[index], self._logits[index]
        if not rows:
            self._cache = None
            return
        self._cache.reorder_cache(index)
        drop_left(self._cache, before - int(self._lengths.max()))


def append_rows(ours: Any, new: Any) -> None:
    """Add the rows of the cache `new` to those of `ours`; the shorter is filled up on the left."""
    for mine, its in zip(ours.layers, new.layers, strict=True):
        if getattr(mine, "keys", None) is not None and mine.keys.numel():
            longest = max(mine.keys.shape[-2], its.keys.shape[-2])
            mine.keys, mine.values = (
                torch.cat([_filled(layer, longest) for layer in pair])
                for pair in ((mine.keys, its.keys), (mine.values, its.values))
            )
            if hasattr(mine, "cumulative_length"):
                mine.cumulative_length = max(mine.cumulative_length, its.cumulative_length)
        for name in STATES:
            for number, state in getattr(mine, name, {}).items():
                if state is not None:
                    getattr(mine, name)[number] = torch.cat((state, getattr(its, name)[number]))


def _filled(keys: Tensor, length: int) -> Tensor:
    """Keys or values (rows, heads, tokens, size) with `length` tokens."""
    return F.pad(keys, (0, 0, length - keys.shape[-2], 0))


def drop_left(cache: Any, by: int) -> None:
    """Drop `by` places on the left, which no row fills any more."""
    if not by:
        return
    for layer in cache.layers:
        if getattr(layer, "keys", None) is None or not layer.keys.numel():
            continue
        left = layer.get_seq_length() - by  # a sliding window may hold fewer than that already
        layer.keys, layer.values = layer.keys[..., -left:, :], layer.values[..., -left:, :]
        if hasattr(layer, "cumulative_length"):
            layer.cumulative_length = left
