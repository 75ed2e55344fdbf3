"""Exports to measure on, made from the invented person's."""

import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path

from soundalike.demo import EXPORT

EPOCH_MS = 1_420_070_400_000
CHANNELS = 60


def demo_texts() -> list[str]:
    """Every message of the demo export."""
    with zipfile.ZipFile(EXPORT) as archive:
        names = [name for name in archive.namelist() if name.endswith("messages.json")]
        return [row["Contents"] for name in names for row in json.loads(archive.read(name)) if row["Contents"]]


def package(folder: Path, count: int) -> Path:
    """A data package of `count` messages: the demo's lines again and again, numbered so that none is a repeat."""
    texts, path = demo_texts(), folder / f"package-{count}.zip"
    rows: list[list[dict[str, object]]] = [[] for _ in range(CHANNELS)]
    start = int(datetime(2021, 1, 1, tzinfo=UTC).timestamp() * 1000)
    for number in range(count):
        moment = start + number * 150_000
        stamp = datetime.fromtimestamp(moment / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
        text = texts[number % len(texts)] + (f" {number}" if number >= len(texts) else "")
        row = {"ID": (moment - EPOCH_MS) << 22 | number % 4096, "Timestamp": stamp, "Contents": text, "Attachments": ""}
        rows[number // 40 % CHANNELS].append(row)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("Account/user.json", json.dumps({"id": "1", "username": "bench", "global_name": "bench"}))
        for channel, said in enumerate(rows):
            home = f"Messages/c{channel + 10**17}"
            archive.writestr(f"{home}/channel.json", json.dumps({"id": str(channel + 10**17), "type": "GUILD_TEXT"}))
            archive.writestr(f"{home}/messages.json", json.dumps(said))
    return path
