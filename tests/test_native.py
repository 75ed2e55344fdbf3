"""C files of the package: compiled once, kept in a cache, and missing without harm where no compiler works."""

import ctypes
import platform
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from soundalike import native
from soundalike.engines import fused_library

needs_compiler = pytest.mark.skipif(not native.compiler(), reason="no C compiler")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A C file with one function."""
    file = tmp_path / "six.c"
    file.write_text("int times_six(int number) { return 6 * number; }")
    return file


@needs_compiler
def test_a_file_is_compiled_once_and_kept(uncompiled: Path, source: Path) -> None:
    """Another process finds the library in the cache, and no unfinished file is beside it."""
    library = native.load_library(source)
    assert library and library.times_six(7) == 42
    (cached,) = uncompiled.iterdir()
    written = cached.stat().st_mtime_ns
    native.forget()
    assert native.load_library(source) and cached.stat().st_mtime_ns == written


@needs_compiler
def test_a_library_that_was_cut_short_is_compiled_again(uncompiled: Path, source: Path) -> None:
    """As a file of the cache may be when the power fails."""
    native.load_library(source)
    (cached,) = uncompiled.iterdir()
    cached.unlink()  # the process has the old one open
    cached.write_bytes(b"")
    native.forget()
    library = native.load_library(source)
    assert library and library.times_six(7) == 42 and cached.stat().st_size > 0


@needs_compiler
def test_a_changed_file_is_another_library(uncompiled: Path, source: Path) -> None:
    """It is compiled again, beside the first."""
    native.load_library(source)
    source.write_text("int times_six(int number) { return 6 + number; }")
    native.forget()
    library = native.load_library(source)
    assert library and library.times_six(7) == 13 and len(list(uncompiled.iterdir())) == 2


@needs_compiler
def test_subnormal_numbers_of_the_process_are_kept(uncompiled: Path, source: Path) -> None:
    """Fast arithmetic is the library's alone: loading it does not make the process round subnormal numbers to zero."""
    assert native.load_library(source)
    assert np.float64(5e-324) * 1.0 > 0 and np.float32(1e-45) * np.float32(1.0) > 0


@needs_compiler
def test_a_cache_that_cannot_be_written_is_not_needed(uncompiled: Path, source: Path) -> None:
    """There is a file where the folder should be."""
    uncompiled.parent.parent.mkdir(exist_ok=True)
    uncompiled.parent.write_text("")
    assert native.load_library(source)


@pytest.mark.parametrize("compiler", ["/bin/false", "/nonexistent/cc"])
def test_a_compiler_that_fails_leaves_no_file(
    uncompiled: Path, source: Path, monkeypatch: pytest.MonkeyPatch, compiler: str
) -> None:
    """There is no library then, and none in the cache."""
    monkeypatch.setenv("CC", compiler)
    assert native.load_library(source) is None
    assert not list(uncompiled.glob("*"))


@needs_compiler
def test_types_are_declared_once_for_all_threads(uncompiled: Path, source: Path) -> None:
    """Declaring them again while another thread calls the function would free what that call reads."""
    declared: list[ctypes.CDLL] = []

    def declare(library: ctypes.CDLL) -> None:
        declared.append(library)
        library.times_six.argtypes = (ctypes.c_int,)

    with ThreadPoolExecutor(8) as pool:
        libraries = list(pool.map(lambda _: native.load_library(source, declare), range(64)))
    assert len(declared) == 1 and all(library is declared[0] for library in libraries)


@needs_compiler
@pytest.mark.skipif(platform.machine() not in native.TARGETS, reason="wheels for this processor bring no library")
def test_what_a_wheel_brings_needs_no_compiler(uncompiled: Path, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the libraries beside the source the fastest that fits the processor is loaded, and nothing is compiled."""
    built = native.build_portable(source, source.parent)
    assert [library.name for library in built] == [f"six-{name}.so" for name in native.TARGETS[platform.machine()]]
    monkeypatch.setenv("CC", "/nonexistent/cc")
    monkeypatch.setattr(
        native, "TARGETS", {platform.machine(): {"none": {"no such feature"}, built[-1].stem[4:]: set()}}
    )
    assert native.prebuilt(source) == built[-1]
    library = native.load_library(source)
    assert library and library.times_six(7) == 42 and not uncompiled.exists()


@needs_compiler
def test_a_library_that_does_not_load_is_compiled_here(
    uncompiled: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one that was linked with a newer system library than this machine has."""
    monkeypatch.setattr(native, "TARGETS", {platform.machine(): {"any": set()}})
    source.with_name("six-any.so").write_bytes(b"not a library")
    library = native.load_library(source)
    assert library and library.times_six(7) == 42 and len(list(uncompiled.iterdir())) == 1


@pytest.mark.skipif(not fused_library.available(), reason="no C compiler that has _Float16")
def test_the_types_of_fused_c_stay_the_same_objects() -> None:
    """Every use of the library has the argument types that the first use declared."""
    first = fused_library.library()
    assert first is not None
    types = first.forward.argtypes
    again = fused_library.library()
    assert again is first and again.forward.argtypes is types
