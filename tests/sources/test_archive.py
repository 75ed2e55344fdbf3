"""A hostile or damaged archive is refused with one sentence and one advice; a folder is never left."""

import os
import shutil
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from soundalike import sources
from soundalike.errors import ExportError
from soundalike.sources import _open_tree, _zip, discord_package
from soundalike.sources._open_tree import open_tree
from soundalike.sources._tree import CHUNK, Tree
from tests.sources.packages import GENERAL, checked, package, texts, write_folder, write_zip

MESSAGES = f"Messages/c{GENERAL}/messages.json"


def refusal(path: Path) -> str:
    """The error message for this export."""
    with pytest.raises(ExportError) as caught:
        sources.read([path])
    assert caught.value.do.endswith(".")
    assert caught.value.what.endswith(".") and str(path) in caught.value.what
    return caught.value.what


def located(path: Path, name: str = MESSAGES) -> tuple[zipfile.ZipInfo, int, int]:
    """A member, where its packed bytes begin, and where its entry in the directory is."""
    with zipfile.ZipFile(path) as archive:
        info, directory = archive.getinfo(name), archive.start_dir
    raw = path.read_bytes()
    return info, info.header_offset + 30 + len(name), raw.index(name.encode(), directory) - 46


def patched(path: Path, at: int, more: bytes) -> Path:
    """The same file with other bytes at one place."""
    raw = bytearray(path.read_bytes())
    raw[at : at + len(more)] = more
    path.write_bytes(bytes(raw))
    return path


@pytest.mark.parametrize(
    "name",
    ["../evil.json", "Messages/../../evil", "/etc/passwd", "C:/evil", "c:\\evil", "a\\..\\..\\b", "..", "\\evil"],
)
def test_names_that_climb_out(tmp_path: Path, name: str) -> None:
    """No member may be named so that unpacking it would land outside."""
    path = write_zip(tmp_path / "p.zip", package() | {name: b"x"})
    assert "outside its folder" in refusal(path)


def test_names_with_dots_are_fine(tmp_path: Path) -> None:
    """Dots inside a name climb nowhere."""
    assert checked(sources.read([write_zip(tmp_path / "p.zip", package() | {"a..b/..c/d...": b"x"})]))


def test_backslashes_are_slashes(tmp_path: Path) -> None:
    """Some packers on Windows write them."""
    files = {f"pkg\\{name}".replace("/", "\\"): raw for name, raw in package().items()}
    assert texts(checked(sources.read([write_zip(tmp_path / "p.zip", files)]))) == ["hello pond", "psst sam"]


def test_links_in_a_zip(tmp_path: Path) -> None:
    """A link in an archive is refused."""
    path = write_zip(tmp_path / "p.zip", package())
    link = zipfile.ZipInfo("Account/link")
    link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(link, "/etc/passwd")
    assert "link" in refusal(path)


def test_password(tmp_path: Path) -> None:
    """A locked archive says so."""
    path = write_zip(tmp_path / "p.zip", package())
    _, _, entry = located(path)
    assert "password" in refusal(patched(path, entry + 8, b"\x01"))


@pytest.mark.parametrize("raw", [b"", b"hello", b"PK\x03\x04 and nothing more", b"\x1f\x8b\x08" + bytes(99)])
def test_no_zip_at_all(tmp_path: Path, raw: bytes) -> None:
    """A file that only ends in .zip is not believed to be one."""
    path = tmp_path / "p.zip"
    path.write_bytes(raw)
    assert "not a whole ZIP" in refusal(path)


@pytest.mark.parametrize("share", [0.3, 0.7, 0.99])
def test_download_that_stopped(tmp_path: Path, share: float) -> None:
    """An archive that was cut off is refused, never read by halves."""
    path = write_zip(tmp_path / "p.zip", package())
    raw = path.read_bytes()
    path.write_bytes(raw[: int(len(raw) * share)])
    assert "not a whole ZIP" in refusal(path)


