"""A transformers model as two halves: a trunk, tokens to hidden states, and a head, hidden states to logits.

Packed windows go through the trunk with positions that start anew at each document, from which transformers makes a
block-diagonal mask, sliding windows included. Whether a model honours them is asked of the model itself, by `packs`.
The head is the model's own forward with the trunk left out, so that soft caps and scales of logits are where its
authors put them, and logits are made for a slice of positions at a time. It knows tensors, never text.
"""

import copy
import inspect
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from soundalike.engines.protocol import PADDING, Batch
from soundalike.errors import BaseModelError
from soundalike.training.base_models import ENTRIES

PROBE_TOKENS = 12  # tokens of each document with which `packs` tries a model
EXACT_TOLERANCE = 1e-5  # of the largest logit: products of one shape differ by less
CACHES = ("past_key_values", "cache_params")


class _Handed(tuple[Tensor]):
    """What a trunk gives, holding nothing but hidden states."""

    @property
    def last_hidden_state(self) -> Tensor:
        """Shape (rows, length, hidden)."""
        return self[0]

    def __getattr__(self, name: str) -> None:
        return None


class _Bypass(nn.Module):
    """Stands in a model where its trunk was, and gives the hidden states that it is handed."""

    def __init__(self, trunk: nn.Module) -> None:
        super().__init__()
        self._stood = [trunk]  # in a list, so that it is no module of this one

    def __getattr__(self, name: str) -> Any:
        try:
            return super().__getattr__(name)
        except AttributeError:
            return getattr(self._stood[0], name)

    def forward(self, *_: Any, inputs_embeds: Tensor, **__: Any) -> _Handed:
        return _Handed((inputs_embeds,))


