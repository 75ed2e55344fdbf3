"""What imessage-exporter writes: a TXT a chat in a folder, and NDJSON."""

import json
from pathlib import Path
from typing import Any

from tests.sources.examples import Builder
from tests.sources.packages import write_folder

TXT = """May 17, 2022  5:29:42 PM (Read by you after 1 hour, 2 seconds)
Mia
morning

all of you

May 17, 2022  5:29:43 PM
Me
hi
Reactions:
    Loved by Mia

    May 17, 2022  5:30:00 PM
    Mia
    re

May 17, 2022  5:30:00 PM
Mia
re
This message responded to an earlier message.

May 17, 2022 11:30:01 PM Mia renamed the conversation to Soup

"""
RECORDS: list[dict[str, Any]] = [
    {
        "rowid": number,
        "guid": f"G{number}",
        "date_iso": f"2022-05-17T17:29:4{number}+02:00",
        "is_from_me": mine,
        "sender": {"handle_id": 1, "handle": "+49 170 1234567", "display_name": name, "is_me": mine},
        "recipients": [],
        "text": text,
        "chat_id": 7,
        "attachments": [],
    }
    for number, (mine, name, text) in enumerate(
        [(False, "Mia", "morning"), (True, None, "hi\ufffc"), (False, None, "numbers"), (False, "Mia", None)]
    )
]


def ndjson() -> bytes:
    """One record a line."""
    return b"".join(json.dumps(record).encode() + b"\n" for record in RECORDS)


def _records(folder: Path) -> Path:
    (folder / "messages.ndjson").write_bytes(ndjson())
    return folder / "messages.ndjson"


EXAMPLES: dict[str, Builder] = {
    "txt": lambda folder: write_folder(folder / "export", {"Mia.txt": TXT.encode(), "attachments/1/a.jpg": b"\xff"}),
    "ndjson": _records,
}