def cut_member(path: Path) -> Path:
    """The member's packed bytes end in the middle of the stream."""
    info, start, entry = located(path)
    patched(path, entry + 20, struct.pack("<I", info.compress_size // 2))
    return patched(path, start - 30 - len(MESSAGES) + 18, struct.pack("<I", info.compress_size // 2))


def other_bytes(path: Path) -> Path:
    """The packed bytes are noise."""
    info, start, _ = located(path)
    return patched(path, start, b"\xff" * info.compress_size)


def other_checksum(path: Path) -> Path:
    """The bytes unpack, to something else than was packed."""
    _, _, entry = located(path)
    return patched(path, entry + 16, b"\0\0\0\0")


def beyond_the_end(path: Path) -> Path:
    """The member would begin after the end of the file."""
    _, _, entry = located(path)
    return patched(path, entry + 42, struct.pack("<I", 1 << 30))


def shorter_than_declared(path: Path) -> Path:
    """The directory promises more bytes than there are."""
    info, _, entry = located(path)
    return patched(path, entry + 24, struct.pack("<I", info.file_size + 9))


@pytest.mark.parametrize("damage", [cut_member, other_bytes, other_checksum, beyond_the_end, shorter_than_declared])
def test_damaged_members(tmp_path: Path, damage: Callable[[Path], Path]) -> None:
    """A member that cannot be trusted to be what was packed refuses the whole export."""
    path = damage(write_zip(tmp_path / "p.zip", package()))
    assert "damaged or cut off" in refusal(path) or "ZIP" in refusal(path)


def test_bomb_that_lies_about_its_size(tmp_path: Path) -> None:
    """A member that unpacks to more than it declares is stopped there, whatever it holds."""
    path = write_zip(tmp_path / "p.zip", package(general=b" " * (8 << 20)))
    _, _, entry = located(path)
    assert "far more than it should" in refusal(patched(path, entry + 24, struct.pack("<I", 100)))


def test_bomb_by_ratio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An honest bomb is stopped by how much comes out of how little, not by what it declares."""
    monkeypatch.setattr(_zip, "RATIO_FROM", 1 << 20)
    path = write_zip(tmp_path / "p.zip", package(general=b"[" + b" " * (8 << 20) + b"]"))
    assert "far more than it should" in refusal(path)


def test_bomb_by_total(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However well it hides, an archive may unpack only so far."""
    monkeypatch.setattr(_zip, "TOTAL", 1 << 10)
    assert "far more than it should" in refusal(write_zip(tmp_path / "p.zip", package(general=b"[" * 2000)))


def test_members_over_one_another(tmp_path: Path) -> None:
    """Two members that share their bytes are one of the ways to hide a bomb."""
    path = write_zip(tmp_path / "p.zip", package())
    first, _, _ = located(path, "Account/user.json")
    _, _, entry = located(path)
    assert "over one another" in refusal(patched(path, entry + 42, struct.pack("<I", first.header_offset)))


def test_other_packing(tmp_path: Path) -> None:
    """Stored members are read; methods that no export uses are refused."""
    stored = tmp_path / "stored.zip"
    with zipfile.ZipFile(stored, "w", zipfile.ZIP_STORED) as archive:
        for name, raw in package().items():
            archive.writestr(name, raw)
    assert texts(checked(sources.read([stored]))) == ["hello pond", "psst sam"]
    with zipfile.ZipFile(stored, "a", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("Messages/c5/messages.json", b"[]")
    assert "cannot be read here" in refusal(stored)


def test_large_members_come_in_steps(tmp_path: Path) -> None:
    """No step of unpacking is larger than it may be, and together they are the member."""
    raw = zlib.compress(os.urandom(1 << 20), 0) * 7 + bytes(3 << 20)
    with open_tree(write_zip(tmp_path / "p.zip", {"a/b.bin": raw})) as tree:
        chunks = list(tree.members[0].chunks())
    assert max(map(len, chunks)) <= CHUNK
    assert b"".join(chunks) == raw


def test_links_in_a_folder(tmp_path: Path) -> None:
    """Links, wherever they lead, are counted and not followed."""
    outside = write_folder(tmp_path / "outside", package(folder="Elsewhere"))
    folder = write_folder(tmp_path / "p", package())
    (folder / "Messages" / "c77").symlink_to(outside / "Elsewhere" / f"c{GENERAL}")
    (folder / "Account" / "loop").symlink_to(folder)
    corpus = checked(sources.read([folder]))
    assert texts(corpus) == ["hello pond", "psst sam"]
    assert corpus.skipped["links to elsewhere, not followed"] == 2


def test_folders_without_end(tmp_path: Path) -> None:
    """A folder is looked into only so deep."""
    folder = write_folder(tmp_path / "p", package() | {"/".join("abcdefghijkl") + "/x.txt": b""})
    assert checked(sources.read([folder])).skipped["folders too deep to look into"] == 1


def test_one_enormous_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that goes on without the end of a message is given up before memory is."""
    monkeypatch.setattr("soundalike.sources._file_splitter.LONGEST", 4 << 20)
    body = b'[{"ID": 5, "Contents": "' + os.urandom(3 << 20).hex().encode() + b'"}]'
    with pytest.raises(ExportError, match="without the end of a message"):
        sources.read([write_zip(tmp_path / "p.zip", package(general=body))])


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no such files")
def test_special_files(tmp_path: Path) -> None:
    """A pipe or a device is refused by name, never opened; in a folder only where a message file should be."""
    os.mkfifo(tmp_path / "pipe.zip")
    for path, kind in ((tmp_path / "pipe.zip", "a pipe"), (Path("/dev/zero"), "a device")):
        assert f"is {kind}" in refusal(path)
    folder = write_folder(tmp_path / "p", package())
    os.mkfifo(folder / "Servers" / "pipe")
    (folder / "Account" / "link").symlink_to("/dev/zero")
    corpus = checked(sources.read([folder]))
    assert texts(corpus) == ["hello pond", "psst sam"]
    assert corpus.skipped == {"other files, never opened": 3, "links to elsewhere, not followed": 1}
    (folder / MESSAGES).unlink()
    os.mkfifo(folder / MESSAGES)
    assert "messages.json is a pipe, and only regular files and folders are read" in refusal(folder)


def test_a_name_that_is_too_long(tmp_path: Path) -> None:
    """A name of 300 characters is no file anywhere, and that is one sentence."""
    with pytest.raises(ExportError, match="cannot be looked at"):
        sources.read([tmp_path / ("x" * 300)])


def test_files_that_vanish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What goes away while a folder is looked through is counted, and what goes away before it is read is named."""
    folder = write_folder(tmp_path / "p", package() | {"Servers/passing/x": b"", "Servers/note.txt": b""})
    look = _open_tree._status

    def late(entry: os.DirEntry[str], tree: Tree) -> os.stat_result | None:
        if entry.name == "note.txt":
            os.unlink(entry.path)
        found = look(entry, tree)
        if entry.name == "passing":
            shutil.rmtree(entry.path)
        return found

    monkeypatch.setattr(_open_tree, "_status", late)
    corpus = checked(sources.read([folder]))
    assert texts(corpus) == ["hello pond", "psst sam"]
    assert corpus.skipped[_open_tree.VANISHED] == 2
    with open_tree(folder) as tree:
        (folder / MESSAGES).unlink()
        with pytest.raises(ExportError, match="messages.json vanished"):
            list(discord_package.read(tree, lambda done, total: None))
