"""A small Slack workspace, as a ZIP, as a folder in a folder, and one day's file."""

import json
from pathlib import Path
from typing import Any

from tests.sources.examples import Builder
from tests.sources.packages import write_folder, write_zip

DAY = 1_709_294_400  # 2024-03-01 12:00 UTC

USERS: list[dict[str, Any]] = [
    {
        "id": "U01MIRA",
        "name": "mira.k",
        "real_name": "Mira K",
        "profile": {"display_name": "Mira", "email": "mira@example.invalid", "phone": "+15550100"},
    },
    {"id": "U02SAM", "name": "sam", "real_name": "Sam", "profile": {"display_name": ""}},
    {"id": "U03CLOCK", "name": "clock", "is_bot": True, "profile": {}},
]
CHANNELS = [{"id": "C01GENERAL", "name": "general", "members": ["U01MIRA", "U02SAM"]}]
DIRECTS = [{"id": "D01AAAAAAAA", "members": ["U01MIRA", "U02SAM"]}]
GROUPS = [{"id": "G01", "name": "mpdm-mira--sam--bo-1", "members": ["U01MIRA", "U02SAM", "U04BO"]}]


def said(second: int, text: str, user: str | None = "U02SAM", **more: Any) -> dict[str, Any]:
    """A message, `second` seconds after DAY."""
    message = {
        "client_msg_id": f"m-{second}",
        "type": "message",
        "text": text,
        "user": user,
        "ts": f"{DAY + second}.000200",
    }
    return {**{name: value for name, value in message.items() if value is not None}, **more}


def workspace(general: list[Any]) -> dict[str, bytes]:
    """An export with these messages in one channel and one in each of the others."""
    files: dict[str, Any] = {
        "users.json": USERS,
        "channels.json": CHANNELS,
        "dms.json": DIRECTS,
        "mpims.json": GROUPS,
        "integration_logs.json": [],
        "general/2024-03-01.json": general,
        "D01AAAAAAAA/2024-03-01.json": [said(100, "psst")],
        "mpdm-mira--sam--bo-1/2024-03-01.json": [said(200, "all", "U04BO", user_profile={"real_name": "Bo"})],
    }
    return {name: json.dumps(value, indent=4).encode() for name, value in files.items()}


GENERAL = [
    said(0, "hello &amp; welcome <@U01MIRA>"),
    said(1, "hi", "U01MIRA", thread_ts=f"{DAY}.000200", reactions=[{"name": "wave", "users": ["U02SAM"], "count": 1}]),
    said(2, "<@U02SAM> has joined the channel", subtype="channel_join"),
    said(3, "tick", "U03CLOCK"),
    said(4, "", files=[{"id": "F1"}]),
]


def _day(folder: Path) -> Path:
    path = folder / "2024-03-01.json"
    path.write_text(json.dumps(GENERAL), encoding="utf-8")
    return path


EXAMPLES: dict[str, Builder] = {
    "zip": lambda folder: write_zip(folder / "pond Slack export.zip", workspace(GENERAL)),
    "folder": lambda folder: write_folder(
        folder / "x", {f"export/{name}": raw for name, raw in workspace(GENERAL).items()}
    ),
    "day": _day,
}
