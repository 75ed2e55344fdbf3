"""C files of ours: compiled once, kept, and done without where that cannot be."""

import ctypes
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from soundalike import native
from soundalike.generation.sampling import inverse

needs_compiler = pytest.mark.skipif(not native.compiler(), reason="no C compiler")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A C file with one function."""
    file = tmp_path / "six.c"
    file.write_text("int times_six(int number) { return 6 * number; }")
    return file


@needs_compiler
def test_it_is_compiled_once_and_kept(uncompiled: Path, source: Path) -> None:
    """The second process finds the file, and nothing half-made lies beside it."""
    compiled = native.load_library(source)
    assert compiled and compiled.times_six(7) == 42
    (made,) = uncompiled.iterdir()
    when = made.stat().st_mtime_ns
    native.forget()
    assert native.load_library(source) and made.stat().st_mtime_ns == when


@needs_compiler
def test_another_text_is_another_library(uncompiled: Path, source: Path) -> None:
    """A changed file is compiled anew."""
    native.load_library(source)
    source.write_text("int times_six(int number) { return 6 + number; }")
    native.forget()
    compiled = native.load_library(source)
    assert compiled and compiled.times_six(7) == 13 and len(list(uncompiled.iterdir())) == 2


@needs_compiler
def test_tiny_numbers_stay_what_they_are(uncompiled: Path, source: Path) -> None:
    """Fast arithmetic is the library's alone: loading it does not turn the process's subnormal numbers into zero."""
    assert native.load_library(source)
    assert np.float64(5e-324) * 1.0 > 0 and np.float32(1e-45) * np.float32(1.0) > 0


@needs_compiler
def test_a_cache_that_cannot_be_written_is_done_without(uncompiled: Path, source: Path) -> None:
    """A file stands where the folder should be."""
    uncompiled.parent.parent.mkdir(exist_ok=True)
    uncompiled.parent.write_text("")
    assert native.load_library(source)


@pytest.mark.parametrize("compiler", ["/bin/false", "/nonexistent/cc"])
def test_a_compiler_that_fails_leaves_nothing(
    uncompiled: Path, source: Path, monkeypatch: pytest.MonkeyPatch, compiler: str
) -> None:
    """There is no library then, and no half of one."""
    monkeypatch.setenv("CC", compiler)
    assert native.load_library(source) is None
    assert not list(uncompiled.glob("*"))


@needs_compiler
def test_the_types_are_declared_once_however_many_threads_ask(uncompiled: Path, source: Path) -> None:
    """Declaring them again while another thread calls the function would free what that call reads."""
    declared: list[ctypes.CDLL] = []

    def declare(library: ctypes.CDLL) -> None:
        declared.append(library)
        library.times_six.argtypes = (ctypes.c_int,)

    with ThreadPoolExecutor(8) as pool:
        libraries = list(pool.map(lambda _: native.load_library(source, declare), range(64)))
    assert len(declared) == 1 and all(each is declared[0] for each in libraries)


@needs_compiler
def test_the_samplers_types_stay_the_same_objects() -> None:
    """Every use of the sampler finds the types that the first one declared."""
    first = inverse._compiled()
    assert first is not None
    types = first.sample_rows.argtypes
    again = inverse._compiled()
    assert again is first and again.sample_rows.argtypes is types
