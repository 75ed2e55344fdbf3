"""Every shape in which a package has reached somebody's disk."""

import io
import json
import zipfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from soundalike import sources
from soundalike.sources import discord_package
from soundalike.sources._open_tree import open_tree
from soundalike.sources._tree import Member
from tests.sources.packages import (
    GENERAL,
    OWNER,
    WITH_SAM,
    Files,
    as_csv,
    as_json,
    checked,
    message,
    package,
    read,
    texts,
    without,
    without_files,
    write_folder,
    write_zip,
)

BOTH = ["hello pond", "psst sam"]


def test_zip_of_today(tmp_path: Path) -> None:
    """A package as Discord sends it now gives its messages, channels and owner."""
    corpus = read(tmp_path, package())
    assert texts(corpus) == BOTH
    assert corpus.owner == "Mira"
    assert corpus.authors.rows() == [(OWNER, "Mira", True)]
    assert sorted(corpus.channels.rows()) == [(GENERAL, "general", "channel"), (WITH_SAM, "sam", "dm")]
    files = {"message files": 2, "message files with messages": 2}
    assert corpus.read == {"packages": 1, "channels": 2, "messages": 2} | files
    assert corpus.skipped == {"other files, never opened": 2}
    row = corpus.messages.row(0, named=True)
    assert row | {"sent_at": None} == {
        "id": str(message(0, "")["ID"]),
        "channel": GENERAL,
        "author": OWNER,
        "me": True,
        "sent_at": None,
        "text": "hello pond",
        "reply_to": None,
        "source": "discord_package",
    }


def test_folder(tmp_path: Path) -> None:
    """An unpacked package reads like its ZIP."""
    assert texts(checked(sources.read([write_folder(tmp_path / "unpacked", package())]))) == BOTH


@pytest.mark.parametrize("wrapper", ["package/", "a/b c/package (1)/"])
def test_wrapper_folder(tmp_path: Path, wrapper: str) -> None:
    """Folders around the package do not matter."""
    corpus = read(tmp_path, {wrapper + name: raw for name, raw in package().items()})
    assert (texts(corpus), corpus.owner) == (BOTH, "Mira")


def test_packed_again_on_a_mac(tmp_path: Path) -> None:
    """What macOS adds is counted and not taken for messages."""
    files = {f"package/{name}": raw for name, raw in package().items()}
    litter = {
        f"__MACOSX/package/Messages/c{GENERAL}/._messages.json": b"\0\5\x16\7",
        f"package/Messages/c{GENERAL}/._channel.json": b"\0\5\x16\7",
        "package/.DS_Store": b"Bud1",
    }
    corpus = read(tmp_path, files | litter)
    assert texts(corpus) == BOTH
    assert corpus.skipped["files that macOS added"] == 3


def test_directory_entries_or_none(tmp_path: Path) -> None:
    """A ZIP may list its folders or leave them out."""
    files = package()
    folders: Files = {name.rpartition("/")[0] + "/": b"" for name in files if "/" in name}
    assert texts(read(tmp_path, folders | files)) == BOTH


def test_streamed_zip(tmp_path: Path) -> None:
    """A ZIP that was written in one go, with sizes only after the members, behind some other bytes."""
    pipe = io.BytesIO()
    pipe.seekable = lambda: False  # type: ignore[method-assign]
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, raw in package().items():
            archive.writestr(name, raw)
    path = tmp_path / "p.zip"
    path.write_bytes(b"some other bytes" + pipe.getvalue())
    assert texts(checked(sources.read([path]))) == BOTH


@pytest.mark.parametrize("prefix", ["", "c", "C"])
@pytest.mark.parametrize("folder", ["messages", "Messages", "MESSAGES"])
def test_csv_era(tmp_path: Path, prefix: str, folder: str) -> None:
    """Before 2024 messages were CSV, before June 2021 their folders had no c."""
    rows = [message(0, 'she said "frog",\nthen\r\nleft'), message(2, "plain, with comma"), message(3, "")]
    files = {
        "account/user.json": json.dumps({"id": OWNER, "username": "mira"}).encode(),
        f"{folder}/index.json": b"{}",
        f"{folder}/{prefix}{GENERAL}/messages.csv": as_csv(rows),
        f"{folder}/{prefix}{GENERAL}/channel.json": json.dumps({"id": GENERAL, "type": 0, "name": "general"}).encode(),
    }
    corpus = read(tmp_path, files)
    assert texts(corpus) == ['she said "frog",\nthen\nleft', "plain, with comma"]
    assert corpus.skipped == {"messages without text (stickers, calls and the like)": 1}
    assert corpus.owner == "mira"


