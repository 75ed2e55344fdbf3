"""Many streams, one token at a time, from a Llama-shaped model.

Weights are fused once (query, key and value side by side; gate and up likewise; each norm's scale folded into the
product after it) so that a step is a few large products, and on x86 they are kept in fp16, which halves the memory
that a token has to read. Keys and values of each stream stand in one fixed block. It knows tensors, never text.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from soundalike.engines.chunked_prefill import split_prompt
from soundalike.engines.llama_model import LlamaConfig, apply_rotary

if TYPE_CHECKING:
    from soundalike.engines.adapter import Adapter


PREFILL_CHUNK = {"cpu": 128, "cuda": 512}  # tokens of a prompt that are read at once beside the tokens of others


class DecoderLayerWeights:
    """One block's weights, laid side by side."""

    def __init__(self, adapter: "Adapter", number: int) -> None:
        def weight(name: str) -> Tensor:
            return adapter.effective_weight(f"model.layers.{number}.{name}.weight")

        qkv = torch.cat([weight(f"self_attn.{kind}_proj") for kind in "qkv"])
        gate_up = torch.cat([weight("mlp.gate_proj"), weight("mlp.up_proj")])
        self.qkv = linear_function(qkv * weight("input_layernorm"))
        self.out = linear_function(weight("self_attn.o_proj"))
        self.gate_up = linear_function(gate_up * weight("post_attention_layernorm"))
        self.down = linear_function(weight("mlp.down_proj"))


def linear_function(weight: Tensor) -> Callable[[Tensor], Tensor]:
    """x -> x W^T. On x86 the weight is packed in fp16 by FBGEMM, products and sums stay fp32."""
    if weight.device.type == "cpu" and "fbgemm" in torch.backends.quantized.supported_engines:
        packed = torch.ops.quantized.linear_prepack_fp16(weight.float().contiguous(), None)
        return partial(_packed_product, packed)
    return partial(F.linear, weight=weight)


def _packed_product(packed: object, x: Tensor) -> Tensor:
    made: Tensor = torch.ops.quantized.linear_dynamic_fp16(x, packed)
    return made


class LlamaDecoder:
    """The model as it is now, ready to speak; training afterwards does not change it."""

    def __init__(self, adapter: "Adapter") -> None:
        model = adapter.model
        self.shape: LlamaConfig = model.shape
        self.layers = [DecoderLayerWeights(adapter, number) for number in range(self.shape.num_hidden_layers)]
        self.embedding = adapter.effective_weight("model.embed_tokens.weight")
        self.head = linear_function(self.embedding * adapter.effective_weight("model.norm.weight"))
        self.cos, self.sin = model.cos, model.sin

    def open(self) -> "LlamaStreams":
        """No streams yet."""
        return LlamaStreams(self)

    def _qkv(self, layer: DecoderLayerWeights, x: Tensor, cos: Tensor, sin: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        shape, (rows, length, _) = self.shape, x.shape
        heads = layer.qkv(self._normed(x)).view(rows, length, -1, shape.head_dim).transpose(1, 2)
        n, kv = shape.num_attention_heads, shape.num_key_value_heads
        turned = apply_rotary(heads[:, : n + kv], cos, sin)
        return turned[:, :n], turned[:, n:], heads[:, n + kv :]

    def _rest(self, layer: DecoderLayerWeights, x: Tensor, seen: Tensor) -> Tensor:
        x = x + layer.out(seen.transpose(1, 2).reshape(x.shape[0], x.shape[1], -1))
        gate, up = layer.gate_up(self._normed(x)).chunk(2, dim=-1)
        return x + layer.down(F.silu(gate) * up)

    def _normed(self, x: Tensor) -> Tensor:
        """RMSNorm without its scale, which the next product holds."""
        return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + self.shape.rms_norm_eps)

    def _logits(self, x: Tensor) -> Tensor:
        """Logits (rows, vocabulary) of hidden states (rows, hidden)."""
        return self.head(self._normed(x))


