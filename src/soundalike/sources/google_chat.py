"""Reads Google Chat from a Google Takeout: a ZIP or folder with `Google Chat/Groups/<group>/messages.json`.

    Groups/DM abc/group_info.json      members, and a name where the group has one
    Groups/DM abc/messages.json        messages[{creator{name, email}, created_date, text, message_id, ...}]
    Users/User 123/user_info.json      the owner's name and e-mail address

Dates are prose in the owner's language. E-mail addresses tell people apart and are kept as hashes only.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from soundalike.messages import (
    BOTS,
    DELETED,
    REACTIONS,
    UNREADABLE_ROWS,
    Corpus,
    add_counts,
    empty,
)
from soundalike.sources._file_reading import Advance, FileReading
from soundalike.sources._heads import heads
from soundalike.sources._json_files import ObjectFile, dicts, key, text
from soundalike.sources._people import SOMEONE, hashed, is_address, one_line
from soundalike.sources._prose_dates import prose_milliseconds
from soundalike.sources._rows import RowCollector, authors_frame, channels_frame
from soundalike.sources._tree import Member, Tree

NAME = "google_chat"
LOOKED_FOR = "a Google Takeout with Google Chat in it"

OTHER_FILES = "other files, never opened"

_MESSAGES = re.compile(r"(?:^|/)messages\.json$")
_ANY = re.compile(r"(?:^|/)[^/]*\.json$")
_GROUP = re.compile(r"(?:^|/)group_info\.json$")
_USER = re.compile(r"(?:^|/)user_info\.json$")
_OPENING = r'\{\s*"(?:creator|created_date|message_state)"\s*:'
_HEAD = re.compile(r'"creator"\s*:.{0,400}?"created_date"\s*:|"message_state"\s*:\s*"DELETED"', re.DOTALL)
_UNIT = 1000  # ms; dates tell seconds


def recognise(tree: Tree) -> bool:
    """Whether there is a file of messages as Takeout writes them."""
    names = [member.name for member in tree.members]
    if any(map(_GROUP.search, names)) and any(map(_MESSAGES.search, names)):
        return any(_is_messages(head) for _, head in heads(tree, _MESSAGES))
    return len(names) == 1 and any(_is_messages(head) for _, head in heads(tree, _ANY))


def _is_messages(head: str) -> bool:
    return bool(re.match(r'\s*\{\s*"messages"\s*:\s*\[', head)) and bool(_HEAD.search(head))


def read(tree: Tree, on_progress: Callable[[int, int], None]) -> Iterator[Corpus]:
    """Batches of all groups; progress in bytes. Raises ExportError if the archive is damaged."""
    files = [member for member in tree.members if _MESSAGES.search(member.name)]
    files = files or [member for member in tree.members if len(tree.members) == 1]
    reading, rows, account = FileReading(files, on_progress), RowCollector(NAME, _UNIT), _Account()
    infos = {_folder(member): member for member in tree.members if _GROUP.search(member.name)}
    users = [member for member in tree.members if _USER.search(member.name)]
    for member in users:
        account.learn_owner(reading.load(member))

    def read_file(member: Member, advance: Advance) -> Iterator[None]:
        folder = _folder(member)
        channel = account.channel(folder or _above(tree), reading.load(infos[folder]) if folder in infos else None)
        file = ObjectFile(member, "messages", _OPENING)
        yield from reading.add_objects(rows, file, file.batches(), lambda one: _add(one, channel, account, rows))
        advance(member.size)

    yield from reading.full_batches(rows, read_file)
    skipped = reading.skipped
    others = len(tree.members) - len(files) - len(infos) - len(users)
    add_counts(skipped, {REACTIONS: account.reactions, OTHER_FILES: others})
    frames = authors_frame(account.people, account.owners), channels_frame(account.channels)
    yield Corpus(empty(), *frames, reading.read, skipped, reading.notes)
    reading.finish()


def _folder(member: Member) -> str:
    return member.name.rpartition("/")[0]


def _above(tree: Tree) -> str:
    """The group's folder where it is given itself, or one of its files; empty if it is called otherwise."""
    above = (tree.path if tree.path.is_dir() else tree.path.parent).name
    return above if above.startswith(("DM ", "Space ")) else ""


