"""Invented Discord data packages, built as Discord and the tools in between have built them since 2018."""

import csv
import io
import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import polars as pl

from soundalike import sources
from soundalike.messages import SCHEMA, Corpus

OWNER, SAM, BO = "170000000000000001", "180000000000000002", "190000000000000003"
GENERAL, WITH_SAM = "200000000000000011", "210000000000000012"
START = datetime(2024, 3, 1, 12, tzinfo=UTC)

Files = dict[str, bytes]


def snowflake(when: datetime, low: int = 1234567) -> int:
    """The id that Discord would give to a message of this moment."""
    return (int(when.timestamp() * 1000) - 1420070400000 << 22) | low


def message(minute: float, text: str, *, attachments: str = "", low: int = 1234567) -> dict[str, Any]:
    """A row of messages.json, `minute` minutes after START."""
    when = START + timedelta(minutes=minute)
    stamp = when.strftime("%Y-%m-%d %H:%M:%S")
    return {"ID": snowflake(when, low), "Timestamp": stamp, "Contents": text, "Attachments": attachments}


def as_json(rows: Sequence[object]) -> bytes:
    """A messages.json."""
    return json.dumps(rows).encode()


def as_csv(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """A messages.csv as until 2024: CRLF, fractions of a second, the zone."""
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow(["ID", "Timestamp", "Contents", "Attachments"])
    for row in rows:
        writer.writerow([row["ID"], f"{row['Timestamp']}.123000+00:00", row["Contents"], row["Attachments"]])
    return file.getvalue().encode()


ACCOUNT: dict[str, Any] = {
    "id": OWNER,
    "username": "mira.k",
    "global_name": "Mira",
    "discriminator": 0,
    "email": "mira@example.invalid",
    "phone": "+15550100",
    "ip": "192.0.2.7",
    "payments": [{"card": "4111111111111111"}],
    "relationships": [
        {"id": SAM, "type": 1, "nickname": None, "user": {"id": SAM, "username": "sam", "global_name": "Sam"}}
    ],
    "notes": {},
}
INDEX: dict[str, Any] = {GENERAL: "general in Frog Pond", WITH_SAM: "Direct Message with sam#0"}
ROOM = {"id": GENERAL, "type": "GUILD_TEXT", "name": "general", "guild": {"id": "1", "name": "Frog Pond"}}
DIRECT = {"id": WITH_SAM, "type": "DM", "recipients": [OWNER, SAM]}


def package(
    rows: Sequence[object] = (), *, general: bytes | None = None, folder: str = "Messages", account: str = "Account"
) -> Files:
    """A whole package as since 2025, with `rows` (or the file `general`) in one channel and one line to sam."""
    general = as_json(rows or [message(0, "hello pond")]) if general is None else general
    return {
        "README.txt": b"Your data.\n",
        f"{account}/user.json": json.dumps(ACCOUNT).encode(),
        f"{folder}/index.json": json.dumps(INDEX).encode(),
        f"{folder}/c{GENERAL}/channel.json": json.dumps(ROOM).encode(),
        f"{folder}/c{GENERAL}/messages.json": general,
        f"{folder}/c{WITH_SAM}/channel.json": json.dumps(DIRECT).encode(),
        f"{folder}/c{WITH_SAM}/messages.json": as_json([message(1, "psst sam")]),
        "Servers/index.json": b"{}",
    }


def without(files: Files, *parts: str) -> Files:
    """The files whose names hold none of `parts`."""
    return {name: raw for name, raw in files.items() if not any(part in name for part in parts)}


def write_zip(path: Path, files: Mapping[str, bytes]) -> Path:
    """A ZIP without directory entries."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, raw in files.items():
            archive.writestr(name, raw)
    return path


def write_folder(path: Path, files: Mapping[str, bytes]) -> Path:
    """The same, unpacked."""
    for name, raw in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(raw)
    return path


def read(tmp_path: Path, files: Mapping[str, bytes]) -> Corpus:
    """The corpus of a ZIP of these files, with every row accounted for and the frame as promised."""
    return checked(sources.read([write_zip(tmp_path / "package.zip", files)]))


def checked(corpus: Corpus) -> Corpus:
    """The corpus, after what holds for every one."""
    frame = corpus.messages
    assert frame.schema == pl.Schema(SCHEMA)
    assert frame.equals(frame.sort("sent_at", "id"))
    assert frame["id"].is_unique().all()
    assert corpus.unaccounted == corpus.unaccounted_files == 0
    return corpus


def without_files(read: Mapping[str, int]) -> dict[str, int]:
    """The counts of what was read, but those of message files."""
    return {what: count for what, count in read.items() if not what.startswith("message files")}


def texts(corpus: Corpus) -> list[str]:
    """All texts, oldest first."""
    return corpus.messages["text"].to_list()


def write_large(path: Path, messages: int, channels: int, *, activity: int = 0) -> Path:
    """A package of `messages` in `channels` of very different sizes, the first half of all in one, beside `activity`
    bytes of activity files."""
    rng = Random(7)
    words = ["frog", "pond", "lol", "ok", "what", "rain", "soup", "tomorrow", "honestly", "nope", "ja", "hmm", "wait"]
    weights = [channels / 2, *(1 / (place + 1) for place in range(channels - 1))]
    counts = [max(1, int(messages * weight / sum(weights))) for weight in weights]
    counts[0] += messages - sum(counts)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("Account/user.json", json.dumps(ACCOUNT))
        minute = 0
        for number, count in enumerate(counts):
            channel = int(GENERAL) + number
            archive.writestr(f"Messages/c{channel}/channel.json", json.dumps(ROOM | {"id": str(channel)}))
            with archive.open(f"Messages/c{channel}/messages.json", "w") as file:
                for piece in _large_file(rng, words, minute, count):
                    file.write(piece)
            minute += count
        with archive.open("Activity/analytics/events-2024-00000-of-00001.json", "w", force_zip64=True) as file:
            for _ in range(activity >> 20):
                file.write(bytes(1 << 20))
    return path


def _large_file(rng: Random, words: list[str], minute: int, count: int) -> Iterator[bytes]:
    pool = rng.choices(words, k=5000)
    start = int(START.timestamp()) + 30 * minute
    yield b"["
    for number in range(count):
        at, second = rng.randrange(4900), start + 30 * number
        text = " ".join(pool[at : at + rng.randint(1, 20)])
        id_ = (second * 1000 - 1420070400000 << 22) | rng.randrange(1 << 22)
        stamp = datetime.fromtimestamp(second, UTC).isoformat(" ")[:19]
        row = f'{{"ID": {id_}, "Timestamp": "{stamp}", "Contents": "{text}", "Attachments": ""}}'
        yield (b", " if number else b"") + row.encode()
    yield b"]"
