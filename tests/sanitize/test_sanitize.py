"""The C file compiled with warnings, and run under sanitizers in several shapes and instruction sets."""

import platform
import subprocess
from pathlib import Path

import pytest

from soundalike import native
from soundalike.engines.fused_library import SOURCE as FUSED

HERE = Path(__file__).parent
SANITIZERS = ("-g", "-O1", "-fopenmp", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
FLAGS = [flag for flag in native.FLAGS if not flag.startswith("-O")]
# Vectors that are wider than the target's concern no interface.
WARNINGS = ("-fopenmp", "-Wall", "-Wextra", "-Wconversion", "-Wno-psabi")
# Heads, key-value heads, hidden size (panels), intermediate size (half panels), vocabulary, positions (panels), threads
SHAPES = ["2 1 1 2 258 2 1", "3 1 2 6 100 1 1", "4 4 3 4 33 3 2", "6 2 1 3 1000 2 3"]

# The instruction sets for which the file has code of its own: those of the wheels that this processor has, and none.
X86 = platform.machine() in ("x86_64", "AMD64")
TARGETS = ["native", *native.targets_here(), "x86-64"] if X86 else [""]


needs_compiler = pytest.mark.skipif(not native.compiler(), reason="no C compiler")


def compiled(folder: Path, driver: str, source: Path, target: str) -> Path:
    """The driver, which includes the C file; skips the test if this compiler has no sanitizers."""
    program = folder / f"{driver}-{target}"
    march = [f"-march={target}"] if target else []
    command = [*native.compiler(), *SANITIZERS, *FLAGS, *march, f"-I{source.parent}", "-o", str(program)]
    done = subprocess.run([*command, str(HERE / f"{driver}.c"), "-lm"], capture_output=True, text=True, check=False)
    if done.returncode:
        why = done.stderr.strip().splitlines()[-1:] or ["no compiler"]
        assert "sanitize" in done.stderr or "asan" in done.stderr, done.stderr
        pytest.skip(f"this compiler has no sanitizers: {why[0]}")
    return program


def runs(program: Path, *words: str) -> None:
    done = subprocess.run([str(program), *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and done.stdout == "no fault\n", done.stderr


@needs_compiler
@pytest.mark.parametrize("target", TARGETS)
def test_no_read_or_write_is_out_of_bounds(tmp_path: Path, target: str) -> None:
    """One pass with prompts up to the last position of the cache."""
    fused = compiled(tmp_path, "drive_fused", FUSED, target)
    for shape in SHAPES:
        runs(fused, *shape.split())


@needs_compiler
@pytest.mark.parametrize("target", TARGETS)
def test_a_compiler_has_nothing_to_warn_of(target: str) -> None:
    """Conversions of numbers are written out."""
    march = [f"-march={target}"] if target else []
    command = [*native.compiler(), *native.FLAGS, *WARNINGS, *march, "-fsyntax-only", str(FUSED)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and not done.stderr
