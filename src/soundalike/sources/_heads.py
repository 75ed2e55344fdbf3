"""The first bytes of the files of a tree, by which sources recognise their format."""

import re
from collections.abc import Iterator

from soundalike.errors import ExportError
from soundalike.sources._encoding import decode
from soundalike.sources._tree import Member, Tree

FILES = 24  # that are looked into, those highest in the tree first
HEAD = 1 << 14  # bytes read of each


def heads(tree: Tree, names: re.Pattern[str], most: int | None = FILES) -> Iterator[tuple[Member, str]]:
    """The uppermost files whose name has a match, `most` at most, each with its beginning."""
    found = sorted((one for one in tree.members if names.search(one.name)), key=lambda one: (_depth(one), one.name))
    for member in found[:most]:
        yield member, head(member)


def head(member: Member) -> str:
    """The beginning of a file as text; empty if it cannot be read."""
    try:
        return decode(next(iter(member.chunks()), b"")[:HEAD])[0]
    except ExportError:
        return ""


def _depth(member: Member) -> int:
    return member.name.count("/")
