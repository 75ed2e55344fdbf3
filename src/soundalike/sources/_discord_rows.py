"""Message files of a Discord package -> one frame of raw rows, many files at a time.

Takes pieces (the channel's number and the bytes of a whole messages.json or messages.csv), gives their rows as strings
with nothing dropped or judged. Thousands of small files cost one call of Polars' parser: between the files' rows
stands a marker row with the number of the piece. Whatever that fast reading cannot prove right is read again by
`_salvage`, file by file.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import polars as pl
from polars.exceptions import PolarsError

from soundalike.sources._salvage import Salvage, csv_rows, json_rows

FIELDS = ["ID", "Timestamp", "Contents", "Attachments"]
ROWS_SCHEMA: dict[str, pl.DataType] = {
    "channel": pl.UInt32(),
    "number": pl.Int64(),  # the id where it is a whole number that fits
    **{name: pl.String() for name in FIELDS},  # ID is null where `number` says it all
    "special": pl.Boolean(),  # Contents holds something of SPECIAL
}
SPECIAL = "[<|\\r\\x00]"  # all that can ask for a second look at a text, found in one pass

_NO_ROW = 64  # bytes; a longer array holds something
_AT_ONCE = 1 << 20  # bytes; Polars' JSON parser slows down beyond
_MARK = "~"  # names the column, or fills the ID, of a marker row
_BOM = b"\xef\xbb\xbf"
_HEADER = b"ID,Timestamp,Contents,Attachments"


@dataclass(frozen=True, slots=True)
class Piece:
    """A whole message file, or a piece of a large one that can be read like a whole one."""

    channel: int
    raw: bytes
    is_csv: bool


@dataclass
class Rows:
    """Raw rows in ROWS_SCHEMA; `lost` rows could not be read, and `mended` channels' files were damaged."""

    frame: pl.DataFrame
    lost: int = 0
    mended: set[int] = field(default_factory=set)


def parse(pieces: list[Piece]) -> Rows:
    """The rows of pieces of one kind, in their order."""
    frame = _fast(pieces)
    if frame is not None:
        return Rows(frame)
    parts = [_carefully(piece) for piece in pieces]
    mended = {channel for part in parts for channel in part.mended}
    return Rows(pl.concat([part.frame for part in parts]), sum(part.lost for part in parts), mended)


def _carefully(piece: Piece) -> Rows:
    frame = _fast([piece])
    if frame is not None:
        return Rows(frame)
    salvage = csv_rows(piece.raw) if piece.is_csv else json_rows(piece.raw)
    return Rows(_framed(salvage, piece.channel), salvage.lost, {piece.channel} if salvage.mended else set())


def _fast(pieces: list[Piece]) -> pl.DataFrame | None:
    """All rows at once, or None where anything about them is unusual. Ids as strings cost more than as numbers."""
    for id_type in [pl.String()] if pieces[0].is_csv else [pl.Int64(), pl.String()]:
        marked = _marked(pieces, id_type)
        rows = None if marked is None else _unmarked(marked, pieces)
        if rows is not None and _usual(rows, pieces):
            return rows
    return None


def _marked(pieces: list[Piece], id_type: pl.DataType) -> pl.DataFrame | None:
    """FIELDS of all pieces, and before each piece's rows a row with its number in _MARK."""
    frames: list[pl.DataFrame] = []
    for first, portion in _portions(pieces):
        frame = _parse_csv(portion, first) if portion[0].is_csv else _parse_json(portion, first, id_type)
        if frame is None:
            return None
        frames.append(frame)
    return pl.concat(frames)


def _portions(pieces: list[Piece]) -> Iterator[tuple[int, list[Piece]]]:
    """Neighbours, together about _AT_ONCE bytes, with the number of the first."""
    first = size = 0
    for number, piece in enumerate(pieces):
        if size and size + len(piece.raw) > _AT_ONCE:
            yield first, pieces[first:number]
            first, size = number, 0
        size += len(piece.raw)
    yield first, pieces[first:]


def _unmarked(marked: pl.DataFrame, pieces: list[Piece]) -> pl.DataFrame | None:
    """Rows with the channel of the marker above them; None where the markers are not just as they were put."""
    mark = marked[_MARK]
    if mark.drop_nulls().to_list() != list(range(len(pieces))):
        return None
    channels = pl.Series([piece.channel for piece in pieces], dtype=pl.UInt32)
    channel = channels.gather(mark.forward_fill()).alias("channel")
    return _finished(marked.drop(_MARK).with_columns(channel).filter(mark.is_null()))


