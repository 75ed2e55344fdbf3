"""A disk that is full, or will be: one sentence with how much is needed, nothing half written, and a way to go on."""

import re
import shutil
import subprocess
import sys
from collections import namedtuple
from collections.abc import Callable
from errno import EACCES
from pathlib import Path

import pytest

from soundalike.clone import Clone, folder
from soundalike.clone.clone import MANIFEST
from soundalike.clone.folder import Folder, disk_errors, require_free_space
from soundalike.demo import EXPORT
from soundalike.engines import llama
from soundalike.errors import CloneError, DiskFull
from soundalike.frontends.discord.settings import NAME, SettingsFile
from soundalike.frontends.discord.state import STATE_FILE, StateFile
from soundalike.training.estimate import disk_of
from soundalike.training.loop import train
from soundalike.training.plan import check_options, plan_training
from soundalike.training.recipe import Training
from soundalike.training.train_clone import train_clone
from tests.training.test_loop import SHORT, clone_of

Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def small_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk with 20 MB free."""
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(20_000_000, 0, 20_000_000))


def test_room_is_asked_for_on_the_disk_where_the_folder_will_lie(tmp_path: Path, small_disk: None) -> None:
    """The folder need not be there yet; the sentence says how much is needed and how much there is."""
    require_free_space(tmp_path / "not" / "yet", 19e6, "training")
    with pytest.raises(DiskFull, match=r"at .*yet: training needs about 90 MB, and 20 MB are free"):
        require_free_space(tmp_path / "not" / "yet", 90e6, "training")


def test_what_needs_little_needs_a_megabyte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Never "about 0 MB", which would say that there is room."""
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(20_000_000, 20_000_000, 0))
    with pytest.raises(DiskFull, match="needs about 1 MB, and 0 MB are free"):
        require_free_space(tmp_path, 3e5, "the import")


def test_training_asks_for_room_before_it_begins(base: str, tmp_path: Path, small_disk: None) -> None:
    """`clone` before it reads an export, `train` before it loads a base; what needs little goes through."""
    assert 150e6 < disk_of("pocket", Training()) < 250e6 and disk_of("markov", Training()) == 0
    with pytest.raises(DiskFull, match="training needs about 202 MB"):
        check_options(tmp_path / "me", None, {})
    clone = clone_of(tmp_path / "me")
    with pytest.raises(DiskFull, match="training needs about 202 MB"):
        train_clone(clone, plan_training(clone, "pocket", {"iters": 2}).recipe)
    assert not clone.has_voice and not clone.run_path.exists()
    check_options(tmp_path / "me", base, {"iters": 2})


@pytest.mark.parametrize(
    "error",
    [OSError(28, "No space left on device"), RuntimeError("I/O error: No space left on device (os error 28)")],
)
def test_a_full_disk_is_told_whoever_meets_it(tmp_path: Path, error: Exception) -> None:
    """Python's own error, and that of a library in Rust, which is no OSError."""
    with pytest.raises(DiskFull, match=f"The disk is full: {tmp_path} could not be written"), disk_errors(tmp_path):
        raise error
    with pytest.raises(ZeroDivisionError), disk_errors(tmp_path):
        raise ZeroDivisionError


def test_a_disk_that_fills_up_while_training_costs_nothing(
    base: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The checkpoint before stays, the sentence says what is needed and how to go on, and going on has the same end."""
    few = SHORT.model_copy(update={"iters": 6})
    whole = train(llama.load(base, None, few), clone_of(tmp_path / "whole"), few, base=base).progress.losses
    clone = clone_of(tmp_path / "me")
    monkeypatch.setattr("soundalike.training.schedule.CHECKPOINT_SECONDS", 0.0)
    written, flush = 0, folder.flush

    def fill_up(scratch: Path) -> None:
        nonlocal written
        written += 1
        if written == 5:
            raise OSError(28, "No space left on device", str(scratch))
        flush(scratch)

    with monkeypatch.context() as patch:
        patch.setattr(folder, "flush", fill_up)
        with pytest.raises(DiskFull, match=rf"disk is full.*room for about \d+ MB.*train {clone.root} --resume"):
            train(llama.load(base, None, few), clone, few, base=base)
    assert not list(clone.root.glob(".scratch*")) and clone.run_path.exists()
    assert train(llama.load(base, None, few), clone, few, base=base, resume=True).progress.losses == whole


LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), int(sys.argv[1])))
from soundalike.cli import main
sys.argv = ["soundalike", *sys.argv[2:]]
main()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
def test_a_process_that_may_write_no_more_says_so(tmp_path: Path) -> None:
    """A real limit on a file's size, met in the import: exit 2, two sentences, no folder."""
    given = [sys.executable, "-c", LIMITED, "20000", "import", str(EXPORT), "--out", str(tmp_path / "me")]
    done = subprocess.run(given, capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "The disk is full:" in done.stderr and "Traceback" not in done.stderr
    assert not (tmp_path / "me").exists()


def test_an_import_asks_for_room_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once it is known how much text there is; nothing is left behind."""
    from soundalike.importing.importer import run_import

    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(0, 0, 50_000))
    with pytest.raises(CloneError, match="the import needs about"):
        run_import([EXPORT], tmp_path / "me")
    assert not (tmp_path / "me").exists()


def test_the_folder_itself_is_as_it_was(tmp_path: Path) -> None:
    """A library's error in the middle of a replacement changes nothing."""
    held = Folder(tmp_path)
    with held.locked("test"):
        held.write({"a": b"old"})
        with pytest.raises(DiskFull), held.replacing() as scratch:
            (scratch / "a").write_bytes(b"new")
            raise RuntimeError("No space left on device (os error 28)")
    assert (tmp_path / "a").read_bytes() == b"old" and not list(tmp_path.glob(".scratch*"))


def test_what_may_not_be_read_is_not_said_to_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A clone, the bot's settings and its memory, whose files belong to another user."""

    def refuse(path: Path) -> bytes:
        raise PermissionError(EACCES, "Permission denied", str(path))

    for name in (MANIFEST, NAME, STATE_FILE):
        (tmp_path / name).touch()
    monkeypatch.setattr(Path, "read_bytes", refuse)
    readers: dict[str, Callable[[Path], object]] = {
        MANIFEST: lambda path: Clone.open(path.parent),
        NAME: SettingsFile,
        STATE_FILE: StateFile,
    }
    for name, read in readers.items():
        path = tmp_path / name
        told = rf"^There is no permission to read {re.escape(str(path))}\. Change its permissions\.$"
        with pytest.raises(CloneError, match=told):
            read(path)
    with pytest.raises(CloneError, match=r"to write .*Change its permissions, or choose another folder\.$"):
        with disk_errors(tmp_path):
            refuse(tmp_path)
