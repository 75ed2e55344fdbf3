"""Compiles the package's C files for this processor at first use and keeps the libraries in the user's cache.

`library` returns a loaded library with declared argument types, or None where no compiler works: callers fall back
to numpy or PyTorch.
"""

import ctypes
import hashlib
import os
import platform
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Lock

# Logits may be -inf, so fast arithmetic must not assume that all numbers are finite. GCC then does not define the
# macro by which glibc declares its vector functions, and expf of a row would take five times as long.
FLAGS = ("-O3", "-ffast-math", "-fno-finite-math-only", "-D__FAST_MATH__", "-fPIC", "-std=gnu11")
COMPILE_SECONDS = 120


_loaded: dict[Path, ctypes.CDLL | None] = {}
_lock = Lock()


def load_library(
    source: Path, declare: Callable[[ctypes.CDLL], None] = lambda load_library: None
) -> ctypes.CDLL | None:
    """`source` as a library, compiled and loaded once in a process; None where it cannot be compiled.

    `declare` sets `argtypes` and `restype` of its functions. It runs once, before any caller gets the library: ctypes
    reads `argtypes` during a call without holding a reference, so setting them while another thread calls is a crash.
    """
    with _lock:
        if source not in _loaded:
            _loaded[source] = _load(source)
            if (loaded := _loaded[source]) is not None:
                declare(loaded)
        return _loaded[source]


def forget() -> None:
    """Forget what was loaded, so that the next call looks for a compiler again. For tests."""
    with _lock:
        _loaded.clear()


def _load(source: Path) -> ctypes.CDLL | None:
    command = compiler()
    if not command:
        return None
    key = "\0".join((source.read_text("utf-8"), *command, *FLAGS, _processor())).encode()
    made = _cache_folder() / f"{source.stem}-{hashlib.sha256(key).hexdigest()[:16]}.so"
    if made.exists():
        return ctypes.CDLL(str(made))
    try:
        made.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        place = tempfile.TemporaryDirectory(dir=made.parent)
    except OSError:  # a home that cannot be written: compiled for this process alone
        place = tempfile.TemporaryDirectory()
    with place as folder:
        part = Path(folder) / made.name
        if not _compile(command, source, part):
            return None
        loaded = ctypes.CDLL(str(part))
        if part.parent.parent == made.parent:
            part.replace(made)  # in one move, so that a half-written file is never loaded
        return loaded


def compiler() -> list[str]:
    """The command that compiles C here, `CC` before all; empty where none is found."""
    named = os.environ.get("CC")
    found = next(filter(None, map(shutil.which, ("cc", "gcc", "clang"))), None)
    return shlex.split(named) if named else [found] if found else []


def _compile(command: list[str], source: Path, made: Path) -> bool:
    """Some compilers for ARM know no -march=native, and need none.

    The library is linked by a command of its own: linked with -ffast-math it would, once loaded, make the processor
    take tiny numbers for zero in all of the process.
    """
    part = made.with_suffix(".o")
    link = [*command, "-shared", "-o", str(made), str(part), "-lm"]
    for native in (["-march=native"], []):
        if _runs([*command, *native, *FLAGS, "-c", "-o", str(part), str(source)]):
            return _runs(link)
    return False


def _runs(command: Sequence[str]) -> bool:
    try:
        done = subprocess.run(command, capture_output=True, timeout=COMPILE_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _cache_folder() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "soundalike"


def _processor() -> str:
    """What -march=native depends on: a home that several machines share holds a library for each."""
    facts = Path("/proc/cpuinfo")
    if not facts.exists():
        return f"{platform.machine()} {platform.processor()}"
    return next((line for line in facts.read_text("utf-8").splitlines() if line.startswith(("flags", "Features"))), "")
