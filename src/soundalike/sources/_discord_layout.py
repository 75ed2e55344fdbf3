"""Where things are in a Discord data package, by structure and never by folder name.

Takes the member names of a tree, gives `Package`s: channel folders, index and account file. Folder names differ by
era (`messages`, `Messages`) and, since June 2025, by the language of the owner's client (`Nachrichten`, `メッセージ`),
so the messages folder is the parent of any `c?<digits>/` that holds a channel.json or messages.json|csv, and the
account file is the user.json exactly one level below the package root: deeper ones belong to games.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from soundalike.sources._tree import Member

CHANNEL_FILE = re.compile(r"(?i)^(.*/)?(c?)([0-9]+)/(channel\.json|messages\.json|messages\.csv)$")
ACTIVITY = re.compile(r"(?i)(^|/)events-[0-9]+-[0-9]+-of-[0-9]+\.json$")

ACTIVITY_FILES = "activity files, never opened"
OTHER_FILES = "other files, never opened"
OLDER_COPIES = "CSV files beside a messages.json"
NO_MESSAGES = "channels without a messages file"


@dataclass
class Channel:
    """One channel's folder; `id` has no `c`, and what a folder does not hold is empty."""

    id: str
    prefixed: bool
    description: Member | None = None
    json: list[Member] = field(default_factory=list)
    csv: list[Member] = field(default_factory=list)

    @property
    def messages(self) -> list[Member]:
        """The files to read: JSON where there is any."""
        return self.json or self.csv


@dataclass
class Package:
    """One package in a tree. `messages` is its messages folder, `left` counts by reason what stays unread."""

    messages: str
    channels: list[Channel] = field(default_factory=list)
    index: Member | None = None
    account: Member | None = None
    left: dict[str, int] = field(default_factory=dict)


def holds_package(members: Sequence[Member]) -> bool:
    """Whether any member lies where only a data package has one."""
    return any(CHANNEL_FILE.match(member.name) for member in members)


def find_packages(members: Sequence[Member]) -> list[Package]:
    """The packages among the members. What no package reads is counted on the first."""
    folders: dict[str, dict[str, Channel]] = {}
    rest: list[Member] = []
    for member in members:
        found = CHANNEL_FILE.match(member.name)
        if found is None:
            rest.append(member)
            continue
        channels = folders.setdefault(found[1] or "", {})
        channel = channels.setdefault(found[2] + found[3], Channel(found[3], bool(found[2])))
        _put(channel, found[4].lower(), member)
    packages = [_package(messages, list(channels.values())) for messages, channels in folders.items()]
    _find_index_and_account(packages, rest)
    _count_rest(packages, rest)
    return packages


def _put(channel: Channel, name: str, member: Member) -> None:
    if name == "messages.json":
        channel.json.append(member)
    elif name == "messages.csv":
        channel.csv.append(member)
    else:
        channel.description = member


def _package(messages: str, channels: list[Channel]) -> Package:
    """`messages` is the messages folder with its `/`; of a channel's two folders `c<id>` comes first."""
    package = Package(messages, sorted(channels, key=lambda channel: not channel.prefixed))
    _count(package, NO_MESSAGES, sum(not channel.messages for channel in channels))
    _count(package, OLDER_COPIES, sum(len(channel.csv) for channel in channels if channel.json))
    return package


def _find_index_and_account(packages: list[Package], rest: list[Member]) -> None:
    indexes = {member.name[: -len("index.json")]: member for member in rest if _last(member) == "index.json"}
    accounts: dict[str, Member] = {}
    for member in rest:
        if _last(member) == "user.json" and "/" in member.name:
            accounts.setdefault(_parent(_parent(member.name)), member)
    for package in packages:
        package.index = indexes.get(package.messages)
        package.account = accounts.get(_parent(package.messages)) if package.messages else None


def _last(member: Member) -> str:
    return member.name.rpartition("/")[2].lower()


def _parent(name: str) -> str:
    """The folder above a file or a folder, with its `/`; empty at the top."""
    above = name.rstrip("/").rpartition("/")[0]
    return f"{above}/" if above else ""


def _count_rest(packages: list[Package], rest: list[Member]) -> None:
    read = {id(member) for package in packages for member in (package.index, package.account) if member}
    left = [member for member in rest if id(member) not in read]
    activity = sum(bool(ACTIVITY.search(member.name)) for member in left)
    if packages:
        _count(packages[0], ACTIVITY_FILES, activity)
        _count(packages[0], OTHER_FILES, len(left) - activity)


def _count(package: Package, reason: str, count: int) -> None:
    if count:
        package.left[reason] = package.left.get(reason, 0) + count
