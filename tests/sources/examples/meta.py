"""Exports of Messenger and Instagram: a ZIP with the account, a folder, and an encrypted chat alone."""

import json
from pathlib import Path
from typing import Any

from tests.sources.examples import Builder
from tests.sources.packages import write_folder, write_zip

NOON = 1_700_000_000_000  # ms


def mangled(text: str) -> str:
    """UTF-8 bytes as Latin-1 characters, as Meta writes them."""
    return text.encode().decode("latin-1")


def message(number: int, text: str | None, who: str = "Zoë K", **more: Any) -> dict[str, Any]:
    """A message, `number` milliseconds after NOON."""
    content = {} if text is None else {"content": mangled(text)}
    return {
        "sender_name": mangled(who),
        "timestamp_ms": NOON + number,
        **content,
        "is_geoblocked_for_viewer": False,
    } | more


def thread(rows: list[Any], *people: str, title: str = "Mia") -> bytes:
    """A file of a thread; rows stand newest first."""
    participants = [{"name": mangled(one)} for one in people or ("Mia", "Zoë K")]
    whole = {"participants": participants, "messages": rows[::-1], "title": mangled(title), "thread_path": "inbox/x"}
    return json.dumps(whole).encode()


def flat(rows: list[Any], *people: str, name: str = "Mia_3") -> bytes:
    """The file of an encrypted chat."""
    return json.dumps({"participants": people or ("Mia", "Zoë K"), "threadName": name, "messages": rows}).encode()


def flat_message(number: int, text: str, who: str = "Zoë K", **more: Any) -> dict[str, Any]:
    """A message of an encrypted chat."""
    row = {"isUnsent": False, "media": [], "reactions": [], "senderName": who, "text": text}
    return row | {"timestamp": NOON + number, "type": "text"} | more


ROWS = [message(1, "morning", "Mia"), message(2, "née 🐸"), message(3, None, "Mia", photos=[{"uri": "x.jpg"}])]
INSTAGRAM = "your_instagram_activity/messages/inbox"
PROFILE = {
    "profile_user": [{"string_map_data": {"Nom": {"value": mangled("Zoë K")}, "Email": {"value": "z@example.invalid"}}}]
}
FILES = {
    f"{INSTAGRAM}/mia_17841/message_1.json": thread(ROWS),
    f"{INSTAGRAM}/mia_17841/photos/1.jpg": b"\xff\xd8",
    "personal_information/personal_information/personal_information.json": json.dumps(PROFILE).encode(),
}


def _flat(folder: Path) -> Path:
    (folder / "Mia_3.json").write_bytes(flat([flat_message(1, "morning", "Mia"), flat_message(2, "née")]))
    return folder / "Mia_3.json"


EXAMPLES: dict[str, Builder] = {
    "instagram": lambda folder: write_zip(folder / "instagram.zip", FILES),
    "messenger": lambda folder: write_folder(
        folder / "facebook",
        {
            "your_facebook_activity/messages/inbox/mia_10158/message_1.json": thread(ROWS),
            "your_facebook_activity/messages/archived_threads/soup_77777/message_1.json": thread(
                ROWS, "Rolf", "Zoë K", "Al"
            ),
        },
    ),
    "encrypted": _flat,
}