def _finished(rows: pl.DataFrame) -> pl.DataFrame:
    """ROWS_SCHEMA from FIELDS and channel; ID may be numbers."""
    special = rows["Contents"].str.contains(SPECIAL).fill_null(False).alias("special")
    if rows.schema["ID"].is_integer():
        ids = [rows["ID"].alias("number"), pl.Series("ID", [None], dtype=pl.String).new_from_index(0, rows.height)]
    else:
        as_text = rows["ID"].str.strip_chars()
        ids = [as_text.cast(pl.Int64, strict=False).alias("number"), as_text]
    return rows.with_columns_seq(special, *ids).select(*ROWS_SCHEMA)


def _usual(rows: pl.DataFrame, pieces: list[Piece]) -> bool:
    """No row without id, no text under another key, no NUL (which Polars makes of half a surrogate pair)."""
    if (rows["ID"].is_null() & rows["number"].is_null()).any():
        return False
    if rows["Contents"].filter(rows["special"]).str.contains("\0", literal=True).any():
        return False
    return not rows["Contents"].null_count() or not any(_other_key(piece.raw) for piece in pieces)


def _other_key(raw: bytes) -> bool:
    return b'"Content"' in raw or b'"content' in raw


def _parse_json(pieces: list[Piece], first: int, id_type: pl.DataType) -> pl.DataFrame | None:
    parts: list[bytes | memoryview] = []
    for number, piece in enumerate(pieces, first):
        body = piece.raw.removeprefix(_BOM).strip()
        if body[:1] != b"[" or body[-1:] != b"]":
            return None
        parts.append(b'%s{"%s":%d}' % (b"," if parts else b"[", _MARK.encode(), number))
        if len(body) > _NO_ROW or body[1:-1].strip():
            parts += (b",", memoryview(body)[1:-1])
    parts.append(b"]")
    schema = {_MARK: pl.UInt32(), **{name: pl.String() for name in FIELDS}, "ID": id_type}
    try:
        return pl.read_json(b"".join(parts), schema=schema)
    except PolarsError:
        return None


def _parse_csv(pieces: list[Piece], first: int) -> pl.DataFrame | None:
    parts: list[bytes] = []
    for number, piece in enumerate(pieces, first):
        header, _, body = piece.raw.removeprefix(_BOM).partition(b"\n")
        if header.replace(b'"', b"").strip() != _HEADER:
            return None
        parts.append(b"%s,%d,,\r\n" % (_MARK.encode(), number))
        parts.append(body if body.endswith(b"\n") or not body else body + b"\r\n")
    schema = {name: pl.String() for name in FIELDS}
    try:
        rows = pl.read_csv(b"".join(parts), has_header=False, schema=schema, empty_string_is_null=False)
    except PolarsError:
        return None
    mark = pl.when(pl.col("ID") == _MARK).then(pl.col("Timestamp")).cast(pl.UInt32, strict=False)
    return rows.with_columns(mark.alias(_MARK))


def _framed(salvage: Salvage, channel: int) -> pl.DataFrame:
    rows = [(_id(row), _text(row, "timestamp"), _contents(row), _text(row, "attachments")) for row in salvage.rows]
    frame = pl.DataFrame(rows, schema={name: pl.String() for name in FIELDS}, orient="row")
    return _finished(frame.with_columns(pl.lit(channel, pl.UInt32()).alias("channel")))


def _id(row: dict[str, Any]) -> str | None:
    """Exact for integers; a float has lost digits already, and says so by its zeros."""
    value = row.get("id")
    if isinstance(value, bool):
        return None
    if isinstance(value, float) and math.isfinite(value):
        return str(int(value))
    return _clean(str(value).strip()) if isinstance(value, int | str) else None


def _contents(row: dict[str, Any]) -> str | None:
    """Other tools write `Content` for `Contents`."""
    return _text(row, "contents") if "contents" in row else _text(row, "content")


def _text(row: dict[str, Any], key: str) -> str | None:
    value = row.get(key)
    return None if value in (None, [], {}) else _clean(str(value))


def _clean(text: str) -> str:
    """Without NUL, and with U+FFFD for half a surrogate pair, which JSON can spell and UTF-8 cannot."""
    return text.replace("\0", "").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
