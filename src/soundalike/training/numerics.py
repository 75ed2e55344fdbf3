"""In which number types an engine holds weights and multiplies: chosen once, from what the machine is, never timed.

The recipe comes first, then the environment variable SOUNDALIKE_DTYPE (fp32, bf16 or auto), then the instructions that
the processor or GPU has. What was chosen goes into clone.toml and the checkpoint: a resumed run computes as it began.
Light: torch is imported only by what needs a device.
"""

import os
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, cast, get_args

from soundalike import machine
from soundalike.errors import RecipeError
from soundalike.training.base_models import Compute, Precision, finest
from soundalike.training.recipe import Training

VARIABLE = "SOUNDALIKE_DTYPE"
SETTINGS = ("precision", "compute_dtype")  # of `Training`: the types of weights and of products
AMPERE = (8, 0)  # the first compute capability with bf16 products


@dataclass(frozen=True, slots=True)
class Numerics:
    """`weights`: the type that holds the base's weights; `compute`: that of products; `reason`: why, in a sentence."""

    weights: Precision
    compute: Compute
    reason: str

    @property
    def settings(self) -> dict[str, str]:
        """As the settings of `Training` that ask for exactly this."""
        return dict(zip(SETTINGS, (self.weights, self.compute), strict=True))

    def autocast(self, device: str) -> AbstractContextManager[Any]:
        """A context for forward passes on a torch device, for one thread; where fp32 is computed nothing is cast."""
        import torch

        return torch.autocast(device, dtype=torch.bfloat16, enabled=self.compute == "bf16")


@dataclass(frozen=True, slots=True)
class Hardware:
    """A device ("cpu" or "cuda"), its memory in bytes, and what on it multiplies bf16 natively, None for nothing."""

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
    """For a base small enough that its weights are always held in fp32."""
    compute, reason = _wanted(training, hardware)
    return Numerics("fp32", compute or "fp32", reason)


def for_large(training: Training, weights: float, hardware: Hardware) -> Numerics:
    """For a base of so many weights: the finest types that leave room to learn, unless `training` asks for others.

    `RecipeError` where it asks for bf16 weights and fp32 products.
    """
    compute, reason = _wanted(training, hardware)
    held = finest(weights, hardware.memory, compute) if training.precision == "auto" else training.precision
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
    """What is asked for; None: as the base is stored, or in 4 bits where memory is short. MLX has no other products."""
    if training.precision != "auto":
        products: Compute = "fp32" if training.precision == "fp32" else "bf16"
        return Numerics(training.precision, products, f"{training.precision} weights are asked for.")
    compute, reason = _wanted(training, Hardware("mlx", 0.0, None))
    return Numerics(compute, compute, reason) if compute else None


def recorded(training: Training, held: Mapping[str, str]) -> Training:
    """`training` with the weights' type that an adapter's record of them, as `Numerics.weights` was written, says."""
    return training.model_copy(update={"precision": held["precision"]}) if "precision" in held else training


def settled(training: Training, numerics: Numerics | None) -> Training:
    """`training` with the types that an engine computes with in place of `auto`; as it is where there are none."""
    return training if numerics is None else training.model_copy(update=numerics.settings)


def unnamed(told: Mapping[str, Any]) -> set[str]:
    """Which of the settings of number types a run's record of its `Training` does not say, as in older versions."""
    return {name for name in SETTINGS if told.get(name, "auto") == "auto"}


def environment() -> Compute | None:
    """What SOUNDALIKE_DTYPE asks for; None where it is unset, empty or `auto`. `RecipeError` for another value."""
    asked = os.environ.get(VARIABLE, "").lower()
    if asked in ("", "auto"):
        return None
    if asked in get_args(Compute):
        return cast(Compute, asked)
    raise RecipeError(f"{VARIABLE} is {asked!r}, which is no number type.", f"Set {VARIABLE} to fp32, bf16 or auto.")


def _wanted(training: Training, hardware: Hardware) -> tuple[Compute | None, str]:
    """The type of products, None where nothing speaks for either, and why."""
    if training.compute_dtype != "auto":
        return training.compute_dtype, f"compute_dtype is set to {training.compute_dtype}."
    if training.precision == "fp32":
        return "fp32", "fp32 weights are asked for."
    if asked := environment():
        return asked, f"{VARIABLE} is set to {asked}."
    if hardware.bf16:
        return "bf16", f"This machine multiplies bf16 natively ({hardware.bf16})."
    return None, "This machine has no instructions that multiply bf16."
