"""Many streams, one token at a time, from a Llama-shaped model.

Weights are fused once (query, key and value side by side; gate and up likewise; each norm's scale folded into the
product after it) so that a step is a few large products, and on x86 they are kept in fp16, which halves the memory
that a token has to read. Keys and values of each stream stand in one fixed block. It knows tensors, never text.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor

from soundalike.engines.llama import Shape, block_mask, rotate

if TYPE_CHECKING:
    from soundalike.engines.adapter import Adapter


class FusedLayer:
    """One block's weights, laid side by side."""

    def __init__(self, adapter: "Adapter", number: int) -> None:
        def weight(name: str) -> Tensor:
            return adapter.effective(f"model.layers.{number}.{name}.weight")

        qkv = torch.cat([weight(f"self_attn.{kind}_proj") for kind in "qkv"])
        gate_up = torch.cat([weight("mlp.gate_proj"), weight("mlp.up_proj")])
        self.qkv = product(qkv * weight("input_layernorm"))
        self.out = product(weight("self_attn.o_proj"))
        self.gate_up = product(gate_up * weight("post_attention_layernorm"))
        self.down = product(weight("mlp.down_proj"))


def product(weight: Tensor) -> Callable[[Tensor], Tensor]:
    """x -> x W^T. On x86 the weight is packed in fp16 by FBGEMM, products and sums stay fp32."""
    if weight.device.type == "cpu" and "fbgemm" in torch.backends.quantized.supported_engines:
        packed = torch.ops.quantized.linear_prepack_fp16(weight.float().contiguous(), None)
        return partial(_packed_product, packed)
    return partial(F.linear, weight=weight)


def _packed_product(packed: object, x: Tensor) -> Tensor:
    made: Tensor = torch.ops.quantized.linear_dynamic_fp16(x, packed)
    return made


class Decoder:
    """The model as it is now, ready to speak; training afterwards does not change it."""

    def __init__(self, adapter: "Adapter") -> None:
        model = adapter.model
        self.shape: Shape = model.shape
        self.layers = [FusedLayer(adapter, number) for number in range(self.shape.num_hidden_layers)]
        self.embedding = adapter.effective("model.embed_tokens.weight")
        self.head = product(self.embedding * adapter.effective("model.norm.weight"))
        self.cos, self.sin = model.cos, model.sin

    def open(self, prompts: Sequence[Sequence[int]], max_tokens: int) -> "Streams":
        """Read the prompts; gives streams whose `logits` are those of each prompt's next token."""
        return Streams(self, prompts, max_tokens)

    def _qkv(self, layer: FusedLayer, x: Tensor, cos: Tensor, sin: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        shape, (rows, length, _) = self.shape, x.shape
        heads = layer.qkv(self._normed(x)).view(rows, length, -1, shape.head_dim).transpose(1, 2)
        n, kv = shape.num_attention_heads, shape.num_key_value_heads
        turned = rotate(heads[:, : n + kv], cos, sin)
        return turned[:, :n], turned[:, n:], heads[:, n + kv :]

    def _rest(self, layer: FusedLayer, x: Tensor, seen: Tensor) -> Tensor:
        x = x + layer.out(seen.transpose(1, 2).reshape(x.shape[0], x.shape[1], -1))
        gate, up = layer.gate_up(self._normed(x)).chunk(2, dim=-1)
        return x + layer.down(F.silu(gate) * up)

    def _normed(self, x: Tensor) -> Tensor:
        """RMSNorm without its scale, which the next product holds."""
        return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + self.shape.rms_norm_eps)

    def _logits(self, x: Tensor) -> Tensor:
        """Logits (rows, vocabulary) of hidden states (rows, hidden)."""
        return self.head(self._normed(x))


class Streams:
    """Streams in flight: their keys and values, how long each is, and the logits of what comes next."""

    @torch.inference_mode()
    def __init__(self, decoder: Decoder, prompts: Sequence[Sequence[int]], max_tokens: int) -> None:
        self.decoder = decoder
        shape, device = decoder.shape, decoder.embedding.device
        longest = max(len(p) for p in prompts)
        size = min(longest + max_tokens, shape.max_position_embeddings)
        self.lengths = torch.tensor([len(p) for p in prompts], device=device)
        block = (len(decoder.layers), len(prompts), shape.num_key_value_heads, size, shape.head_dim)
        self.keys = torch.zeros(block, device=device, dtype=decoder.embedding.dtype)
        self.values = torch.zeros_like(self.keys)
        tokens = torch.tensor([[*p, *([0] * (longest - len(p)))] for p in prompts], device=device)
        self.logits = self._read(tokens)

    def _read(self, tokens: Tensor) -> Tensor:
        decoder, length = self.decoder, tokens.shape[1]
        grouped = decoder.shape.num_key_value_heads != decoder.shape.num_attention_heads
        mask = block_mask(torch.zeros_like(tokens[:1]))
        cos, sin = decoder.cos[:length], decoder.sin[:length]
        x = F.embedding(tokens, decoder.embedding)
        for number, layer in enumerate(decoder.layers):
            q, k, v = decoder._qkv(layer, x, cos, sin)
            self.keys[number, :, :, :length], self.values[number, :, :, :length] = k, v
            x = decoder._rest(layer, x, F.scaled_dot_product_attention(q, k, v, attn_mask=mask, enable_gqa=grouped))
        return decoder._logits(x[torch.arange(len(tokens), device=x.device), self.lengths - 1])

    @property
    def full(self) -> bool:
        """Whether the longest stream has no place left."""
        return int(self.lengths.max()) >= self.keys.shape[3]

    @torch.inference_mode()
    def step(self, tokens: Sequence[int]) -> None:
        """Give each stream its next token; `logits` (streams, vocabulary) then speak of the one after."""
        decoder, shape, at = self.decoder, self.decoder.shape, self.lengths
        reach = int(at.max()) + 1
        rows = torch.arange(len(at), device=at.device)
        cos, sin = decoder.cos[at][:, None, None], decoder.sin[at][:, None, None]
        mask = None
        if len(at) > 1:
            mask = (torch.arange(reach, device=at.device) <= at[:, None])[:, None, None]
        x = F.embedding(torch.tensor(tokens, device=at.device)[:, None], decoder.embedding)
        group = shape.num_attention_heads // shape.num_key_value_heads
        for number, layer in enumerate(decoder.layers):
            q, k, v = decoder._qkv(layer, x, cos, sin)
            self.keys[number, rows, :, at], self.values[number, rows, :, at] = k[:, :, 0], v[:, :, 0]
            keys, values = self.keys[number, :, :, :reach], self.values[number, :, :, :reach]
            # The heads that share a key stand as rows of one product: no copy of the cache per head.
            together = q.reshape(len(at), shape.num_key_value_heads, group, shape.head_dim)
            seen = F.scaled_dot_product_attention(together, keys, values, attn_mask=mask)
            x = decoder._rest(layer, x, seen.reshape(len(at), shape.num_attention_heads, 1, shape.head_dim))
        self.lengths = at + 1
        self.logits = decoder._logits(x[:, 0])

    @torch.inference_mode()
    def keep(self, rows: Sequence[int]) -> None:
        """Go on with these streams only; the others' memory is free at once."""
        index = torch.tensor(rows, device=self.lengths.device)
        self.lengths, self.logits = self.lengths[index], self.logits[index]
        self.keys, self.values = self.keys[:, index], self.values[:, index]
