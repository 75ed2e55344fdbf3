"""Finds the files of a Discord data package by structure, never by folder name.

Folder names differ by era (`messages`, `Messages`) and, since June 2025, by the language of the owner's client
(`Nachrichten`, `メッセージ`). So the messages folder is the parent of any `c?<digits>/` that holds a channel.json or
messages.json|csv, and the account file is the user.json exactly one level below the package root (deeper ones belong to
games). Copies that a file manager or a browser kept beside the first (`messages (1).json`, `c123 2/`) are message files
too.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from soundalike.sources._tree import Member

# What Windows, macOS, GNOME, browsers and sync programs append to the name of a copy, in any language.
_COPY = (
    r"(?: ?\([^()/]{1,60}\)|[ ._-][0-9]{1,3}|(?: [-–])? [^\W\d_]{1,20}(?: [0-9]{1,3})?"
    r"|\.sync-conflict-[^/.]{1,60}){1,3}"
)
_CHANNEL_FILE = re.compile(
    rf"(?i)^(?P<above>.*/)?(?P<c>c?)(?P<id>[0-9]+)(?P<folder_copy>{_COPY})?/"
    rf"(?P<copy_of>[^\W\d_]+ [^\W\d_]+ )?(?P<what>channel|messages)(?P<copy>{_COPY})?\.(?P<kind>json|csv)$"
)
_FEWEST_DIGITS = 10  # of a channel id without `c` in a folder name that holds more than the id
ACTIVITY = re.compile(r"(?i)(^|/)events-[0-9]+-[0-9]+-of-[0-9]+\.json$")

ACTIVITY_FILES = "activity files, never opened"
OTHER_FILES = "other files, never opened"
CSV_TWINS = "CSV files beside a messages.json"
NO_MESSAGES = "channels without a messages file"


@dataclass
class Channel:
    """One channel's folder; `id` is without `c`.

    `messages` are the files to read: the JSON, or the CSV if there is no JSON, and every copy of either. `rank` orders
    the folders of one channel: if a message is in two, the first one's is kept.
    """

    id: str
    rank: tuple[bool, bool]
    description: Member | None = None
    json: list[Member] = field(default_factory=list)
    csv: list[Member] = field(default_factory=list)
    copies: list[Member] = field(default_factory=list)

    @property
    def messages(self) -> list[Member]:
        return [*(self.json or self.csv), *self.copies]


@dataclass
class Package:
    """One package in a tree. `messages` is its messages folder, `unread` counts files that are not read, by reason."""

    messages: str
    channels: list[Channel] = field(default_factory=list)
    index: Member | None = None
    account: Member | None = None
    unread: dict[str, int] = field(default_factory=dict)


def holds_package(members: Sequence[Member]) -> bool:
    """Whether any member has the path of a channel's file in a data package."""
    return any(_channel_file(member.name) for member in members)


def _channel_file(name: str) -> re.Match[str] | None:
    found = _CHANNEL_FILE.match(name)
    if found is None or (found["what"].lower(), found["kind"].lower()) == ("channel", "csv"):
        return None
    is_channel = found["c"] or not found["folder_copy"] or len(found["id"]) >= _FEWEST_DIGITS
    return found if is_channel else None


def find_packages(members: Sequence[Member]) -> list[Package]:
    """The packages among the members. Files that no package reads are counted in the first one."""
    folders: dict[str, dict[str, Channel]] = {}
    rest: list[Member] = []
    for member in members:
        found = _channel_file(member.name)
        if found is None:
            rest.append(member)
            continue
        channels = folders.setdefault(found["above"] or "", {})
        folder = _parent(member.name)
        channel = channels.setdefault(folder, Channel(found["id"], (bool(found["folder_copy"]), not found["c"])))
        if not _put(channel, found, member):
            rest.append(member)
    packages = [_package(messages, list(channels.values())) for messages, channels in folders.items()]
    _find_index_and_account(packages, rest)
    _count_rest(packages, rest)
    return packages


def _put(channel: Channel, found: re.Match[str], member: Member) -> bool:
    """Add the file to the channel; False for a copy of its description."""
    is_copy = bool(found["copy"] or found["copy_of"])
    if found["what"].lower() == "channel":
        if channel.description and is_copy:
            return False
        channel.description = member
    elif is_copy:
        channel.copies.append(member)
    else:
        (channel.json if found["kind"].lower() == "json" else channel.csv).append(member)
    return True


def _package(messages: str, channels: list[Channel]) -> Package:
    """`messages` is the messages folder with its `/`. Among the folders of a channel `c<id>` is first, copies last."""
    package = Package(messages, sorted(channels, key=lambda channel: channel.rank))
    _count(package, NO_MESSAGES, sum(not channel.messages for channel in channels))
    _count(package, CSV_TWINS, sum(len(channel.csv) for channel in channels if channel.json))
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
    """The folder that holds a file or folder, with its `/`; empty at the top."""
    above = name.rstrip("/").rpartition("/")[0]
    return f"{above}/" if above else ""


def _count_rest(packages: list[Package], rest: list[Member]) -> None:
    read = {id(member) for package in packages for member in (package.index, package.account) if member}
    unread = [member for member in rest if id(member) not in read]
    activity = sum(bool(ACTIVITY.search(member.name)) for member in unread)
    if packages:
        _count(packages[0], ACTIVITY_FILES, activity)
        _count(packages[0], OTHER_FILES, len(unread) - activity)


def _count(package: Package, reason: str, count: int) -> None:
    if count:
        package.unread[reason] = package.unread.get(reason, 0) + count
