"""What is learned on top of a base: a low-rank adapter, or a delta of all weights.

Both are kept in a folder with `adapter_config.json` and `adapter_model.safetensors`. A low-rank adapter is
PEFT's own layout and loads in plain `peft`. A delta holds, under the base's names, bf16(new - base): for a
base of a few million parameters it costs less time to learn than it saves, and stays small on disk.
"""

import json
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from soundalike.engines.llama_model import Llama
from soundalike.errors import EngineError

if TYPE_CHECKING:
    from peft.tuners.lora import LoraLayer

CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
PRECISION_FILE = "weights.json"  # beside an adapter: the precision of the weights that it was learned over
DELTA_TYPE = "SOUNDALIKE_DELTA"
MAX_RANK = 1 << 14
OTHER_BASE_ADVICE = "Train again, or name the base that it was trained on."
TARGET_MODULES = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


class Adapter(Protocol):
    """A way to change a base that can be switched off, saved and loaded."""

    model: Llama

    def parameters(self) -> dict[str, nn.Parameter]:
        """What training moves, by name."""

    def off(self) -> Iterator[None]:
        """Generator for a context in which the base speaks alone."""

    def effective_weight(self, name: str) -> Tensor:
        """The weight that the model uses under the base's `name`, adapter included."""

    def save(self, folder: Path, base: str) -> None:
        """Write the adapter for `base`."""

    def load(self, folder: Path) -> None:
        """Read it back."""


class WeightDelta:
    """All weights move; the base's own are kept aside."""

    def __init__(self, model: Llama) -> None:
        self.model = model
        self.base = {name: p.detach().clone() for name, p in model.named_parameters()}

    def parameters(self) -> dict[str, nn.Parameter]:
        """Every weight of the model."""
        return dict(self.model.named_parameters())

    def off(self) -> Iterator[None]:
        """Put the base's weights in place, and the learned ones back after."""
        learned = {name: p.data for name, p in self.model.named_parameters()}
        try:
            self._place(self.base)
            yield
        finally:
            self._place(learned)

    def _place(self, values: dict[str, Tensor]) -> None:
        for name, p in self.model.named_parameters():
            p.data = values[name]

    def effective_weight(self, name: str) -> Tensor:
        """The weight itself."""
        return self.model.get_parameter(name).detach()

    def save(self, folder: Path, base: str) -> None:
        """bf16 differences, under the base's names."""
        pairs = ((name, p.detach() - self.base[name]) for name, p in self.model.named_parameters())
        folder.mkdir(parents=True, exist_ok=True)
        save_file({name: d.to(torch.bfloat16).cpu().contiguous() for name, d in pairs}, folder / WEIGHTS)
        described = {"peft_type": DELTA_TYPE, "base_model_name_or_path": base}
        (folder / CONFIG).write_text(json.dumps(described, indent=2) + "\n", encoding="utf-8")

    @torch.no_grad()
    def load(self, folder: Path) -> None:
        """Base plus the differences in `folder`."""
        differences = read_tensors(folder)
        check_shapes(differences, self.base, folder)
        for name, p in self.model.named_parameters():
            p.copy_(self.base[name] + differences[name].to(p.device, p.dtype))


class LoraAdapter:
    """LoRA on all linear layers, by peft (arXiv 2106.09685)."""

    def __init__(self, model: Llama, rank: int, alpha: float) -> None:
        from peft import LoraConfig, inject_adapter_in_model

        self.model = model
        self.config = LoraConfig(r=rank, lora_alpha=alpha, target_modules=TARGET_MODULES, lora_dropout=0.0, bias="none")  # type: ignore[arg-type]
        for p in model.parameters():
            p.requires_grad_(False)
        inject_adapter_in_model(self.config, model)

    def parameters(self) -> dict[str, nn.Parameter]:
        """The factors."""
        return {name: p for name, p in self.model.named_parameters() if "lora_" in name}

    def _layers(self) -> "list[LoraLayer]":
        from peft.tuners.lora import LoraLayer

        return [module for module in self.model.modules() if isinstance(module, LoraLayer)]

    def off(self) -> Iterator[None]:
        """Skip the factors."""
        for layer in self._layers():
            layer.enable_adapters(False)
        try:
            yield
        finally:
            for layer in self._layers():
                layer.enable_adapters(True)

    def effective_weight(self, name: str) -> Tensor:
        """W + alpha / r x B A, where the layer is adapted and the adapter on."""
        module: Any = self.model.get_submodule(name.removesuffix(".weight"))
        if not hasattr(module, "lora_A"):
            return self.model.get_parameter(name).detach()
        weight: Tensor = module.base_layer.weight.detach()
        if not module.disable_adapters:
            weight = weight + module.get_delta_weight("default").detach().to(weight.dtype)
        return weight

    def save(self, folder: Path, base: str) -> None:
        """PEFT's layout, as `PeftModel.save_pretrained` writes it for a `LlamaForCausalLM`."""
        factors = {
            f"base_model.model.{name.replace('.default.', '.')}": p.detach().cpu().contiguous()
            for name, p in self.parameters().items()
        }
        folder.mkdir(parents=True, exist_ok=True)
        save_file(factors, folder / WEIGHTS, metadata={"format": "pt"})
        self.config.task_type, self.config.inference_mode = "CAUSAL_LM", True
        self.config.base_model_name_or_path = base
        self.config.save_pretrained(str(folder))
        self.config.inference_mode = False

    @torch.no_grad()
    def load(self, folder: Path) -> None:
        """The factors in `folder`."""
        factors = read_tensors(folder)
        wanted = {f"base_model.model.{name.replace('.default.', '.')}": p for name, p in self.parameters().items()}
        check_shapes(factors, wanted, folder)
        for name, p in wanted.items():
            p.copy_(factors[name].to(p.device, p.dtype))


