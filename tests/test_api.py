"""The public names, and the page that shows them."""

import doctest
import subprocess
import sys
from pathlib import Path

import pytest

import soundalike
from tests.clone.old import extract_old_clone

PAGE = Path(__file__).parents[1] / "docs" / "api.md"


def test_the_page_runs_as_it_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every example, with a clone of an invented person in `me`."""
    extract_old_clone(tmp_path / "me")
    monkeypatch.chdir(tmp_path)
    result = doctest.testfile(str(PAGE), module_relative=False, encoding="utf-8")
    assert result.attempted > 15 and result.failed == 0


def test_public_names_are_there_and_no_others() -> None:
    """`dir` lists them; an unknown one is an `AttributeError`."""
    assert dir(soundalike) == sorted(["Clone", "Sampling", "SoundalikeError", "Voice", "__version__"])
    assert all(getattr(soundalike, name) for name in soundalike.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'voice_of'"):
        soundalike.voice_of  # noqa: B018


def test_a_public_name_is_imported_only_when_it_is_used() -> None:
    """`from soundalike import SoundalikeError` loads neither PyTorch nor polars nor numpy."""
    code = (
        "import sys; from soundalike import SoundalikeError\n"
        "print(sorted({'torch', 'polars', 'numpy'} & {*sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
