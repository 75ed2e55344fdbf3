"""What this machine can run and what is missing: processor, memory, GPU, disk, backends, and an estimate for each base.

It measures the machine's speed, changes nothing and uses no network.
"""

import platform
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from soundalike import machine
from soundalike.training.estimate import (
    TrainingDevice,
    TrainingEstimate,
    default_base,
    estimate_table,
    estimates,
    training_device,
)
from soundalike.training.numerics import VARIABLE, Numerics, for_small
from soundalike.training.recipe import Training

TOKENS = 3e6  # in about 300,000 messages, a large export


@dataclass(frozen=True, slots=True)
class Backend:
    """A library or program that soundalike can use; `version` is None where it is missing."""

    name: str
    use: str
    version: str | None
    install: str

    def line(self) -> str:
        """A line for the terminal."""
        found = self.version or f"missing; {self.install}"
        return f"  {self.name:<18}{self.use}: {found}"


@dataclass(frozen=True, slots=True)
class MachineReport:
    """The report. Memory and disk are in bytes; `rate` is FLOP/s of large matrix products on `device`."""

    system: str
    python: str
    processor: str
    cores: int
    features: dict[str, bool]
    memory: int
    free_memory: int
    gpu: str | None
    gpu_memory: int | None
    device: str
    rate: float
    numerics: Numerics
    free_disk: int
    backends: list[Backend]
    bases: list[TrainingEstimate]
    default: str

    def lines(self) -> list[str]:
        """The report for the terminal."""
        has = ", ".join(name for name, there in self.features.items() if there) or "none of those that speed it up"
        graphics = f"{self.gpu}, {(self.gpu_memory or 0) / 1e9:.0f} GB" if self.gpu else "none that CUDA can use"
        if self.gpu and self.device != "cuda":
            graphics += ", which this PyTorch cannot use: see below"
        products = "fp32" if self.device == "cpu" else "bf16"
        return [
            f"{self.system}, Python {self.python}",
            f"Processor: {self.processor}, {self.cores} cores, {has}",
            f"Memory: {self.memory / 1e9:.1f} GB, {self.free_memory / 1e9:.1f} GB of it free",
            f"GPU: {graphics}",
            f"Free disk here: {self.free_disk / 1e9:.0f} GB",
            f"Learns on the {_DEVICES[self.device]}, at {self.rate / 1e9:,.0f} GFLOP/s in large products of {products}",
            f"Computes in {self.numerics.compute}. {self.numerics.reason} {VARIABLE}=fp32 or bf16 forces one.",
            "",
            "Backends",
            *(backend.line() for backend in self.backends),
            "",
            f"Bases, with estimates of one pass over {TOKENS / 1e6:g} million tokens, some 300,000 messages",
            *estimate_table(self.bases, self.default),
        ]


_DEVICES = {"cpu": "processor", "cuda": "GPU"}
# distribution, purpose, command that installs it, whether this machine could use it
LIBRARIES: tuple[tuple[str, str, str, Callable[[], bool]], ...] = (
    ("torch", "learning and speaking", "pip install torch", lambda: True),
    ("transformers", "any Hugging Face base", "pip install transformers", lambda: True),
    ("peft", "low-rank adapters", "pip install peft", lambda: True),
    ("bitsandbytes", "large bases in 4 bits", "pip install 'soundalike[4bit]'", lambda: True),
    (
        "flash-attn",
        "faster attention",
        "pip install flash-attn --no-build-isolation",
        lambda: machine.gpu() is not None,
    ),
    ("mlx-lm", "Apple silicon's GPU", "pip install mlx-lm", machine.is_apple_silicon),
    ("openai", "models elsewhere", "pip install 'soundalike[remote]'", lambda: True),
)


def inspect_machine() -> MachineReport:
    """Examine this machine; takes some seconds, because PyTorch is loaded and a few products are timed."""
    from soundalike.engines.hardware import processor

    device, cpu, gpu = training_device(), processor(), machine.gpu()
    rows = estimates(TOKENS, device)
    return MachineReport(
        system=f"{platform.system()} {platform.release()} on {platform.machine()}",
        python=platform.python_version(),
        processor=str(cpu.pop("name")) or platform.processor() or "unnamed",
        cores=machine.cores(),
        features={name: bool(there) for name, there in cpu.items()},
        memory=machine.memory(),
        free_memory=machine.free_memory(),
        gpu=gpu and gpu[0],
        gpu_memory=gpu and gpu[1],
        device=device.device,
        rate=device.rate,
        numerics=for_small(Training(), device),
        free_disk=shutil.disk_usage(Path.cwd()).free,
        backends=backends(device),
        bases=rows,
        default=default_base(rows),
    )


def backends(device: TrainingDevice) -> list[Backend]:
    """Every library that this machine could use, the package's own C library among them."""
    from soundalike.engines import fused_library

    found = [Backend(name, use, _version(name), how) for name, use, how, fits in LIBRARIES if fits()]
    how = f"PyTorch speaks instead, slower; {_COMPILER.get(sys.platform, 'install a C compiler')}"
    found.append(Backend("fused.c", "speaking faster on a processor", fused_library.origin(), how))
    if machine.gpu() and device.device != "cuda":
        how = "pip install --upgrade --force-reinstall torch --index-url https://download.pytorch.org/whl/cu128"
        found.append(Backend("torch with CUDA", "learning on the GPU", None, how))
    return found


_COMPILER = {
    "linux": "for more speed: apt-get install gcc, or your system's own",
    "darwin": "for more speed: xcode-select --install",
    "win32": "there is no library for Windows",
}


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
