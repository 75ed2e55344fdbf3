"""Parses message files that a strict parser refuses: object by object, line by line.

From the bytes of one file come the readable rows as dicts with lower-case keys, whether the file had to be repaired,
and how many rows are lost. Known damage: raw line breaks inside strings, trailing commas, missing commas between
objects, one object per line, open quotes, a truncated end.
"""

import csv
import io
import json
import re
from dataclasses import dataclass, field
from typing import Any

import orjson

from soundalike.sources._json_repair import PARSE_ERRORS, objects_in
from soundalike.text_encoding import MIXED, UTF_8, decode

_OBJECT = re.compile(r'\{\s*"(?:id|timestamp|contents?|attachments)"\s*:', re.IGNORECASE)
_LINE_END = re.compile(r"\r\n|\r|\n")
_CSV_ROW = re.compile(r'(?:^|(?<=\r))"?[0-9]{1,20}"?[,;\t]"?[0-9]{4}-[0-9]{2}-[0-9]{2}[ T]', re.MULTILINE)
_CSV_FIELDS = ["id", "timestamp", "contents", "attachments"]


@dataclass
class ParsedRows:
    """`rows` as dicts, how many were `lost` because they are unreadable, whether the file was damaged (`mended`).

    `encoding` is the one that the file was saved in.
    """

    rows: list[dict[str, Any]] = field(default_factory=list)
    lost: int = 0
    mended: bool = False
    encoding: str = UTF_8

    def add(self, found: object) -> None:
        """Keep an object; count anything else as lost."""
        if isinstance(found, dict):
            self.rows.append({str(key).lower(): value for key, value in found.items()})
        else:
            self.lost += 1


def parse_json_rows(raw: bytes) -> ParsedRows:
    """The rows of a messages.json in any encoding: as strict JSON, else as lenient JSON, else object by object."""
    text, encoding = decode(raw)
    return _with_encoding(_json_rows(text), encoding)


def _with_encoding(parsed: ParsedRows, encoding: str) -> ParsedRows:
    """Record the encoding; a mixture of two counts as damage."""
    parsed.encoding = encoding
    parsed.mended |= encoding == MIXED
    return parsed


def _json_rows(text: str) -> ParsedRows:
    if not text.strip():
        return ParsedRows()
    try:
        return _from_json(orjson.loads(text), mended=False)
    except orjson.JSONDecodeError:
        pass
    try:
        return _from_json(json.loads(text, strict=False), mended=True)
    except PARSE_ERRORS:
        return _object_by_object(text)


def _from_json(found: object, mended: bool) -> ParsedRows:
    parsed = ParsedRows(mended=mended)
    for row in found if isinstance(found, list) else [found]:
        parsed.add(row)
    return parsed


def _object_by_object(text: str) -> ParsedRows:
    parsed = ParsedRows(mended=True)
    for found in objects_in(text, _OBJECT):
        parsed.add(found)
    return parsed


def parse_csv_rows(raw: bytes) -> ParsedRows:
    """The rows of a messages.csv: all at once, else row by row.

    Accepts RFC 4180 with columns in any order, any encoding and any line ends.
    """
    text, encoding = decode(raw)
    return _with_encoding(_csv_rows(text), encoding)


def _csv_rows(text: str) -> ParsedRows:
    end = _LINE_END.search(text)
    first_line = text[: end.start()] if end else text
    delimiter = max(",;\t", key=first_line.count)
    header = [name.strip(' "').lower() for name in first_line.split(delimiter)]
    if "id" not in header:
        header, body = _CSV_FIELDS, text
    else:
        body = text[end.end() :] if end else ""
    rows = _csv_parsed(body, delimiter, len(header))
    if rows is not None:
        return ParsedRows([dict(zip(header, row, strict=True)) for row in rows])
    return _row_by_row(body, delimiter, header)


def _csv_parsed(text: str, delimiter: str, width: int) -> list[list[str]] | None:
    """All rows, without blank lines; None if any row has another number of fields than `width`."""
    try:
        rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if row]
    except csv.Error:
        return None
    return rows if all(len(row) == width for row in rows) else None


def _row_by_row(text: str, delimiter: str, header: list[str]) -> ParsedRows:
    parsed = ParsedRows(mended=True)
    starts = [found.start() for found in _CSV_ROW.finditer(text)] or [0]
    if text[: starts[0]].strip():
        starts.insert(0, 0)
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        rows = _csv_parsed(text[start:end], delimiter, len(header))
        parsed.add(dict(zip(header, rows[0], strict=True)) if rows and len(rows) == 1 else None)
    return parsed
