"""A file that is not a Discord package is named as what it is, by its structure and not by its name."""

import json
import os
import zipfile
from errno import EACCES, ENOSPC
from pathlib import Path
from typing import Any

import pytest

from soundalike import sources
from soundalike.errors import ExportError
from tests.sources.packages import (
    GENERAL,
    as_csv,
    as_json,
    checked,
    message,
    package,
    texts,
    without,
    write_folder,
    write_zip,
)

OTHERS: dict[str, tuple[str, str, object]] = {  # name: the file's name, how the error describes it, its contents
    "telegram-html": ("messages.html", "a Telegram export as HTML", '<body><div class="page_wrap list_page">'),
    "imessage-html": (
        "Mia.html",
        "an export of imessage-exporter as HTML",
        '<html><div class="sent iMessage"><span class="timestamp">May 17, 2022</span></div></html>',
    ),
    "signal-lines": ("data.json", "one file of signal-export", {"date": "2024-01-01", "sender": "Me", "body": "hi"}),
    "hangouts": ("Hangouts.json", "a Google Hangouts archive", {"conversations": [{"conversation": {}, "events": []}]}),
    "google-voice": ("Mia - Text - 2020-01-01T00_00_00Z.html", "a Google Voice export", "<html></html>"),
    "one-file": ("messages.json", "one message file out of a Discord data package", [message(0, "hi")]),
    "no-messages": (
        "user.json",
        "a Discord data package without its messages",
        {"id": "1", "username": "bo", "discriminator": 0, "email": "bo@example.invalid", "flags": []},
    ),
}


def refusal_of(path: Path) -> ExportError:
    """The error message for an export that is not read."""
    with pytest.raises(ExportError) as caught:
        sources.read([path])
    assert caught.value.what.startswith(str(path)) and caught.value.do.endswith(".")
    return caught.value


@pytest.mark.parametrize("name", OTHERS)
def test_other_exports_are_named(tmp_path: Path, name: str) -> None:
    """As a file, in a folder, in a ZIP and saved as UTF-16, another program's export is named as what it is."""
    file, what, contents = OTHERS[name]
    text = contents if isinstance(contents, str) else json.dumps(contents)
    (tmp_path / file).write_text(text, encoding="utf-8")
    paths = [tmp_path / file, write_folder(tmp_path / "f", {f"some folder/{file}": text.encode("utf-16")})]
    for path in [*paths, write_zip(tmp_path / "x.zip", {file: text.encode()})]:
        assert f"is {what}, which is not read here" in refusal_of(path).what


def test_words_that_only_mention_other_programs(tmp_path: Path) -> None:
    """A diary is no chat."""
    (tmp_path / "diary.txt").write_text("On 13.06.23, 21:25 Bo wrote on WhatsApp: hi\n" * 9, encoding="utf-8")
    assert "is no chat export that is known here" in refusal_of(tmp_path / "diary.txt").what


@pytest.mark.parametrize("name", ["soup.zip", "package.7z", "package.tar.gz"])
@pytest.mark.parametrize("in_folder", [False, True])
def test_an_archive_inside(tmp_path: Path, name: str, in_folder: bool) -> None:
    """A ZIP or a folder that holds nothing but an archive says which file that is, and what to do."""
    inner = write_zip(tmp_path / "inner.zip", {"soup.txt": b"peas"})
    files = {f"old stuff/{name}": inner.read_bytes(), "readme.txt": b"hi"}
    error = refusal_of(write_folder(tmp_path / "f", files) if in_folder else write_zip(tmp_path / "outer.zip", files))
    assert f"holds no chat export that is known here, but an archive (old stuff/{name})" in error.what
    assert error.do == "If that is the export, unpack it, or give it itself."


@pytest.mark.parametrize("in_folder", [False, True])
def test_zips_inside(tmp_path: Path, in_folder: bool) -> None:
    """Where a folder or a ZIP holds no export itself, those in its ZIPs are read, and all else is counted."""
    zips = {
        "exports/WhatsApp Chat - Laura.zip": {
            "_chat.txt": b"[13.06.23, 21:25:15] Laura: a\n[13.06.23, 21:25:16] Bo: b\n"
        },
        "package.zip": package(),
        "soup.zip": {"soup.txt": b"peas"},
    }
    files = {name: write_zip(tmp_path / "inner.zip", inside).read_bytes() for name, inside in zips.items()}
    files["__MACOSX/._x"] = files["readme.txt"] = b"hi"
    path = write_folder(tmp_path / "f", files) if in_folder else write_zip(tmp_path / "outer.zip", files)
    corpus = checked(sources.read([path]))
    assert sorted(texts(corpus)) == ["a", "b", "hello pond", "psst sam"]
    assert corpus.messages.filter("me")["author"].unique().len() == 2
    assert corpus.skipped["files beside the archives that hold the exports"] == 2
    assert corpus.skipped["files that macOS added"] == 1


