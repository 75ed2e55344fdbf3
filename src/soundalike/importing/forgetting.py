"""Takes messages out of a clone: out of its data, its documents and all that was derived from them.

What a voice learned from them is in its weights and stays there until it is trained anew.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from soundalike.clone.clone import Clone
from soundalike.errors import UsageError
from soundalike.importing.documents import DocumentSettings
from soundalike.importing.importer import fill
from soundalike.importing.preflight import ImportReport
from soundalike.importing.selection import Selection
from soundalike.messages import ROWS, Corpus
from soundalike.pseudonyms import Pseudonyms

REASON = "messages forgotten:"
# What quotes or counts messages, or learned from them, besides the voice itself.
DERIVED = (
    *("evaluation.json", "portrait.html", "audit.json", "audit.html", "export-prompt"),
    *("arena.json", "arena-votes.jsonl"),
    *("checkpoints", "candidate", "versions", "corrections.jsonl"),
)


@dataclass(frozen=True, slots=True)
class ForgetPreview:
    """What `forget` would remove: so many of `of` messages, `own` of them the owner's, and entries of the folder."""

    messages: int
    own: int
    of: int
    entries: list[str]


def preview(clone: Clone, patterns: Sequence[str]) -> ForgetPreview:
    """What `forget` with these patterns would remove, and its errors; nothing is changed."""
    held = _held(clone)
    left = _left(held, patterns, _salt(clone))
    own, own_left = (int(corpus.messages["me"].sum()) for corpus in (held, left))
    entries = [name for name in DERIVED if (clone.root / name).exists()]
    of = held.messages.height
    return ForgetPreview(of - left.messages.height, own - own_left, of, entries)


def forget(clone: Clone, patterns: Sequence[str], settings: DocumentSettings) -> ImportReport:
    """Remove the messages that any of `patterns` finds (see `selection`), and return the report of what is left.

    In a clone with invented names, people and the chats called after them are found by their real names too.

    Earlier voices, reports on the voice and an unfinished training are removed with them, in one atomic step.
    `UsageError` without a pattern, `ExportError` if a name finds nothing or nothing of the owner's is left.
    """
    with clone.locked("soundalike forget"):
        salt = _salt(clone)
        left = _left(_held(clone), patterns, salt)
        with clone.replacing(without=DERIVED) as scratch:
            return fill(clone, scratch, left, {}, settings, force=True, salt=salt)


def _held(clone: Clone) -> Corpus:
    held = Corpus(clone.messages(), clone.authors(), clone.channels())
    held.read = {ROWS: held.messages.height}
    return held


def _salt(clone: Clone) -> str:
    """What the invented names in the clone were made with; empty if its names are real."""
    return str(clone.manifest().get("pseudonyms", {}).get("salt", ""))


def _left(held: Corpus, patterns: Sequence[str], salt: str) -> Corpus:
    if not patterns:
        raise UsageError("Nothing to forget was named.", "Give --person, --channel or --before.")
    names = {*held.authors["name"].drop_nulls(), *held.channels["title"].drop_nulls()}
    without = [_as_kept(pattern, Pseudonyms(salt), names) for pattern in patterns] if salt else patterns
    return Selection.parse(without=without).apply(held, REASON)


def _as_kept(pattern: str, pseudonyms: Pseudonyms, names: Collection[str]) -> str:
    """The pattern with the invented name in place of the real one, which the clone does not hold."""
    kind, _, real = pattern.partition(":")
    invented = pseudonyms.name(real)
    return f"{kind}:{invented}" if real not in names and invented in names else pattern


def drop_versions(clone: Clone) -> None:
    """Remove earlier voices, which learned from what was forgotten."""
    with clone.locked("soundalike forget"), clone.replacing(without=[clone.versions_path.name]):
        pass
