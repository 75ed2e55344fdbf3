"""A Llama-shaped transformer made for packed windows and for decoding many streams at once.

Parameter names and shapes are those of transformers' `LlamaForCausalLM`, so weights and PEFT adapters go
both ways unchanged; only the arithmetic around them is ours. It knows tensors, never text.

Sources of the formulas: Llama (arXiv 2302.13971), rotary positions (2104.09864, in the half-split layout that
transformers uses), grouped-query attention (2305.13245), SwiGLU (2002.05202), RMSNorm (1910.07467).
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@dataclass(frozen=True, slots=True)
class LlamaConfig:
    """The sizes that a Llama `config.json` gives, under its own names."""

    vocab_size: int
    hidden_size: int
    intermediate_size: int
    num_hidden_layers: int
    num_attention_heads: int
    num_key_value_heads: int
    head_dim: int
    max_position_embeddings: int
    rope_theta: float = 10_000.0
    rms_norm_eps: float = 1e-5
    bos_token_id: int = 0
    eos_token_id: int = 0
    pad_token_id: int = 1

    def config(self) -> dict[str, Any]:
        """The `config.json` that makes transformers, mlx-lm, llama.cpp and vLLM load the weights."""
        fixed = {
            "architectures": ["LlamaForCausalLM"],
            "model_type": "llama",
            "hidden_act": "silu",
            "attention_bias": False,
            "mlp_bias": False,
            "tie_word_embeddings": True,
            "torch_dtype": "bfloat16",
        }
        return fixed | asdict(self)

    @classmethod
    def read(cls, folder: Path) -> "LlamaConfig":
        """The shape that `folder/config.json` states, in the words of transformers 4 or 5."""
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        config["head_dim"] = config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"]
        config |= {key: value for key, value in (config.get("rope_parameters") or {}).items() if key == "rope_theta"}
        return cls(**{name: config[name] for name in cls.__dataclass_fields__ if name in config})


class Attention(nn.Module):
    """Grouped-query attention over whatever the mask lets each token see."""

    def __init__(self, shape: LlamaConfig) -> None:
        super().__init__()
        self.heads, self.kv_heads, self.head_dim = (
            shape.num_attention_heads,
            shape.num_key_value_heads,
            shape.head_dim,
        )
        width, kv_width = self.heads * self.head_dim, self.kv_heads * self.head_dim
        self.q_proj = nn.Linear(shape.hidden_size, width, bias=False)
        self.k_proj = nn.Linear(shape.hidden_size, kv_width, bias=False)
        self.v_proj = nn.Linear(shape.hidden_size, kv_width, bias=False)
        self.o_proj = nn.Linear(width, shape.hidden_size, bias=False)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor, mask: Tensor) -> Tensor:
        windows, length, _ = x.shape
        split = (windows, length, -1, self.head_dim)
        q = apply_rotary(self.q_proj(x).view(split).transpose(1, 2), cos, sin)
        k = apply_rotary(self.k_proj(x).view(split).transpose(1, 2), cos, sin)
        v = self.v_proj(x).view(split).transpose(1, 2)
        seen = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, enable_gqa=self.kv_heads != self.heads)
        return self.o_proj(seen.transpose(1, 2).reshape(windows, length, -1))  # type: ignore[no-any-return]


class MLP(nn.Module):
    """SwiGLU."""

    def __init__(self, shape: LlamaConfig) -> None:
        super().__init__()
        self.gate_proj = nn.Linear(shape.hidden_size, shape.intermediate_size, bias=False)
        self.up_proj = nn.Linear(shape.hidden_size, shape.intermediate_size, bias=False)
        self.down_proj = nn.Linear(shape.intermediate_size, shape.hidden_size, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))  # type: ignore[no-any-return]


class RMSNorm(nn.Module):
    """RMSNorm."""

    def __init__(self, size: int, eps: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        wide = x.float()
        return (wide * torch.rsqrt(wide.pow(2).mean(-1, keepdim=True) + self.eps)).to(x.dtype) * self.weight


class DecoderLayer(nn.Module):
    """One block: attention, then feed-forward, each on a normed copy and added back."""

    def __init__(self, shape: LlamaConfig) -> None:
        super().__init__()
        self.self_attn = Attention(shape)
        self.mlp = MLP(shape)
        self.input_layernorm = RMSNorm(shape.hidden_size, shape.rms_norm_eps)
        self.post_attention_layernorm = RMSNorm(shape.hidden_size, shape.rms_norm_eps)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor, mask: Tensor) -> Tensor:
        x = x + self.self_attn(self.input_layernorm(x), cos, sin, mask)
        return x + self.mlp(self.post_attention_layernorm(x))  # type: ignore[no-any-return]


class LlamaModel(nn.Module):
    """Embedding, blocks and last norm: tokens to hidden states."""

    def __init__(self, shape: LlamaConfig) -> None:
        super().__init__()
        # Weights are read, or drawn by `tools/pretrain_pocket`. Drawing them here as well would import torch's compiler
        # on the device `meta`, which takes seconds.
        empty = torch.empty(shape.vocab_size, shape.hidden_size)
        self.embed_tokens: nn.Embedding = nn.Embedding.from_pretrained(empty, freeze=False)  # type: ignore[no-untyped-call]
        self.layers = nn.ModuleList(DecoderLayer(shape) for _ in range(shape.num_hidden_layers))
        self.norm = RMSNorm(shape.hidden_size, shape.rms_norm_eps)


class Llama(nn.Module):
    """The whole model, output tied to the embedding."""

    cos: Tensor
    sin: Tensor

    def __init__(self, shape: LlamaConfig) -> None:
        super().__init__()
        self.shape = shape
        self.model = LlamaModel(shape)
        for name, table in zip(("cos", "sin"), rotary_tables(shape), strict=True):
            self.register_buffer(name, table, persistent=False)  # no file of weights holds it

    @property
    def head(self) -> Tensor:
        """Output matrix, shape (vocabulary, hidden)."""
        return self.model.embed_tokens.weight

    def forward(self, tokens: Tensor, positions: Tensor, mask: Tensor) -> Tensor:
        """Hidden states (windows, length, hidden) for `tokens` and `positions` (windows, length).

        `mask` (windows, 1, length, length) is true where a token may look.
        """
        x = self.model.embed_tokens(tokens)
        cos = self.cos[positions].unsqueeze(1).to(x.dtype)
        sin = self.sin[positions].unsqueeze(1).to(x.dtype)
        for layer in self.model.layers:
            x = layer(x, cos, sin, mask)
        return self.model.norm(x)  # type: ignore[no-any-return]


def rotary_tables(shape: LlamaConfig) -> tuple[Tensor, Tensor]:
    """cos and sin of every position, each (positions, head_dim); on the processor, whatever the default device."""
    steps = torch.arange(0, shape.head_dim, 2, dtype=torch.float32, device="cpu")
    positions = torch.arange(shape.max_position_embeddings, dtype=torch.float32, device="cpu")
    angles = torch.outer(positions, shape.rope_theta ** (-steps / shape.head_dim))
    both = torch.cat((angles, angles), dim=-1)
    return both.cos(), both.sin()


def apply_rotary(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Turn each half-split pair of `x` (windows, heads, length, head_dim) by its position's angle."""
    first, second = x.chunk(2, dim=-1)
    return x * cos + torch.cat((-second, first), dim=-1) * sin


def document_mask(documents: Tensor) -> Tensor:
    """Causal within a document, blind across: (windows, length) document ids -> (windows, 1, length, length).

    Padding (id -1) sees itself, so that no row of the softmax is empty.
    """
    length = documents.shape[1]
    same = documents[:, :, None] == documents[:, None, :]
    causal = torch.ones(length, length, dtype=torch.bool, device=documents.device).tril()
    return (same & causal).unsqueeze(1)
