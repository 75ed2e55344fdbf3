"""Skype's messages.json: a chat of two and a group, alone and in a ZIP with media."""

import json
from pathlib import Path
from typing import Any

from tests.sources.examples import Builder
from tests.sources.packages import write_zip


def said(number: int, content: str, by: str = "8:live:sam", kind: str = "RichText", **more: Any) -> dict[str, Any]:
    """A message of that second."""
    moment = f"2024-03-01T12:00:{number:02}.123Z"
    names = {"8:live:sam": "Sam", "8:live:mira": None}
    return {
        "id": str(1709294400000 + number), "displayName": names.get(by), "originalarrivaltime": moment,
        "messagetype": kind, "version": 1, "content": content, "conversationid": "x", "from": by, "properties": None,
        "amsreferences": None, **more,
    }  # fmt: skip


QUOTE = '<quote author="sam" authorname="Sam" messageid="1709294400000"><legacyquote>[1] Sam: </legacyquote>hi'
DIRECT = [
    said(3, "", kind="RichText/Media_GenericFile"),
    said(2, f"{QUOTE}<legacyquote>\n\n&lt;&lt;&lt; </legacyquote></quote>fine &amp; <b>you</b>?", "8:live:mira"),
    said(1, "Call", kind="Event/Call"),
    said(0, 'hi <ss type="smile">:)</ss> <at id="8:live:mira">Mira</at><e_m a="x" ts_ms="1" ts="1" t="61"/>'),
]


def export(direct: list[Any]) -> bytes:
    """A whole file, Mira's."""
    group = [said(9, "all", "8:+491701234567", displayName="+49 170 1234567")]
    conversations = [
        {"id": "8:live:sam", "displayName": "Sam", "version": 1, "properties": {"x": None}, "MessageList": direct},
        {
            "id": "19:abc@thread.skype",
            "displayName": "Pond",
            "threadProperties": {"members": "[]"},
            "MessageList": group,
        },
    ]
    whole = {"userId": "8:live:mira", "exportDate": "2024-03-02T10:00", "conversations": conversations}
    return json.dumps(whole).encode()


def _file(folder: Path) -> Path:
    (folder / "messages.json").write_bytes(export(DIRECT))
    return folder / "messages.json"


EXAMPLES: dict[str, Builder] = {
    "file": _file,
    "zip": lambda folder: write_zip(folder / "x.zip", {"messages.json": export(DIRECT), "media/a.png": b"\x89PNG"}),
}
