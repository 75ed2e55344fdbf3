"""The number types of weights and of matrix products: chosen once for an engine, from the hardware, never by a timing.

The recipe decides first, then the environment variable SOUNDALIKE_DTYPE (fp32, bf16 or auto), then the instructions of
the processor or GPU. The choice is written to clone.toml and to the checkpoint, so a resumed run computes as before.
torch is imported only where a device is asked.
"""

import os
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, cast, get_args

from soundalike import machine
from soundalike.errors import RecipeError
from soundalike.training.base_models import Compute, Precision, finest_precision
from soundalike.training.recipe import Training

VARIABLE = "SOUNDALIKE_DTYPE"
SETTINGS = ("precision", "compute_dtype")  # of `Training`: the types of weights and of products
AMPERE = (8, 0)  # the first compute capability with bf16 products


@dataclass(frozen=True, slots=True)
class Numerics:
    """`weights`: the type that holds the base's weights; `compute`: the type of products; `reason`: a sentence."""

    weights: Precision
    compute: Compute
    reason: str

    @property
    def settings(self) -> dict[str, str]:
        """The settings of `Training` that ask for exactly these types."""
        return dict(zip(SETTINGS, (self.weights, self.compute), strict=True))

    def autocast(self, device: str) -> AbstractContextManager[Any]:
        """A context for forward passes on the torch device `device`; it holds for the current thread only."""
        import torch

        return torch.autocast(device, dtype=torch.bfloat16, enabled=self.compute == "bf16")


@dataclass(frozen=True, slots=True)
class Hardware:
    """A device ("cpu" or "cuda"), its memory in bytes, and what multiplies bf16 natively on it, None for nothing."""

    device: str
    memory: float
    bf16: str | None

    @classmethod
    def here(cls) -> "Hardware":
        """The GPU where torch finds one, else the processor."""
        import torch

        if not torch.cuda.is_available():
            return cls("cpu", machine.memory(), machine.native_bf16())
        capability = torch.cuda.get_device_capability()
        bf16 = f"compute capability {capability[0]}.{capability[1]}" if capability >= AMPERE else None
        return cls("cuda", torch.cuda.mem_get_info()[1], bf16)


def for_small(training: Training, hardware: Hardware) -> Numerics:
    """The types for a small base, whose weights are always held in fp32."""
    compute, reason = _choose_compute(training, hardware)
    return Numerics("fp32", compute or "fp32", reason)


def for_large(training: Training, weights: float, hardware: Hardware) -> Numerics:
    """The types for a base of `weights` weights: the finest that leave room to train, unless `training` sets others.

    `RecipeError` where it sets bf16 weights and fp32 products.
    """
    compute, reason = _choose_compute(training, hardware)
    held = finest_precision(weights, hardware.memory, compute) if training.precision == "auto" else training.precision
    if training.precision == held == "bf16":
        reason = "bf16 weights are asked for."
    elif held == "bf16" and compute is None:
        reason = "fp32 weights would leave too little memory to learn in."
    elif training.precision == "auto" and held == "4-bit":
        reason = f"{reason[:-1]}; larger weights than 4-bit ones would leave too little memory to learn in."
    if held == "bf16" and training.compute_dtype == "fp32":
        raise RecipeError(
            "The recipe asks for bf16 weights and fp32 products.",
            "Set precision to fp32 or 4-bit, or compute_dtype to bf16.",
        )
    return Numerics(held, "bf16" if held == "bf16" else compute or "fp32", reason)


def for_mlx(training: Training) -> Numerics | None:
    """The types that `training` sets; None for the type in which the base is stored, or 4 bits where memory is short.

    MLX multiplies in the type of the weights.
    """
    if training.precision != "auto":
        products: Compute = "fp32" if training.precision == "fp32" else "bf16"
        return Numerics(training.precision, products, f"{training.precision} weights are asked for.")
    compute, reason = _choose_compute(training, Hardware("mlx", 0.0, None))
    return Numerics(compute, compute, reason) if compute else None


def with_recorded_precision(training: Training, record: Mapping[str, str]) -> Training:
    """`training` with the type of weights that was recorded beside an adapter, where one was."""
    return training.model_copy(update={"precision": record["precision"]}) if "precision" in record else training


def with_numerics(training: Training, numerics: Numerics | None) -> Training:
    """`training` with the types of an engine in place of `auto`; unchanged for an engine without number types."""
    return training if numerics is None else training.model_copy(update=numerics.settings)


def missing_types(training: Mapping[str, Any]) -> set[str]:
    """The settings of number types that the table of a `Training` lacks; older versions did not write them."""
    return {name for name in SETTINGS if training.get(name, "auto") == "auto"}


def compute_from_environment() -> Compute | None:
    """The value of SOUNDALIKE_DTYPE; None where it is unset, empty or `auto`. `RecipeError` for an unknown one."""
    value = os.environ.get(VARIABLE, "").lower()
    if value in ("", "auto"):
        return None
    if value in get_args(Compute):
        return cast(Compute, value)
    raise RecipeError(f"{VARIABLE} is {value!r}, which is not a number type.", f"Set {VARIABLE} to fp32, bf16 or auto.")


def _choose_compute(training: Training, hardware: Hardware) -> tuple[Compute | None, str]:
    """The type of products and the reason; None where neither a setting nor the hardware decides."""
    if training.compute_dtype != "auto":
        return training.compute_dtype, f"compute_dtype is set to {training.compute_dtype}."
    if training.precision == "fp32":
        return "fp32", "fp32 weights are asked for."
    if compute := compute_from_environment():
        return compute, f"{VARIABLE} is set to {compute}."
    if hardware.bf16:
        return "bf16", f"This machine multiplies bf16 natively ({hardware.bf16})."
    return None, "This machine has no instructions that multiply bf16."
