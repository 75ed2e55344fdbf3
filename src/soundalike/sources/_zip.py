"""Opens a ZIP that may be hostile as a `Tree`.

Members unpack in bounded steps straight from their place in the file; for thousands of small members that is several
times cheaper than ZipFile.open. Refused are names that leave the folder, links, passwords, overlapping members, bombs,
truncated members and wrong checksums. Sizes that the archive states are not trusted.
"""

import os
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

from soundalike.errors import ExportError
from soundalike.sources._tree import CHUNK, Tree
from soundalike.sources._unsupported import JOIN, SPLIT

TOTAL = 16 << 30  # bytes, the most that one archive may unpack to
RATIO = 100  # most unpacked bytes per packed one; chats pack 3 to 30 times, bombs far more
RATIO_FROM = 32 << 20  # unpacked bytes from which the ratio is checked
MEMBERS = 1_000_000

_PACKED_CHUNK = 1 << 20
_LOCAL_HEADER = struct.Struct("<4s22xHH")  # signature, lengths of name and extra field (APPNOTE.TXT 4.3.7)
_END_FROM = 22 + 0xFFFF  # a ZIP's last record begins at most so many bytes before the end
_UTF8_NAME, _ENCRYPTED = 0x800, 0x1
_OUTSIDE = re.compile(r"^/|^[A-Za-z]:|(^|/)\.\.(/|$)|\0")

_AGAIN = "Download the export again, or unpack it yourself and give the folder."
_UNTRUSTED = "Use the archive exactly as it was sent to you: this one is not safe to read."


def open_zip(path: Path) -> Tree:
    """The tree in the ZIP at `path`. Raises ExportError if it is incomplete or unsafe."""
    tree = Tree(path)
    try:
        file = tree.resources.enter_context(path.open("rb"))
        _refuse_part(path, file)
        _fill(tree, _Unpacking(path, file), zipfile.ZipFile(file).infolist())
    except (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError, OSError, struct.error) as error:
        tree.resources.close()
        if SPLIT.search(path.name):
            raise _part(path) from error
        raise ExportError(f"{path} is not a whole ZIP archive ({error}).", _AGAIN) from error
    except ExportError as error:
        tree.resources.close()
        if SPLIT.search(path.name):
            raise _part(path) from error
        raise
    return tree


def _refuse_part(path: Path, file: BinaryIO) -> None:
    """Raise ExportError for a part of a split ZIP: its end has a disk number, or its beginning a spanning marker."""
    file.seek(-min(_END_FROM, file.seek(0, os.SEEK_END)), os.SEEK_END)
    end = file.read()
    at = end.rfind(b"PK\x05\x06")
    disks = struct.unpack_from("<HH", end, at + 4) if 0 <= at <= len(end) - 22 else (0, 0)
    file.seek(0)
    if any(disk not in (0, 0xFFFF) for disk in disks) or file.read(4) == b"PK\x07\x08":  # 0xFFFF: in the ZIP64 record
        raise _part(path)


def _part(path: Path) -> ExportError:
    return ExportError(f"{path} is one part of a split ZIP.", JOIN)


def _fill(tree: Tree, unpacking: "_Unpacking", infos: list[zipfile.ZipInfo]) -> None:
    if len(infos) > MEMBERS:
        raise ExportError(f"{tree.path} holds {len(infos):,} files, more than any export.", _UNTRUSTED)
    _refuse_overlaps(tree.path, infos)
    for info in infos:
        name = _name(info)
        _refuse_unsafe(tree.path, name, info)
        if not name.endswith("/"):
            tree.add(name, info.file_size, partial(unpacking.chunks, info))


def _name(info: zipfile.ZipInfo) -> str:
    """The member's name with `/`. Many programs write UTF-8 without the flag for it; Python then decodes cp437."""
    name = info.orig_filename
    if not info.flag_bits & _UTF8_NAME:
        try:
            name = name.encode("cp437").decode("utf-8")
        except UnicodeError:
            pass  # the name is cp437
    return name.replace("\\", "/")