class LlamaStreams:
    """Streams in flight: one block of keys and values, how long each stream is, and the logits of what comes next."""

    def __init__(self, decoder: LlamaDecoder) -> None:
        self.decoder = decoder
        shape, device = decoder.shape, decoder.embedding.device
        self._lengths = torch.zeros(0, dtype=torch.long, device=device)
        block = (len(decoder.layers), 0, shape.num_key_value_heads, 0, shape.head_dim)
        self._keys = torch.zeros(block, device=device, dtype=decoder.embedding.dtype)
        self._values = torch.zeros_like(self._keys)
        self._logits = torch.zeros(0, shape.vocab_size, device=device)

    @property
    def logits(self) -> NDArray[np.float32]:
        """(streams, vocabulary) of each stream's next token."""
        made: NDArray[np.float32] = self._logits.float().cpu().numpy()
        return made

    @property
    def logsumexp(self) -> NDArray[np.float32]:
        """(streams,): the logarithm of the sum of each row's exponentials."""
        made: NDArray[np.float32] = self._logits.float().logsumexp(-1).cpu().numpy()
        return made

    @property
    def exhausted(self) -> list[int]:
        """The streams that have no place left for a token."""
        max_positions = self.decoder.shape.max_position_embeddings
        return [row for row, length in enumerate(self._lengths.tolist()) if length >= max_positions]

    @torch.inference_mode()
    def join(self, prompts: Sequence[Sequence[int]]) -> None:
        """Read prompts into streams of their own, after those that run."""
        kept = [list(prompt)[1 - self.decoder.shape.max_position_embeddings :] for prompt in prompts]
        device, longest = self._lengths.device, max(map(len, kept))
        self._reserve(longest)
        lengths = torch.tensor([len(prompt) for prompt in kept], device=device)
        tokens = torch.tensor([[*prompt, *([0] * (longest - len(prompt)))] for prompt in kept], device=device)
        self._lay(*self._read(tokens, lengths), lengths)

    max_concurrent_prefills = 1

    @torch.inference_mode()
    def prefill_chunks(self, prompts: Sequence[Sequence[int]]) -> Iterator[None]:
        """Read one prompt, a slice a turn; see `SupportsChunkedPrefill`."""
        (prompt,), device = prompts, self._lengths.device
        kept = list(prompt)[1 - self.decoder.shape.max_position_embeddings :]
        before: tuple[Tensor, Tensor] | None = None
        *parts, last = (
            torch.tensor([part], device=device) for part in split_prompt(kept, PREFILL_CHUNK.get(device.type, 256))
        )
        for part in parts:
            keys, values, _ = self._read(part, torch.tensor([part.shape[1]], device=device), before)
            before = keys, values
            yield
        read = self._read(last, torch.tensor([last.shape[1]], device=device), before)
        self._reserve(len(kept))
        self._lay(*read, torch.tensor([len(kept)], device=device))

    def _lay(self, keys: Tensor, values: Tensor, logits: Tensor, lengths: Tensor) -> None:
        """What was read becomes streams after those that run."""
        room = (0, 0, 0, self._keys.shape[3] - keys.shape[3])
        self._keys = torch.cat((self._keys, F.pad(keys, room)), dim=1)
        self._values = torch.cat((self._values, F.pad(values, room)), dim=1)
        self._lengths = torch.cat((self._lengths, lengths))
        self._logits = torch.cat((self._logits, logits.to(self._logits.dtype)))

    def _reserve(self, length: int) -> None:
        """Places for `length` tokens a stream, half as many again so that growing is rare."""
        if length > self._keys.shape[3]:
            size = min(length + max(64, length // 2), self.decoder.shape.max_position_embeddings)
            room = (0, 0, 0, size - self._keys.shape[3])
            self._keys, self._values = F.pad(self._keys, room), F.pad(self._values, room)

    def _read(
        self, tokens: Tensor, lengths: Tensor, before: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Keys and values (layers, prompts, heads, length, head_dim), those `before` the tokens too, and the logits
        after each prompt."""
        decoder, length, held = self.decoder, tokens.shape[1], before[0].shape[3] if before else 0
        grouped = decoder.shape.num_key_value_heads != decoder.shape.num_attention_heads
        mask = torch.ones(length, held + length, dtype=torch.bool, device=tokens.device).tril(held)[None, None]
        cos, sin = decoder.cos[held : held + length], decoder.sin[held : held + length]
        x, keys, values = F.embedding(tokens, decoder.embedding), list[Tensor](), list[Tensor]()
        for number, layer in enumerate(decoder.layers):
            q, k, v = decoder._qkv(layer, x, cos, sin)
            if before:
                k, v = torch.cat((before[0][number], k), dim=2), torch.cat((before[1][number], v), dim=2)
            keys.append(k)
            values.append(v)
            x = decoder._rest(layer, x, F.scaled_dot_product_attention(q, k, v, attn_mask=mask, enable_gqa=grouped))
        last = x[torch.arange(len(tokens), device=x.device), lengths - 1]
        return torch.stack(keys), torch.stack(values), decoder._logits(last)

    @torch.inference_mode()
    def advance(self, tokens: Sequence[int]) -> None:
        """Give each stream its next token."""
        decoder, shape, at = self.decoder, self.decoder.shape, self._lengths
        max_positions = int(at.max()) + 1
        self._reserve(max_positions)
        rows = torch.arange(len(at), device=at.device)
        cos, sin = decoder.cos[at][:, None, None], decoder.sin[at][:, None, None]
        mask = None
        if len(at) > 1:
            mask = (torch.arange(max_positions, device=at.device) <= at[:, None])[:, None, None]
        x = F.embedding(torch.tensor(tokens, device=at.device)[:, None], decoder.embedding)
        group = shape.num_attention_heads // shape.num_key_value_heads
        for number, layer in enumerate(decoder.layers):
            q, k, v = decoder._qkv(layer, x, cos, sin)
            self._keys[number, rows, :, at], self._values[number, rows, :, at] = k[:, :, 0], v[:, :, 0]
            keys, values = self._keys[number, :, :, :max_positions], self._values[number, :, :, :max_positions]
            # The heads that share a key stand as rows of one product: no copy of the cache per head.
            together = q.reshape(len(at), shape.num_key_value_heads, group, shape.head_dim)
            seen = F.scaled_dot_product_attention(together, keys, values, attn_mask=mask)
            x = decoder._rest(layer, x, seen.reshape(len(at), shape.num_attention_heads, 1, shape.head_dim))
        self._lengths = at + 1
        self._logits = decoder._logits(x[:, 0])

    @torch.inference_mode()
    def keep(self, rows: Sequence[int]) -> None:
        """Go on with these streams only."""
        index = torch.tensor(rows, dtype=torch.long, device=self._lengths.device)
        self._lengths, self._logits = self._lengths[index], self._logits[index]
        self._keys, self._values = self._keys[:, index], self._values[:, index]
