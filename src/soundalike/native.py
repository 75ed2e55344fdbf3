"""The package's C files as libraries: those that a wheel brings, else compiled at first use into the user's cache.

A wheel brings a library beside its source for each of TARGETS (`build_portable`, called by hatch_build.py).
`load_library` returns a loaded library with declared argument types, or None if none fits this processor and no
compiler works: callers then use numpy or PyTorch.
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
from contextlib import suppress
from pathlib import Path
from threading import Lock

from soundalike.paths import cache_folder

# Logits may be -inf, so that -ffast-math must not assume finite numbers. Without that assumption GCC does not define
# the macro with which glibc declares its vectorised functions, and expf of a row would take five times as long.
FLAGS = ("-O3", "-ffast-math", "-fno-finite-math-only", "-D__FAST_MATH__", "-fPIC", "-std=gnu11")
COMPILE_SECONDS = 120
_V3 = {"avx2", "bmi1", "bmi2", "f16c", "fma", "movbe"}
_V4 = _V3 | {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}
# By the kind of processor: targets of -march, the fastest first, and what each needs, as /proc/cpuinfo names it.
TARGETS: dict[str, dict[str, set[str]]] = {
    "x86_64": {"cascadelake": _V4 | {"avx512_vnni"}, "x86-64-v4": _V4, "x86-64-v3": _V3},
    "aarch64": {"armv8-a": set()},
    "arm64": {"armv8-a": set()},
}

_loaded: dict[Path, ctypes.CDLL | None] = {}
_lock = Lock()


def load_library(source: Path, declare: Callable[[ctypes.CDLL], None] = lambda library: None) -> ctypes.CDLL | None:
    """`source` as a library, compiled and loaded once per process; None if it cannot be compiled.

    `declare` sets `argtypes` and `restype` of its functions. It runs once, before any caller gets the library: ctypes
    reads `argtypes` during a call without owning a reference, so that setting them while another thread calls is a
    crash.
    """
    with _lock:
        if source not in _loaded:
            _loaded[source] = _load(source)
            if (loaded := _loaded[source]) is not None:
                declare(loaded)
        return _loaded[source]


def forget() -> None:
    """Forget all libraries, so that the next call looks for a compiler again. For tests."""
    with _lock:
        _loaded.clear()


def prebuilt(source: Path) -> Path | None:
    """The fastest library beside `source` that this processor can run; None in a source tree, which has none."""
    libraries = (_portable(source, target, source.parent) for target in targets_here())
    return next((library for library in libraries if library.exists()), None)


def targets_here() -> list[str]:
    """The targets that this processor can run, the fastest first."""
    features = set(_processor().split())
    return [target for target, needed in TARGETS.get(platform.machine(), {}).items() if needed <= features]


def build_portable(source: Path, folder: Path, targets: Sequence[str] | None = None) -> list[Path]:
    """Compile `source` into `folder` for `targets`, by default for every processor of this kind.

    Returns the libraries, without those that no compiler made.
    """
    chosen = TARGETS.get(platform.machine(), {}) if targets is None else targets
    made = {target: _portable(source, target, folder) for target in chosen}
    return [library for target, library in made.items() if _compile(compiler(), source, library, (target,))]


def _portable(source: Path, target: str, folder: Path) -> Path:
    return folder / f"{source.stem}-{target}.so"


def _load(source: Path) -> ctypes.CDLL | None:
    if built := prebuilt(source):
        with suppress(OSError):  # a system library that it was linked with is older here, or missing
            return ctypes.CDLL(str(built))
    return _load_compiled(source)


def _load_compiled(source: Path) -> ctypes.CDLL | None:
    command = compiler()
    if not command:
        return None
    key = "\0".join((source.read_text("utf-8"), *command, *FLAGS, _processor())).encode()
    cached = cache_folder() / f"{source.stem}-{hashlib.sha256(key).hexdigest()[:16]}.so"
    if cached.exists():
        with suppress(OSError):  # it was cut short when the power failed, and is compiled anew
            return ctypes.CDLL(str(cached))
    try:
        cached.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        temporary = tempfile.TemporaryDirectory(dir=cached.parent)
    except OSError:  # the cache cannot be written: compile for this process alone
        temporary = tempfile.TemporaryDirectory()
    with temporary as folder:
        compiled = Path(folder) / cached.name
        if not _compile(command, source, compiled):
            return None
        library = ctypes.CDLL(str(compiled))
        if compiled.parent.parent == cached.parent:
            compiled.replace(cached)  # atomic, so that no process loads half a file
        return library


def compiler() -> list[str]:
    """The command of a C compiler: the environment variable `CC`, else cc, gcc or clang; empty if there is none."""
    if named := os.environ.get("CC"):
        return shlex.split(named)
    found = next(filter(None, map(shutil.which, ("cc", "gcc", "clang"))), None)
    return [found] if found else []


def _compile(command: list[str], source: Path, library: Path, targets: Sequence[str] = ("native", "")) -> bool:
    """Compile and link, and say whether that worked: for the first of `targets` that the compiler knows (empty: its
    own choice), with OpenMP where it has that.

    Linking is a command of its own: a library linked with -ffast-math would, once loaded, make the processor treat tiny
    numbers as zero in the whole process.
    """
    if not command:
        return False
    objects = library.with_suffix(".o")
    link = [*command, "-shared", "-o", str(library), str(objects), "-lm"]
    for openmp in (["-fopenmp"], []):
        for target in targets:
            march = [f"-march={target}"] if target else []
            compiled = _succeeds([*command, *march, *openmp, *FLAGS, "-c", "-o", str(objects), str(source)])
            if compiled and _succeeds([*link, *openmp]):
                return True
    return False


def _succeeds(command: Sequence[str]) -> bool:
    try:
        finished = subprocess.run(command, capture_output=True, timeout=COMPILE_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return finished.returncode == 0


def _processor() -> str:
    """The processor's features, on which -march=native depends: in a home that several machines share, each needs a
    library of its own."""
    cpuinfo = Path("/proc/cpuinfo")
    if not cpuinfo.exists():
        return f"{platform.machine()} {platform.processor()}"
    lines = cpuinfo.read_text("utf-8").splitlines()
    return next((line for line in lines if line.startswith(("flags", "Features"))), "")
