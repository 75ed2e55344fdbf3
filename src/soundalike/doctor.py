"""What this machine can run, and what is missing: processor, memory, GPU, disk, backends, and bases with their times.

Looks and times, changes nothing and asks nobody outside the machine.
"""

import platform
import shutil
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from soundalike import machine
from soundalike.training.estimate import Machine, TrainingEstimate, default_base, estimates, lines, this_machine
from soundalike.training.numerics import VARIABLE, Numerics, for_small
from soundalike.training.recipe import Training

TOKENS = 3e6  # of some 300,000 messages: what the largest exports hold


@dataclass(frozen=True, slots=True)
class Backend:
    """A library or program that soundalike can use: what for, its version or None, and the command that installs it."""

    name: str
    use: str
    version: str | None
    install: str

    def line(self) -> str:
        """As a person reads it."""
        found = self.version or f"missing; {self.install}"
        return f"  {self.name:<18}{self.use}: {found}"


@dataclass(frozen=True, slots=True)
class Checkup:
    """All of it. Memory and disk in bytes, `rate` in FLOP/s of large products on `device`."""

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

    def as_dict(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        return asdict(self)

    def lines(self) -> list[str]:
        """As a person reads it."""
        has = ", ".join(name for name, there in self.features.items() if there) or "none of those that speed it up"
        graphics = f"{self.gpu}, {(self.gpu_memory or 0) / 1e9:.0f} GB" if self.gpu else "none that CUDA can use"
        if self.gpu and self.device != "cuda":
            graphics += ", which this PyTorch cannot use: see below"
        return [
            f"{self.system}, Python {self.python}",
            f"Processor: {self.processor}, {self.cores} cores, {has}",
            f"Memory: {self.memory / 1e9:.1f} GB, {self.free_memory / 1e9:.1f} GB of it free",
            f"GPU: {graphics}",
            f"Free disk here: {self.free_disk / 1e9:.0f} GB",
            f"Learns on the {_DEVICES[self.device]}, at {self.rate / 1e9:,.0f} GFLOP/s in large products",
            f"Computes in {self.numerics.compute}. {self.numerics.reason} {VARIABLE}=fp32 or bf16 forces one.",
            "",
            "Backends",
            *(backend.line() for backend in self.backends),
            "",
            f"Bases, with estimates of one pass over {TOKENS / 1e6:g} million tokens, some 300,000 messages",
            *lines(self.bases, self.default),
        ]


_DEVICES = {"cpu": "processor", "cuda": "GPU"}
# name of the distribution, what it is for, the command that installs it, whether this machine could use it
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


def checkup() -> Checkup:
    """Look at this machine; takes some seconds, in which PyTorch is loaded and a few products are timed."""
    from soundalike.engines.hardware import processor

    on, told, gpu = this_machine(), processor(), machine.gpu()
    rows = estimates(TOKENS, on)
    return Checkup(
        system=f"{platform.system()} {platform.release()} on {platform.machine()}",
        python=platform.python_version(),
        processor=str(told.pop("name")) or platform.processor() or "unnamed",
        cores=machine.cores(),
        features={name: bool(there) for name, there in told.items()},
        memory=machine.memory(),
        free_memory=machine.free_memory(),
        gpu=gpu and gpu[0],
        gpu_memory=gpu and gpu[1],
        device=on.device,
        rate=on.rate,
        numerics=for_small(Training(), on.hardware),
        free_disk=shutil.disk_usage(Path.cwd()).free,
        backends=backends(on),
        bases=rows,
        default=default_base(rows),
    )


def backends(on: Machine) -> list[Backend]:
    """Every library that could serve here, and the compiler."""
    found = [Backend(name, use, _version(name), how) for name, use, how, fits in LIBRARIES if fits()]
    compiler = next((name for name in ("gcc", "cc", "clang") if shutil.which(name)), None)
    found.append(Backend("C compiler", "speaking faster on a processor", compiler, _COMPILER.get(sys.platform, "")))
    if machine.gpu() and on.device != "cuda":
        how = "pip install --upgrade --force-reinstall torch --index-url https://download.pytorch.org/whl/cu128"
        found.append(Backend("torch with CUDA", "learning on the GPU", None, how))
    return found


_COMPILER = {
    "linux": "apt-get install gcc, or your system's own",
    "darwin": "xcode-select --install",
    "win32": "not needed: PyTorch's own loop is used",
}


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
