"""Pages of messages as Discord's own interface returns them: JSON in a ZIP, and a CSV of Discrub."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.sources.examples import Builder
from tests.sources.examples.discord_chat_exporter import ROOM, id_of
from tests.sources.packages import OWNER, SAM, START, write_zip

NAMES = {OWNER: ("mira.k", "Mira"), SAM: ("sam", None)}


def user(id_: str, **more: Any) -> dict[str, Any]:
    """An author or somebody mentioned."""
    name, shown = NAMES.get(id_, (f"user{id_}", None))
    return {"id": id_, "username": name, "discriminator": "0", "global_name": shown, **more}


def sent(minute: float, text: str, by: str = SAM, type_: int = 0, **more: Any) -> dict[str, Any]:
    """A message, in the order of keys of today."""
    return {
        "type": type_,
        "content": text,
        "mentions": [],
        "attachments": [],
        "timestamp": (START + timedelta(minutes=minute)).isoformat(),
        "edited_timestamp": None,
        "id": id_of(minute),
        "channel_id": ROOM,
        "author": user(by),
        **more,
    }


PAGES: dict[str, bytes] = {
    f"pond/page {number}.json": json.dumps(page, indent=2).encode()
    for number, page in enumerate(
        [
            [sent(2, "so?", SAM, 19, message_reference={"type": 0, "message_id": id_of(1)}), sent(1, "hi @Sam", OWNER)],
            [sent(0, "hello pond")],
        ],
        1,
    )
}
CSV = "\n".join(
    [
        "id,type,content,channel_id,author.id,author.username,timestamp,message_reference.message_id",
        f'{id_of(0)},0,"hello, ""pond""",{ROOM},{SAM},sam,{START.isoformat()},',
        f'{id_of(1)},19,"two\nlines",{ROOM},{OWNER},mira.k,{START.isoformat()},{id_of(0)}',
        "",
    ]
)


def _csv(folder: Path) -> Path:
    (folder / "pond.csv").write_text(CSV, encoding="utf-8")
    return folder / "pond.csv"


EXAMPLES: dict[str, Builder] = {
    "zip": lambda folder: write_zip(folder / "discrub.zip", PAGES),
    "csv": _csv,
}
