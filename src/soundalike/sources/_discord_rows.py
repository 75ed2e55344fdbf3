"""Parses message files of a Discord package into one frame of raw rows, many files at a time.

Rows are strings, and none is dropped. Thousands of small files take one call of Polars' parser: a marker row with the
number of the piece is inserted before each piece's rows. If anything about the result is unusual, the pieces are
parsed again one by one, by `_lenient_parser` if need be.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import polars as pl
from polars.exceptions import PolarsError

from soundalike.messages import add_counts
from soundalike.sources._lenient_parser import ParsedRows, parse_csv_rows, parse_json_rows
from soundalike.text_encoding import MIXED, UTF_8

FIELDS = ["ID", "Timestamp", "Contents", "Attachments"]
ROWS_SCHEMA: dict[str, pl.DataType] = {
    "file": pl.UInt32(),  # the message file's number
    "number": pl.Int64(),  # the id as a number, null if it is none that fits
    **{name: pl.String() for name in FIELDS},  # ID is null if `number` is the whole id
    "special": pl.Boolean(),  # Contents matches SPECIAL
}
SPECIAL = "[<|\\r\\x00]"  # characters of texts that may need further processing, found in one pass

_NO_ROW = 64  # bytes; a longer array holds a row
_PORTION = 1 << 20  # bytes parsed at once; Polars' JSON parser slows down beyond
_MARK = "~"  # name of the marker rows' column in JSON, their ID in CSV
_BOM = b"\xef\xbb\xbf"
_HEADER = b"ID,Timestamp,Contents,Attachments"


@dataclass(frozen=True, slots=True)
class RowPiece:
    """A whole message file, or a part of a large one that is a complete file itself; `file` is the file's number."""

    file: int
    raw: bytes
    is_csv: bool


@dataclass
class RawRows:
    """Raw rows in ROWS_SCHEMA.

    `losses` counts unreadable rows by file, `mended` are damaged files, `encodings` those of files not in UTF-8.
    """

    frame: pl.DataFrame
    losses: dict[int, int] = field(default_factory=dict)
    mended: set[int] = field(default_factory=set)
    encodings: dict[int, str] = field(default_factory=dict)

    @property
    def lost(self) -> int:
        """The number of rows that could not be read."""
        return sum(self.losses.values())


def parse(pieces: list[RowPiece]) -> RawRows:
    """The rows of pieces of one format, in their order."""
    frame = _parse_fast(pieces)
    if frame is not None:
        return RawRows(frame)
    whole = RawRows(pl.DataFrame(schema=ROWS_SCHEMA))
    parts = [_parse_leniently(piece) for piece in pieces]
    for part in parts:
        add_counts(whole.losses, part.losses)
        whole.mended |= part.mended
        whole.encodings |= part.encodings
    whole.frame = pl.concat([part.frame for part in parts])
    return whole


def _parse_leniently(piece: RowPiece) -> RawRows:
    frame = _parse_fast([piece])
    if frame is not None:
        return RawRows(frame)
    parsed = parse_csv_rows(piece.raw) if piece.is_csv else parse_json_rows(piece.raw)
    frame = _to_frame(parsed, piece.file)
    lost = parsed.lost + len(parsed.rows) - frame.height
    encodings = {piece.file: parsed.encoding} if parsed.encoding not in (UTF_8, MIXED) else {}
    return RawRows(frame, {piece.file: lost} if lost else {}, {piece.file} if parsed.mended else set(), encodings)


def _parse_fast(pieces: list[RowPiece]) -> pl.DataFrame | None:
    """All rows at once; None if anything about them is unusual. Ids are tried as numbers first, which is faster."""
    for id_type in [pl.String()] if pieces[0].is_csv else [pl.Int64(), pl.String()]:
        marked = _marked(pieces, id_type)
        rows = None if marked is None else _unmarked(marked, pieces)
        if rows is not None and _is_usual(rows, pieces):
            return rows
    return None


