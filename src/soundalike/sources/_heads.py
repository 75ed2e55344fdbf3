"""The first bytes of the files of a tree, by which sources recognise their format."""

import re
from collections.abc import Iterator
from itertools import zip_longest

from soundalike.errors import ExportError
from soundalike.sources._several_programs import top_groups
from soundalike.sources._tree import Member, Tree
from soundalike.text_encoding import decode

MOST_FILES = 24  # files that are looked into
HEAD = 1 << 14  # bytes read of each


def heads(tree: Tree, names: re.Pattern[str], most: int | None = MOST_FILES) -> Iterator[tuple[Member, str]]:
    """The uppermost files whose name has a match, each with its beginning; at most `most`, taken from each folder at
    the top in turn."""
    found = sorted((one for one in tree.members if names.search(one.name)), key=lambda one: (_depth(one), one.name))
    for member in found if most is None else _in_turn(found)[:most]:
        yield member, head(member)


def _in_turn(members: list[Member]) -> list[Member]:
    """The first of each folder at the top, then the second of each, and so on; all files at the top are one folder."""
    folders: dict[str, list[Member]] = {}
    for top, group in top_groups(members).items():
        folders.setdefault(top if top.endswith("/") else "", []).extend(group)
    return [one for each in zip_longest(*folders.values()) for one in each if one is not None]


def head(member: Member) -> str:
    """The beginning of a file as text; empty if it cannot be read."""
    try:
        return decode(next(iter(member.chunks()), b"")[:HEAD])[0]
    except ExportError:
        return ""


def _depth(member: Member) -> int:
    return member.name.count("/")
