"""ChatLab files: JSON with ids, JSON lines."""

import json
from pathlib import Path
from typing import Any

from tests.sources.examples import Builder

START = 1_709_294_400
MEMBERS = [
    {"platformId": "wx_mira", "accountName": "mira", "groupNickname": "Mira"},
    {"platformId": "wx_sam", "accountName": "Sam"},
]


def said(second: int, content: str | None, sender: str = "wx_sam", type_: int = 0, **more: Any) -> dict[str, Any]:
    """A message, `second` seconds after START."""
    return {
        "sender": sender,
        "accountName": sender,
        "timestamp": START + second,
        "type": type_,
        "content": content,
        **more,
    }


MESSAGES = [
    said(0, "morning", platformMessageId="1"),
    said(1, "hi", "wx_mira", 25, platformMessageId="2", replyToMessageId="1"),
    said(2, "[image]", type_=1),
    said(3, "Sam joined", type_=80),
    said(4, None, type_=81),
    said(5, "news", type_=26),
]


def whole(messages: list[Any], **meta: Any) -> dict[str, Any]:
    """A JSON file of a WeChat group."""
    about = {"name": "Frog Pond", "platform": "wechat", "type": "group", "groupId": "g1", "ownerId": "wx_mira", **meta}
    return {
        "chatlab": {"version": "0.0.2", "exportedAt": START, "generator": "test"},
        "meta": about,
        "members": MEMBERS,
        "messages": messages,
    }


def lines(messages: list[Any]) -> str:
    """The same as JSON lines."""
    file = whole(messages)
    header = {"_type": "header", "chatlab": file["chatlab"], "meta": file["meta"]}
    people = [{"_type": "member", **one} for one in MEMBERS]
    said_ = [{"_type": "message", **one} if isinstance(one, dict) else one for one in messages]
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in [header, *people, *said_])


def _json(folder: Path) -> Path:
    (folder / "pond.json").write_text(json.dumps(whole(MESSAGES), indent=2), encoding="utf-8")
    return folder / "pond.json"


def _jsonl(folder: Path) -> Path:
    (folder / "pond.jsonl").write_text(lines(MESSAGES), encoding="utf-8")
    return folder / "pond.jsonl"


EXAMPLES: dict[str, Builder] = {"json": _json, "jsonl": _jsonl}
