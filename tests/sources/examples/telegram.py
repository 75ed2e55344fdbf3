"""Exports of Telegram Desktop: one chat, a whole account, and one as before 2022."""

import json
from pathlib import Path
from typing import Any

from tests.sources.examples import Builder
from tests.sources.packages import write_folder, write_zip

OWNER, MIA, ROLF = 300000000, 700000000, 800000000
NOON = 1_700_000_000  # s


def message(number: int, text: object, who: int = OWNER, **more: Any) -> dict[str, Any]:
    """A message, `number` seconds after NOON."""
    names = {OWNER: "Bo K", MIA: "Mia", ROLF: "Rolf"}
    parts = text if isinstance(text, list) else [{"type": "plain", "text": text}] if text else []
    return {
        "id": number,
        "type": "message",
        "date": "2023-11-14T22:13:20",
        "date_unixtime": str(NOON + number),
        "from": names[who],
        "from_id": f"user{who}",
        "text": text,
        "text_entities": parts,
    } | more


def service(number: int, action: str) -> dict[str, Any]:
    """A row of the app."""
    when = str(NOON + number)
    return {"id": number, "type": "service", "date": "2023-11-14T22:13:20", "date_unixtime": when, "action": action}


def chat(rows: list[Any], type_: str = "personal_chat", id_: int = MIA, name: str | None = "Mia") -> dict[str, Any]:
    """The export of one chat."""
    return {"name": name, "type": type_, "id": id_, "messages": rows}


def account(*chats: dict[str, Any], user: int | None = OWNER) -> dict[str, Any]:
    """The export of an account."""
    about = {"user_id": user, "first_name": "Bo", "phone_number": "+49 170 1234567", "username": "@bo"}
    personal = {} if user is None else {"personal_information": about}
    return {"about": "Here is the data you requested.", **personal, "chats": {"about": "x", "list": list(chats)}}


def as_json(export: object) -> bytes:
    """As Telegram Desktop indents it."""
    return json.dumps(export, indent=1, ensure_ascii=False).encode()


ROWS = [service(1, "phone_call"), message(2, "morning", MIA), message(3, "hi"), message(4, "", MIA, photo="x.jpg")]


def _old(folder: Path) -> Path:
    rows = [
        {"id": n, "type": "message", "date": f"2019-05-03T12:0{n}:00", "from": who, "from_id": id_, "text": f"t{n}"}
        for n, (who, id_) in enumerate([("Mia", MIA), ("Bo K", OWNER)])
    ]
    (folder / "result.json").write_bytes(as_json(chat(rows)))
    return folder / "result.json"


EXAMPLES: dict[str, Builder] = {
    "chat": lambda folder: write_folder(folder / "ChatExport", {"result.json": as_json(chat(ROWS))}),
    "account-zip": lambda folder: write_zip(
        folder / "t.zip", {"x/result.json": as_json(account(chat(ROWS), chat(ROWS, "private_group", 44, "Soup")))}
    ),
    "old": _old,
}
