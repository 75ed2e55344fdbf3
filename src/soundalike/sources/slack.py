"""Reads the export of a Slack workspace: a ZIP or folder with users.json, channels.json and a folder for each channel.

    channels.json, groups.json, dms.json, mpims.json     ids, names and members of channels of each kind
    users.json, org_users.json                           names by id
    general/2024-03-01.json, D0123/2024-03-01.json       arrays of messages of one day

Format: https://slack.com/help/articles/220556107. A message's id is its time in microseconds, `ts`.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from soundalike.messages import (
    BOTS,
    BY_THE_APP,
    DELETED,
    REACTIONS,
    UNREADABLE_ROWS,
    Corpus,
    add_counts,
    empty,
)
from soundalike.sources._file_reading import Advance, FileReading
from soundalike.sources._heads import heads
from soundalike.sources._json_files import ObjectFile, dicts, key, text, whole_number
from soundalike.sources._people import is_address, one_line
from soundalike.sources._rows import RowCollector, authors_frame, channels_frame
from soundalike.sources._slack_markup import readable, text_of_blocks
from soundalike.sources._tree import Member, Tree

NAME = "slack"
LOOKED_FOR = "a Slack export (a ZIP or folder with users.json and a folder for each channel)"

OTHER_FILES = "other files, never opened"

_DAY = re.compile(r"(?:^|([^/]+)/)[0-9]{4}-[0-9]{2}-[0-9]{2}\.json$")
_LISTS = re.compile(r"(?:^|/)(users|org_users|channels|groups|dms|mpims)\.json$")
_JSON = re.compile(r"\.json$")
_MESSAGE = re.compile(r'"type"\s*:\s*"message"')
_STAMP = re.compile(r'"ts"\s*:\s*"[0-9]{10}\.[0-9]{6}"')
_OPENING = r'\{\s*"(?:client_msg_id|subtype|type|user|ts)"\s*:\s*"[^"]{0,80}"\s*,\s*"(?:type|user|subtype|ts)"\s*:\s*"'
_KINDS = {"channels": "channel", "groups": "channel", "dms": "dm", "mpims": "group"}
_TALK = {"", "thread_broadcast", "me_message", "reply_broadcast", "file_share"}
_BOTS = {"bot_message", "bot_add", "bot_remove", "slackbot_response"}
_DELETED = {"tombstone", "message_deleted"}
_SLACKBOT = "USLACKBOT"
_SHARED = re.compile(
    r"\A(?:<@[^<>]*> )?(?:uploaded|shared|mentioned) an? (?:file|image): <[^<>]*>(?: and commented: |\Z)"
)


def recognise(tree: Tree) -> bool:
    """Whether there is a day of messages as Slack writes them."""
    names = "\n".join(member.name for member in tree.members)
    if not _LISTS.search(names) and not any(_DAY.search(member.name) for member in tree.members):
        return len(tree.members) == 1 and any(_is_day(head) for _, head in heads(tree, _JSON))
    return any(_is_day(head) for _, head in heads(tree, _DAY))


def _is_day(head: str) -> bool:
    return head.lstrip().startswith("[") and bool(_MESSAGE.search(head)) and bool(_STAMP.search(head))


def read(tree: Tree, on_progress: Callable[[int, int], None]) -> Iterator[Corpus]:
    """Batches of all days; progress in bytes. Raises ExportError if the archive is damaged."""
    lists = [member for member in tree.members if _LISTS.search(member.name)]
    days = [member for member in tree.members if _DAY.search(member.name)]
    days = days or [member for member in tree.members if member not in lists and _JSON.search(member.name)]
    reading, rows, workspace = FileReading(days, on_progress), RowCollector(NAME), _Workspace()
    for member in lists:
        workspace.learn(member.name.rpartition("/")[2].removesuffix(".json"), reading.load(member))

    def read_day(day: Member, advance: Advance) -> Iterator[None]:
        channel, file = workspace.channel(_folder(tree, day)), ObjectFile(day, None, _OPENING)
        yield from reading.add_objects(rows, file, file.batches(), lambda one: _add(one, channel, workspace, rows))
        advance(day.size)

    yield from reading.full_batches(rows, read_day)
    skipped = reading.skipped
    others = len(tree.members) - len(days) - len(lists)
    add_counts(skipped, {REACTIONS: workspace.reactions, OTHER_FILES: others})
    frames = workspace.authors(), channels_frame(workspace.used)
    further = {author: workspace.further.get(author, set()) for author in workspace.seen}
    yield Corpus(empty(), *frames, reading.read, skipped, reading.notes, further_names=further)
    reading.finish()


@dataclass
class _Workspace:
    """Names of people by id, channels by folder and id, and those that messages were found in."""

    people: dict[str, str] = field(default_factory=dict)
    further: dict[str, set[str]] = field(default_factory=dict)  # all names by author key
    bots: set[str] = field(default_factory=lambda: {_SLACKBOT})
    titles: dict[str, tuple[str, str | None, str]] = field(default_factory=dict)  # id, title, kind by folder
    names: dict[str, str] = field(default_factory=dict)  # of channels by id
    seen: dict[str, str] = field(default_factory=dict)
    used: dict[str, tuple[str | None, str]] = field(default_factory=dict)
    reactions: int = 0

    def learn(self, what: str, entries: object) -> None:
        """Take in one of the lists. E-mail and phone numbers in it are not looked at."""
        for entry in dicts(entries):
            id_ = key(entry.get("id"))
            if what.endswith("users"):
                self._learn_person(id_, entry)
            elif id_:
                name = one_line(text(entry.get("name")))
                title = None if what in ("dms", "mpims") else name or None
                for folder in (id_, name):
                    self.titles.setdefault(folder, (id_, title, _KINDS.get(what, "unknown")))
                if title:
                    self.names[id_] = title

    def _learn_person(self, id_: str, user: dict[str, Any]) -> None:
        profile = user.get("profile")
        profile = profile if isinstance(profile, dict) else {}
        candidates = [profile.get("display_name"), user.get("real_name"), profile.get("real_name"), user.get("name")]
        self.people.setdefault(id_, _first_name(candidates))
        self.further.setdefault(f"{NAME}:{id_}", set()).update(_names(candidates))
        if user.get("is_bot") is True:
            self.bots.add(id_)

    def channel(self, folder: str) -> str:
        """The key of a folder's channel, which is noted as used."""
        id_, title, kind = self.titles.get(folder, (folder, None if folder[:1] == "D" else folder, "unknown"))
        if kind == "unknown" and re.fullmatch(r"D[A-Z0-9]{8,12}", folder):
            kind = "dm"
        channel = f"{NAME}:{id_}"
        self.used.setdefault(channel, (title, kind))
        return channel

    def author(self, message: dict[str, Any]) -> str:
        """The id of who wrote this, whose name is learnt from the message if users.json lacks it; may be empty."""
        id_ = key(message.get("user"))
        if id_ and id_ not in self.people:
            profile = message.get("user_profile")
            profile = profile if isinstance(profile, dict) else {}
            name = _first_name([profile.get("display_name"), profile.get("real_name"), profile.get("name")])
            self.people[id_] = name if name != "someone" else f"someone {len(self.people) + 1}"
        return id_

    def authors(self) -> Any:
        """People who wrote."""
        return authors_frame(self.seen)