def read_tensors(folder: Path) -> dict[str, Tensor]:
    """The adapter's tensors; `EngineError` where there are none, or the file is damaged."""
    require_file(folder, WEIGHTS)
    try:
        return load_file(folder / WEIGHTS)
    except (SafetensorError, OSError, ValueError) as error:
        raise damaged_adapter(folder / WEIGHTS, error) from error


def check_shapes(stored: Mapping[str, Any], wanted: Mapping[str, Any], folder: Path) -> None:
    """`EngineError` where an adapter's tensors are not those of this base, each in its own shape.

    Nothing is broadcast: a difference of one row would otherwise be added to all of them.
    """
    if {name: tuple(t.shape) for name, t in stored.items()} != {name: tuple(t.shape) for name, t in wanted.items()}:
        raise EngineError(f"The adapter in {folder} belongs to another base.", OTHER_BASE_ADVICE)


def read_config(folder: Path) -> dict[str, Any]:
    """adapter_config.json; `EngineError` where there is none, or it describes no adapter that is known here."""
    require_file(folder, CONFIG)
    try:
        config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        if config["peft_type"] not in ("LORA", DELTA_TYPE):
            raise ValueError(f"peft_type is {config['peft_type']!r}")
        if config["peft_type"] == "LORA":
            _check_factors(config)
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise damaged_adapter(folder / CONFIG, error) from error
    return dict(config)


def _check_factors(config: dict[str, Any]) -> None:
    """`ValueError` for a rank or a scale that no training gives, and for code that peft would import."""
    rank, alpha = config["r"], config["lora_alpha"]
    if isinstance(rank, bool) or not isinstance(rank, int) or not 0 < rank <= MAX_RANK:
        raise ValueError(f"r is {rank!r}")
    if isinstance(alpha, bool) or not isinstance(alpha, int | float) or not 0 < alpha < math.inf:
        raise ValueError(f"lora_alpha is {alpha!r}")
    if config.get("megatron_config") is not None:
        raise ValueError("it asks for megatron")


def read_precision(folder: Path) -> dict[str, str]:
    """`precision` of the base's weights that the adapter was learned over; nothing where it was not written."""
    if not (folder / PRECISION_FILE).is_file():
        return {}
    try:
        held = json.loads((folder / PRECISION_FILE).read_text(encoding="utf-8"))["precision"]
        if held not in ("fp32", "bf16", "4-bit"):
            raise ValueError(f"precision is {held!r}")
    except (OSError, ValueError, LookupError, TypeError, RecursionError) as error:
        raise damaged_adapter(folder / PRECISION_FILE, error) from error
    return {"precision": held}


def require_file(folder: Path, name: str) -> None:
    """`EngineError` where the folder does not hold this regular file of an adapter."""
    if not (folder / name).is_file():
        raise EngineError(f"There is no adapter in {folder}.", "Train one with `soundalike train`.")


def damaged_adapter(path: Path, error: Exception) -> EngineError:
    """What is said of an adapter's file that cannot be read."""
    said = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
    return EngineError(f"{path} is damaged: {said}.", "Train again with --fresh, or put back what was there.")


def adapter_method(folder: Path) -> tuple[str, int, float]:
    """How the adapter in `folder` was made: (`full` or `lora`, rank, alpha)."""
    config = read_config(folder)
    if config["peft_type"] == "LORA":
        return "lora", int(config["r"]), float(config["lora_alpha"])
    return "full", 0, 0.0


@contextmanager
def switched_off(adapter: Adapter) -> Iterator[None]:
    """Within it the base speaks alone."""
    yield from adapter.off()
