"""Base models by size: which are suggested, what they weigh, and what adapting one costs. Light: no torch, no network.

Costs are computed from the shape that a config.json states, not measured: bytes and operations a token. What a machine
makes of them is for others to say.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Precision = Literal["fp32", "bf16", "4-bit"]  # of weights
Compute = Literal["fp32", "bf16"]  # of products

# NF4 with quantized constants: 4 bits and 0.127 (arXiv 2305.14314, section 3).
LINEAR_BYTES: Mapping[Precision, float] = {"fp32": 4.0, "bf16": 2.0, "4-bit": 4.127 / 8}
EMBEDDING_BYTES: Mapping[Precision, float] = {"fp32": 4.0, "bf16": 2.0, "4-bit": 2.0}
# Bytes that the backward pass keeps a token and a layer, by unit of (hidden, query, key or value, intermediate) width;
# fitted to what engines/huggingface.py measures on five shapes of a Llama, to 3 %.
ACTIVATION_BYTES: Mapping[Compute, tuple[float, float, float, float]] = {
    "fp32": (12.0, 12.0, 8.0, 16.0),
    "bf16": (12.7, 12.7, 4.3, 8.4),
}
FACTOR_BYTES: Mapping[Precision, int] = {"fp32": 16, "bf16": 16, "4-bit": 10}  # value, gradient, two moments
MOVING_BYTES = 16  # of a weight that itself is learned, beside its value: gradient, two moments, where it began
ENTRIES = 2**23  # logits at a time, whatever the vocabulary: 32 MB in fp32
LOGITS_BYTES = 4 * 4 * ENTRIES  # a slice of them in fp32, its exponentials, its gradient, once in the head's own type
RUNTIME_BYTES = 600 << 20  # the interpreter and its libraries, or a GPU's context
WEIGHTS_SHARE = 0.5  # of the memory that weights may take while finer numbers are to be had: the rest is to learn in
IN_FLIGHT = {"cpu": 2_048, "cuda": 16_384}  # tokens that are learned from at once: more of them are no faster


def finest(weights: float, memory: float, compute: Compute | None) -> Precision:
    """The finest numbers in which so many weights leave room to learn; those that are multiplied, where that is set."""
    usual: tuple[Precision, ...] = (compute,) if compute else ("fp32", "bf16")
    return next((one for one in usual if weights * LINEAR_BYTES[one] <= WEIGHTS_SHARE * memory), "4-bit")


@dataclass(frozen=True, slots=True)
class Size:
    """A transformer's shape, as its config.json gives it; `tied` where the output is the embedding."""

    layers: int
    hidden: int
    intermediate: int
    heads: int
    kv_heads: int
    head_dim: int
    vocabulary: int
    tied: bool = True

    @classmethod
    def read(cls, config: Mapping[str, Any]) -> "Size | None":
        """From a config.json; None where it does not describe such a transformer."""
        try:
            told = config.get("text_config", config)
            hidden, heads = int(told["hidden_size"]), int(told["num_attention_heads"])
            return cls(
                int(told["num_hidden_layers"]),
                hidden,
                int(told["intermediate_size"]),
                heads,
                int(told.get("num_key_value_heads") or heads),
                int(told.get("head_dim") or hidden // heads),
                int(told["vocab_size"]),
                bool(told.get("tie_word_embeddings", False)),
            )
        except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError):
            return None

    @property
    def linear(self) -> int:
        """Weights of all linear layers inside the model."""
        return self.layers * sum(inner * outer for inner, outer in self._linears())

    @property
    def embedding(self) -> int:
        """Weights of the embedding and, where it is another matrix, the output."""
        return self.vocabulary * self.hidden * (1 if self.tied else 2)

    @property
    def weights(self) -> int:
        """All weights that count."""
        return self.linear + self.embedding

    def factors(self, rank: int) -> int:
        """Weights of a low-rank adapter on all linear layers."""
        return self.layers * rank * sum(inner + outer for inner, outer in self._linears())

    def _linears(self) -> list[tuple[int, int]]:
        query, key = self.heads * self.head_dim, self.kv_heads * self.head_dim
        attention = [(self.hidden, query), (self.hidden, key), (self.hidden, key), (query, self.hidden)]
        return attention + 3 * [(self.hidden, self.intermediate)]

    def flops(self, again: bool = False) -> int:
        """Operations to learn from a token with a low-rank adapter: two a weight forward, two backward.

        `again`: activations are not kept but made once more.
        """
        return (6 if again else 4) * (self.linear + self.vocabulary * self.hidden)

    def activations(self, computed: Compute) -> float:
        """Bytes a token that the backward pass needs, with products in fp32 or bf16."""
        key = self.kv_heads * self.head_dim
        widths = (self.hidden, self.heads * self.head_dim, key, self.intermediate)
        return self.layers * sum(a * b for a, b in zip(ACTIVATION_BYTES[computed], widths, strict=True))

    def kept_again(self, computed: Compute) -> float:
        """The same where each layer's input is kept alone, and one layer's activations are made again at a time."""
        width = 4 if computed == "fp32" else 2
        return self.layers * self.hidden * width + 2 * self.activations(computed) / self.layers

    def held(self, precision: Precision, rank: int | None) -> dict[str, float]:
        """Bytes that training needs beside activations, by what needs them; without `rank` all weights are learned."""
        moving = self.weights * MOVING_BYTES if rank is None else self.factors(rank) * FACTOR_BYTES[precision]
        largest = max(inner * outer for inner, outer in self._linears())
        return {
            "weights": self.linear * LINEAR_BYTES[precision] + self.embedding * EMBEDDING_BYTES[precision],
            "what is learned, and the optimizer": moving,
            "one layer in 16 bits, to multiply with": 2.0 * largest if precision == "4-bit" else 0.0,
            "a slice of logits": LOGITS_BYTES,
            "libraries": RUNTIME_BYTES,
        }

    def resting(self, precision: Precision, rank: int | None) -> float:
        """All of that."""
        return sum(self.held(precision, rank).values())

    def least(self, precision: Precision, rank: int = 16, window: int = 512) -> float:
        """Bytes without which it cannot be adapted at all: one window at a time, activations made again."""
        computed: Compute = "fp32" if precision == "fp32" else "bf16"
        return self.resting(precision, rank) + window * self.kept_again(computed)


