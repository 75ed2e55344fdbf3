"""The clone folder: what it accepts, what it remembers, what it leaves alone."""

import stat
from pathlib import Path

import pytest

from soundalike.clone.clone import FORMAT, Clone
from soundalike.errors import CloneError


def made(path: Path) -> Clone:
    """A clone folder with nothing but a manifest."""
    clone = Clone.claim(path)
    with clone.locked("test"):
        clone.record(clone={"speaker": "sam"}, documents={"gap_minutes": 15.0})
    return clone


def test_a_new_clone_keeps_itself_private(tmp_path: Path) -> None:
    """Git ignores all of it, and only its owner may look inside."""
    clone = made(tmp_path / "clones" / "me")
    assert (clone.root / ".gitignore").read_text() == "*\n"
    assert stat.S_IMODE(clone.root.stat().st_mode) == 0o700


def test_a_folder_that_was_there_becomes_private(tmp_path: Path) -> None:
    """Other users may read neither the folder nor a file in it, whatever its rights were; what is linked stays."""
    root, elsewhere = tmp_path / "me", tmp_path / "elsewhere"
    root.mkdir()
    root.chmod(0o755)
    elsewhere.write_text("somebody else's")
    elsewhere.chmod(0o644)
    clone = made(root)
    with clone.locked("test"), clone.replacing() as scratch:
        assert stat.S_IMODE(scratch.stat().st_mode) == 0o700
        (scratch / "documents").mkdir()
        (scratch / "documents" / "train.jsonl").write_text("private")
        (scratch / "hard").hardlink_to(elsewhere)
        (scratch / "soft").symlink_to(elsewhere)
    rights = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (root, *root.rglob("*"))}
    private = {"me": 0o700, "documents": 0o700, "train.jsonl": 0o600, "clone.toml": 0o600, ".lock": 0o600}
    assert {name: rights[name] for name in private} == private
    assert rights["hard"] == rights["soft"] == 0o644
    assert Clone.open(clone.root).manifest()["clone"]["speaker"] == "sam"


def test_recording_keeps_the_sections_of_others(tmp_path: Path) -> None:
    """A section is replaced whole, the rest stays, and unset values are left out."""
    clone = made(tmp_path / "me")
    with clone.locked("train"):
        clone.record(training={"steps": 10, "minutes": None, "optimizer": {"name": "adamw", "clip": None}})
        clone.record(clone={"mode": "monologue"}, documents={"gap_minutes": 5.0})
    manifest = clone.manifest()
    assert manifest["training"] == {"steps": 10, "optimizer": {"name": "adamw"}}
    assert manifest["documents"] == {"gap_minutes": 5.0}
    assert manifest["clone"]["speaker"] == "sam" and manifest["clone"]["mode"] == "monologue"


def test_a_missing_clone_is_told_with_advice(tmp_path: Path) -> None:
    """And how to make one."""
    with pytest.raises(CloneError, match="There is no clone at .* soundalike clone EXPORT"):
        Clone.open(tmp_path / "nobody")


@pytest.mark.parametrize("door", [Clone.open, Clone.claim])
def test_a_foreign_folder_is_left_alone(tmp_path: Path, door: object) -> None:
    """A folder with something else in it is never written into."""
    (tmp_path / "novel.txt").write_text("chapter one")
    with pytest.raises(CloneError, match="not a clone folder"):
        door(tmp_path)  # type: ignore[operator]
    assert [path.name for path in tmp_path.iterdir()] == ["novel.txt"]


def test_a_file_is_not_a_folder(tmp_path: Path) -> None:
    """Naming a file by mistake does not overwrite it."""
    (tmp_path / "me").write_text("dear diary")
    with pytest.raises(CloneError, match="not a clone folder"):
        Clone.claim(tmp_path / "me")
    assert (tmp_path / "me").read_text() == "dear diary"


def test_a_gitignore_of_ones_own_is_foreign(tmp_path: Path) -> None:
    """Only the file that this program writes counts as its trace."""
    (tmp_path / ".gitignore").write_text("build/\n")
    with pytest.raises(CloneError, match="not a clone folder"):
        Clone.claim(tmp_path)


def test_an_unfinished_first_import_leaves_no_folder(tmp_path: Path) -> None:
    """A failure before anything was written takes the new folder away again."""
    clone = Clone.claim(tmp_path / "me")
    with pytest.raises(ZeroDivisionError), clone.locked("import"):
        raise ZeroDivisionError
    assert not (tmp_path / "me").exists()


def test_the_traces_of_a_killed_first_import_are_no_obstacle(tmp_path: Path) -> None:
    """The next import takes the folder over and sweeps it."""
    (tmp_path / ".scratch-123").mkdir()
    (tmp_path / ".gitignore").write_text("*\n")
    (tmp_path / ".lock").write_text("soundalike import, process 123")
    clone = made(tmp_path)
    assert sorted(path.name for path in clone.root.iterdir()) == [".gitignore", ".lock", "clone.toml"]


def test_a_later_format_is_refused(tmp_path: Path) -> None:
    """A clone of a later version is not misread."""
    clone = made(tmp_path / "me")
    clone.manifest_path.write_text(f"[clone]\nformat = {FORMAT + 1}\n")
    with pytest.raises(CloneError, match="later soundalike"):
        Clone.open(clone.root)


def test_a_damaged_manifest_is_told(tmp_path: Path) -> None:
    """With its path and the line."""
    clone = made(tmp_path / "me")
    clone.manifest_path.write_text("[clone\n")
    with pytest.raises(CloneError, match="clone.toml is damaged.*line 1"):
        Clone.open(clone.root)


def test_a_folder_that_may_not_be_written_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One sentence, whatever the operating system calls it."""

    def refuse(path: Path, *_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(CloneError, match="no permission to write"):
        Clone.claim(tmp_path / "me")
