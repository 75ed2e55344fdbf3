"""C files of ours: compiled once, kept, and done without where that cannot be."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from soundalike import native

needs_compiler = pytest.mark.skipif(not native.compiler(), reason="no C compiler")


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Nothing loaded yet, and a folder to keep things in that is not there yet."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    native.library.cache_clear()
    yield tmp_path / "cache" / "soundalike"
    native.library.cache_clear()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A C file with one function."""
    file = tmp_path / "six.c"
    file.write_text("int times_six(int number) { return 6 * number; }")
    return file


@needs_compiler
def test_it_is_compiled_once_and_kept(kept: Path, source: Path) -> None:
    """The second process finds the file, and nothing half-made lies beside it."""
    compiled = native.library(source)
    assert compiled and compiled.times_six(7) == 42
    (made,) = kept.iterdir()
    when = made.stat().st_mtime_ns
    native.library.cache_clear()
    assert native.library(source) and made.stat().st_mtime_ns == when


@needs_compiler
def test_another_text_is_another_library(kept: Path, source: Path) -> None:
    """A changed file is compiled anew."""
    native.library(source)
    source.write_text("int times_six(int number) { return 6 + number; }")
    native.library.cache_clear()
    compiled = native.library(source)
    assert compiled and compiled.times_six(7) == 13 and len(list(kept.iterdir())) == 2


@needs_compiler
def test_tiny_numbers_stay_what_they_are(kept: Path, source: Path) -> None:
    """Fast arithmetic is the library's alone: loading it does not turn the process's subnormal numbers into zero."""
    assert native.library(source)
    assert np.float64(5e-324) * 1.0 > 0 and np.float32(1e-45) * np.float32(1.0) > 0


@needs_compiler
def test_a_cache_that_cannot_be_written_is_done_without(kept: Path, source: Path) -> None:
    """A file stands where the folder should be."""
    kept.parent.parent.mkdir(exist_ok=True)
    kept.parent.write_text("")
    assert native.library(source)


@pytest.mark.parametrize("compiler", ["/bin/false", "/nonexistent/cc"])
def test_a_compiler_that_fails_leaves_nothing(
    kept: Path, source: Path, monkeypatch: pytest.MonkeyPatch, compiler: str
) -> None:
    """There is no library then, and no half of one."""
    monkeypatch.setenv("CC", compiler)
    assert native.library(source) is None
    assert not list(kept.glob("*"))
