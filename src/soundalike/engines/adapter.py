"""Adapters of a `Llama`: a low-rank adapter, or a delta of all weights.

A delta suits a base of a few million parameters: all weights train as fast as low-rank factors there, and as bf16
differences they stay small on disk. See `adapter_files` for the layout of the files.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Protocol

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from soundalike.engines.adapter_files import CONFIG, DELTA_TYPE, WEIGHTS, check_shapes, read_tensors
from soundalike.engines.llama_model import Llama

TARGET_MODULES = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


class Adapter(Protocol):
    """What is trained on top of a base: it can be switched off, saved and loaded."""

    model: Llama

    def parameters(self) -> dict[str, nn.Parameter]:
        """The parameters that are trained, by name."""

    def disabled(self) -> AbstractContextManager[None]:
        """A context in which the model is the base alone."""

    def effective_weight(self, name: str) -> Tensor:
        """The weight that the model computes with under the base's `name`: base and adapter together."""

    def save(self, folder: Path, base: str) -> None:
        """Write the adapter; `base` is recorded as the base's name."""

    def load(self, folder: Path) -> None:
        """Read what `save` wrote; `EngineError` if it is missing, damaged or of another base."""


class WeightDelta:
    """All weights, or those of the last layers, are trained; a copy of the base's is kept beside them."""

    def __init__(self, model: Llama, num_layers: int | None = None) -> None:
        self.model, self.num_layers = model, num_layers
        first = 0 if num_layers is None else max(0, len(model.model.layers) - num_layers)
        last = ("model.norm.", *(f"model.layers.{layer}." for layer in range(first, len(model.model.layers))))
        for name, p in model.named_parameters():
            p.requires_grad_(num_layers is None or name.startswith(last))
        self.base = {name: _compact(p.detach()) for name, p in self.parameters().items()}

    def parameters(self) -> dict[str, nn.Parameter]:
        """Every weight of the model that is trained."""
        return {name: p for name, p in self.model.named_parameters() if p.requires_grad}

    def disabled(self) -> AbstractContextManager[None]:
        """Exchanges the trained weights for the base's within the context."""
        return _exchanged([(p, self.base[name]) for name, p in self.parameters().items()])

    def effective_weight(self, name: str) -> Tensor:
        """The weight as it is now."""
        return self.model.get_parameter(name).detach()

    def save(self, folder: Path, base: str) -> None:
        """Write bf16(trained - base) for each trained weight, under its name."""
        pairs = ((name, p.detach() - self.base[name]) for name, p in self.parameters().items())
        folder.mkdir(parents=True, exist_ok=True)
        save_file({name: d.to(torch.bfloat16).cpu().contiguous() for name, d in pairs}, folder / WEIGHTS)
        config = {"peft_type": DELTA_TYPE, "base_model_name_or_path": base, "num_layers": self.num_layers}
        (folder / CONFIG).write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")

    @torch.no_grad()
    def load(self, folder: Path) -> None:
        """Set each trained weight to the base's plus the difference in `folder`."""
        differences = read_tensors(folder)
        check_shapes(differences, self.base, folder)
        for name, p in self.parameters().items():
            p.copy_(self.base[name] + differences[name].to(p.device, p.dtype))


def _compact(weight: Tensor) -> Tensor:
    """A copy of an fp32 `weight`, in the 16 bits of its file where those lose nothing."""
    for dtype in (torch.bfloat16, torch.float16):
        if torch.equal((small := weight.to(dtype)).float(), weight):
            return small
    return weight.clone()


@contextmanager
def _exchanged(pairs: Sequence[tuple[nn.Parameter, Tensor]]) -> Iterator[None]:
    """Gives each parameter another value, in its own type, within the context."""
    before = [p.data for p, _ in pairs]
    try:
        for p, value in pairs:
            p.data = value.to(p.dtype)
        yield
    finally:
        for (p, _), value in zip(pairs, before, strict=True):
            p.data = value


class LoraAdapter:
    """LoRA on all linear layers (arXiv 2106.09685), or on those of the last `num_layers` layers, by peft."""

    def __init__(self, model: Llama, rank: int, alpha: float, num_layers: int | None = None) -> None:
        from peft import LoraConfig, inject_adapter_in_model

        self.model, layers = model, len(model.model.layers)
        chosen = None if num_layers is None else list(range(max(0, layers - num_layers), layers))
        self.config = LoraConfig(
            r=rank,
            lora_alpha=alpha,  # type: ignore[arg-type]
            target_modules=TARGET_MODULES,
            layers_to_transform=chosen,
            bias="none",
        )
        for p in model.parameters():
            p.requires_grad_(False)
        inject_adapter_in_model(self.config, model)

    def parameters(self) -> dict[str, nn.Parameter]:
        """The factors A and B of every layer."""
        return {name: p for name, p in self.model.named_parameters() if "lora_" in name}

    def disabled(self) -> AbstractContextManager[None]:
        """Exchanges the factors B for zeros within the context."""
        return _exchanged([(p, torch.zeros_like(p)) for name, p in self.parameters().items() if "lora_B" in name])

    def effective_weight(self, name: str) -> Tensor:
        """W + (alpha / rank) B A if the layer has an adapter, else W."""
        module: Any = self.model.get_submodule(name.removesuffix(".weight"))
        if not hasattr(module, "lora_A"):
            return self.model.get_parameter(name).detach()
        weight: Tensor = module.base_layer.weight.detach()
        change: Tensor = module.get_delta_weight("default").detach()
        return weight + change.to(weight.dtype)

    def save(self, folder: Path, base: str) -> None:
        """Write the files as `PeftModel.save_pretrained` does for a `LlamaForCausalLM`."""
        factors = {name: p.detach().cpu().contiguous() for name, p in self._peft_parameters().items()}
        folder.mkdir(parents=True, exist_ok=True)
        save_file(factors, folder / WEIGHTS, metadata={"format": "pt"})
        self.config.task_type, self.config.inference_mode = "CAUSAL_LM", True
        self.config.base_model_name_or_path = base
        self.config.save_pretrained(str(folder))
        self.config.inference_mode = False

    @torch.no_grad()
    def load(self, folder: Path) -> None:
        """Read the factors in `folder`."""
        stored, parameters = read_tensors(folder), self._peft_parameters()
        check_shapes(stored, parameters, folder)
        for name, p in parameters.items():
            p.copy_(stored[name].to(p.device, p.dtype))

    def _peft_parameters(self) -> dict[str, nn.Parameter]:
        """The factors under the names that PEFT gives them on disk."""
        return {f"base_model.model.{name.replace('.default.', '.')}": p for name, p in self.parameters().items()}
