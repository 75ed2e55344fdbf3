"""Who the owner of a Messenger or Instagram export is: by the account's own files, or who is in every thread."""

import re
from collections.abc import Sequence
from typing import Any

import orjson

from soundalike.errors import ExportError
from soundalike.sources._meta_threads import MetaThread, decoded
from soundalike.sources._people import one_line, person
from soundalike.sources._tree import Member, Tree

_ACCOUNT_FILES = re.compile(
    r"(?i)(^|/)(personal_information|instagram_profile_information|profile_information|autofill_information)\.json$"
)
_LARGEST = 1 << 20  # bytes of such a file
_DEEPEST = 12


def own_names(source: str, tree: Tree) -> set[str]:
    """The author keys that all words in the account's files would give; only those of participants are compared."""
    files = [member for member in tree.members if _ACCOUNT_FILES.search(member.name) and member.size <= _LARGEST]
    return {person(source, text)[0] for member in files for text in _strings(_load(member), 0) if one_line(text)}


def is_account_file(member: Member) -> bool:
    """Whether a file is one of those."""
    return bool(_ACCOUNT_FILES.search(member.name))


def owners(threads: Sequence[MetaThread], names: set[str]) -> set[str]:
    """The owner's author key in a set; an empty one if nothing tells, or if several people would be it."""
    taking_part = [thread.participants | thread.people.keys() for thread in threads]
    everybody: set[str] = set().union(*taking_part)
    if len(named := everybody & names) == 1:
        return named
    in_each = set.intersection(*taking_part) if len(taking_part) > 1 else set()
    return in_each if len(in_each) == 1 else set()


def _load(member: Member) -> Any:
    try:
        return orjson.loads(member.read())
    except (orjson.JSONDecodeError, ExportError):
        return None  # the account's file is not needed; who is in every thread may tell


def _strings(value: object, depth: int) -> list[str]:
    """All strings inside a value, as they were meant."""
    if isinstance(value, str):
        return [decoded(value)]
    inner = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    return [text for one in inner for text in _strings(one, depth + 1)] if depth < _DEEPEST else []
