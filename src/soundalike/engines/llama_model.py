"""A Llama transformer for packed training windows.

Parameter names and shapes are those of transformers' `LlamaForCausalLM`, so weights and PEFT adapters can be exchanged
unchanged. Formulas: Llama (arXiv 2302.13971), rotary position embedding (2104.09864, in the half-split layout that
transformers uses), grouped-query attention (2305.13245), SwiGLU (2002.05202), RMSNorm (1910.07467).
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

# Tokens of the longest window whose attention in bf16 is two products and a softmax on a processor: PyTorch's kernel
# takes twice as long for windows of 256. But it does not keep the softmax, which grows with the square of the window.
LONGEST_PLAIN = 512


@dataclass(frozen=True, slots=True)
class LlamaConfig:
    """Model sizes, under the names of a Llama `config.json`."""

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

    def to_dict(self) -> dict[str, Any]:
        """The `config.json` with which transformers, mlx-lm, llama.cpp and vLLM load the weights."""
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
        """The sizes in `folder/config.json`, as transformers 4 or 5 writes it; `ValueError` if heads do not divide."""
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        config["head_dim"] = config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"]
        config |= {key: value for key, value in (config.get("rope_parameters") or {}).items() if key == "rope_theta"}
        if config["num_attention_heads"] % config["num_key_value_heads"]:
            raise ValueError("num_attention_heads is not a multiple of num_key_value_heads")
        return cls(**{name: config[name] for name in cls.__dataclass_fields__ if name in config})


class RMSNorm(nn.Module):
    """Root mean square normalization with a learned scale; input and output are fp32."""

    def __init__(self, size: int, eps: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        return F.rms_norm(x, self.weight.shape, self.weight, self.eps)


def attention(q: Tensor, k: Tensor, v: Tensor, bias: Tensor) -> Tensor:
    """(batch, heads, time, head_dim): softmax(q k / sqrt(head_dim) + bias) v, where query heads share key-value heads.

    `q` (batch, heads, time, head_dim), `k` and `v` (batch, kv_heads, time, head_dim), `bias` (batch, 1, time, time).
    """
    if q.dtype == torch.float32 or q.device.type != "cpu" or q.shape[2] > LONGEST_PLAIN:
        return F.scaled_dot_product_attention(q, k, v, attn_mask=bias, enable_gqa=q.shape[1] != k.shape[1])
    (batch, heads, time, head_dim), kv_heads = q.shape, k.shape[1]
    grouped = (q * head_dim**-0.5).reshape(batch, kv_heads, -1, head_dim)  # (batch, kv_heads, group x time, head_dim)
    scores = (grouped @ k.transpose(2, 3)).view(batch, kv_heads, -1, time, time)
    shares = torch.softmax(scores + bias[:, :, None], dim=-1).view(batch, kv_heads, -1, time)
    return (shares @ v).view(batch, heads, time, head_dim)


class Attention(nn.Module):
    """Grouped-query attention with rotary position embedding."""

    def __init__(self, config: LlamaConfig) -> None:
        super().__init__()
        self.num_heads, self.num_kv_heads = config.num_attention_heads, config.num_key_value_heads
        self.head_dim = config.head_dim
        q_size, kv_size = self.num_heads * self.head_dim, self.num_kv_heads * self.head_dim
        self.q_proj = nn.Linear(config.hidden_size, q_size, bias=False)
        self.k_proj = nn.Linear(config.hidden_size, kv_size, bias=False)
        self.v_proj = nn.Linear(config.hidden_size, kv_size, bias=False)
        self.o_proj = nn.Linear(q_size, config.hidden_size, bias=False)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor, bias: Tensor) -> Tensor:
        batch, time, _ = x.shape
        per_head = (batch, time, -1, self.head_dim)
        q, k = self.q_proj(x).view(per_head).transpose(1, 2), self.k_proj(x).view(per_head).transpose(1, 2)
        q = apply_rotary(q.float(), cos, sin).to(x.dtype)  # (batch, heads, time, head_dim)
        k = apply_rotary(k.float(), cos, sin).to(x.dtype)  # (batch, kv_heads, time, head_dim)
        v = self.v_proj(x).view(per_head).transpose(1, 2)  # (batch, kv_heads, time, head_dim)
        out = attention(q, k, v, bias)
        out = out.transpose(1, 2).reshape(batch, time, -1)  # (batch, time, heads * head_dim)
        return self.o_proj(out)  # type: ignore[no-any-return]


class MLP(nn.Module):
    """SwiGLU feed-forward layer."""

    def __init__(self, config: LlamaConfig) -> None:
        super().__init__()
        self.gate_proj = nn.Linear(config.hidden_size, config.intermediate_size, bias=False)
        self.up_proj = nn.Linear(config.hidden_size, config.intermediate_size, bias=False)
        self.down_proj = nn.Linear(config.intermediate_size, config.hidden_size, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))  # type: ignore[no-any-return]


class DecoderLayer(nn.Module):
    """Attention and MLP, each on normalized input and with a residual connection."""

    def __init__(self, config: LlamaConfig) -> None:
        super().__init__()
        self.self_attn = Attention(config)
        self.mlp = MLP(config)
        self.input_layernorm = RMSNorm(config.hidden_size, config.rms_norm_eps)
        self.post_attention_layernorm = RMSNorm(config.hidden_size, config.rms_norm_eps)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor, bias: Tensor) -> Tensor:
        """`x` is fp32; attention and MLP compute in the type of their weights."""
        dtype = self.mlp.up_proj.weight.dtype
        x = x + self.self_attn(self.input_layernorm(x).to(dtype), cos, sin, bias).float()
        return x + self.mlp(self.post_attention_layernorm(x).to(dtype)).float()  # type: ignore[no-any-return]


class LlamaModel(nn.Module):
    """Embedding, decoder layers and final norm: tokens to hidden states."""

    def __init__(self, config: LlamaConfig) -> None:
        super().__init__()
        # The caller loads or initialises the weights. Initialising them here, on the device `meta`, would import
        # torch's compiler, which takes seconds.
        empty = torch.empty(config.vocab_size, config.hidden_size)
        self.embed_tokens: nn.Embedding = nn.Embedding.from_pretrained(empty, freeze=False)  # type: ignore[no-untyped-call]
        self.layers = nn.ModuleList(DecoderLayer(config) for _ in range(config.num_hidden_layers))
        self.norm = RMSNorm(config.hidden_size, config.rms_norm_eps)


class Llama(nn.Module):
    """The whole model. The output matrix is the embedding (tied weights)."""

    cos: Tensor
    sin: Tensor

    def __init__(self, config: LlamaConfig) -> None:
        super().__init__()
        self.config = config
        self.model = LlamaModel(config)
        for name, table in zip(("cos", "sin"), rotary_tables(config), strict=True):
            self.register_buffer(name, table, persistent=False)  # computed, so not in the files of weights

    @property
    def lm_head(self) -> Tensor:
        """Output matrix, (vocabulary, hidden)."""
        return self.model.embed_tokens.weight

    def forward(self, tokens: Tensor, positions: Tensor, mask: Tensor) -> Tensor:
        """Final hidden states, fp32 (batch, time, hidden), of `tokens` (batch, time) at `positions` (batch, time).

        `mask` is bool (batch, 1, time, time): True where the row's token attends to the column's.
        """
        embedding = self.lm_head.float() if self.lm_head.requires_grad else self.lm_head  # gradients are summed in fp32
        x = F.embedding(tokens, embedding).float()  # (batch, time, hidden)
        cos = self.cos[positions].unsqueeze(1)  # (batch, 1, time, head_dim)
        sin = self.sin[positions].unsqueeze(1)
        bias = torch.zeros_like(mask, dtype=self.lm_head.dtype).masked_fill_(~mask, float("-inf"))
        for layer in self.model.layers:
            x = layer(x, cos, sin, bias)
        return self.model.norm(x)  # type: ignore[no-any-return]


def rotary_tables(config: LlamaConfig) -> tuple[Tensor, Tensor]:
    """cos and sin of each position's angles, (positions, head_dim) each; always made on the CPU."""
    steps = torch.arange(0, config.head_dim, 2, dtype=torch.float32, device="cpu")
    positions = torch.arange(config.max_position_embeddings, dtype=torch.float32, device="cpu")
    angles = torch.outer(positions, config.rope_theta ** (-steps / config.head_dim))  # (positions, head_dim / 2)
    both = torch.cat((angles, angles), dim=-1)  # (positions, head_dim)
    return both.cos(), both.sin()


def apply_rotary(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotate `x` (batch, heads, time, head_dim) by its positions' angles; channel i is paired with i + head_dim / 2."""
    first, second = x.chunk(2, dim=-1)  # (batch, heads, time, head_dim / 2) each
    return x * cos + torch.cat((-second, first), dim=-1) * sin


def document_mask(documents: Tensor) -> Tensor:
    """Block-diagonal causal mask, bool (batch, 1, time, time), of document ids (batch, time).

    Padding (id -1) attends to padding, so that no row of the softmax is empty.
    """
    time = documents.shape[1]
    same = documents[:, :, None] == documents[:, None, :]  # (batch, time, time)
    causal = torch.ones(time, time, dtype=torch.bool, device=documents.device).tril()
    return (same & causal).unsqueeze(1)
