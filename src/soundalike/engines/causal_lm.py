"""A transformers model in two halves: a backbone, tokens to hidden states, and a head, hidden states to logits.

The backbone reads packed windows with positions that restart at each document, from which transformers makes a
block-diagonal attention mask, sliding windows included. Whether a model honours them is measured on the model itself,
by `supports_packing`. The head is the model's own forward pass with the backbone replaced by the identity, so that soft
caps and scales of logits are applied where the model's authors apply them. Logits are computed for a chunk of rows at a
time.
"""

import copy
import inspect
from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from soundalike.engines.base_check import CHOOSE_ANOTHER_BASE
from soundalike.engines.protocol import Batch
from soundalike.errors import BaseModelError
from soundalike.training.base_models import LOGITS_AT_ONCE

PROBE_TOKENS = 12  # in each document that `supports_packing` tries
EXACT_TOLERANCE = 1e-5  # of the largest logit: two products of one shape differ by less
CACHE_ARGUMENTS = ("past_key_values", "cache_params")


class _BackboneOutput(tuple[Tensor]):
    """Output of a backbone with hidden states only; every other field is None."""

    @property
    def last_hidden_state(self) -> Tensor:
        """(rows, time, hidden)."""
        return self[0]

    def __getattr__(self, name: str) -> None:
        return None


class _IdentityBackbone(nn.Module):
    """Takes a backbone's place in a model: returns the embeddings that it is called with as the hidden states."""

    def __init__(self, backbone: nn.Module) -> None:
        super().__init__()
        self._replaced = [backbone]  # in a list, so that it is not registered as a submodule

    def __getattr__(self, name: str) -> Any:
        try:
            return super().__getattr__(name)
        except AttributeError:
            return getattr(self._replaced[0], name)

    def forward(self, *_: Any, inputs_embeds: Tensor, **__: Any) -> _BackboneOutput:
        return _BackboneOutput((inputs_embeds,))


