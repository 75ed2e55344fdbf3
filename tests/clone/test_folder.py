"""A folder that changes all at once: whatever happens, all of the old or all of the new."""

import errno
import os
import subprocess
import sys
from pathlib import Path
from threading import Timer

import pytest

from soundalike.clone import folder as folder_module
from soundalike.clone.folder import INCOMING, LOCK, Folder
from soundalike.errors import CloneError
from soundalike.file_lock import acquire

# Dies without a word before the n-th thing that it does to the disk, for every n.
KILLED_EVERYWHERE = """
import os, sys
from pathlib import Path
from soundalike.clone.folder import Folder

TOUCH = {"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate", "os.listdir", "os.scandir"}

def replace(root, die_at):
    seen = [0]
    def hook(event, _):
        seen[0] += event in TOUCH
        if seen[0] == die_at:
            os._exit(9)
    sys.addaudithook(hook)
    folder = Folder(root)
    with folder.locked("test"):
        with folder.replacing(without=["gone.txt", "gone"]) as scratch:
            (scratch / "documents").mkdir()
            for name in ("a.txt", "documents/x.jsonl", "b.txt"):
                (scratch / name).write_bytes(b"new")
    os._exit(0)

def contents(root):
    names = [p for p in root.rglob("*") if p.is_file() and p.name != ".lock"]
    return {str(p.relative_to(root)): p.read_text() for p in names}

outcomes, deaths, status = set(), 0, 9
while status:
    root = Path(sys.argv[1]) / str(deaths)
    (root / "documents").mkdir(parents=True)
    (root / "gone").mkdir()
    old = {"a.txt": "old", "documents/x.jsonl": "old", "documents/y.jsonl": "old", "kept.txt": "old"}
    old |= {"gone.txt": "old", "gone/page": "old"}
    new = {"a.txt": "new", "documents/x.jsonl": "new", "b.txt": "new", "kept.txt": "old"}
    for name, text in old.items():
        (root / name).write_text(text)
    child = os.fork()
    if not child:
        replace(root, deaths + 1)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    folder = Folder(root)
    folder.finish_replacement()
    with folder.locked("after"):
        found = contents(root)
    assert found in (old, new), (deaths, found)
    outcomes.add(found == new)
    deaths += 1
assert outcomes == {True, False} and deaths > 20, (outcomes, deaths)
"""


def test_killed_at_any_moment_it_holds_the_old_or_the_new(tmp_path: Path) -> None:
    """A process that dies before any of its steps leaves no mixture."""
    run = subprocess.run(
        [sys.executable, "-c", KILLED_EVERYWHERE, tmp_path], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr


def test_an_error_in_the_middle_changes_nothing(tmp_path: Path) -> None:
    """What was half-written goes away."""
    folder = Folder(tmp_path)
    with folder.locked("test"):
        folder.write({"a": b"old"})
        with pytest.raises(ZeroDivisionError), folder.replacing() as scratch:
            (scratch / "a").write_bytes(b"new")
            raise ZeroDivisionError
    assert sorted(path.name for path in tmp_path.iterdir()) == [".lock", "a"]
    assert (tmp_path / "a").read_bytes() == b"old"


def test_a_folder_is_replaced_whole(tmp_path: Path) -> None:
    """What the old one had besides is gone, and what was not named stays."""
    folder = Folder(tmp_path)
    with folder.locked("test"):
        folder.write({"adapter/one": b"1", "adapter/two": b"2", "other": b"3"})
        folder.write({"adapter/one": b"new"})
    found = {path.name: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file() and path.name != ".lock"}
    assert found == {"one": b"new", "other": b"3"}


def test_a_replacement_may_take_entries_away(tmp_path: Path) -> None:
    """A file, a folder and what is not there; one of which a new one is written is replaced as ever."""
    folder = Folder(tmp_path)
    with folder.locked("test"):
        folder.write({"page": b"old", "export/model": b"old", "adapter": b"old", "kept": b"old"})
        with folder.replacing(without=("page", "export", "adapter", "absent")) as scratch:
            (scratch / "adapter").write_bytes(b"new")
    found = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.name != ".lock"}
    assert found == {"adapter": b"new", "kept": b"old"}


def test_a_second_process_is_told_who_is_at_work(tmp_path: Path) -> None:
    """One sentence with the name and number of the process that holds the folder."""
    first, second = Folder(tmp_path), Folder(tmp_path)
    with first.locked("soundalike train"):
        with (
            pytest.raises(CloneError, match=f"in use .soundalike train, process {os.getpid()}"),
            second.locked("import"),
        ):
            raise AssertionError
    with second.locked("import"):
        pass


def test_a_dead_process_holds_nothing(tmp_path: Path) -> None:
    """The lock goes with the process, however it ended."""
    script = f"""
import os
from pathlib import Path
from soundalike.clone.folder import Folder
with Folder(Path({str(tmp_path)!r})).locked("train"):
    os._exit(9)
"""
    subprocess.run([sys.executable, "-c", script], check=False)
    with Folder(tmp_path).locked("import"):
        pass


def test_a_look_at_the_lock_stops_no_writer(tmp_path: Path) -> None:
    """Who only looks whether somebody is at work holds the lock for a moment, and the writer waits for it."""
    folder = Folder(tmp_path)
    with folder.locked("test"):
        pass
    handle = os.open(tmp_path / LOCK, os.O_RDWR)
    assert acquire(handle)
    look = Timer(0.05, os.close, [handle])
    look.start()
    with folder.locked("test"):
        folder.write({"a": b"new"})
    look.join()


def test_a_disk_without_locks_is_told_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is written there, and what was begun can be read."""

    def without_locks(handle: int, wait: bool = False) -> bool:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(folder_module, "acquire", without_locks)
    with pytest.raises(CloneError, match="has no file locks.*another disk"), Folder(tmp_path).locked("test"):
        raise AssertionError
    (tmp_path / INCOMING).mkdir()
    with pytest.raises(CloneError, match="has no file locks.*another disk"):
        Folder(tmp_path).finish_replacement()


def test_writing_without_the_lock_is_a_bug(tmp_path: Path) -> None:
    """Nobody writes who might meet another."""
    with pytest.raises(RuntimeError, match="must be locked"):
        Folder(tmp_path).write({"a": b""})


@pytest.mark.parametrize(
    ("number", "sentence"),
    [(errno.ENOSPC, "The disk is full"), (errno.EROFS, "no permission to write"), (errno.EIO, "could not be used")],
)
def test_an_error_of_the_disk_is_told_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, sentence: str
) -> None:
    """And what was there is still there."""

    def fail(_: int) -> None:
        raise OSError(number, os.strerror(number))

    folder = Folder(tmp_path)
    with folder.locked("test"):
        folder.write({"a": b"old"})
        monkeypatch.setattr(os, "fsync", fail)
        with pytest.raises(CloneError, match=sentence):
            folder.write({"a": b"new"})
    assert (tmp_path / "a").read_bytes() == b"old"
