"""Cross-entropy that never holds all logits.

The gradient is made in the forward pass, a slice of rows at a time, so that a slice of logits stays in the
processor's cache and a large vocabulary fits in memory. It knows tensors, never text.
"""

from typing import Any

import torch
from torch import Tensor

from soundalike.engines.llama_model import Llama, document_mask
from soundalike.engines.protocol import Batch

CHUNK_ROWS = 256  # 256 rows x 8,192 entries x 4 bytes = 8 MB: measured fastest here among 64 to 4,096


class _SlicedCrossEntropy(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, hidden: Tensor, head: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
        total = torch.zeros((), dtype=torch.float32, device=hidden.device)
        needs_hidden, needs_head = hidden.requires_grad, head.requires_grad
        grad_hidden = torch.empty_like(hidden) if needs_hidden else None
        grad_head = torch.zeros_like(head, dtype=torch.float32) if needs_head else None
        for start in range(0, hidden.shape[0], CHUNK_ROWS):
            rows = slice(start, start + CHUNK_ROWS)
            h, wanted, weight = hidden[rows], targets[rows, None], weights[rows, None]
            logits = (h @ head.T).float()
            logits -= logits.amax(dim=1, keepdim=True)
            chosen = logits.gather(1, wanted)
            norm = logits.exp_().sum(dim=1, keepdim=True)
            total += ((norm.log() - chosen) * weight).sum()
            if not (needs_hidden or needs_head):
                continue
            logits *= weight / norm
            logits.scatter_add_(1, wanted, -weight)
            slope = logits.to(head.dtype)
            if grad_hidden is not None:
                torch.mm(slope, head, out=grad_hidden[rows])
            if grad_head is not None:
                grad_head.addmm_(slope.T.float(), h.float())
        ctx.save_for_backward(grad_hidden, grad_head.to(head.dtype) if grad_head is not None else None)
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


def weighted_cross_entropy(hidden: Tensor, head: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
    """Sum of weights x negative log-likelihood (nats), differentiable in `hidden` and `head`.

    `hidden` (rows, width), `head` (vocabulary, width), `targets` int64 (rows,), `weights` float32 (rows,).
    """
    loss: Tensor = _SlicedCrossEntropy.apply(hidden, head, targets, weights)  # type: ignore[no-untyped-call]
    return loss


def batch_loss(model: Llama, batch: Batch) -> Tensor:
    """Sum of weighted nats over packed windows, documents blind to each other."""
    device = model.head.device
    tokens = torch.from_numpy(batch.tokens).to(device).long()
    positions = torch.from_numpy(batch.positions).to(device).long()
    mask = document_mask(torch.from_numpy(batch.documents).to(device))
    targets, weights = tokens[:, 1:].flatten(), torch.from_numpy(batch.weights).to(device)[:, 1:].flatten()
    learned = weights > 0
    hidden = model(tokens, positions, mask)[:, :-1].flatten(0, 1)[learned]
    return weighted_cross_entropy(hidden, model.head.to(hidden.dtype), targets[learned], weights[learned])
