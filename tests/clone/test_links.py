"""Links and pipes in a clone folder lead to nothing outside being written or deleted, and to no hang."""

import contextlib
import os
import shutil
from pathlib import Path

import pytest

from soundalike.clone.clone import IGNORE, Clone
from soundalike.clone.folder import INCOMING, LOCK, OUTGOING, REMOVED, SCRATCH, link_tree
from soundalike.errors import CloneError, SoundalikeError
from soundalike.generation.voice import Voice
from soundalike.training.plan import plan_resumed, plan_training
from soundalike.training.train_clone import train_clone
from tests.training.test_loop import clone_of
from tests.training.test_versions import everything, stopped, taught

FOLDERS = ("checkpoints", "candidate", "versions", "adapter", "documents", INCOMING, OUTGOING, f"{SCRATCH}1")
FILES = ("clone.toml", LOCK, IGNORE, "training.json", "checkpoints/run.json", "checkpoints/state.safetensors")


@pytest.fixture(scope="module")
def _made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone with a voice, an older version, and a training beside them that was cut off."""
    clone = clone_of(tmp_path_factory.mktemp("made") / "me", lines=20)
    with clone.locked("test"):
        clone.record(clone={"speaker": "bo", "mode": "dialogue"}, documents={"tagged": True})
    taught(clone, 1)
    taught(clone, 2, "replace")
    stopped(clone, "better")
    return clone.root


@pytest.fixture
def root(_made: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(_made, tmp_path / "me"))


def use(root: Path) -> None:
    """Speak, go on with the training, train another, remove what is there: each may be refused in a sentence."""
    with contextlib.suppress(SoundalikeError):
        Voice.load(root)
    with contextlib.suppress(SoundalikeError):
        clone = Clone.open(root)
        train_clone(clone, plan_resumed(clone).recipe, resume=True)
    with contextlib.suppress(SoundalikeError):
        clone = Clone.open(root)
        train_clone(clone, plan_training(clone, "markov", {"iters": 1}).recipe, succession="better")
    with contextlib.suppress(SoundalikeError):
        clone = Clone.open(root)
        with clone.locked("test"):
            clone.remove(FOLDERS)


@pytest.mark.parametrize("name", [*FOLDERS, *FILES])
def test_nothing_outside_is_written_or_deleted_through_a_link(root: Path, tmp_path: Path, name: str) -> None:
    """The link may go, what it leads to stays as it was."""
    outside, place = tmp_path / "outside", root / name
    if name in FOLDERS:
        shutil.copytree(place, outside) if place.exists() else outside.mkdir()
        (outside / "kept").write_text("outside", encoding="utf-8")
        shutil.rmtree(place, ignore_errors=True)
    else:
        outside.write_bytes(place.read_bytes() if place.exists() else b"outside")
        place.unlink(missing_ok=True)
    place.symlink_to(outside)
    before = everything(tmp_path / "outside") if outside.is_dir() else outside.read_bytes()
    use(root)
    assert (everything(outside) if outside.is_dir() else outside.read_bytes()) == before


@pytest.mark.parametrize("name", ["../outside", "{outside}", "..", "", "a/../../outside"])
def test_a_list_of_removed_entries_names_entries_only(root: Path, tmp_path: Path, name: str) -> None:
    """Opening a stranger's folder finishes what was cut short in it, and must not delete what lies elsewhere."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_text("outside", encoding="utf-8")
    (root / INCOMING).mkdir()
    (root / INCOMING / REMOVED).write_text(f"adapter\n{name.format(outside=outside)}\n", encoding="utf-8")
    with pytest.raises(CloneError, match="which is no entry of this folder.*Delete it"):
        Clone.open(root)
    assert (outside / "kept").exists() and (root / "adapter").is_dir()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
@pytest.mark.parametrize(
    "name", [*FILES, f"{INCOMING}/{REMOVED}", "messages.parquet", "documents/train.jsonl", "import.json"]
)
def test_a_pipe_in_place_of_a_file_is_not_waited_for(root: Path, name: str) -> None:
    """Reading from one, or writing to it, would never begin: each use ends, and the lock is the pipe's no more."""
    place = root / name
    place.parent.mkdir(exist_ok=True)
    place.unlink(missing_ok=True)
    os.mkfifo(place)
    use(root)


def test_a_device_is_never_copied(tmp_path: Path) -> None:
    """/dev/zero would fill the disk."""
    (tmp_path / "voice").mkdir()
    (tmp_path / "voice" / "adapter").symlink_to("/dev/zero")
    link_tree(tmp_path / "voice", tmp_path / "copy")
    assert (tmp_path / "copy" / "adapter").is_symlink()
    with pytest.raises(CloneError, match="is a device"):
        link_tree(tmp_path / "voice" / "adapter", tmp_path / "other")