def _first_name(candidates: list[object]) -> str:
    return next(iter(_names(candidates)), "someone")


def _names(candidates: list[object]) -> list[str]:
    names = (one_line(text(candidate)) for candidate in candidates)
    return [name for name in names if name and not is_address(name)]


def _folder(tree: Tree, day: Member) -> str:
    """The folder of a channel that a day is in; where a channel's folder is given itself, that; else the day's name."""
    found = _DAY.search(day.name)
    above = tree.path.name if tree.path.is_dir() else ""
    return (found[1] or above if found else "") or day.name.rpartition("/")[2].removesuffix(".json")


def _add(message: object, channel: str, workspace: _Workspace, rows: RowCollector) -> None:
    if not isinstance(message, dict):
        rows.skip(UNREADABLE_ROWS)
        return
    workspace.reactions += sum(
        max(0, min(whole_number(one.get("count")) or 0, 1 << 31)) for one in dicts(message.get("reactions"))
    )
    subtype, author = text(message.get("subtype")), workspace.author(message)
    if subtype in _BOTS or message.get("bot_id") or author in workspace.bots:
        rows.skip(BOTS)
    elif subtype in _DELETED:
        rows.skip(DELETED)
    elif subtype not in _TALK or text(message.get("type")) not in ("", "message") or not author:
        rows.skip(BY_THE_APP if subtype or text(message.get("type")) else UNREADABLE_ROWS)
    else:
        stamp, thread = key(message.get("ts")), key(message.get("thread_ts"))
        kept = rows.add(
            channel,
            f"{NAME}:{author}",
            _milliseconds(stamp),
            _text(message, workspace),
            id_=f"{channel}/{stamp}" if stamp else None,
            reply_to=f"{channel}/{thread}" if thread and thread != stamp else None,
        )
        if kept:
            workspace.seen[f"{NAME}:{author}"] = workspace.people[author]


def _milliseconds(stamp: str) -> int | None:
    number = whole_number(stamp.replace(".", "", 1)) if re.fullmatch(r"[0-9]{1,11}\.[0-9]{6}", stamp) else None
    return None if number is None else number // 1000


def _text(message: dict[str, Any], workspace: _Workspace) -> str:
    """The text; of the blocks if they hold more, as where an app sent a short text for notifications.

    Of an old message with a file, only what its author wrote about it.
    """
    said = text(message.get("text"))
    said = _SHARED.sub("", said) if message.get("subtype") == "file_share" or message.get("upload") else said
    plain = readable(said, workspace.people, workspace.names)
    blocks = text_of_blocks(message.get("blocks"), workspace.people, workspace.names)
    return blocks if len(blocks) > 2 * len(plain) else plain