def _refuse_unsafe(path: Path, name: str, info: zipfile.ZipInfo) -> None:
    if _OUTSIDE.search(name):
        raise ExportError(f"{path} holds a file that would land outside its folder ({name!r}).", _UNTRUSTED)
    if stat.S_ISLNK(info.external_attr >> 16):
        raise ExportError(f"{path} holds a link ({name!r}), which no export does.", _UNTRUSTED)
    if info.flag_bits & _ENCRYPTED:
        raise ExportError(f"{path} is locked with a password.", "Unpack it yourself and give the folder.")


def _refuse_overlaps(path: Path, infos: list[zipfile.ZipInfo]) -> None:
    """Raise ExportError if members share bytes, as in bombs that unpack to petabytes (Fifield, WOOT 2019)."""
    end = 0
    for info in sorted(infos, key=lambda info: info.header_offset):
        if info.header_offset < end:
            raise ExportError(f"{path} holds files that lie over one another.", _UNTRUSTED)
        end = info.header_offset + _LOCAL_HEADER.size + info.compress_size


@dataclass
class _Unpacking:
    """The open archive, with the packed and unpacked bytes so far, by which a bomb is recognised."""

    path: Path
    file: BinaryIO
    packed: int = 0
    unpacked: int = 0

    def chunks(self, info: zipfile.ZipInfo) -> Iterator[bytes]:
        """The member's bytes, at most CHUNK a step, checked against its size and checksum at the end."""
        crc = made = 0
        self.packed += info.compress_size
        for chunk in self._inflate(info):
            crc, made = zlib.crc32(chunk, crc), made + len(chunk)
            self._refuse_bomb(info, made, len(chunk))
            yield chunk
        if made != info.file_size or crc != info.CRC:
            raise self._damaged(info)

    def _refuse_bomb(self, info: zipfile.ZipInfo, made: int, more: int) -> None:
        self.unpacked += more
        exploding = self.unpacked > RATIO_FROM and self.unpacked > RATIO * self.packed
        if made > info.file_size or exploding or self.unpacked > TOTAL:
            raise ExportError(f"{_name(info)!r} in {self.path} unpacks to far more than it should.", _UNTRUSTED)

    def _inflate(self, info: zipfile.ZipInfo) -> Iterator[bytes]:
        if info.compress_type == zipfile.ZIP_STORED:
            yield from self._packed_chunks(info)
            return
        if info.compress_type != zipfile.ZIP_DEFLATED:
            raise ExportError(f"{_name(info)!r} in {self.path} is packed in a way that cannot be read here.", _AGAIN)
        inflate = zlib.decompressobj(-zlib.MAX_WBITS)
        try:
            for packed in self._packed_chunks(info):
                yield inflate.decompress(packed, CHUNK)
                while inflate.unconsumed_tail:
                    yield inflate.decompress(inflate.unconsumed_tail, CHUNK)
            yield inflate.flush()  # at most what zlib itself holds back
        except zlib.error as error:
            raise self._damaged(info) from error
        if not inflate.eof:
            raise self._damaged(info)

    def _packed_chunks(self, info: zipfile.ZipInfo) -> Iterator[bytes]:
        self.file.seek(info.header_offset)
        header = self.file.read(_LOCAL_HEADER.size)
        if len(header) < _LOCAL_HEADER.size or not header.startswith(b"PK\x03\x04"):
            raise self._damaged(info)
        _, name_length, extra_length = _LOCAL_HEADER.unpack(header)
        at, remaining = self.file.tell() + name_length + extra_length, info.compress_size
        while remaining:
            self.file.seek(at)
            packed = self.file.read(min(remaining, _PACKED_CHUNK))
            if not packed:
                raise self._damaged(info)
            at, remaining = at + len(packed), remaining - len(packed)
            yield packed

    def _damaged(self, info: zipfile.ZipInfo) -> ExportError:
        return ExportError(f"{_name(info)!r} in {self.path} is damaged or cut off.", _AGAIN)
