"""Weights of a small Llama model, its adapter merged, as fused.c reads them.

Where they fit into the processor's caches they are fp16. Larger weights have 8 bits, because a token then takes as long
as it takes to read them.
"""

import ctypes
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from soundalike.engines import fused_library
from soundalike.engines.fused_library import FusedMatrix, FusedModel

if TYPE_CHECKING:
    from soundalike.engines.adapter import Adapter

IN_CACHE = 32_000_000  # parameters of the largest model whose weights are fp16

Array = NDArray[Any]


class PackedWeights:
    """A snapshot of a model's weights in panels of `panel` outputs; later training does not change it.

    In 8 bits the weights of `together` inputs stand side by side, with 128 added where those are four, as VNNI wants.

    `model` is the structure that fused.c reads. It points to arrays that live as long as this object. `large` says that
    weights have 8 bits.
    """

    def __init__(self, adapter: "Adapter", panel: int, together: int) -> None:
        self._panel, self._together = panel, together
        self._arrays: list[Array] = []  # keeps alive what the structures' pointers point to
        self._structures: list[Any] = []
        self.large = sum(p.numel() for p in adapter.model.parameters()) > IN_CACHE
        self.model = self._packed_model(adapter)

    def _packed_model(self, adapter: "Adapter") -> FusedModel:
        config, max_positions = adapter.model.config, fused_library.max_positions(adapter.model.config)
        padded_vocab_size = -(-config.vocab_size // self._panel) * self._panel

        def weight(name: str) -> Array:
            array: Array = adapter.effective_weight(name).float().cpu().numpy()
            return array

        def per_layer(*names: str) -> Iterator[Array]:
            """For each layer the weights called `names`, concatenated along their outputs."""
            for layer in range(config.num_hidden_layers):
                yield np.concatenate([weight(f"model.layers.{layer}.{name}.weight") for name in names])

        def norms(name: str) -> int:
            """Pointer to one pointer per layer."""
            return self._store(np.array([self._store(array) for array in per_layer(name)], np.uintp))

        def rotary(table: torch.Tensor) -> int:
            half = table[:max_positions, : config.head_dim // 2]  # the other half is the same
            return self._store(half.float().cpu().contiguous().numpy())

        embedding = weight("model.embed_tokens.weight")  # (vocabulary, hidden)
        lm_head = np.zeros((padded_vocab_size, config.hidden_size), np.float32)
        lm_head[: config.vocab_size] = embedding
        return FusedModel(
            vocab_size=config.vocab_size,
            padded_vocab_size=padded_vocab_size,
            hidden_size=config.hidden_size,
            intermediate_size=config.intermediate_size,
            num_layers=config.num_hidden_layers,
            num_heads=config.num_attention_heads,
            num_kv_heads=config.num_key_value_heads,
            head_dim=config.head_dim,
            max_positions=max_positions,
            rms_norm_eps=config.rms_norm_eps,
            embedding=self._store(embedding.astype(np.float16)),
            cos=rotary(adapter.model.cos),
            sin=rotary(adapter.model.sin),
            lm_head=self._pack([lm_head]),
            qkv_proj=self._pack(per_layer(*(f"self_attn.{kind}_proj" for kind in "qkv"))),
            o_proj=self._pack(per_layer("self_attn.o_proj")),
            gate_up_proj=self._pack(per_layer("mlp.gate_proj", "mlp.up_proj")),
            down_proj=self._pack(per_layer("mlp.down_proj")),
            input_norm=norms("input_layernorm"),
            mlp_norm=norms("post_attention_layernorm"),
            final_norm=self._store(weight("model.norm.weight").copy()),
        )

    def _store(self, array: Array) -> int:
        """Keep the array alive; returns its address."""
        self._arrays.append(np.ascontiguousarray(array))
        return self._arrays[-1].ctypes.data

    def _pack(self, weights: Iterable[Array]) -> int:
        """Address of the `matrix` structures of weights, (outputs, inputs) each."""
        packed = [self._packed(weight) for weight in weights]
        matrices = (FusedMatrix * len(packed))(*packed)
        self._structures.append(matrices)
        return ctypes.addressof(matrices)

    def _packed(self, weight: Array) -> FusedMatrix:
        """The weight in panels: in fp16, or in 8 bits with a scale per output."""
        if not self.large:
            return FusedMatrix(self._store(self._panels(weight.astype(np.float16), 1)), None)
        scale = np.maximum(np.abs(weight).max(axis=1), 1e-12) / 127
        rounded = np.rint(weight / scale[:, None]).astype(np.int8)
        if self._together == 4:
            rounded = (rounded.view(np.uint8) + np.uint8(128)).view(np.int8)
        panels = self._panels(rounded, self._together)
        return FusedMatrix(self._store(panels), self._store(scale.astype(np.float32)))

    def _panels(self, weight: Array, together: int) -> Array:
        """(outputs / panel, inputs / together, panel, together) of a weight (outputs, inputs)."""
        outputs, inputs = weight.shape
        panels = weight.reshape(outputs // self._panel, self._panel, inputs // together, together)
        return panels.transpose(0, 2, 1, 3)
