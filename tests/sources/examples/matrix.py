"""A Matrix room as Element exports it: as a file, in a ZIP beside media."""

import json
from pathlib import Path
from typing import Any

from tests.sources.examples import Builder
from tests.sources.packages import write_zip

START = 1_709_294_400_000
MIRA, SAM = "@mira:pond.invalid", "@sam:pond.invalid"


def event(number: int, sender: str, content: Any, kind: str = "m.room.message", **more: Any) -> dict[str, Any]:
    """An event, `number` seconds after START."""
    event_id, moment = f"$e{number}", START + 1000 * number
    return {
        "type": kind, "sender": sender, "content": content, "origin_server_ts": moment, "event_id": event_id,
        "room_id": "!r:pond.invalid", "unsigned": {"age": 5}, **more,
    }  # fmt: skip


def words(body: str, **more: Any) -> dict[str, Any]:
    """The content of a message."""
    return {"msgtype": "m.text", "body": body, **more}


def member(number: int, sender: str, name: str) -> dict[str, Any]:
    """Somebody joins under a name."""
    return event(number, sender, {"membership": "join", "displayname": name}, "m.room.member", state_key=sender)


def room(events: list[Any]) -> dict[str, Any]:
    """A whole export, by Mira."""
    return {
        "room_name": "Frog Pond",
        "room_creator": SAM,
        "topic": "",
        "export_date": "01/03/2024",
        "exported_by": "Mira",
        "messages": events,
    }


REPLY = {"m.in_reply_to": {"event_id": "$e2"}}
EDIT = {"rel_type": "m.replace", "event_id": "$e4"}
EVENTS = [
    member(0, SAM, "Sam"),
    member(1, MIRA, "Mira"),
    event(2, SAM, words("hello")),
    event(3, MIRA, words("> <@sam:pond.invalid> hello\n\nhi", **{"m.relates_to": REPLY})),
    event(4, SAM, words("typo")),
    event(
        5,
        SAM,
        words("* text", **{"m.new_content": words("text"), "m.relates_to": EDIT}),
    ),
    event(6, SAM, {"m.relates_to": {"rel_type": "m.annotation", "event_id": "$e3", "key": "x"}}, "m.reaction"),
    event(7, SAM, {}),
    event(8, SAM, {"algorithm": "m.megolm.v1.aes-sha2"}, "m.room.encrypted"),
]


def _file(folder: Path) -> Path:
    path = folder / "matrix - Frog Pond - Chat Export.json"
    path.write_text(json.dumps(room(EVENTS), indent=4), encoding="utf-8")
    return path


EXAMPLES: dict[str, Builder] = {
    "file": _file,
    "zip": lambda folder: write_zip(
        folder / "x.zip", {"export.json": json.dumps(room(EVENTS)).encode(), "images/a.png": b"\x89PNG"}
    ),
}