@dataclass
class _Account:
    """People by key, the owner's keys, and channels."""

    people: dict[str, str] = field(default_factory=dict)
    owners: set[str] = field(default_factory=set)
    channels: dict[str, tuple[str | None, str]] = field(default_factory=dict)
    reactions: int = 0

    def learn_owner(self, info: object) -> None:
        """Take the owner from a user_info.json."""
        user = info.get("user") if isinstance(info, dict) else None
        if isinstance(user, dict) and (person := _key_of(user)):
            self.owners.add(person)
            self._learn_name(person, user)

    def author(self, creator: dict[str, Any]) -> str | None:
        """The key of who wrote a message; None if the message does not say."""
        person = _key_of(creator)
        if person:
            self._learn_name(person, creator)
        return person

    def _learn_name(self, person: str, user: dict[str, Any]) -> None:
        name = one_line(text(user.get("name")))
        if self.people.get(person, SOMEONE) == SOMEONE:
            self.people[person] = SOMEONE if not name or is_address(name) else name

    def channel(self, folder: str, info: object) -> str:
        """The key of a group, whose kind follows from its members and whether it has a name."""
        last = folder.rpartition("/")[2] or "chat"
        info = info if isinstance(info, dict) else {}
        members = dicts(info.get("members"))
        name = one_line(text(info.get("name")))
        others = [member for member in members if _key_of(member) not in self.owners]
        if not name and len(others) == 1 and self.owners:
            name = one_line(text(others[0].get("name")))
        direct = last.startswith("DM") or (bool(members) and not text(info.get("name")))
        kind = "unknown" if not members else ("dm" if len(members) <= 2 else "group") if direct else "channel"
        channel = f"{NAME}:{last.rpartition(' ')[2]}"
        self.channels.setdefault(channel, (name if name and not is_address(name) else None, kind))
        return channel


def _key_of(user: dict[str, Any]) -> str | None:
    """A hash of the address; without one, of the name."""
    address, name = text(user.get("email")).strip(), one_line(text(user.get("name")))
    if address:
        return f"{NAME}:{hashed(address)}"
    return f"{NAME}:{blake2b(name.encode('utf-8', 'replace'), digest_size=8).hexdigest()}" if name else None


def _add(message: object, channel: str, account: _Account, rows: RowCollector) -> None:
    if not isinstance(message, dict):
        rows.skip(UNREADABLE_ROWS)
        return
    account.reactions += sum(len(one["reactor_emails"]) for one in dicts(message.get("reactions")) if _is_list(one))
    if text(message.get("message_state")) == "DELETED":
        rows.skip(DELETED)
        return
    creator = message.get("creator")
    if not isinstance(creator, dict):
        rows.skip(UNREADABLE_ROWS)
    elif text(creator.get("user_type")).lower() in ("bot", "app"):
        rows.skip(BOTS)
    elif (author := account.author(creator)) is None:
        rows.skip(UNREADABLE_ROWS)
    else:
        id_, quoted = key(message.get("message_id")), message.get("quoted_message_metadata")
        answered = key(quoted.get("message_id")) if isinstance(quoted, dict) else ""
        rows.add(
            channel,
            author,
            prose_milliseconds(text(message.get("created_date"))[:200]) if message.get("created_date") else None,
            text(message.get("text")),
            id_=f"{NAME}:{id_}" if id_ else None,
            reply_to=f"{NAME}:{answered}" if answered else None,
        )


def _is_list(reaction: dict[str, Any]) -> bool:
    return isinstance(reaction.get("reactor_emails"), list)
