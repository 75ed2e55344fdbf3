"""Exports of several programs that lie in one folder or ZIP: which part of it each source reads."""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from soundalike.sources._tree import Member, Tree

if TYPE_CHECKING:
    from soundalike.sources import Source


def divided(tree: Tree, found: Sequence["Source"]) -> tuple[list[tuple["Source", Tree]], list[str]]:
    """Each of the sources that recognise the tree with the members that it reads, and notes on exports left out.

    A folder at the top belongs to the sources that recognise it, and to all of them if none does. Where files at the
    top are an export, the folders beside them are its own, and people send exports to each other: one of another
    program in such a folder is named in a note and not read.
    """
    if len(found) < 2:
        return [(source, tree) for source in found], []
    groups = top_groups(tree.members)
    known = {top: [one for one in found if one.recognise(Tree(tree.path, group))] for top, group in groups.items()}
    at_top = {source.NAME for top, sources in known.items() if not top.endswith("/") for source in sources}
    read = [source for source in found if not at_top or source.NAME in at_top]
    owners = {top: [source for source in sources if source in read] for top, sources in known.items()}
    parts = [
        (one, _without(tree, groups, [top for top in groups if owners[top] and one not in owners[top]])) for one in read
    ]
    return parts, [_note(tree, top, known[top]) for top in groups if known[top] and not owners[top]]


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
    return f"{top} in {tree.path.name} looks like {what} and was not read: give it as well if it is an export of yours."
