"""Generation with a Llama model through PyTorch: many streams, one token of each at a time.

Used on GPUs, for large models, and where fused.c cannot be compiled. Projections that read the same input are
concatenated (query, key, value; gate, up), and each norm's scale is folded into the projection after it, so that a step
is a few large products. On x86 their weights are stored in fp16, which halves the memory that a token has to read.
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

PREFILL_CHUNK = {"cpu": 128, "cuda": 512}  # tokens of a long prompt that are read between two tokens of other streams

Linear = Callable[[Tensor], Tensor]


class DecoderLayerWeights:
    """The four projections of one layer."""

    def __init__(self, adapter: "Adapter", layer: int) -> None:
        def weight(name: str) -> Tensor:
            return adapter.effective_weight(f"model.layers.{layer}.{name}.weight")

        qkv = torch.cat([weight(f"self_attn.{kind}_proj") for kind in "qkv"])  # ((heads + 2 kv_heads) head_dim, hidden)
        gate_up = torch.cat([weight("mlp.gate_proj"), weight("mlp.up_proj")])  # (2 intermediate, hidden)
        self.qkv = linear_function(qkv * weight("input_layernorm"))
        self.out = linear_function(weight("self_attn.o_proj"))
        self.gate_up = linear_function(gate_up * weight("post_attention_layernorm"))
        self.down = linear_function(weight("mlp.down_proj"))


def linear_function(weight: Tensor) -> Linear:
    """x -> x W^T for `weight` (outputs, inputs). On x86 FBGEMM packs it in fp16; products and sums stay fp32."""
    if weight.device.type == "cpu" and "fbgemm" in torch.backends.quantized.supported_engines:
        packed = torch.ops.quantized.linear_prepack_fp16(weight.float().contiguous(), None)
        return partial(_fbgemm_linear, packed)
    return partial(F.linear, weight=weight)


def _fbgemm_linear(packed: object, x: Tensor) -> Tensor:
    product: Tensor = torch.ops.quantized.linear_dynamic_fp16(x, packed)
    return product


class LlamaDecoder:
    """A snapshot of a model with its adapter merged; later training does not change it."""

    def __init__(self, adapter: "Adapter") -> None:
        model = adapter.model
        self.config: LlamaConfig = model.config
        self.layers = [DecoderLayerWeights(adapter, layer) for layer in range(self.config.num_hidden_layers)]
        self.embedding = adapter.effective_weight("model.embed_tokens.weight")
        self.head = linear_function(self.embedding * adapter.effective_weight("model.norm.weight"))
        self.cos, self.sin = model.cos, model.sin

    def streams(self) -> "LlamaStreams":
        """An empty set of streams."""
        return LlamaStreams(self)

    def qkv(self, layer: DecoderLayerWeights, x: Tensor, cos: Tensor, sin: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Rotated queries, rotated keys and values of `x` (streams, time, hidden): (streams, heads, time, head_dim)."""
        streams, time, _ = x.shape
        n_heads, n_kv_heads = self.config.num_attention_heads, self.config.num_key_value_heads
        heads = layer.qkv(self._normalize(x)).view(streams, time, -1, self.config.head_dim)
        heads = heads.transpose(1, 2)  # (streams, heads + 2 kv_heads, time, head_dim)
        rotated = apply_rotary(heads[:, : n_heads + n_kv_heads], cos, sin)
        return rotated[:, :n_heads], rotated[:, n_heads:], heads[:, n_heads + n_kv_heads :]

    def output_and_mlp(self, layer: DecoderLayerWeights, x: Tensor, attended: Tensor) -> Tensor:
        """The rest of a layer, given the output of attention (streams, heads, time, head_dim)."""
        streams, time, _ = x.shape
        x = x + layer.out(attended.transpose(1, 2).reshape(streams, time, -1))  # (streams, time, hidden)
        gate, up = layer.gate_up(self._normalize(x)).chunk(2, dim=-1)  # (streams, time, intermediate) each
        return x + layer.down(F.silu(gate) * up)

    def logits(self, x: Tensor) -> Tensor:
        """Logits (streams, vocabulary) of last hidden states (streams, hidden)."""
        return self.head(self._normalize(x))

    def _normalize(self, x: Tensor) -> Tensor:
        """RMSNorm without its scale, which is part of the projection that follows."""
        return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + self.config.rms_norm_eps)