class CausalLM:
    """Any causal language model of transformers, with or without adapters in it.

    With `flatten` packed windows are read as one row, as attention kernels for packed sequences require.
    `BaseModelError` if the model has no backbone that can be separated.
    """

    def __init__(self, model: Any, flatten: bool = False) -> None:
        self.model, self.flatten = model, flatten
        self.backbone: nn.Module = model.base_model
        if self.backbone is model:
            raise self._unsupported()
        self._head = copy.copy(model)
        self._head._modules = dict(model._modules) | {model.base_model_prefix: _IdentityBackbone(self.backbone)}
        parameters = inspect.signature(self.backbone.forward).parameters
        self._takes_positions = "position_ids" in parameters
        self.cache_argument = next((name for name in CACHE_ARGUMENTS if name in parameters), None)

    @property
    def device(self) -> torch.device:
        """The device of its inputs."""
        device: torch.device = self.model.device
        return device

    @property
    def vocab_size(self) -> int:
        """The number of logits, which may be larger than the tokenizer's vocabulary."""
        return int(self.model.config.get_text_config().vocab_size)

    def hidden_states(self, tokens: Tensor, positions: Tensor | None = None, **arguments: Any) -> Tensor:
        """Final hidden states (rows, time, hidden) of `tokens` and `positions`, (rows, time) each.

        `arguments` are passed on to the backbone: a cache, an attention mask.
        """
        shape = tokens.shape
        if self.flatten and positions is not None and not arguments:
            tokens, positions = tokens.reshape(1, -1), positions.reshape(1, -1)  # (1, rows * time)
        if positions is not None and self._takes_positions:
            arguments["position_ids"] = positions
        caching = {} if self.cache_argument in arguments else {"use_cache": False}
        hidden: Tensor = self.backbone(input_ids=tokens, **caching, **arguments).last_hidden_state
        return hidden.reshape(*shape, -1)

    def logits(self, hidden: Tensor) -> Tensor:
        """Logits (rows, vocabulary) of hidden states (rows, hidden)."""
        logits: Tensor = self._head(inputs_embeds=hidden[None], use_cache=False).logits[0]
        return logits

    def loss(self, hidden: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
        """Sum over rows of weight x negative log-likelihood in nats, differentiable in `hidden` only.

        `hidden` (rows, hidden), `targets` int64 (rows,), `weights` float32 (rows,).
        """
        total: Tensor = _ChunkedLoss.apply(hidden, self._cross_entropy, targets, weights, self._chunk_rows)  # type: ignore[no-untyped-call]
        return total

    def logprobs(self, hidden: Tensor, targets: Tensor) -> Tensor:
        """Natural-log probability of each target, (rows,)."""
        chunks = zip(torch.split(hidden, self._chunk_rows), torch.split(targets, self._chunk_rows), strict=True)
        return -torch.cat([self._cross_entropy(h, t) for h, t in chunks])

    @property
    def _chunk_rows(self) -> int:
        return max(1, LOGITS_AT_ONCE // self.vocab_size)

    def _cross_entropy(self, hidden: Tensor, targets: Tensor) -> Tensor:
        return F.cross_entropy(self.logits(hidden).float(), targets, reduction="none")

    @cached_property
    @torch.no_grad()
    def supports_packing(self) -> bool:
        """Whether a document in a packed window is read as if it were alone.

        Measured with random tokens: the document before it must not change its logits, and its place in the window may
        change them by rounding only. Recurrent and convolutional layers fail, because they carry their state over.
        `BaseModelError` if backbone and head do not reproduce the model's own logits, or if attention is not causal.
        """
        draw = np.random.default_rng(0).integers(0, self.vocab_size, (3, PROBE_TOKENS))
        first, other, second = (torch.from_numpy(row)[None].to(self.device) for row in draw)  # (1, PROBE_TOKENS) each
        alone = self.model(second, use_cache=False).logits[0].float()  # (PROBE_TOKENS, vocabulary)
        size = max(1.0, float(alone.abs().max()))
        exact, rounding = EXACT_TOLERANCE * size, size * (1e-4 if self.model.dtype == torch.float32 else 5e-2)
        if _difference(self._probe(second), alone) > rounding:
            raise self._unsupported()
        pairs = ((first, second), (other, second), (first, other))
        packed, after_other, before_other = (self._probe(torch.cat(pair, 1)) for pair in pairs)
        if _difference(packed[:PROBE_TOKENS], before_other[:PROBE_TOKENS]) > exact:
            raise self._unsupported()
        packed, after_other = packed[PROBE_TOKENS:], after_other[PROBE_TOKENS:]
        independent = _difference(packed, after_other) <= exact and _difference(packed, alone) <= rounding
        return self._takes_positions and independent

    def _probe(self, tokens: Tensor) -> Tensor:
        """Logits (time, vocabulary) of documents of PROBE_TOKENS tokens in one row (1, time)."""
        positions = torch.arange(tokens.shape[1], device=self.device)[None] % PROBE_TOKENS
        return self.logits(self.hidden_states(tokens, positions)[0]).float()

    def _unsupported(self) -> BaseModelError:
        what = f"Models of the kind {self.model.config.model_type} are built in a way that soundalike cannot train."
        return BaseModelError(what, CHOOSE_ANOTHER_BASE)


def _difference(left: Tensor, right: Tensor) -> float:
    return float((left - right).abs().max())


class _ChunkedLoss(torch.autograd.Function):
    """Computes the gradient in the forward pass, so that there is never more than one chunk of logits."""

    @staticmethod
    def forward(
        ctx: Any,
        hidden: Tensor,
        cross_entropy: Callable[[Tensor, Tensor], Tensor],
        targets: Tensor,
        weights: Tensor,
        chunk_rows: int,
    ) -> Tensor:
        total = torch.zeros((), dtype=torch.float32, device=hidden.device)
        needs_gradient = hidden.requires_grad
        gradient = torch.empty_like(hidden) if needs_gradient else None  # (rows, hidden)
        for rows in (slice(start, start + chunk_rows) for start in range(0, len(hidden), chunk_rows)):
            with torch.set_grad_enabled(needs_gradient):
                chunk = hidden[rows].detach().requires_grad_(needs_gradient)
                loss = (cross_entropy(chunk, targets[rows]) * weights[rows]).sum()
            if gradient is not None:
                (gradient[rows],) = torch.autograd.grad(loss, chunk)
            total += loss.detach()
        ctx.save_for_backward(gradient)
        return total

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        (gradient,) = ctx.saved_tensors
        return None if gradient is None else gradient * grads[0], None, None, None, None


def batch_loss(lm: CausalLM, batch: Batch, packed: bool) -> Tensor:
    """Weighted sum of nats over windows; `packed` if they hold several documents each."""
    tokens, weights = (torch.from_numpy(array).to(lm.device) for array in (batch.tokens, batch.weights))
    positions = torch.from_numpy(batch.positions).to(lm.device).long() if packed else None
    learned = weights[:, 1:] != 0  # (windows, length - 1)
    hidden = lm.hidden_states(tokens.long(), positions)[:, :-1][learned]  # (learned, hidden)
    return lm.loss(hidden, tokens[:, 1:][learned].long(), weights[:, 1:][learned])
