"""Writes the year as a Discord data package: one ZIP in the layout of June 2025. The same seed gives the same bytes."""

import json
import random
import re
import zipfile
from collections import defaultdict
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from tools.make_demo.world import ANIMATED, CHANNELS, EMOJI, FRIENDS, OWNER, OWNER_ID, SERVERS, YEAR, Channel
from tools.make_demo.year import Message, write_year

SEED = 9
_DISCORD_EPOCH_MS = 1_420_070_400_000  # 2015-01-01, from which snowflakes count
_ZIP_TIME = (YEAR + 1, 1, 2, 9, 0, 0)
_STICKERS = 0.002  # probability of a sticker after a message, which is an empty row in a package
_MENTIONS = 0.2  # probability that a friend's name at the beginning of a line is a mention
_README = "Hello! This is an invented person's data package. Nobody in it exists, and neither does the pigeon.\n"


def write_package(path: Path, seed: int = SEED) -> Path:
    """Write the package to `path` and return `path`.

    About 7,000 messages of one year in 14 channels, the newest first in each file, as in Discord's packages.
    """
    members = {"README.txt": _README, **_account(), **_messages(seed), **_servers(), **_activity()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(_member(name), content, zipfile.ZIP_DEFLATED)
    return path


def _member(name: str) -> zipfile.ZipInfo:
    """A member whose header does not depend on the machine or the time."""
    member = zipfile.ZipInfo(name, _ZIP_TIME)
    member.create_system = 3
    member.external_attr = 0o644 << 16
    return member


def markup(text: str) -> str:
    """The text as Discord stores it, with ids of emoji, channels and people."""
    text = re.sub(r":(\w+):", lambda m: _emoji(m[1]) if m[1] in EMOJI else m[0], text)
    text = re.sub(r"#(\w+)", lambda m: f"<#{CHANNELS[m[1]].id}>" if m[1] in CHANNELS else m[0], text)
    return re.sub(r"@(\w+)", lambda m: f"<@{FRIENDS[m[1]]}>" if m[1] in FRIENDS else m[0], text)


def _emoji(name: str) -> str:
    return f"<{'a' if name in ANIMATED else ''}:{name}:{EMOJI[name]}>"


def snowflake(moment: datetime, low_bits: int) -> int:
    """Discord's id of something created at `moment`: milliseconds since 2015, then 22 bits."""
    milliseconds = round(moment.timestamp() * 1000) - _DISCORD_EPOCH_MS
    return milliseconds << 22 | low_bits


def _messages(seed: int) -> dict[str, str]:
    rng = random.Random(seed)
    rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for message in write_year(seed):
        rows[message.channel.key] += _rows(message, rng)
    members = {"Messages/index.json": _json({str(c.id): c.label for c in CHANNELS.values()})}
    for channel in CHANNELS.values():
        folder = f"Messages/c{channel.id}"
        members[f"{folder}/channel.json"] = _json(_description(channel))
        members[f"{folder}/messages.json"] = _json(rows[channel.key][::-1])
    return members


def _rows(message: Message, rng: random.Random) -> list[dict[str, Any]]:
    """The rows of a message: its own, and sometimes the empty one of a sticker."""
    text = message.text
    if message.channel.server and text.split(" ")[0] in FRIENDS and rng.random() < _MENTIONS:
        text = f"@{text}"
    identity = snowflake(message.sent_at, rng.getrandbits(21))
    photo = _photo(message.channel, identity) if message.photo else ""
    rows = [_row(message, identity, markup(text), photo)]
    if rng.random() < _STICKERS:
        rows.append(_row(message, identity + 1, "", ""))
    return rows


def _row(message: Message, identity: int, text: str, attachments: str) -> dict[str, Any]:
    moment = f"{message.sent_at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
    return {"ID": identity, "Timestamp": moment, "Contents": text, "Attachments": attachments}


def _photo(channel: Channel, identity: int) -> str:
    """A signed attachment URL in Discord's form, of a file that does not exist."""
    name = f"{channel.id}/{identity + 2}/keith.jpg"
    digest = sha256(name.encode()).hexdigest()
    expiry = f"ex={digest[:8]}&is={digest[8:16]}&hm={digest}&"
    return f"https://cdn.discordapp.com/attachments/{name}?{expiry}"


def _description(channel: Channel) -> dict[str, Any]:
    described: dict[str, Any] = {"id": str(channel.id), "type": channel.type}
    if channel.name:
        described["name"] = channel.name
    if channel.server:
        described["guild"] = {"id": str(SERVERS[channel.server]), "name": channel.server}
    if channel.recipients:
        others = [str(FRIENDS.get(name, name)) for name in channel.recipients]
        described["recipients"] = [str(OWNER_ID), *others]
    return described


def _account() -> dict[str, str]:
    relationships = [{"id": str(i), "type": 1, "nickname": None, "user": _user(name, i)} for name, i in FRIENDS.items()]
    owner = _user(OWNER, OWNER_ID) | {"email": "moth@example.org", "verified": True, "ip": "192.0.2.9"}
    return {"Account/user.json": _json(owner | {"relationships": relationships, "notes": {}})}


def _user(name: str, identity: int) -> dict[str, Any]:
    return {"id": str(identity), "username": name, "discriminator": "0", "global_name": name, "avatar_hash": None}


def _servers() -> dict[str, str]:
    members = {"Servers/index.json": _json({str(identity): name for name, identity in SERVERS.items()})}
    for name, identity in SERVERS.items():
        members[f"Servers/{identity}/guild.json"] = _json({"id": str(identity), "name": name})
    return members


def _activity() -> dict[str, str]:
    """A few analytics events, one JSON object a line; in a real package they are most of the bytes."""
    events = [{"event_type": "app_opened", "day": day, "domain": "Analytics"} for day in range(1, 41)]
    lines = "".join(json.dumps(event) + "\n" for event in events)
    return {f"Activity/analytics/events-{YEAR}-00000-of-00001.json": lines}


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
