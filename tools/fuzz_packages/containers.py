"""A package's files as a ZIP or a folder on disk, whole or damaged as a container."""

import io
import os
import stat
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from random import Random

Files = dict[str, bytes]
Damage = Callable[[Random, bytes], bytes]

ZIP_DAMAGE: dict[str, Damage] = {}
FOLDER_DAMAGE: dict[str, Callable[[Random, Path], None]] = {}

_FIELDS = [8, 10, 16, 20, 24, 28, 34, 38, 42]  # of a directory's entry: flags, method, CRC, sizes ... (APPNOTE 4.3.12)
_NAMES = [
    "../evil", "/etc/evil", "C:\\evil", "a/" * 300 + "x", "x" * 60_000, "", "a//b", "\ud7ff", "aux", "Messages/c5/",
    "Messages/c5/messages.json/messages.json", "package.zip", "b.z01",
]  # fmt: skip


def write_zip(path: Path, raw: bytes) -> Path:
    """Put a ZIP where it is read from."""
    path.write_bytes(raw)
    return path


def zipped(files: Files, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A ZIP of the files."""
    pipe = io.BytesIO()
    with zipfile.ZipFile(pipe, "w", method, compresslevel=1) as archive:
        for name, raw in files.items():
            archive.writestr(zipfile.ZipInfo(name), raw, method)
    return pipe.getvalue()


def write_folder(path: Path, files: Files) -> Path:
    """A folder of the files."""
    for name, raw in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(raw)
    return path


def _of_zip(damage: Damage) -> Damage:
    ZIP_DAMAGE["ZIP: " + damage.__name__.strip("_").replace("_", " ")] = damage
    return damage


@_of_zip
def _bytes_flipped(rng: Random, raw: bytes) -> bytes:
    changed = bytearray(raw)
    for _ in range(rng.randint(1, 12)):
        changed[rng.randrange(len(raw))] = rng.randrange(256)
    return bytes(changed)


@_of_zip
def _cut_off(rng: Random, raw: bytes) -> bytes:
    return raw[rng.choice([0, 0, 0, rng.randrange(40)]) : rng.randrange(len(raw) + 1)]


@_of_zip
def _wrong_fields(rng: Random, raw: bytes) -> bytes:
    """Sizes, offsets, flags of an entry in the directory are not what they were."""
    changed = bytearray(raw)
    entries = [at for at in range(len(raw) - 46) if raw.startswith(b"PK\1\2", at)]
    for _ in range(rng.randint(1, 3) if entries else 0):
        at = rng.choice(entries) + rng.choice(_FIELDS)
        value = rng.choice([0, 1, 9, 0xFFFF, 0xFFFF_FFFF, 0x7FFF_FFFF, rng.randrange(1 << 32), rng.randrange(len(raw))])
        packed = struct.pack("<I", value)[: rng.choice([2, 4])]
        changed[at : at + len(packed)] = packed
    return bytes(changed)


@_of_zip
def _wrong_end(rng: Random, raw: bytes) -> bytes:
    """The last record counts wrongly, points elsewhere, or says that there are more disks."""
    at = raw.rfind(b"PK\5\6")
    changed = bytearray(raw)
    if at >= 0:
        where = at + rng.choice([4, 6, 8, 10, 12, 16, 20])
        changed[where : where + 2] = struct.pack("<H", rng.choice([0, 1, 2, 0xFFFF, rng.randrange(1 << 16)]))
    return bytes(changed) + rng.choice([b"", b"", b"PK\5\6", bytes(30)])


@_of_zip
def _more_members(rng: Random, raw: bytes) -> bytes:
    """Twice the same name, names that lead outside or are endless, links, devices, an archive."""
    pipe = io.BytesIO(raw)
    with zipfile.ZipFile(pipe, "a") as archive:
        info = zipfile.ZipInfo(rng.choice([*_NAMES, rng.choice(archive.namelist())]))
        info.create_system = 3
        info.external_attr = rng.choice([0o644, 0o644, stat.S_IFLNK | 0o777, stat.S_IFIFO | 0o644]) << 16
        archive.fp.seek(archive.start_dir)  # type: ignore[union-attr]
        archive.NameToInfo.clear()  # or it would warn of the same name twice
        archive.writestr(info, rng.choice([b"", b"x", b"[]", raw[:200]]))
    return pipe.getvalue()


@_of_zip
def _bomb(rng: Random, raw: bytes) -> bytes:
    """A message file that unpacks to far more than was packed, or says that it does not."""
    pipe = io.BytesIO(raw)
    with zipfile.ZipFile(pipe, "a", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        body = rng.choice([b" ", b"[", b"\0", b'"']) * rng.choice([1 << 18, 3 << 20])
        archive.writestr("Messages/c77/messages.json", body)
    made = pipe.getvalue()
    if rng.random() < 0.5:
        at = made.rindex(b"PK\1\2")
        made = made[: at + 24] + struct.pack("<I", rng.choice([0, 100, 1 << 30])) + made[at + 28 :]
    return made


@_of_zip
def _zip_in_zip(rng: Random, raw: bytes) -> bytes:
    return zipped({rng.choice(["inner.zip", "a/b.zip", "Messages/c5/messages.json"]): raw}, zipfile.ZIP_STORED)


@_of_zip
def _split(rng: Random, raw: bytes) -> bytes:
    cut = rng.randrange(len(raw))
    return rng.choice([raw[:cut], raw[cut:], b"PK\7\x08" + raw[:cut]])


def _of_folder(damage: Callable[[Random, Path], None]) -> Callable[[Random, Path], None]:
    FOLDER_DAMAGE["folder: " + damage.__name__.strip("_").replace("_", " ")] = damage
    return damage


def _some_file(rng: Random, root: Path) -> Path:
    return rng.choice(sorted(path for path in root.rglob("*") if path.is_file()))


def _pipes(rng: Random, root: Path) -> None:
    place = _some_file(rng, root)
    if rng.random() < 0.5:
        place.unlink()
        os.mkfifo(place)
    else:
        os.mkfifo(place.with_name("pipe"))


if hasattr(os, "mkfifo"):  # Windows has none
    _of_folder(_pipes)


@_of_folder
def _links(rng: Random, root: Path) -> None:
    place = _some_file(rng, root)
    target = rng.choice([root, Path("/dev/zero"), Path("gone"), place.parent, Path("/etc")])
    if rng.random() < 0.5:
        place.unlink()
    else:
        place = place.with_name("link")
    place.symlink_to(target)


@_of_folder
def _deep(rng: Random, root: Path) -> None:
    deep = root / "/".join("d" * rng.choice([1, 200]) for _ in range(rng.choice([3, 9, 12])))
    deep.mkdir(parents=True)
    (deep / rng.choice(["messages.json", "x" * 250])).write_bytes(b"[]")


@_of_folder
def _odd_names(rng: Random, root: Path) -> None:
    place = _some_file(rng, root)
    folder = os.fsencode(place.parent)
    name = rng.choice([b"\xff\xfe", b"messages (1).json", b"messages\n.json", b" ", b"-", b"messages.json "])
    with open(folder + b"/" + name, "wb") as file:
        file.write(place.read_bytes())


@_of_folder
def _folders_for_files(rng: Random, root: Path) -> None:
    place = _some_file(rng, root)
    place.unlink()
    place.mkdir()
