"""What this machine has, and how fast it is. Importing this loads no tensor library."""

import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path


def matmul_rate(size: int = 512, repeats: int = 60) -> float:
    """FLOP/s of numpy on fp32 products of `size` x `size` matrices, as a mean over `repeats`.

    The mean and not the best, because other programs slow down training as much as this measurement.
    """
    import numpy as np

    left, right = np.ones((size, size), np.float32), np.ones((size, size), np.float32)
    _ = left @ right
    started = time.perf_counter()
    for _ in range(repeats):
        _ = left @ right
    return repeats * 2 * size**3 / (time.perf_counter() - started)


def fastest(work: Callable[[], object], repeats: int) -> float:
    """Seconds of the fastest of `repeats` runs: the one that other programs disturbed least."""
    seconds = []
    for _ in range(repeats):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return min(seconds)


def is_local(url: str) -> bool:
    """Whether a server's URL has a loopback address of this machine."""
    from ipaddress import ip_address
    from urllib.parse import urlsplit

    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return False
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def cores() -> int:
    """The number of cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@cache
def description() -> str:
    """Processor, number of cores and GPU, to tell whether a speed was measured on this machine."""
    gpus = gpu()
    return ", ".join([_processor(), f"{cores()} cores", *([gpus[0]] if gpus else [])])


def _processor() -> str:
    """The processor's name where the system says it, else its kind."""
    try:
        cpuinfo = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        cpuinfo = ""
    names = [line.split(":", 1)[1].strip() for line in cpuinfo.splitlines() if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def is_main_process() -> bool:
    """Whether this process is rank 0 of those that a launcher started; see engines/distributed.py."""
    return int(os.environ.get("RANK") or os.environ.get("MLX_RANK") or 0) == 0


def memory() -> int:
    """Bytes of memory that this machine has."""
    import psutil

    return int(psutil.virtual_memory().total)


def free_memory() -> int:
    """Bytes of memory that can be used without swapping."""
    import psutil

    return int(psutil.virtual_memory().available)


def peak_memory() -> int:
    """The most bytes of memory that this process has used so far."""
    if sys.platform == "win32":
        import psutil

        return int(psutil.Process().memory_info().peak_wset)
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024  # Linux counts kibibytes


def native_bf16() -> str | None:
    """The instructions with which this processor multiplies bf16, as Linux names them; None if it has none."""
    try:
        cpuinfo = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    flags = next((line.split(":", 1)[1].split() for line in cpuinfo.splitlines() if line.startswith("flags")), [])
    return next((name for name in ("amx_bf16", "avx512_bf16") if name in flags), None)


def is_apple_silicon() -> bool:
    """Whether MLX can use this machine's GPU."""
    return sys.platform == "darwin" and platform.machine() == "arm64"


@cache
def gpu() -> tuple[str, int] | None:
    """Name and bytes of memory of the first NVIDIA GPU, from the driver's nvidia-smi; None if there is none."""
    command = ["nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader,nounits"]
    try:
        output = subprocess.run(command, capture_output=True, encoding="utf-8", check=True, timeout=10).stdout
        name, _, mebibytes = output.splitlines()[0].rpartition(",")
        return name.strip(), int(mebibytes) << 20
    except (OSError, subprocess.SubprocessError, IndexError, ValueError):
        return None
