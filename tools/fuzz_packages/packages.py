"""A small invented package of some era: the files by name, and the texts that a reader must find in it."""

import csv
import io
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Any

FIELDS = ["ID", "Timestamp", "Contents", "Attachments"]
OWNER = 170_000_000_000_000_001

_EPOCH = 1_420_070_400_000  # ms: Discord's first moment
_WORDS = "frog pond lol ok what rain tomorrow café naïve über soon? no… “yes” :) haha ß señor 5€ <@3> *hm* a,b".split()
_FOLDERS = ["messages", "Messages", "Nachrichten", "Messages", "package/Messages", "Mensagens"]


@dataclass
class Package:
    """`channels` maps a message file's name to its rows, the other files are in `rest`; `files` are all as bytes."""

    channels: dict[str, list[dict[str, Any]]]
    rest: dict[str, bytes]
    files: dict[str, bytes] = field(default_factory=dict)

    def texts(self) -> list[str]:
        """What the rows say, sorted; markup as it is read."""
        rows = [row for rows in self.channels.values() for row in rows]
        return sorted(row["Contents"].replace("<@3>", "@someone") for row in rows)

    def write(self) -> "Package":
        """The message files, as Discord writes them."""
        self.files = dict(self.rest)
        for name, rows in self.channels.items():
            self.files[name] = as_csv(rows) if name.endswith(".csv") else as_json(rows)
        return self


def as_json(rows: list[dict[str, Any]]) -> bytes:
    """A messages.json."""
    return json.dumps(rows, ensure_ascii=False).encode()


def as_csv(rows: list[dict[str, Any]]) -> bytes:
    """A messages.csv."""
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow(FIELDS)
    writer.writerows([row.get(name, "") for name in FIELDS] for row in rows)
    return file.getvalue().encode()


def invent(rng: Random) -> Package:
    """One to three channels of up to a dozen messages in one of the layouts since 2018, whole or partial."""
    folder, kind, prefix = rng.choice(_FOLDERS), rng.choice(["json", "json", "csv"]), rng.choice(["c", "c", ""])
    above = folder.rpartition("/")[0] + "/" if "/" in folder else ""
    moment = rng.randrange(60_000_000_000, 320_000_000_000)  # ms since _EPOCH: 2016 to 2025
    channels: dict[str, list[dict[str, Any]]] = {}
    rest: dict[str, bytes] = {}
    for number in range(rng.randint(1, 3)):
        id_ = 200_000_000_000_000_000 + number
        rows = []
        for _ in range(rng.randint(1, 12)):
            moment += rng.randrange(1_500, 3_000_000)
            rows.append(_row(rng, moment))
        channels[f"{folder}/{prefix}{id_}/messages.{kind}"] = rows
        described = {"id": str(id_), "type": rng.choice([0, 1, "DM", "GUILD_TEXT"]), "recipients": [str(OWNER), "3"]}
        rest[f"{folder}/{prefix}{id_}/channel.json"] = json.dumps(described).encode()
    if rng.random() < 0.8:
        rest[f"{above}Account/user.json"] = json.dumps({"id": str(OWNER), "username": "mira"}).encode()
        rest[f"{folder}/index.json"] = b'{"200000000000000000": "general in Pond"}'
    return Package(channels, rest).write()


def _row(rng: Random, moment: int) -> dict[str, Any]:
    seconds = (_EPOCH + moment) // 1000
    text = " ".join(rng.choices(_WORDS, k=rng.randint(1, 9)))
    return {
        "ID": (moment << 22) | rng.randrange(1 << 22),
        "Timestamp": _written(seconds),
        "Contents": text + rng.choice(["", "", "", "\nnext", ' "q"']),
        "Attachments": rng.choice(["", "", "https://cdn.example.invalid/a.png"]),
    }


def _written(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")
