"""Google Chat in a Takeout: a direct message and a space, as ZIP and folder, with dates of several languages."""

import json
from typing import Any

from tests.sources.examples import Builder
from tests.sources.packages import write_folder, write_zip

MIRA = {"name": "Mira", "email": "mira@example.invalid", "user_type": "Human"}
SAM = {"name": "Sam", "email": "sam@example.invalid", "user_type": "Human"}
CLOCK = {"name": "Clock", "email": "", "user_type": "Bot"}


def said(number: int, text: str, creator: dict[str, str], date: str, **more: Any) -> dict[str, Any]:
    """A message."""
    id_ = f"AAA/topic{number}/m{number}"
    return {
        "creator": creator,
        "created_date": date,
        "text": text,
        "topic_id": f"topic{number}",
        "message_id": id_,
        **more,
    }


DIRECT = [
    said(1, "morning", SAM, "Tuesday, May 3, 2022 at 5:43:01\u202fPM UTC"),
    said(2, "hi", MIRA, "Tuesday, 3 May 2022 at 17:43:02 UTC", quoted_message_metadata={"message_id": "AAA/topic1/m1"}),
    {"message_id": "AAA/topic3/m3", "message_state": "DELETED"},
    said(4, "", SAM, "Tuesday, May 3, 2022 at 5:44:00 PM UTC", attached_files=[{"export_name": "a.png"}]),
]
SPACE = [
    said(5, "beep", CLOCK, "2015. február 15., vasárnap 21:54:36 UTC"),
    said(6, "szia", SAM, "2015. február 15., vasárnap 21:54:37 UTC", reactions=[{"reactor_emails": ["a@b.invalid"]}]),
]


def takeout(direct: list[Any]) -> dict[str, bytes]:
    """A Takeout with these messages in the direct message."""
    files = {
        "Groups/DM abc123/group_info.json": {"members": [MIRA, SAM]},
        "Groups/DM abc123/messages.json": {"messages": direct},
        "Groups/Space xyz/group_info.json": {"name": "Frog Pond", "members": [MIRA, SAM]},
        "Groups/Space xyz/messages.json": {"messages": SPACE},
        "Users/User 123/user_info.json": {"user": MIRA, "membership_info": []},
    }
    raw = {f"Takeout/Google Chat/{name}": json.dumps(value, indent=2).encode() for name, value in files.items()}
    return {**raw, "Takeout/archive_browser.html": b"<html></html>"}


EXAMPLES: dict[str, Builder] = {
    "zip": lambda folder: write_zip(folder / "takeout.zip", takeout(DIRECT)),
    "folder": lambda folder: write_folder(folder / "x", takeout(DIRECT)),
}
