"""Paths that no program should open are refused by what they are, at once."""

import os
import socket
from pathlib import Path

import pytest

from soundalike.errors import ExportError, UsageError
from soundalike.paths import bytes_in, regular_file, regular_path, typed_path


def test_files_and_folders_pass(tmp_path: Path) -> None:
    """A regular file and a folder are what they are, through links too."""
    (tmp_path / "file").write_text("abc", encoding="utf-8")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    assert regular_path(tmp_path / "link").st_size == regular_file(tmp_path / "file").st_size == 3
    assert regular_path(tmp_path)
    with pytest.raises(UsageError, match="is a folder, not a file"):
        regular_file(tmp_path)


@pytest.mark.parametrize("typed", ["{}", '"{}"', "'{}'", "file://{}"])
def test_a_path_is_taken_as_it_is_pasted(tmp_path: Path, typed: str) -> None:
    """With quotes or as an address, as file managers copy it."""
    there = tmp_path / "my export.zip"
    there.touch()
    assert typed_path(typed.format(there), Path("/elsewhere")) == there
    assert typed_path("my export.zip", tmp_path) == there and typed_path("~", tmp_path) == Path.home()
    (tmp_path / '"quoted"').touch()
    assert typed_path('"quoted"', tmp_path).exists() and not typed_path('"', tmp_path).exists()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no such files")
def test_special_files_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipe, a socket, a device and links to them are refused without being opened."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        monkeypatch.chdir(tmp_path)  # a path to a socket may have 107 bytes
        listener.bind("talk")
        for path, kind in (("pipe", "a pipe"), ("link", "a pipe"), ("talk", "a socket"), ("/dev/zero", "a device")):
            with pytest.raises(ExportError, match=f"is {kind}, and only regular files and folders are read. Name one"):
                regular_path(Path(path), ExportError, "Name one.")


@pytest.mark.parametrize("name", ["x" * 300, "a\0b", "loop"])
def test_impossible_names_are_one_sentence(tmp_path: Path, name: str) -> None:
    """A name that is too long, holds a NUL or leads in a circle is refused as the person's mistake."""
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(UsageError, match="cannot be looked at") as caught:
        regular_path(tmp_path / name)
    assert len(caught.value.what) < 300
    with pytest.raises(UsageError, match="There is no file or folder"):
        regular_path(tmp_path / "gone")


def test_only_regular_files_count_for_a_size(tmp_path: Path) -> None:
    """A link to nothing, to a device or in a circle is no file to add up, and no traceback."""
    (tmp_path / "file").write_bytes(b"12345")
    (tmp_path / "link").symlink_to("file")
    for name, target in (("nowhere", "gone"), ("device", "/dev/zero"), ("circle", "circle")):
        (tmp_path / name).symlink_to(target)
    (tmp_path / "folder").mkdir()
    assert bytes_in(tmp_path.glob("*")) == 10
