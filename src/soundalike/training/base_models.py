"""Base models by shape: which are suggested, what they weigh, and what adapting one costs in memory and operations.

Everything is computed from the sizes in a config.json, so it is known before a base is downloaded or loaded. Once a
base is loaded, `engines/huggingface.py` measures what its activations take and sizes its batches by that; a test holds
ACTIVATION_BYTES to 15 % of such a measurement.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Precision = Literal["fp32", "bf16", "4-bit"]  # of weights
Compute = Literal["fp32", "bf16"]  # of matrix products

# Bytes of a weight. NF4 with quantized constants has 4.127 bits (arXiv 2305.14314, section 3).
LINEAR_BYTES: Mapping[Precision, float] = {"fp32": 4.0, "bf16": 2.0, "4-bit": 4.127 / 8}
EMBEDDING_BYTES: Mapping[Precision, float] = {"fp32": 4.0, "bf16": 2.0, "4-bit": 2.0}
# Bytes that the backward pass keeps for each token and layer, per unit of width of (hidden, query, key or value,
# intermediate). Fitted to what engines/huggingface.py measures on five Llama shapes, to 3 %.
ACTIVATION_BYTES: Mapping[Compute, tuple[float, float, float, float]] = {
    "fp32": (12.0, 12.0, 8.0, 16.0),
    "bf16": (12.7, 12.7, 4.3, 8.4),
}
ADAPTER_BYTES: Mapping[Precision, int] = {"fp32": 16, "bf16": 16, "4-bit": 10}  # value, gradient, two Adam moments
FULL_BYTES = 16  # of a trained base weight besides its value: gradient, two Adam moments, its initial value
LOGITS_AT_ONCE = 2**23  # whatever the vocabulary is; 32 MB in fp32
LOGITS_BYTES = 4 * 4 * LOGITS_AT_ONCE  # in fp32, their exponentials, their gradient, and once in the head's own type
RUNTIME_BYTES = 600 << 20  # the interpreter and its libraries, or a GPU's context
WEIGHTS_SHARE = 0.5  # of the memory: more than that is not spent on weights while a coarser type is available
REPLICA_BYTES = 256 << 20  # of activations of a small base, for each replica
TOKENS_AT_ONCE = {"cpu": 2_048, "cuda": 16_384}  # in a forward and backward pass; more of them are not faster


def finest_precision(weights: float, memory: float, compute: Compute | None) -> Precision:
    """The finest type in which `weights` weights fit into WEIGHTS_SHARE of `memory` bytes, else 4-bit.

    Where `compute` is set, weights are held in the type of products or in 4 bits.
    """
    candidates: tuple[Precision, ...] = (compute,) if compute else ("fp32", "bf16")
    fitting = (one for one in candidates if weights * LINEAR_BYTES[one] <= WEIGHTS_SHARE * memory)
    return next(fitting, "4-bit")


@dataclass(frozen=True, slots=True)
class ModelShape:
    """A transformer's sizes, as its config.json has them; `tied`: the output matrix is the embedding."""

    layers: int
    hidden: int
    intermediate: int
    heads: int
    kv_heads: int
    head_dim: int
    vocabulary: int
    tied: bool = True

    @classmethod
    def read(cls, config: Mapping[str, Any]) -> "ModelShape | None":
        """The shape in a config.json; None where it does not describe such a transformer."""
        try:
            sizes = config.get("text_config", config)
            hidden, heads = int(sizes["hidden_size"]), int(sizes["num_attention_heads"])
            return cls(
                int(sizes["num_hidden_layers"]),
                hidden,
                int(sizes["intermediate_size"]),
                heads,
                int(sizes.get("num_key_value_heads") or heads),
                int(sizes.get("head_dim") or hidden // heads),
                int(sizes["vocab_size"]),
                bool(sizes.get("tie_word_embeddings", False)),
            )
        except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError):
            return None

    @property
    def linear_weights(self) -> int:
        """Weights of all linear layers inside the blocks."""
        return self.layers * sum(inner * outer for inner, outer in self._linears())

    @property
    def embedding_weights(self) -> int:
        """Weights of the embedding, and of the output matrix where it is another one."""
        return self.vocabulary * self.hidden * (1 if self.tied else 2)

    @property
    def weights(self) -> int:
        """All weights but those of norms, which are a few in a thousand."""
        return self.linear_weights + self.embedding_weights

    def adapter_weights(self, rank: int) -> int:
        """Weights of a low-rank adapter on all linear layers."""
        return self.layers * rank * sum(inner + outer for inner, outer in self._linears())

    def _linears(self) -> list[tuple[int, int]]:
        """(inputs, outputs) of the linear layers of one block."""
        query, key = self.heads * self.head_dim, self.kv_heads * self.head_dim
        attention = [(self.hidden, query), (self.hidden, key), (self.hidden, key), (query, self.hidden)]
        return attention + 3 * [(self.hidden, self.intermediate)]

    def training_flops(self) -> int:
        """Operations a token to train a low-rank adapter: two a weight forward, two a weight backward."""
        return 4 * (self.linear_weights + self.vocabulary * self.hidden)

    def full_training_flops(self, num_layers: int | None = None) -> float:
        """Operations a token to train all weights, or those of the last layers: four a trained weight backward."""
        head = self.vocabulary * self.hidden
        if num_layers is None:
            return 6.0 * (self.linear_weights + head)
        return 2 * self.linear_weights + 4 * self.trained_weights(num_layers) + 4 * head

    def trained_weights(self, num_layers: int | None) -> int:
        """Weights of the last `num_layers` layers; all weights where it is None."""
        return self.weights if num_layers is None else self.linear_weights * min(num_layers, self.layers) // self.layers

    def activation_bytes(self, compute: Compute, num_layers: int | None = None) -> float:
        """Bytes a token that the backward pass through all layers, or the last `num_layers`, keeps.

        Products are in `compute`.
        """
        key = self.kv_heads * self.head_dim
        widths = (self.hidden, self.heads * self.head_dim, key, self.intermediate)
        of_layer = sum(a * b for a, b in zip(ACTIVATION_BYTES[compute], widths, strict=True))
        return min(num_layers or self.layers, self.layers) * of_layer

    def replica_tokens(self, compute: Compute, num_layers: int | None = None) -> int:
        """Tokens of a replica's backward pass through a small base: their activations fit into REPLICA_BYTES."""
        return min(TOKENS_AT_ONCE["cpu"], int(REPLICA_BYTES / self.activation_bytes(compute, num_layers)))

    def checkpointed_bytes(self, compute: Compute) -> float:
        """Bytes a token with gradient checkpointing: each layer's input, and one layer's activations at a time."""
        width = 4 if compute == "fp32" else 2
        return self.layers * self.hidden * width + 2 * self.activation_bytes(compute) / self.layers

    def memory_parts(self, precision: Precision, rank: int | None, num_layers: int | None = None) -> dict[str, float]:
        """Bytes that training takes besides activations, by purpose.

        Where `rank` is None, all weights are trained, or those of the last `num_layers` layers.
        """
        adapter = 0 if rank is None else self.adapter_weights(rank)
        trained = self.trained_weights(num_layers) * FULL_BYTES if rank is None else adapter * ADAPTER_BYTES[precision]
        largest = max(inner * outer for inner, outer in self._linears())
        linear = self.linear_weights * LINEAR_BYTES[precision]
        return {
            "weights": linear + self.embedding_weights * EMBEDDING_BYTES[precision],
            "trained weights and optimizer": trained,
            "one layer in 16 bits, to multiply with": 2.0 * largest if precision == "4-bit" else 0.0,
            "a slice of logits": LOGITS_BYTES,
            "libraries": RUNTIME_BYTES,
        }

    def fixed_bytes(self, precision: Precision, rank: int | None, num_layers: int | None = None) -> float:
        """The sum of `memory_parts`."""
        return sum(self.memory_parts(precision, rank, num_layers).values())

    def least_bytes(self, precision: Precision, rank: int = 16, window: int = 512) -> float:
        """The least memory in which an adapter can be trained: one window at a time, with gradient checkpointing."""
        compute: Compute = "fp32" if precision == "fp32" else "bf16"
        return self.fixed_bytes(precision, rank) + window * self.checkpointed_bytes(compute)


