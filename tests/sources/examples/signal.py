"""Signal's plaintext export, as a folder and as its file alone."""

import json
from pathlib import Path
from typing import Any

from tests.sources.examples import Builder
from tests.sources.packages import write_folder, write_zip

NOON = 1_780_000_000_000  # ms
HEAD = {"version": "1", "backupTimeMs": str(NOON), "mediaRootBackupKey": "c2VjcmV0"}
MIA = {"aci": "bWlh", "e164": "491701234567", "profileGivenName": "Mia", "profileFamilyName": "K", "username": "mia.01"}
PEOPLE = [
    {"account": {"givenName": "Bo", "familyName": "", "profileKey": "c2VjcmV0"}},
    {"recipient": {"id": "1", "self": {}}},
    {"recipient": {"id": "2", "contact": MIA}},
    {"recipient": {"id": "3", "contact": {"aci": "cm9sZg==", "e164": "491709999999"}}},
    {"recipient": {"id": "4", "group": {"masterKey": "Z3JvdXA=", "snapshot": {"title": {"title": "Soup"}}}}},
    {"chat": {"id": "1", "recipientId": "2"}},
    {"chat": {"id": "2", "recipientId": "4"}},
    {"chat": {"id": "3", "recipientId": "1"}},
]


def item(number: int, body: str, author: str = "2", chat: str = "1", **more: Any) -> dict[str, Any]:
    """A text, `number` milliseconds after NOON."""
    way: dict[str, Any] = {"outgoing": {"sendStatus": []}} if author == "1" else {"incoming": {"sealedSender": True}}
    text = {"standardMessage": {"text": {"body": body}}}
    return {"chatItem": {"chatId": chat, "authorId": author, "dateSent": str(NOON + number)} | way | text | more}


ITEMS = [item(1, "morning"), item(2, "hi", "1"), item(3, "all", "3", "2")]


def as_jsonl(*items: object) -> bytes:
    """The head, people and chats, and these frames."""
    return b"".join(json.dumps(frame).encode() + b"\n" for frame in [HEAD, *PEOPLE, *items])


FILES = {"main.jsonl": as_jsonl(*ITEMS), "metadata.json": b'{"version":1}', "files/ab/abc.jpg": b"\xff\xd8"}


def _alone(folder: Path) -> Path:
    (folder / "main.jsonl").write_bytes(as_jsonl(*ITEMS))
    return folder / "main.jsonl"


EXAMPLES: dict[str, Builder] = {
    "folder": lambda folder: write_folder(folder / "signal-backup-2026", FILES),
    "zip": lambda folder: write_zip(folder / "s.zip", FILES),
    "file": _alone,
}
