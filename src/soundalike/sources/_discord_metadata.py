"""Who and where: the owner, the people whose names are known, the channels' titles and kinds.

Takes a `Package`, gives `PackageMetadata`. Of user.json only the owner's id and name and the names of friends are
looked at; e-mail, phone, addresses and payments never leave the parser. Any of the files may be missing or broken.
"""

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import orjson
import polars as pl

from soundalike.messages import AUTHORS_SCHEMA, CHANNELS_SCHEMA
from soundalike.sources._discord_layout import Channel, Package
from soundalike.sources._encoding import decode
from soundalike.sources._tree import Member

UNREADABLE = "descriptions of channels or account that could not be read"
GUESSED = "The package has no account file; the one person in most of its direct messages was taken as its owner."
NAMELESS = "The package does not say whose it is; all of its messages are taken as yours."

_DIRECT = re.compile(r"^Direct Message with (.+?)(?:#[0-9]{1,4})?$", re.DOTALL)
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")  # what no name has and no terminal should be sent
_GONE = re.compile(r"(null|none|unknown channel|unknown participant|deleted user\b.*)?", re.IGNORECASE)


@dataclass
class PackageMetadata:
    """What is known besides the messages. `owner` is None where nothing says; `people` maps user id to name."""

    owner: str | None = None
    owner_name: str | None = None
    people: dict[str, str] = field(default_factory=dict)
    titles: dict[str, str] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    unreadable: int = 0
    notes: list[str] = field(default_factory=list)

    @property
    def author(self) -> str:
        """The owner's key in the message frame."""
        return self.owner or "me"

    def authors(self) -> pl.DataFrame:
        """The one author of a package."""
        return pl.DataFrame([(self.author, self.owner_name or "me", True)], schema=AUTHORS_SCHEMA, orient="row")

    def channels(self) -> pl.DataFrame:
        """Titles and kinds of the channels; the title is null where the package does not say."""
        rows = [(channel, self.titles.get(channel), kind) for channel, kind in self.kinds.items()]
        return pl.DataFrame(rows, schema=CHANNELS_SCHEMA, orient="row")


@dataclass(frozen=True)
class _Direct:
    """A direct message channel: the other person's name where the index tells it, and the ids of both."""

    name: str | None
    recipients: list[str]


def read_metadata(package: Package) -> PackageMetadata:
    """Everything that the package's small files say. Raises ExportError only where the archive itself is damaged."""
    facts = PackageMetadata()
    index = _load(package.index, facts)
    directs = [direct for channel in package.channels if (direct := _channel(channel, index, facts))]
    _account(_load(package.account, facts), facts)
    if facts.owner is None:
        facts.owner = _most_common_recipient(directs)
        facts.notes.append(GUESSED if facts.owner else NAMELESS)
    for direct in directs:
        others = [person for person in direct.recipients if person != facts.owner]
        if direct.name and len(others) == 1:
            facts.people.setdefault(others[0], direct.name)
    if facts.owner and facts.owner_name:
        facts.people[facts.owner] = facts.owner_name
    return facts


def _load(member: Member | None, facts: PackageMetadata) -> dict[str, Any]:
    """A small JSON object; an empty one where it is missing, or broken (then counted)."""
    if member is None:
        return {}
    text, _ = decode(member.read())
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        try:
            found = json.loads(text, strict=False)
        except (ValueError, RecursionError):
            found = None
    if isinstance(found, dict):
        return found
    facts.unreadable += 1
    return {}


def _account(account: dict[str, Any], facts: PackageMetadata) -> None:
    if isinstance(account.get("id"), int | str):
        facts.owner = _readable(str(account["id"]))
    facts.owner_name = _name(account)
    relationships = account.get("relationships")
    for relationship in relationships if isinstance(relationships, list) else []:
        user = relationship.get("user") if isinstance(relationship, dict) else None
        if isinstance(user, dict) and (name := _name(user)):
            facts.people[str(user.get("id") or relationship.get("id"))] = name


def _name(user: dict[str, Any]) -> str | None:
    for key in ("global_name", "display_name", "username"):
        if name := _readable(user.get(key)):
            return name
    return None


def _readable(label: object) -> str | None:
    """A name or title on one line; None for the many ways in which Discord says that there is none."""
    text = " ".join(_CONTROL.sub(" ", label).split())[:100] if isinstance(label, str) else ""
    return None if _GONE.fullmatch(text) else text


def _channel(channel: Channel, index: dict[str, Any], facts: PackageMetadata) -> _Direct | None:
    """Take in one channel's title and kind. Its own name wins over the index's label."""
    said = _load(channel.description, facts)
    label = _readable(index.get(channel.id))
    direct = _DIRECT.match(label) if label else None
    kind = _kind(said, label)
    title = _readable(said.get("name")) or (_readable(direct[1]) if direct else _without_server(label))
    if facts.kinds.get(channel.id, "unknown") == "unknown":
        facts.kinds[channel.id] = kind
    if title:
        facts.titles.setdefault(channel.id, title)
    recipients = _recipients(said)
    return _Direct(title if direct else None, recipients) if kind == "dm" else None


def _without_server(label: str | None) -> str | None:
    """`general in Some Server` -> `general`. Only threads and voice channels have spaces in their own names."""
    if label is None:
        return None
    first, _, _ = label.partition(" in ")
    return first if " " not in first else label.rpartition(" in ")[0] or label


def _kind(said: dict[str, Any], label: str | None) -> str:
    """dm | group | channel | thread | unknown, from a type that is a number, a name, or missing."""
    type_ = str(said.get("type", "")).upper()
    if type_ in ("1", "DM") or (not type_ and label and _DIRECT.match(label)):
        return "dm"
    if type_ in ("3", "GROUP_DM"):
        return "group"
    if type_ in ("10", "11", "12") or type_.endswith("THREAD"):
        return "thread"
    if type_.startswith("GUILD_") or type_.isdigit() or "guild" in said:
        return "channel"
    people = len(_listed(said))
    return "unknown" if type_ or people < 2 else "dm" if people == 2 else "group"


def _listed(said: dict[str, Any]) -> list[Any]:
    recipients = said.get("recipients")
    return recipients if isinstance(recipients, list) else []


def _recipients(said: dict[str, Any]) -> list[str]:
    """User ids. People who left Discord stand among them as the words `Deleted User`."""
    people = [str(one.get("id") if isinstance(one, dict) else one) for one in _listed(said)]
    return [person for person in people if person.isdigit()]


def _most_common_recipient(directs: list[_Direct]) -> str | None:
    """Whoever is in more direct messages than anybody else, and in more than one: that is only the owner."""
    counts = Counter(person for direct in directs for person in set(direct.recipients))
    best = counts.most_common(2)
    if not best or best[0][1] < 2 or (len(best) > 1 and best[1][1] == best[0][1]):
        return None
    return best[0][0]