@dataclass(frozen=True, slots=True)
class SuggestedBase:
    """A base model whose licence lets anyone adapt it and use the result."""

    name: str
    licence: str
    shape: ModelShape


APACHE = "Apache-2.0"
SMOLLM2 = SuggestedBase("smollm2", APACHE, ModelShape(30, 576, 1536, 9, 3, 64, 49_152))
"""The base that the Python package index has; see `engines/smollm2.py`."""
SUGGESTED = (
    SuggestedBase("HuggingFaceTB/SmolLM2-135M", APACHE, SMOLLM2.shape),
    SuggestedBase("HuggingFaceTB/SmolLM2-360M", APACHE, ModelShape(32, 960, 2560, 15, 5, 64, 49_152)),
    SuggestedBase("Qwen/Qwen3-0.6B-Base", APACHE, ModelShape(28, 1024, 3072, 16, 8, 128, 151_936)),
    SuggestedBase("Qwen/Qwen3-1.7B-Base", APACHE, ModelShape(28, 2048, 6144, 16, 8, 128, 151_936)),
    SuggestedBase("HuggingFaceTB/SmolLM3-3B-Base", APACHE, ModelShape(36, 2048, 11_008, 16, 4, 128, 128_256)),
    SuggestedBase("Qwen/Qwen3-4B-Base", APACHE, ModelShape(36, 2560, 9728, 32, 8, 128, 151_936)),
    SuggestedBase("mistralai/Mistral-7B-v0.3", APACHE, ModelShape(32, 4096, 14_336, 32, 8, 128, 32_768, tied=False)),
    SuggestedBase("Qwen/Qwen3-8B-Base", APACHE, ModelShape(36, 4096, 12_288, 32, 8, 128, 151_936, tied=False)),
)
"""From the smallest to the largest. All have full attention, so that windows can be packed."""
