"""Conversations of WeChat as WeFlow exports them: one of two, and a group in a ZIP."""

import json
from pathlib import Path
from typing import Any

from tests.sources.examples import Builder
from tests.sources.packages import write_zip

NOON = 1_700_000_000  # s


def sent(number: int, text: str | None, mine: int | None = 0, kind: str = "文本消息", **more: Any) -> dict[str, Any]:
    """A message, `number` seconds after NOON."""
    who = ("wxid_mira", "Mira") if mine else ("wxid_sam", "Sam")
    return {
        "localId": number,
        "createTime": NOON + number,
        "formattedTime": "2023-11-14 22:13:20",
        "type": kind,
        "localType": 1,
        "content": text,
        "isSend": mine,
        "senderUsername": who[0],
        "senderDisplayName": who[1],
        **more,
    }


def conversation(messages: list[Any], type_: str = "私聊", **session: Any) -> bytes:
    """A whole file, with a picture above its messages."""
    about = {"wxid": "wxid_sam", "nickname": "sam", "remark": "", "displayName": "Sam", "type": type_} | session
    whole = {
        "weflow": {"version": "1.0.3", "exportedAt": NOON + 999},
        "session": about,
        "avatars": {"wxid_sam": "data:image/jpeg;base64," + "QUJD" * 5000},
        "messages": messages,
    }
    return json.dumps(whole, ensure_ascii=False, indent=2).encode()


ROWS = [sent(1, "你好"), sent(2, "hi", 1), sent(3, "re", 0, "引用消息"), sent(4, "[图片]", 1, "图片消息")]


def _file(folder: Path) -> Path:
    (folder / "Sam.json").write_bytes(conversation(ROWS))
    return folder / "Sam.json"


EXAMPLES: dict[str, Builder] = {
    "json": _file,
    "zip": lambda folder: write_zip(
        folder / "w.zip", {"texts/pond.json": conversation(ROWS, "群聊", wxid="5@chatroom", displayName="Pond")}
    ),
}
