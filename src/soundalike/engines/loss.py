"""Cross-entropy in chunks, for a model whose output matrix is learned.

The gradient is computed in the forward pass, a chunk of rows at a time, so that a large vocabulary fits into memory.
"""

from typing import Any

import torch
from torch import Tensor

from soundalike.engines.llama_model import Llama, document_mask
from soundalike.engines.protocol import Batch

LOGIT_BYTES = 26e6  # of the rows that are multiplied at once: 256 of SmolLM2's vocabulary in bf16
FEWEST_ROWS = 64
SLICE_LOGITS = 1 << 21  # of the rows whose softmax is computed at once: 8 MB in fp32 stay in the processor's cache


class _ChunkedCrossEntropy(torch.autograd.Function):
    """d loss / d logits is weight x (softmax - one-hot of the target)."""

    @staticmethod
    def forward(ctx: Any, hidden: Tensor, lm_head: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
        total = torch.zeros((), dtype=torch.float32, device=hidden.device)
        needs_gradient = hidden.requires_grad or lm_head.requires_grad
        grad_hidden = torch.empty_like(hidden) if hidden.requires_grad else None
        grad_head = torch.zeros_like(lm_head, dtype=torch.float32) if lm_head.requires_grad else None
        chunk = max(FEWEST_ROWS, int(LOGIT_BYTES / (lm_head.shape[0] * lm_head.element_size())))
        for start in range(0, hidden.shape[0], chunk):
            rows = slice(start, start + chunk)
            logits = hidden[rows] @ lm_head.T  # (chunk, vocabulary)
            total += _nats(logits, targets[rows], weights[rows], needs_gradient)
            if grad_hidden is not None:
                torch.mm(logits, lm_head, out=grad_hidden[rows])
            if grad_head is not None:
                _add_product(grad_head, logits.T, hidden[rows])
        ctx.save_for_backward(grad_hidden, grad_head.to(lm_head.dtype) if grad_head is not None else None)
        return total

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        grad_hidden, grad_head = ctx.saved_tensors
        return (
            None if grad_hidden is None else grad_hidden * grads[0],
            None if grad_head is None else grad_head * grads[0],
            None,
            None,
        )


def _add_product(total: Tensor, left: Tensor, right: Tensor) -> None:
    """total += left @ right, where `total` is fp32; a product of bf16 is rounded to bf16 before."""
    if left.dtype == total.dtype:
        total.addmm_(left, right)
    else:
        total += left @ right


def _nats(logits: Tensor, targets: Tensor, weights: Tensor, make_gradient: bool) -> Tensor:
    """The weighted sum of nats, computed in fp32 from `logits` (rows, vocabulary).

    They are overwritten, with `make_gradient` by their gradient.
    """
    total = torch.zeros((), dtype=torch.float32, device=logits.device)
    count = max(1, SLICE_LOGITS // logits.shape[1])
    for start in range(0, logits.shape[0], count):
        rows = slice(start, start + count)
        target, weight = targets[rows, None], weights[rows, None]  # (count, 1) each
        softmax = logits[rows].float()  # (count, vocabulary)
        softmax -= softmax.amax(dim=1, keepdim=True)
        target_logits = softmax.gather(1, target)  # (count, 1)
        softmax_sum = softmax.exp_().sum(dim=1, keepdim=True)  # (count, 1); not yet divided by it
        total += ((softmax_sum.log() - target_logits) * weight).sum()
        if make_gradient:
            softmax *= weight / softmax_sum
            softmax.scatter_add_(1, target, -weight)
            logits[rows] = softmax
    return total


def weighted_cross_entropy(hidden: Tensor, lm_head: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
    """Sum over rows of weight x negative log-likelihood in nats, differentiable in `hidden` and `lm_head`.

    `hidden` (rows, hidden), `lm_head` (vocabulary, hidden), `targets` int64 (rows,), `weights` float32 (rows,).
    """
    if not torch.is_grad_enabled():
        hidden, lm_head = hidden.detach(), lm_head.detach()  # so that no gradient is computed
    loss: Tensor = _ChunkedCrossEntropy.apply(hidden, lm_head, targets, weights)  # type: ignore[no-untyped-call]
    return loss


def batch_loss(model: Llama, batch: Batch) -> Tensor:
    """Weighted sum of nats over packed windows; attention stays within each document."""
    device = model.lm_head.device
    tokens = torch.from_numpy(batch.tokens).to(device).long()  # (windows, length), as positions
    positions = torch.from_numpy(batch.positions).to(device).long()
    mask = document_mask(torch.from_numpy(batch.documents).to(device))
    targets, weights = tokens[:, 1:].flatten(), torch.from_numpy(batch.weights).to(device)[:, 1:].flatten()
    learned = weights != 0
    hidden = model(tokens, positions, mask)[:, :-1].flatten(0, 1)[learned]  # (learned, hidden)
    return weighted_cross_entropy(hidden.to(model.lm_head.dtype), model.lm_head, targets[learned], weights[learned])
