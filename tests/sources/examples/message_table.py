"""The own format, as JSON lines and as CSV."""

import json
from pathlib import Path
from typing import Any

from tests.sources.examples import Builder
from tests.sources.packages import write_folder

RECORDS: list[dict[str, Any]] = [
    {"id": "1", "sent_at": "2024-03-01T12:00:00Z", "channel": "pond", "author": "Mia", "text": "morning"},
    {"id": "2", "sent_at": 1709294401, "channel": "pond", "author": "Bo", "text": "hi", "reply_to": "1", "me": True},
    {"id": "3", "sent_at": 1709294402000, "channel": "pond", "author": "Rolf", "text": "two\nlines"},
]
CSV = '''sent_at,channel,author,text
2024-03-01T12:00:00Z,pond,Mia,morning
2024-03-01T12:00:01Z,pond,Bo,"hi, ""you"""
2024-03-01T12:00:02+01:00,pond,Mia,"two
lines"
'''


def as_lines(*records: object) -> bytes:
    """One record a line."""
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


def _lines(folder: Path) -> Path:
    (folder / "chat.jsonl").write_bytes(as_lines(*RECORDS))
    return folder / "chat.jsonl"


EXAMPLES: dict[str, Builder] = {
    "jsonl": _lines,
    "csv": lambda folder: write_folder(folder / "chats", {"pond.csv": CSV.encode(), "readme.md": b"mine"}),
}