def test_a_zip_inside_whose_name_is_long(tmp_path: Path) -> None:
    """Two hundred letters of three bytes are more than a file's name can have."""
    inner = write_zip(tmp_path / "inner.zip", package()).read_bytes()
    assert "hello pond" in texts(sources.read([write_zip(tmp_path / "outer.zip", {f"{'漢' * 200}.zip": inner})]))


@pytest.mark.parametrize(("number", "do"), [(ENOSPC, "Make room."), (EACCES, "Unpack it yourself")])
def test_a_zip_inside_that_cannot_be_unpacked(
    tmp_path: Path, number: int, do: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What to do depends on why."""
    outer = write_zip(tmp_path / "outer.zip", {"a.zip": write_zip(tmp_path / "inner.zip", package()).read_bytes()})
    opened = Path.open

    def failing(path: Path, mode: str = "r", **options: Any) -> Any:
        if mode == "wb":
            raise OSError(number, os.strerror(number))
        return opened(path, mode, **options)

    monkeypatch.setattr(Path, "open", failing)
    with pytest.raises(ExportError, match="cannot be unpacked") as told:
        sources.read([outer])
    assert told.value.do.startswith(do)


def test_a_damaged_zip_inside(tmp_path: Path) -> None:
    """A ZIP that cannot be read whole is refused, in whatever it lies."""
    whole = write_zip(tmp_path / "inner.zip", package()).read_bytes()
    with pytest.raises(ExportError, match=r"a\.zip is not a whole ZIP archive"):
        sources.read([write_zip(tmp_path / "outer.zip", {"a.zip": whole[:-200], "b.zip": whole})])


KINDS = {
    "a.pdf": (b"%PDF-1.7\n", "a PDF"),
    "b.jpg": (b"\xff\xd8\xff\xe0\0\x10JFIF", "a picture"),
    "c.ics": (b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n", "a calendar"),
    "d.mbox": (b"From bo@example.invalid Mon Jan 01 12:00:00 2024\nSubject: hi\n", "e-mail"),
    "e.json": (b'{"soup": [1, 2]}', "JSON of another program"),
    "f.html": (b"<!DOCTYPE html><html></html>", "a web page"),
    "g.txt": (b"", "empty"),
    "h.mp4": (b"\0\0\0\x20ftypisom", "a film or a sound"),
    "i.db": (b"SQLite format 3\0" + bytes(99), "a database of another program"),
}


@pytest.mark.parametrize("name", KINDS)
def test_other_files_are_named(tmp_path: Path, name: str) -> None:
    """A file of another kind is called what it seems to be."""
    (tmp_path / name).write_bytes(KINDS[name][0])
    assert refusal_of(tmp_path / name).what.endswith(f" seems to be {KINDS[name][1]}, and no chat export.")


def test_what_is_empty_is_called_so(tmp_path: Path) -> None:
    """A folder and a ZIP without any file."""
    (tmp_path / "f").mkdir()
    assert refusal_of(tmp_path / "f").what == f"{tmp_path / 'f'} is empty."
    assert refusal_of(write_zip(tmp_path / "z.zip", {})).what == f"{tmp_path / 'z.zip'} is empty."


def test_documents_and_backups(tmp_path: Path) -> None:
    """An office document is no archive; encrypted backups and other Takeouts say what to do instead."""
    assert "a Word document" in refusal_of(write_zip(tmp_path / "a.docx", {"word/document.xml": b"x"})).what
    for name, what in (("msgstore.db.crypt15", "WhatsApp"), ("signal-2024-01-01-12-00-00.backup", "Signal")):
        (tmp_path / name).write_bytes(bytes(range(99)))
        assert f"is an encrypted backup of {what}" in refusal_of(tmp_path / name).what
    takeout = write_zip(tmp_path / "takeout.zip", {"Takeout/Mail/All mail.mbox": b"From x"})
    assert "takeout.google.com" in refusal_of(takeout).do


def test_an_archive_beside_a_package(tmp_path: Path) -> None:
    """A package that lies beside another's ZIP is read, and the ZIP is named in a note."""
    inner = write_zip(tmp_path / "2022.zip", package()).read_bytes()
    corpus = sources.read([write_folder(tmp_path / "all", package() | {"2022.zip": inner})])
    assert texts(corpus) == ["hello pond", "psst sam"]
    assert corpus.notes == ["all also holds 2022.zip, not opened: give it as well if it is an export of yours."]


@pytest.mark.parametrize("kind", ["7-Zip", "gzip", "RAR", "tar"])
def test_other_archives(tmp_path: Path, kind: str) -> None:
    """An archive that is no ZIP is named, with the advice to unpack it first."""
    head = {
        "7-Zip": b"7z\xbc\xaf\x27\x1c",
        "gzip": b"\x1f\x8b\x08",
        "RAR": b"Rar!\x1a\x07",
        "tar": bytes(257) + b"ustar",
    }
    (tmp_path / "package.bin").write_bytes(head[kind] + bytes(99))
    assert f"is a {kind} archive" in refusal_of(tmp_path / "package.bin").what


def split_by_zip(path: Path) -> list[Path]:
    """As `zip -s` splits: the first part begins with a mark, the last one's records name the disks they are on."""
    write_zip(path, package())
    raw = bytearray(b"PK\x07\x08" + path.read_bytes())
    end = raw.rindex(b"PK\x05\x06")
    raw[end + 4 : end + 8] = b"\x01\x00\x01\x00"
    first, last = path.with_suffix(".z01"), path
    first.write_bytes(bytes(raw[:700]))
    last.write_bytes(bytes(raw[700:]))
    return [first, last]


def split_by_bytes(path: Path) -> list[Path]:
    """As 7-Zip and `split` do: the bytes of one ZIP, cut."""
    raw = write_zip(path, package()).read_bytes()
    parts = [path.with_name(f"{path.name}.{number:03}") for number in (1, 2, 3)]
    for number, part in enumerate(parts):
        part.write_bytes(raw[700 * number : 700 * number + 700 if number < 2 else len(raw)])
    return parts


@pytest.mark.parametrize("split", [split_by_zip, split_by_bytes])
def test_parts_of_a_split_zip(tmp_path: Path, split: object) -> None:
    """Every part of a split ZIP, the last one too, is recognised, with advice how to join them."""
    assert callable(split)
    for part in split(tmp_path / "package.zip"):
        error = refusal_of(part)
        assert "is one part of a split ZIP" in error.what
        assert error.do.startswith("Put all of its parts into one folder")


def test_a_set_of_one_part(tmp_path: Path) -> None:
    """A ZIP that is called a first part but is whole is read."""
    assert texts(sources.read([write_zip(tmp_path / "package.zip.001", package())])) == ["hello pond", "psst sam"]


def test_parts_in_a_folder(tmp_path: Path) -> None:
    """A folder of parts says so."""
    (tmp_path / "all").mkdir()
    split_by_bytes(tmp_path / "all" / "package.zip")
    (tmp_path / "all" / "package.zip").unlink()
    error = refusal_of(tmp_path / "all")
    assert "package.zip.001, package.zip.002, package.zip.003" in error.what and error.do.startswith("Put all of its")


def test_the_beginning_of_a_zip(tmp_path: Path) -> None:
    """A ZIP without its end is no whole ZIP, whatever it is called."""
    raw = write_zip(tmp_path / "p.zip", package()).read_bytes()
    (tmp_path / "download.part").write_bytes(raw[:900])
    assert "is not a whole ZIP archive" in refusal_of(tmp_path / "download.part").what
    assert not zipfile.is_zipfile(tmp_path / "download.part")


def test_a_csv_and_activity_alone(tmp_path: Path) -> None:
    """What a package consists of is not taken for another program's."""
    assert "one message file" in refusal_of(write_folder(tmp_path / "a", {"x.csv": as_csv([message(0, "a")])})).what
    partial = {"Activity/tns/events-2024-00000-of-00001.json": b"{}", "Servers/index.json": b"{}"}
    assert "without its messages" in refusal_of(write_folder(tmp_path / "b", partial)).what
    rest = without(package(), "Messages/") | {"x/y.json": as_json([message(0, "a")])}
    assert "Discord data package" in refusal_of(write_zip(tmp_path / "c.zip", rest)).what
    assert sources.read([write_zip(tmp_path / "d.zip", {f"{GENERAL}/messages.json": as_json([message(0, "a")])})])
