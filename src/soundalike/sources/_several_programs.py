"""Exports of several programs that lie in one folder or ZIP: which part of it each source reads."""

import os
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from soundalike.sources._tree import Member, Tree

if TYPE_CHECKING:
    from soundalike.sources import Source

_SENT = re.compile(r"(?i)(?:.*_)?(?:files|media|attachments)/")  # where programs put what people sent


def divided(tree: Tree, found: Sequence["Source"]) -> tuple[list[tuple["Source", Tree]], list[str]]:
    """Each of the sources that recognise the tree with the members that it reads, and notes on exports left out.

    A folder at the top belongs to the sources that recognise it, and to all of them if none does. People send exports
    to each other, so one in the folder of what was sent, beside files that are an export, is named and not read.
    """
    if len(found) < 2:
        return [(source, tree) for source in found], []
    groups = top_groups(tree.members)
    known = {top: [one for one in found if one.recognise(Tree(tree.path, group))] for top, group in groups.items()}
    at_top = any(known[top] for top in groups if not top.endswith("/"))
    sent = [top for top in groups if at_top and known[top] and _SENT.fullmatch(top)]
    read = [source for source in found if any(source in known[top] for top in groups if top not in sent)]
    read = read or list(found)  # where each recognises the whole alone
    parts = []
    for source in read:
        others = [top for top in groups if top not in sent and known[top] and source not in known[top]]
        parts.append((source, _without(tree, groups, others)))
    return parts, [_note(tree, top, known[top]) for top in sent]


def top_groups(members: Sequence[Member]) -> dict[str, list[Member]]:
    """The members by the folder at the top that they lie in, with `/` at its end; each file at the top alone.

    Folders that hold everything else do not count as levels.
    """
    above = os.path.commonprefix([member.name for member in members]).rpartition("/")[0]
    start = len(above) + 1 if above else 0
    groups: dict[str, list[Member]] = {}
    for member in members:
        folder, slash, _ = member.name[start:].partition("/")
        groups.setdefault(folder + slash, []).append(member)
    return groups


def _without(tree: Tree, groups: dict[str, list[Member]], left_out: Sequence[str]) -> Tree:
    return Tree(tree.path, [member for top, group in groups.items() if top not in left_out for member in group])


def _note(tree: Tree, top: str, sources: Sequence["Source"]) -> str:
    what = " or ".join(source.LOOKED_FOR for source in sources)
    where = tree.path.name or tree.path
    return f"{top} in {where} looks like {what} and was not read: give it as well if it is an export of yours."
