"""A package's small files: the owner, people whose names are known, titles and kinds of channels.

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
from soundalike.sources._tree import Member
from soundalike.text_encoding import decode

UNREADABLE = "descriptions of channels or account that could not be read"
GUESSED = "The package has no account file; the one person in most of its direct messages was taken as its owner."
NAMELESS = "The package does not say whose it is; all of its messages are taken as yours."

_DIRECT = re.compile(r"^Direct Message with (.+)$", re.DOTALL)
_TAG = re.compile(r"#[0-9]{1,4}$")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")  # what no name has and no terminal should be sent
_GONE = re.compile(r"(null|none|unknown channel|unknown participant|deleted user\b.*)?", re.IGNORECASE)


@dataclass
class PackageMetadata:
    """What a package says besides its messages.

    `owner` is the user id, None if it is unknown; `owner_names` are all names of the account. `people` maps user ids to
    names, `titles` and `kinds` channel ids to titles and to `dm`, `group`, `channel`, `thread` or `unknown`.
    `unreadable` counts files that could not be read.
    """

    owner: str | None = None
    owner_name: str | None = None
    owner_names: set[str] = field(default_factory=set)
    people: dict[str, str] = field(default_factory=dict)
    titles: dict[str, str] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    unreadable: int = 0
    notes: list[str] = field(default_factory=list)

    @property
    def author(self) -> str:
        """The owner's author key in the message frame."""
        return self.owner or "me"

    def authors(self) -> pl.DataFrame:
        """The authors frame; a package has one author."""
        return pl.DataFrame([(self.author, self.owner_name or "me", True)], schema=AUTHORS_SCHEMA, orient="row")

    def channels(self) -> pl.DataFrame:
        """The channels frame; a title is null if the package does not name it."""
        rows = [(channel, self.titles.get(channel), kind) for channel, kind in self.kinds.items()]
        return pl.DataFrame(rows, schema=CHANNELS_SCHEMA, orient="row")


@dataclass(frozen=True)
class _DirectMessage:
    """A direct message channel: the other person's name if the index has it, and the ids of both."""

    name: str | None
    recipients: list[str]


def read_metadata(package: Package) -> PackageMetadata:
    """Read the package's small files. Raises ExportError only if the archive itself is damaged."""
    metadata = PackageMetadata()
    index = _load(package.index, metadata)
    directs = [direct for channel in package.channels if (direct := _channel(channel, index, metadata))]
    _account(_load(package.account, metadata), metadata)
    if metadata.owner is None:
        metadata.owner = _most_common_recipient(directs)
        metadata.notes.append(GUESSED if metadata.owner else NAMELESS)
    for direct in directs:
        others = [person for person in direct.recipients if person != metadata.owner]
        if direct.name and len(others) == 1:
            metadata.people.setdefault(others[0], direct.name)
    if metadata.owner and metadata.owner_name:
        metadata.people[metadata.owner] = metadata.owner_name
    return metadata


def _load(member: Member | None, metadata: PackageMetadata) -> dict[str, Any]:
    """A small JSON object; an empty one if it is missing or broken, which is counted."""
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
    metadata.unreadable += 1
    return {}


def _account(account: dict[str, Any], metadata: PackageMetadata) -> None:
    if isinstance(account.get("id"), int | str):
        metadata.owner = _label(str(account["id"]))
    metadata.owner_names = set(_names(account))
    metadata.owner_name = _name(account)
    relationships = account.get("relationships")
    for relationship in relationships if isinstance(relationships, list) else []:
        user = relationship.get("user") if isinstance(relationship, dict) else None
        if isinstance(user, dict) and (name := _name(user)):
            metadata.people[str(user.get("id") or relationship.get("id"))] = name


def _name(user: dict[str, Any]) -> str | None:
    return next(iter(_names(user)), None)


def _names(user: dict[str, Any]) -> list[str]:
    found = (_label(user.get(key)) for key in ("global_name", "display_name", "username"))
    return [name for name in found if name]


def _label(value: object) -> str | None:
    """A name or title on one line; None for each of Discord's placeholders for a missing one."""
    text = " ".join(_CONTROL.sub(" ", value).split())[:100] if isinstance(value, str) else ""
    return None if _GONE.fullmatch(text) else text


def _channel(channel: Channel, index: dict[str, Any], metadata: PackageMetadata) -> _DirectMessage | None:
    """Record one channel's title and kind. Its own name has priority over the index's label."""
    description = _load(channel.description, metadata)
    label = _label(index.get(channel.id))
    kind = _kind(description, label)
    other = _other_person(label) if kind == "dm" else None
    title = _label(description.get("name")) or (other if kind == "dm" else _without_server(label))
    if metadata.kinds.get(channel.id, "unknown") == "unknown":
        metadata.kinds[channel.id] = kind
    if title:
        metadata.titles.setdefault(channel.id, title)
    recipients = _recipients(description)
    return _DirectMessage(other, recipients) if kind == "dm" else None


def _other_person(label: str | None) -> str | None:
    """`Direct Message with sam#0`, or `sam#1234` alone -> `sam`; None for other labels."""
    direct = _DIRECT.match(label or "")
    named = direct[1] if direct else label if label and _TAG.search(label) else None
    return _label(_TAG.sub("", named)) if named else None


def _without_server(label: str | None) -> str | None:
    """`general in Some Server` -> `general`. Only names of threads and voice channels hold spaces."""
    if label is None:
        return None
    first, _, _ = label.partition(" in ")
    return first if " " not in first else label.rpartition(" in ")[0] or label


def _kind(description: dict[str, Any], label: str | None) -> str:
    """The channel's kind, from a type that is a number, a name, or missing."""
    type_ = str(description.get("type", "")).upper()
    if type_ in ("1", "DM") or (not type_ and label and _DIRECT.match(label)):
        return "dm"
    if type_ in ("3", "GROUP_DM"):
        return "group"
    if type_ in ("10", "11", "12") or type_.endswith("THREAD"):
        return "thread"
    if type_.startswith("GUILD_") or type_.isdigit() or "guild" in description:
        return "channel"
    people = len(_listed(description))
    return "unknown" if type_ or people < 2 else "dm" if people == 2 else "group"


def _listed(description: dict[str, Any]) -> list[Any]:
    recipients = description.get("recipients")
    return recipients if isinstance(recipients, list) else []


def _recipients(description: dict[str, Any]) -> list[str]:
    """User ids. The list has the words `Deleted User` for people who left Discord; they are left out."""
    people = [str(one.get("id") if isinstance(one, dict) else one) for one in _listed(description)]
    return [person for person in people if person.isdigit()]


def _most_common_recipient(directs: list[_DirectMessage]) -> str | None:
    """The person in more direct messages than anybody else, and in more than one, who must be the owner."""
    counts = Counter(person for direct in directs for person in set(direct.recipients))
    best = counts.most_common(2)
    if not best or best[0][1] < 2 or (len(best) > 1 and best[1][1] == best[0][1]):
        return None
    return best[0][0]