def _marked(pieces: list[RowPiece], id_type: pl.DataType) -> pl.DataFrame | None:
    """FIELDS of all pieces, and before each piece's rows a marker row with its number."""
    frames: list[pl.DataFrame] = []
    for first, portion in _portions(pieces):
        frame = _parse_csv(portion, first) if portion[0].is_csv else _parse_json(portion, first, id_type)
        if frame is None:
            return None
        frames.append(frame)
    return pl.concat(frames)


def _portions(pieces: list[RowPiece]) -> Iterator[tuple[int, list[RowPiece]]]:
    """Consecutive pieces of together about _PORTION bytes, and the index of the first."""
    first = size = 0
    for number, piece in enumerate(pieces):
        if size and size + len(piece.raw) > _PORTION:
            yield first, pieces[first:number]
            first, size = number, 0
        size += len(piece.raw)
    yield first, pieces[first:]


def _unmarked(marked: pl.DataFrame, pieces: list[RowPiece]) -> pl.DataFrame | None:
    """Rows with the file of the marker above them; None if the markers are not exactly those inserted."""
    mark = marked[_MARK]
    if mark.drop_nulls().to_list() != list(range(len(pieces))):
        return None
    files = pl.Series([piece.file for piece in pieces], dtype=pl.UInt32)
    file = files.gather(mark.forward_fill()).alias("file")
    return _to_schema(marked.drop(_MARK).with_columns(file).filter(mark.is_null()))


def _to_schema(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows in ROWS_SCHEMA, from FIELDS and file; ID may be numeric."""
    special = rows["Contents"].str.contains(SPECIAL).fill_null(False).alias("special")
    if rows.schema["ID"].is_integer():
        ids = [rows["ID"].alias("number"), pl.Series("ID", [None], dtype=pl.String).new_from_index(0, rows.height)]
    else:
        as_text = rows["ID"].str.strip_chars()
        ids = [as_text.cast(pl.Int64, strict=False).alias("number"), as_text]
    return rows.with_columns_seq(special, *ids).select(*ROWS_SCHEMA)


def _is_usual(rows: pl.DataFrame, pieces: list[RowPiece]) -> bool:
    """No row lacks an id, no text is under another key, no NUL (which Polars makes of half a surrogate pair)."""
    if (rows["ID"].is_null() & rows["number"].is_null()).any():
        return False
    if rows["Contents"].filter(rows["special"]).str.contains("\0", literal=True).any():
        return False
    return not rows["Contents"].null_count() or not any(_other_key(piece.raw) for piece in pieces)


def _other_key(raw: bytes) -> bool:
    return b'"Content"' in raw or b'"content' in raw


def _parse_json(pieces: list[RowPiece], first: int, id_type: pl.DataType) -> pl.DataFrame | None:
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


def _parse_csv(pieces: list[RowPiece], first: int) -> pl.DataFrame | None:
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


def _to_frame(parsed: ParsedRows, file: int) -> pl.DataFrame:
    """The rows whose contents are a text or missing."""
    rows = [
        (_id(row), _text(row, "timestamp"), _text(row, key), _text(row, "attachments"))
        for row in parsed.rows
        if not _is_nested(row.get(key := "contents" if "contents" in row else "content"))  # the latter from other tools
    ]
    frame = pl.DataFrame(rows, schema={name: pl.String() for name in FIELDS}, orient="row")
    return _to_schema(frame.with_columns(pl.lit(file, pl.UInt32()).alias("file")))


def _id(row: dict[str, Any]) -> str | None:
    """The id as a string, exact for integers. A float has lost digits already, which shows by its zeros."""
    value = row.get("id")
    if isinstance(value, bool):
        return None
    if isinstance(value, float) and math.isfinite(value):
        return str(int(value))
    return _clean(str(value).strip()) if isinstance(value, int | str) else None


def _is_nested(value: object) -> bool:
    return isinstance(value, list | dict) and bool(value)


def _text(row: dict[str, Any], key: str) -> str | None:
    value = row.get(key)
    if value in (None, [], {}):
        return None
    return "..." if _is_nested(value) else _clean(str(value))


def _clean(text: str) -> str:
    """The text without NUL, with U+FFFD for half a surrogate pair, which JSON can express and UTF-8 cannot."""
    return text.replace("\0", "").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
