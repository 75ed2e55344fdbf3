"""Tables of messages, as files to import."""

from datetime import timedelta
from pathlib import Path

import orjson

from tests.invented import FRIENDS, START, friends

TALKS_A_DAY = 24


def table(folder: Path, days: int, owner: str = "ana") -> Path:
    """A table of what FRIENDS say in so many days; that of more days begins with the same messages."""
    rows = [
        {
            "id": number,
            "author": author,
            "text": text,
            "channel": channel,
            "sent_at": (START + timedelta(minutes=minute)).isoformat(),
            "me": author == owner,
        }
        for number, (minute, channel, author, text) in enumerate(friends(days * TALKS_A_DAY)[0])
    ]
    path = folder / f"{days} days.jsonl"
    path.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
    assert set(FRIENDS) == {row["author"] for row in rows}
    return path