@dataclass(frozen=True, slots=True)
class Suggested:
    """A base model whose licence lets anyone adapt it and use what comes of it."""

    name: str
    licence: str
    size: Size


APACHE = "Apache-2.0"
SUGGESTED = (
    Suggested("HuggingFaceTB/SmolLM2-135M", APACHE, Size(30, 576, 1536, 9, 3, 64, 49_152)),
    Suggested("HuggingFaceTB/SmolLM2-360M", APACHE, Size(32, 960, 2560, 15, 5, 64, 49_152)),
    Suggested("Qwen/Qwen3-0.6B-Base", APACHE, Size(28, 1024, 3072, 16, 8, 128, 151_936)),
    Suggested("Qwen/Qwen3-1.7B-Base", APACHE, Size(28, 2048, 6144, 16, 8, 128, 151_936)),
    Suggested("HuggingFaceTB/SmolLM3-3B-Base", APACHE, Size(36, 2048, 11_008, 16, 4, 128, 128_256)),
    Suggested("Qwen/Qwen3-4B-Base", APACHE, Size(36, 2560, 9728, 32, 8, 128, 151_936)),
    Suggested("mistralai/Mistral-7B-v0.3", APACHE, Size(32, 4096, 14_336, 32, 8, 128, 32_768, tied=False)),
    Suggested("Qwen/Qwen3-8B-Base", APACHE, Size(36, 4096, 12_288, 32, 8, 128, 151_936, tied=False)),
)
"""From the smallest; every one has full attention, so that windows can be packed."""
