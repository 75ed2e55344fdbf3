"""Cross-entropy in chunks, for a model whose output matrix is learned.

The gradient is computed in the forward pass, a chunk of rows at a time, so that the logits of all rows never exist at
once: a chunk's logits stay in the processor's cache, and a large vocabulary fits into memory.
"""

from typing import Any

import torch
from torch import Tensor

from soundalike.engines.llama_model import Llama, document_mask
from soundalike.engines.protocol import Batch

CHUNK_LOGITS = 1 << 21  # 256 rows of 8,192 entries, 8 MB: measured fastest among 64 to 4,096 rows
FEWEST_ROWS = 64


class _ChunkedCrossEntropy(torch.autograd.Function):
    """d loss / d logits is weight x (softmax - one-hot of the target)."""

    @staticmethod
    def forward(ctx: Any, hidden: Tensor, lm_head: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
        total = torch.zeros((), dtype=torch.float32, device=hidden.device)
        needs_hidden, needs_head = hidden.requires_grad, lm_head.requires_grad
        grad_hidden = torch.empty_like(hidden) if needs_hidden else None
        grad_head = torch.zeros_like(lm_head, dtype=torch.float32) if needs_head else None
        chunk = max(FEWEST_ROWS, CHUNK_LOGITS // lm_head.shape[0])
        for start in range(0, hidden.shape[0], chunk):
            rows = slice(start, start + chunk)
            h, target, weight = (
                hidden[rows],
                targets[rows, None],
                weights[rows, None],
            )  # (chunk, hidden), 2 x (chunk, 1)
            logits = (h @ lm_head.T).float()  # (chunk, vocabulary)
            logits -= logits.amax(dim=1, keepdim=True)
            target_logits = logits.gather(1, target)  # (chunk, 1)
            softmax_sum = logits.exp_().sum(dim=1, keepdim=True)  # (chunk, 1); logits now holds exponentials
            total += ((softmax_sum.log() - target_logits) * weight).sum()
            if not (needs_hidden or needs_head):
                continue
            logits *= weight / softmax_sum
            logits.scatter_add_(1, target, -weight)
            grad_logits = logits.to(lm_head.dtype)  # (chunk, vocabulary)
            if grad_hidden is not None:
                torch.mm(grad_logits, lm_head, out=grad_hidden[rows])
            if grad_head is not None:
                grad_head.addmm_(grad_logits.T.float(), h.float())
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


def weighted_cross_entropy(hidden: Tensor, lm_head: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
    """Sum over rows of weight x negative log-likelihood in nats, differentiable in `hidden` and `lm_head`.

    `hidden` (rows, hidden), `lm_head` (vocabulary, hidden), `targets` int64 (rows,), `weights` float32 (rows,).
    """
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
    return weighted_cross_entropy(hidden, model.lm_head.to(hidden.dtype), targets[learned], weights[learned])