class LlamaStreams:
    """Running streams: one key-value cache, the length of each stream, and the logits of its next token.

    The cache has shape (layers, streams, kv_heads, places, head_dim). It has as many places as the longest stream
    needs, and some in reserve; a stream's token at position p is at place p.
    """

    max_concurrent_prefills = 1

    def __init__(self, decoder: LlamaDecoder) -> None:
        self.decoder = decoder
        config, device = decoder.config, decoder.embedding.device
        self._max_positions = config.max_position_embeddings
        self._lengths = torch.zeros(0, dtype=torch.long, device=device)
        shape = (len(decoder.layers), 0, config.num_key_value_heads, 0, config.head_dim)
        self._keys = torch.zeros(shape, device=device, dtype=decoder.embedding.dtype)
        self._values = torch.zeros_like(self._keys)
        self._logits = torch.zeros(0, config.vocab_size, device=device)

    @property
    def logits(self) -> NDArray[np.float32]:
        """Logits of each stream's next token, (streams, vocabulary)."""
        logits: NDArray[np.float32] = self._logits.float().cpu().numpy()
        return logits

    @property
    def logsumexp(self) -> NDArray[np.float32]:
        """Log-sum-exp of each row of `logits`, (streams,)."""
        logsumexp: NDArray[np.float32] = self._logits.float().logsumexp(-1).cpu().numpy()
        return logsumexp

    @property
    def exhausted(self) -> list[int]:
        """Rows whose context is full."""
        return [row for row, length in enumerate(self._lengths.tolist()) if length >= self._max_positions]

    @torch.inference_mode()
    def join(self, prompts: Sequence[Sequence[int]]) -> None:
        """Prefill prompts in one pass, as new streams after the running ones."""
        prompts = [list(prompt)[1 - self._max_positions :] for prompt in prompts]
        device, longest = self._lengths.device, max(map(len, prompts))
        self._reserve(longest)
        lengths = torch.tensor([len(prompt) for prompt in prompts], device=device)
        tokens = torch.tensor([[*prompt, *([0] * (longest - len(prompt)))] for prompt in prompts], device=device)
        self._append(*self._prefill(tokens, lengths), lengths)

    @torch.inference_mode()
    def prefill_chunks(self, prompts: Sequence[Sequence[int]]) -> Iterator[None]:
        """Prefill one prompt, a chunk per step; see `SupportsChunkedPrefill`."""
        (prompt,), device = prompts, self._lengths.device
        prompt = list(prompt)[1 - self._max_positions :]
        past: tuple[Tensor, Tensor] | None = None
        *chunks, last = split_prompt(prompt, PREFILL_CHUNK.get(device.type, 256))
        for chunk in chunks:
            keys, values, _ = self._prefill_one(chunk, past)
            past = keys, values
            yield
        prefilled = self._prefill_one(last, past)
        self._reserve(len(prompt))
        self._append(*prefilled, torch.tensor([len(prompt)], device=device))

    def _append(self, keys: Tensor, values: Tensor, logits: Tensor, lengths: Tensor) -> None:
        """Add prefilled streams; keys and values are padded on the right to the places of the cache."""
        padding = (0, 0, 0, self._keys.shape[3] - keys.shape[3])
        self._keys = torch.cat((self._keys, F.pad(keys, padding)), dim=1)
        self._values = torch.cat((self._values, F.pad(values, padding)), dim=1)
        self._lengths = torch.cat((self._lengths, lengths))
        self._logits = torch.cat((self._logits, logits.to(self._logits.dtype)))

    def _reserve(self, length: int) -> None:
        """Make room for `length` tokens a stream, and half as many again so that the cache rarely grows."""
        places = self._keys.shape[3]
        if length > places:
            size = min(length + max(64, length // 2), self._max_positions)
            padding = (0, 0, 0, size - places)
            self._keys, self._values = F.pad(self._keys, padding), F.pad(self._values, padding)

    def _prefill_one(self, tokens: Sequence[int], past: tuple[Tensor, Tensor] | None) -> tuple[Tensor, Tensor, Tensor]:
        device = self._lengths.device
        return self._prefill(torch.tensor([tokens], device=device), torch.tensor([len(tokens)], device=device), past)

    def _prefill(
        self, tokens: Tensor, lengths: Tensor, past: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Keys, values and last logits of `tokens` (prompts, time), of which `lengths` (prompts,) are not padding.

        `past` are the keys and values of the tokens before them. Returns keys and values, `past` included, of shape
        (layers, prompts, kv_heads, past + time, head_dim), and logits (prompts, vocabulary).
        """
        decoder, time, n_past = self.decoder, tokens.shape[1], past[0].shape[3] if past else 0
        grouped = decoder.config.num_key_value_heads != decoder.config.num_attention_heads
        mask = torch.ones(time, n_past + time, dtype=torch.bool, device=tokens.device).tril(n_past)[None, None]
        cos, sin = decoder.cos[n_past : n_past + time], decoder.sin[n_past : n_past + time]  # (time, head_dim)
        x = F.embedding(tokens, decoder.embedding)  # (prompts, time, hidden)
        keys, values = list[Tensor](), list[Tensor]()
        for number, layer in enumerate(decoder.layers):
            q, k, v = decoder.qkv(layer, x, cos, sin)  # (prompts, heads or kv_heads, time, head_dim)
            if past:
                k, v = torch.cat((past[0][number], k), dim=2), torch.cat((past[1][number], v), dim=2)
            keys.append(k)
            values.append(v)
            attended = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, enable_gqa=grouped)
            x = decoder.output_and_mlp(layer, x, attended)
        last = x[torch.arange(len(tokens), device=x.device), lengths - 1]  # (prompts, hidden)
        return torch.stack(keys), torch.stack(values), decoder.logits(last)

    @torch.inference_mode()
    def advance(self, tokens: Sequence[int]) -> None:
        """Append one token to each stream."""
        decoder, config, positions = self.decoder, self.decoder.config, self._lengths
        streams, places = len(positions), int(positions.max()) + 1
        self._reserve(places)
        rows = torch.arange(streams, device=positions.device)
        cos, sin = (
            decoder.cos[positions][:, None, None],
            decoder.sin[positions][:, None, None],
        )  # (streams, 1, 1, head_dim)
        mask = None
        if streams > 1:  # (streams, 1, 1, places)
            mask = (torch.arange(places, device=positions.device) <= positions[:, None])[:, None, None]
        x = F.embedding(
            torch.tensor(tokens, device=positions.device)[:, None], decoder.embedding
        )  # (streams, 1, hidden)
        group = config.num_attention_heads // config.num_key_value_heads
        for number, layer in enumerate(decoder.layers):
            q, k, v = decoder.qkv(layer, x, cos, sin)  # (streams, heads or kv_heads, 1, head_dim)
            self._keys[number, rows, :, positions] = k[:, :, 0]
            self._values[number, rows, :, positions] = v[:, :, 0]
            keys, values = self._keys[number, :, :, :places], self._values[number, :, :, :places]
            # The query heads that share a key head are rows of one product, so that the cache is not copied per head.
            q = q.reshape(streams, config.num_key_value_heads, group, config.head_dim)
            attended = F.scaled_dot_product_attention(q, keys, values, attn_mask=mask)
            attended = attended.reshape(streams, config.num_attention_heads, 1, config.head_dim)
            x = decoder.output_and_mlp(layer, x, attended)
        self._lengths = positions + 1
        self._logits = decoder.logits(x[:, 0])

    @torch.inference_mode()
    def keep(self, rows: Sequence[int]) -> None:
        """Keep only these streams, in this order."""
        index = torch.tensor(rows, dtype=torch.long, device=self._lengths.device)
        self._lengths, self._logits = self._lengths[index], self._logits[index]
        self._keys, self._values = self._keys[:, index], self._values[:, index]