def test_many_csv_files_and_odd_headers(tmp_path: Path) -> None:
    """A header that ends in CR, has a BOM, quotes or another order is a header all the same."""
    one, *_ = rows = [message(0, "a"), message(1, "b"), message(2, "c"), message(3, "d"), message(4, "e")]
    line = '{ID},"{Timestamp}+00:00",{Contents},'
    bodies = [
        as_csv([one]),
        b"\xef\xbb\xbfID,Timestamp,Contents,Attachments\r\n" + line.format(**rows[1]).encode(),
        b'"ID","Timestamp","Contents","Attachments"\n' + line.format(**rows[2]).encode() + b"\n\n",
        f"Contents,Attachments,Timestamp,ID\r\nd,,2024-03-01 12:03:00+00:00,{rows[3]['ID']}\r\n".encode(),
        f"ID;Timestamp;Contents;Attachments\r\n{rows[4]['ID']};2024-03-01 12:04:00;e;\r\n".encode(),
        b"ID,Timestamp,Contents,Attachments\r\n",
    ]
    corpus = read(tmp_path, {f"messages/{int(GENERAL) + place}/messages.csv": raw for place, raw in enumerate(bodies)})
    assert texts(corpus) == ["a", "b", "c", "d", "e"]
    assert corpus.read["channels"] == 6


def test_json_wins_over_csv(tmp_path: Path) -> None:
    """Where a channel has both, the JSON is read and the CSV counted."""
    extra = {f"Messages/c{GENERAL}/messages.csv": as_csv([message(9, "from the csv")])}
    corpus = read(tmp_path, package() | extra)
    assert texts(corpus) == BOTH
    assert corpus.skipped["CSV files beside a messages.json"] == 1


def test_both_folders_of_a_channel(tmp_path: Path) -> None:
    """`<id>` and `c<id>` of one channel are joined by id, and `c<id>` has the last word."""
    old = {f"Messages/{GENERAL}/messages.csv": as_csv([message(0, "older words"), message(5, "only here")])}
    corpus = read(tmp_path, old | package())
    assert texts(corpus) == [*BOTH, "only here"]
    assert without_files(corpus.read) == {"packages": 1, "channels": 2, "messages": 4}
    assert corpus.skipped["messages seen twice"] == 1


@pytest.mark.parametrize(
    ("folder", "account"),
    [
        ("Nachrichten", "Account"),
        ("Wiadomości", "Konto"),
        ("メッセージ", "アカウント"),
        ("Mensagens", "Conta"),
        ("Сообщения", "Учётная запись"),
        ("Messages", "Compte"),
    ],
)
@pytest.mark.parametrize("zipped", [True, False])
def test_translated_folders(tmp_path: Path, folder: str, account: str, zipped: bool) -> None:
    """Folders are found by what is in them, whatever language names them."""
    files = package(folder=folder, account=account)
    path = write_zip(tmp_path / "p.zip", files) if zipped else write_folder(tmp_path / "p", files)
    corpus = checked(sources.read([path]))
    assert (texts(corpus), corpus.owner) == (BOTH, "Mira")


def test_misflagged_names(tmp_path: Path) -> None:
    """UTF-8 names whose ZIP entries lack the flag that says so are still UTF-8."""
    path = write_zip(tmp_path / "p.zip", package(folder="Wiadomości", account="アカウント"))
    raw = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            raw[info.header_offset + 7] &= ~0x08 & 0xFF
        directory = archive.start_dir
    while raw[directory : directory + 4] == b"PK\x01\x02":
        raw[directory + 9] &= ~0x08 & 0xFF
        directory += 46 + sum(int.from_bytes(raw[directory + at : directory + at + 2], "little") for at in (28, 30, 32))
    path.write_bytes(bytes(raw))
    assert any("ści" not in name and "Wiad" in name for name in zipfile.ZipFile(path).namelist())
    with open_tree(path) as tree:
        assert any(member.name.startswith("Wiadomości/") for member in tree.members)
    corpus = checked(sources.read([path]))
    assert (texts(corpus), corpus.owner) == (BOTH, "Mira")


