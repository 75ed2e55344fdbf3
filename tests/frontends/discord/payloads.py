"""Discord's objects as the gateway and the REST API write them.

Shapes: https://docs.discord.com/developers/resources/message and its neighbours. Ids are snowflakes: discord.py reads
times out of them.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any

EPOCH_MS = 1_420_070_400_000
Payload = dict[str, Any]

GUILD_MESSAGES, GUILD_REACTIONS, DIRECT_MESSAGES, CONTENT = 1 << 9, 1 << 10, 1 << 12, 1 << 15
JOINED = "2024-01-01T00:00:00.000000+00:00"

_increments: Iterator[int] = count()


def snowflake(at: float | None = None) -> str:
    """A new id of this moment, or of another in seconds since 1970."""
    milliseconds = int((time.time() if at is None else at) * 1000) - EPOCH_MS
    return str(milliseconds << 22 | next(_increments) & 0x3FFFFF)


def snowflake_time(id_: str) -> float:
    """When an id was made, in seconds since 1970."""
    return ((int(id_) >> 22) + EPOCH_MS) / 1000


@dataclass(frozen=True)
class Person:
    """Somebody with an account."""

    name: str
    bot: bool = False
    id: str = field(default_factory=snowflake)

    def payload(self) -> Payload:
        """A user object."""
        return {
            "id": self.id,
            "username": self.name,
            "global_name": self.name,
            "discriminator": "0",
            "avatar": None,
            "bot": self.bot,
        }


def member() -> Payload:
    """A member object without its user."""
    return {"roles": [], "joined_at": JOINED, "deaf": False, "mute": False, "flags": 0}


def channel(id_: str, guild: str, name: str) -> Payload:
    """A text channel."""
    return {
        "id": id_,
        "type": 0,
        "guild_id": guild,
        "name": name,
        "position": 0,
        "permission_overwrites": [],
        "nsfw": False,
        "topic": None,
        "last_message_id": None,
        "rate_limit_per_user": 0,
        "parent_id": None,
        "flags": 0,
    }


def guild(id_: str, owner: Person, channels: Sequence[str], me: Person) -> Payload:
    """A server, as GUILD_CREATE has it."""
    everyone = {
        "id": id_,
        "name": "@everyone",
        "color": 0,
        "hoist": False,
        "position": 0,
        "permissions": str(1 << 10 | 1 << 11 | 1 << 16),
        "managed": False,
        "mentionable": False,
        "flags": 0,
    }
    nothing = (
        "icon splash discovery_splash afk_channel_id application_id system_channel_id rules_channel_id banner "
        "vanity_url_code description public_updates_channel_id safety_alerts_channel_id"
    )
    empty = (
        "emojis stickers features voice_states threads presences stage_instances guild_scheduled_events "
        "soundboard_sounds"
    )
    numbers = (
        "verification_level default_message_notifications explicit_content_filter mfa_level system_channel_flags "
        "premium_tier nsfw_level"
    )
    return {
        **dict.fromkeys(nothing.split()),
        **{name: [] for name in empty.split()},
        **dict.fromkeys(numbers.split(), 0),
        "id": id_,
        "name": "a server",
        "owner_id": owner.id,
        "afk_timeout": 300,
        "preferred_locale": "en-US",
        "premium_progress_bar_enabled": False,
        "joined_at": JOINED,
        "large": False,
        "unavailable": False,
        "member_count": 2,
        "roles": [everyone],
        "members": [{**member(), "user": me.payload()}],
        "channels": [channel(one, id_, f"room-{one}") for one in channels],
    }


def message(
    channel_id: str,
    author: Person,
    text: str,
    guild_id: str | None,
    mentions: Sequence[Person] = (),
    answers: Payload | None = None,
    at: float | None = None,
) -> Payload:
    """A message object, as MESSAGE_CREATE has it."""
    moment = time.time() if at is None else at
    made: Payload = {
        "id": snowflake(moment),
        "channel_id": channel_id,
        "author": author.payload(),
        "content": text,
        "timestamp": datetime.fromtimestamp(moment, UTC).isoformat(),
        "edited_timestamp": None,
        "tts": False,
        "mention_everyone": False,
        "mentions": [person.payload() for person in mentions],
        "mention_roles": [],
        "attachments": [],
        "embeds": [],
        "components": [],
        "pinned": False,
        "flags": 0,
        "type": 19 if answers else 0,
    }
    if guild_id is not None:
        made |= {"guild_id": guild_id, "member": member()}
    if answers is not None:
        made["message_reference"] = {"message_id": answers["id"], "channel_id": channel_id, "guild_id": guild_id}
        made["referenced_message"] = answers
    return made


def reaction(person: Person, message_: Payload, emoji: str) -> Payload:
    """A reaction, as MESSAGE_REACTION_ADD has it."""
    return {
        "user_id": person.id,
        "channel_id": message_["channel_id"],
        "message_id": message_["id"],
        "guild_id": message_.get("guild_id"),
        "member": {**member(), "user": person.payload()},
        "emoji": {"id": None, "name": emoji},
        "message_author_id": message_["author"]["id"],
        "burst": False,
        "type": 0,
    }


def blanked(message_: Payload, intents: int, reader: Person) -> Payload:
    """`message_` as a bot may read it: without the content intent not, unless its own, direct or mentioning it."""
    mentioned = any(user["id"] == reader.id for user in message_["mentions"])
    if intents & CONTENT or message_["author"]["id"] == reader.id or mentioned or "guild_id" not in message_:
        return message_
    return {**message_, "content": "", "embeds": [], "attachments": [], "components": []}


def interaction(application: str, guild_id: str, channel_id: str, person: Person, words: str, value: Any) -> Payload:
    """A slash command, `words` being the group and the command; `value` is the command's one option, or None."""
    group, command = words.split()
    kind = {str: 3, float: 10}.get(type(value), 10)
    options = [] if value is None else [{"name": "value" if kind == 10 else "what", "type": kind, "value": value}]
    return {
        "id": snowflake(),
        "application_id": application,
        "type": 2,
        "token": f"interaction-{snowflake()}",
        "version": 1,
        "guild_id": guild_id,
        "channel_id": channel_id,
        "channel": {**channel(channel_id, guild_id, "room"), "permissions": "0"},
        "member": {**member(), "user": person.payload(), "permissions": "0"},
        "data": {
            "id": snowflake(),
            "name": group,
            "type": 1,
            "options": [{"name": command, "type": 1, "options": options}],
        },
        "locale": "en-US",
        "guild_locale": "en-US",
        "entitlements": [],
        "authorizing_integration_owners": {"0": guild_id},
        "context": 0,
        "app_permissions": "0",
        "attachment_size_limit": 1,
    }