class CausalLM:
    """`model` is any of transformers' causal language models, with adapters in it or without."""

    def __init__(self, model: Any, flat: bool = False) -> None:
        self.model, self.flat = model, flat
        self.trunk: nn.Module = model.base_model
        if self.trunk is model:
            raise self._refusal()
        self._head = copy.copy(model)
        self._head._modules = dict(model._modules) | {model.base_model_prefix: _Bypass(self.trunk)}
        wanted = inspect.signature(self.trunk.forward).parameters
        self._takes_positions = "position_ids" in wanted
        self.cache_name = next((name for name in CACHES if name in wanted), None)

    @property
    def device(self) -> torch.device:
        """Where its tokens are read."""
        device: torch.device = self.model.device
        return device

    @property
    def vocabulary(self) -> int:
        """Ids that it gives logits for."""
        return int(self.model.config.get_text_config().vocab_size)

    def read(self, tokens: Tensor, positions: Tensor | None = None, **given: Any) -> Tensor:
        """Hidden states (rows, length, hidden) of `tokens` and `positions`, each (rows, length)."""
        shape = tokens.shape
        if self.flat and positions is not None and not given:  # kernels for packed sequences want one row
            tokens, positions = tokens.reshape(1, -1), positions.reshape(1, -1)
        if positions is not None and self._takes_positions:
            given["position_ids"] = positions
        caching = {} if self.cache_name in given else {"use_cache": False}
        hidden: Tensor = self.trunk(input_ids=tokens, **caching, **given).last_hidden_state
        return hidden.reshape(*shape, -1)

    def logits(self, hidden: Tensor) -> Tensor:
        """Logits (rows, vocabulary) of hidden states (rows, hidden)."""
        made: Tensor = self._head(inputs_embeds=hidden[None], use_cache=False).logits[0]
        return made

    def loss(self, hidden: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
        """Sum of weights x nats over rows, differentiable in `hidden`; the head itself is not learned."""
        total: Tensor = _SlicedLoss.apply(hidden, self._nats, targets, weights, self._rows)  # type: ignore[no-untyped-call]
        return total

    def logprobs(self, hidden: Tensor, targets: Tensor) -> Tensor:
        """Natural-log probability (rows,) of each target."""
        pairs = zip(torch.split(hidden, self._rows), torch.split(targets, self._rows), strict=True)
        return -torch.cat([self._nats(h, t) for h, t in pairs])

    @property
    def _rows(self) -> int:
        return max(1, ENTRIES // self.vocabulary)

    def _nats(self, hidden: Tensor, targets: Tensor) -> Tensor:
        return F.cross_entropy(self.logits(hidden).float(), targets, reduction="none")

    @cached_property
    @torch.no_grad()
    def packs(self) -> bool:
        """Whether a document in a packed window is read as if it were alone.

        Tried with random tokens: what stands before it may not move its logits at all, nor may its place in the window
        beyond rounding. Recurrent and convolutional layers that carry their state on fail. `BaseModelError` where
        trunk and head apart do not give the model's own logits, or a token sees those after it.
        """
        draw = np.random.default_rng(0).integers(0, self.vocabulary, (3, PROBE_TOKENS))
        first, other, second = (torch.from_numpy(row)[None].to(self.device) for row in draw)
        whole = self.model(second, use_cache=False).logits[0].float()
        size = max(1.0, float(whole.abs().max()))
        rounding = size * (1e-4 if self.model.dtype == torch.float32 else 5e-2)
        if _apart(self._probe(second), whole) > rounding:
            raise self._refusal()
        pairs = ((first, second), (other, second), (first, other))
        one, two, three = (self._probe(torch.cat(pair, 1)) for pair in pairs)
        if _apart(one[:PROBE_TOKENS], three[:PROBE_TOKENS]) > EXACT_TOLERANCE * size:
            raise self._refusal()
        after, after_other = one[PROBE_TOKENS:], two[PROBE_TOKENS:]
        return (
            self._takes_positions
            and _apart(after, after_other) <= EXACT_TOLERANCE * size
            and _apart(after, whole) <= rounding
        )

    def _refusal(self) -> BaseModelError:
        kind = self.model.config.model_type
        return BaseModelError(f"Models of the kind {kind} are built in a way that soundalike cannot train.", OTHER)

    def _probe(self, tokens: Tensor) -> Tensor:
        positions = torch.arange(tokens.shape[1], device=self.device)[None] % PROBE_TOKENS
        return self.logits(self.read(tokens, positions)[0]).float()


OTHER = "Take another base: `soundalike doctor` suggests some."


def _apart(left: Tensor, right: Tensor) -> float:
    return float((left - right).abs().max())


class _SlicedLoss(torch.autograd.Function):
    """The gradient is made in the forward pass, slice by slice, so that never more than a slice of logits is held."""

    @staticmethod
    def forward(
        ctx: Any,
        hidden: Tensor,
        nats: Callable[[Tensor, Tensor], Tensor],
        targets: Tensor,
        weights: Tensor,
        rows: int,
    ) -> Tensor:
        total = torch.zeros((), dtype=torch.float32, device=hidden.device)
        learns = hidden.requires_grad
        slopes = torch.empty_like(hidden) if learns else None
        for at in (slice(start, start + rows) for start in range(0, len(hidden), rows)):
            with torch.set_grad_enabled(learns):
                part = hidden[at].detach().requires_grad_(learns)
                loss = (nats(part, targets[at]) * weights[at]).sum()
            if slopes is not None:
                (slopes[at],) = torch.autograd.grad(loss, part)
            total += loss.detach()
        ctx.save_for_backward(slopes)
        return total

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        (slopes,) = ctx.saved_tensors
        return None if slopes is None else slopes * grads[0], None, None, None, None


def batch_loss(causal: CausalLM, batch: Batch, packed: bool) -> Tensor:
    """Sum of weighted nats over windows; `packed` says that they hold several documents each."""
    tokens, weights = (torch.from_numpy(array).to(causal.device) for array in (batch.tokens, batch.weights))
    positions = torch.from_numpy(batch.positions).to(causal.device).long() if packed else None
    learned = weights[:, 1:] > 0
    hidden = causal.read(tokens.long(), positions)[:, :-1][learned]
    return causal.loss(hidden, tokens[:, 1:][learned].long(), weights[:, 1:][learned])


def unpack_documents(batch: Batch, most: int) -> Iterator[Batch]:
    """The same documents a row each, those of like length together, in batches of at most `most` places.

    A row is padded at its end, where nothing that comes before can see it.
    """
    pieces = [(row, start, stop) for row, ids in enumerate(batch.documents) for start, stop in _runs(ids)]
    pieces.sort(key=lambda piece: (piece[1] - piece[2], piece))
    while pieces:
        length = pieces[0][2] - pieces[0][1]
        count = max(1, most // length)
        yield _rows_of(batch, pieces[:count], length)
        pieces = pieces[count:]


def _runs(ids: np.typing.NDArray[np.int32]) -> Iterator[tuple[int, int]]:
    edges = [0, *(np.flatnonzero(np.diff(ids)) + 1).tolist(), len(ids)]
    yield from ((a, b) for a, b in zip(edges, edges[1:], strict=False) if ids[a] != PADDING)


def _rows_of(batch: Batch, pieces: list[tuple[int, int, int]], length: int) -> Batch:
    rows = Batch(
        np.zeros((len(pieces), length), np.int32),
        np.full((len(pieces), length), PADDING, np.int32),
        np.zeros((len(pieces), length), np.int32),
        np.zeros((len(pieces), length), np.float32),
    )
    for at, (row, start, stop) in enumerate(pieces):
        for name in ("tokens", "documents", "positions", "weights"):
            getattr(rows, name)[at, : stop - start] = getattr(batch, name)[row, start:stop]
    return rows