def test_only_messages_ticked(tmp_path: Path) -> None:
    """A partial package has no account, no index, no servers: its messages are still the owner's."""
    corpus = read(tmp_path, without(package(), "user.json", "index.json", "Servers", "README"))
    assert texts(corpus) == BOTH
    assert corpus.authors.rows() == [("me", "me", True)]
    assert corpus.messages["me"].all()
    assert corpus.notes == ["The package does not say whose it is; all of its messages are taken as yours."]


def test_messages_folder_alone(tmp_path: Path) -> None:
    """The messages folder by itself is a package too; user.json files beside channels are nobody's."""
    files = {name.removeprefix("Messages/"): raw for name, raw in package().items() if name.startswith("Messages/")}
    corpus = read(tmp_path, files | {"stray/user.json": b'{"id": "1", "username": "stray"}'})
    assert (texts(corpus), corpus.owner) == (BOTH, "me")


def test_account_is_one_below_the_root(tmp_path: Path) -> None:
    """The user.json of a game, deeper down, is not the owner's."""
    nested = {"Activities/game/user.json": b'{"id": "666", "username": "gamer"}'}
    assert read(tmp_path, nested | package()).owner == "Mira"
    assert read(tmp_path, nested | without(package(), "Account")).owner == "me"


def test_broken_package_of_2021(tmp_path: Path) -> None:
    """Channels that hold nothing but channel.json are counted."""
    corpus = read(tmp_path, without(package(), f"c{GENERAL}/messages.json"))
    assert texts(corpus) == ["psst sam"]
    assert corpus.skipped["channels without a messages file"] == 1


def test_two_packages_in_one_folder(tmp_path: Path) -> None:
    """A folder with two unpacked packages of one person is read as both."""
    write_folder(tmp_path / "all" / "2023", package())
    write_folder(tmp_path / "all" / "2024", package([message(7, "a year on")]))
    corpus = checked(sources.read([tmp_path / "all"]))
    assert texts(corpus) == [*BOTH, "a year on"]
    assert without_files(corpus.read) == {"packages": 2, "channels": 4, "messages": 4}


def test_activity_is_never_unpacked(tmp_path: Path) -> None:
    """Bytes of activity files may be anything: they are counted by name and never looked at."""
    activity = {f"Aktivität/{kind}/events-2024-00000-of-00001.json": b"secret" * 999 for kind in ("tns", "modeling")}
    path = write_zip(tmp_path / "p.zip", activity | package() | {"Ads/traits.json": b"[]"})
    raw = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        spoilt = [info for info in archive.infolist() if "events" in info.filename or "Ads" in info.filename]
        for info in spoilt:
            start = info.header_offset + 30 + len(info.filename.encode())
            raw[start : start + info.compress_size] = b"\xff" * info.compress_size
    path.write_bytes(bytes(raw))
    corpus = checked(sources.read([path]))
    assert texts(corpus) == BOTH
    assert corpus.skipped == {"activity files, never opened": 2, "other files, never opened": 3}


def test_only_needed_members_are_opened(tmp_path: Path) -> None:
    """In a folder, where nothing is packed, unneeded files are not opened either."""
    files = package() | {"Activity/tns/events-2024-00000-of-00001.json": b"{}", "Support/user.json": b"{}"}
    opened: list[str] = []

    def noting(member: Member) -> Iterator[bytes]:
        opened.append(member.name)
        return member.chunks()

    with open_tree(write_folder(tmp_path / "p", files)) as tree:
        tree.members = [Member(member.name, member.size, partial(noting, member)) for member in tree.members]
        assert sum(batch.messages.height for batch in discord_package.read(tree, lambda done, total: None)) == 2
    assert sorted(opened) == sorted(name for name in files if "Messages/" in name or name == "Account/user.json")


def test_json_without_spaces_or_with_indent(tmp_path: Path) -> None:
    """How a tool lays out its JSON does not matter."""
    rows = [message(0, "a"), message(1, "b")]
    files = package(general=json.dumps(rows, separators=(",", ":")).encode())
    files[f"Messages/c{WITH_SAM}/messages.json"] = b"\xef\xbb\xbf\n" + json.dumps(rows[:1], indent=2).encode()
    files[f"Messages/c{int(GENERAL) + 1}/messages.json"] = b" [ ] \n"
    files[f"Messages/c{int(GENERAL) + 2}/messages.json"] = b""
    files[f"Messages/c{int(GENERAL) + 3}/messages.json"] = as_json([message(4, "ünïcødé 🐸")])
    assert texts(read(tmp_path, files)) == ["a", "b", "ünïcødé 🐸"]
