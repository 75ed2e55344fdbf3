"""Channels as DiscordChatExporter writes them: JSON in a ZIP and a folder, HTML of today and of 2020, CSV."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.sources.examples import Builder
from tests.sources.packages import OWNER, SAM, START, snowflake, write_folder, write_zip

ROOM, DIRECT = "400000000000000001", "400000000000000002"
NAMES = {OWNER: ("mira.k", "Mira"), SAM: ("sam", "Sam")}


def id_of(minute: float) -> str:
    """The id of the message of that minute after START."""
    return str(snowflake(START + timedelta(minutes=minute)))


def person(author: str, **more: Any) -> dict[str, Any]:
    """An author or somebody mentioned."""
    name, nickname = NAMES.get(author, (f"user{author}", f"User {author}"))
    return {"id": author, "name": name, "discriminator": "0000", "nickname": nickname, "isBot": False, **more}


def said(minute: float, text: str, by: str = SAM, **more: Any) -> dict[str, Any]:
    """A message with every key that versions of 2026 write."""
    return {
        "id": id_of(minute),
        "type": "Default",
        "timestamp": (START + timedelta(minutes=minute)).isoformat(),
        "timestampEdited": None,
        "callEndedTimestamp": None,
        "isPinned": False,
        "content": text,
        "author": person(by),
        "attachments": [],
        "embeds": [],
        "stickers": [],
        "reactions": [],
        "mentions": [],
        "inlineEmojis": [],
        **more,
    }


def channel(
    messages: list[Any], id_: str = ROOM, type_: str = "GuildTextChat", name: str = "general"
) -> dict[str, Any]:
    """A whole file."""
    guild = {"id": "0", "name": "Direct Messages"} if type_.startswith("Direct") else {"id": "5", "name": "Frog Pond"}
    return {
        "guild": {**guild, "iconUrl": ""},
        "channel": {"id": id_, "type": type_, "categoryId": "6", "category": "talk", "name": name, "topic": None},
        "dateRange": {"after": None, "before": None},
        "exportedAt": "2026-11-28T12:00:00+00:00",
        "messages": messages,
        "messageCount": len(messages),
    }


def as_json(whole: dict[str, Any]) -> bytes:
    """A file as it is written: indented, letters of all scripts as they are."""
    return json.dumps(whole, indent=2, ensure_ascii=False).encode()


FILES: dict[str, bytes] = {
    f"Frog Pond - talk - general [{ROOM}].json": as_json(
        channel(
            [
                said(0, "hello pond"),
                said(1, "hi :frog: @Sam", OWNER, mentions=[person(SAM)]),
                said(2, "so?", type="Reply", reference={"type": "Default", "messageId": id_of(1), "channelId": ROOM}),
                said(3, "Pinned a message.", type="ChannelPinnedMessage", reference={"messageId": id_of(0)}),
                said(4, "beep", author=person("77", isBot=True)),
                said(5, "", attachments=[{"id": "1", "url": "x_Files\\a.png", "fileName": "a.png"}]),
            ]
        )
    ),
    f"Direct Messages - Sam [{DIRECT}].json": as_json(
        channel([said(6, "psst"), said(7, "what", OWNER)], DIRECT, "DirectTextChat", "Sam")
    ),
    f"Frog Pond - talk - general [{ROOM}].json_Files/a.png": b"\x89PNG",
}

_HEAD = (
    "<!DOCTYPE html><html lang=en><head><title>Frog Pond - general</title><style>.chatlog__message {}</style>"
    "</head><body><div class=preamble><div class=preamble__entries-container><div class=preamble__entry>Frog Pond</div>"
    "<div class=preamble__entry>talk / general</div></div></div><div class=chatlog>"
)
HTML = f"""{_HEAD}
<div class=chatlog__message-group>
<div id=chatlog__message-container-{id_of(0)} class="chatlog__message-container " data-message-id={id_of(0)}>
<div class=chatlog__message><div class=chatlog__message-aside><img class=chatlog__avatar src=a.png alt=Avatar></div>
<div class=chatlog__message-primary><div class=chatlog__header><span class=chatlog__author title=sam data-user-id={SAM}>
Sam</span> <span class=chatlog__timestamp title="Friday"><a href="#x">01/03/2024 12:00</a></span></div>
<div class="chatlog__content chatlog__markdown"><span class=chatlog__markdown-preserve>hello <strong>pond</strong><br>
it is <img loading=lazy class="chatlog__emoji" alt="🐸" title="frog" src=f.svg> &amp;
<img class=chatlog__emoji alt=pepe title=pepe src=p.png></span>
<span class=chatlog__edited-timestamp title="Friday">(edited)</span></div>
<div class=chatlog__embed><div class=chatlog__embed-title>Some page</div></div>
<div class=chatlog__reactions>
<div class=chatlog__reaction title=heart><span class=chatlog__reaction-count>2</span></div>
</div></div></div></div>
<div id=chatlog__message-container-{id_of(1)} class="chatlog__message-container" data-message-id={id_of(1)}>
<div class=chatlog__message><div class=chatlog__message-primary><div class="chatlog__content chatlog__markdown">
<span class=chatlog__markdown-preserve>again</span></div></div></div></div></div>
<div class=chatlog__message-group>
<div id=chatlog__message-container-{id_of(2)} class=chatlog__message-container data-message-id={id_of(2)}>
<div class=chatlog__message><div class=chatlog__message-primary><div class=chatlog__reply>
<div class=chatlog__reply-author title=sam>Sam</div><div class=chatlog__reply-content>
<span class=chatlog__reply-link onclick="scrollToMessage(event, '{id_of(0)}')">hello pond</span></div></div>
<div class=chatlog__header><span class=chatlog__author title=mira.k data-user-id={OWNER}>Mira</span></div>
<div class="chatlog__content chatlog__markdown"><span class=chatlog__markdown-preserve>@Sam hi</span></div>
</div></div></div></div>
<div class=chatlog__message-group>
<div id=chatlog__message-container-{id_of(3)} class=chatlog__message-container data-message-id={id_of(3)}>
<div class="chatlog__message chatlog__message--system"><div class=chatlog__message-primary>
<span class=chatlog__system-notification-author title=sam data-user-id={SAM}>Sam</span>
<span class=chatlog__system-notification-content> pinned a message.</span></div></div></div></div>
<div class=chatlog__message-group>
<div id=chatlog__message-container-{id_of(4)} class=chatlog__message-container data-message-id={id_of(4)}>
<div class=chatlog__message><div class=chatlog__header>
<span class=chatlog__author title=clock data-user-id=77>Clock</span>
<span class=chatlog__author-tag>BOT</span></div><div class="chatlog__content chatlog__markdown">
<span class=chatlog__markdown-preserve>beep</span></div></div></div></div>
</div></body></html>"""
HTML_2020 = f"""<!DOCTYPE html><html><head><style>.chatlog__messages {{ }}</style></head><body>
<div class="preamble"><div class="preamble__entry">Frog Pond</div>
<div class="preamble__entry">talk / general</div></div>
<div class="chatlog"><div class="chatlog__message-group"><div class="chatlog__author-avatar-container"></div>
<div class="chatlog__messages"><span class="chatlog__author-name" title="sam#0007" data-user-id="{SAM}">Sam</span>
<span class="chatlog__timestamp">14-Oct-19 10:35 PM</span>
<div class="chatlog__message " data-message-id="{id_of(0)}" id="message-{id_of(0)}"><div class="chatlog__content">
<div class="markdown"><span class="preserve-whitespace">hello pond</span></div></div></div>
<div class="chatlog__message " data-message-id="{id_of(1)}" id="message-{id_of(1)}"><div class="chatlog__content">
<div class="markdown"><span class="preserve-whitespace">two
lines</span></div></div></div></div></div></div></body></html>"""
CSV = "\r\n".join(
    [
        "AuthorID,Author,Date,Content,Attachments,Reactions",
        f'"{SAM}","sam","2024-03-01T12:00:00.1230000+00:00","hello ""pond""","",""',
        f'"{OWNER}","mira.k","2024-03-01T14:01:00.0000000+02:00","two\r\nlines, here","",""',
        f'"{SAM}","sam","2024-03-01T12:02:00.0000000+00:00","","https://example.invalid/a.png",""',
        "",
    ]
)
CSV_2019 = "\n".join(
    [
        "AuthorID;Author;Date;Content;Attachments;Reactions;",
        f'"{SAM}";"sam#0007";"01-Mar-24 12:00 PM";"hello; pond";"";"";',
        f'"{OWNER}";"mira#0001";"01-Mar-24 12:01 PM";"hi";"";"";',
        "",
    ]
)


def _file(name: str, text: str) -> Builder:
    def build(folder: Path) -> Path:
        (folder / name).write_bytes(text.encode())
        return folder / name

    return build


EXAMPLES: dict[str, Builder] = {
    "zip": lambda folder: write_zip(folder / "channels.zip", FILES),
    "folder": lambda folder: write_folder(folder / "channels", FILES),
    "html": _file(f"Frog Pond - talk - general [{ROOM}].html", HTML),
    "html-2020": _file(f"Frog Pond - general [{ROOM}].html", HTML_2020),
    "csv": _file(f"Frog Pond - talk - general [{ROOM}].csv", CSV),
    "csv-2019": _file(f"Frog Pond - general [{ROOM}].csv", CSV_2019),
}
