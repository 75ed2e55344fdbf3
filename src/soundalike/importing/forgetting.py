"""Takes messages out of a clone: out of its data, its documents and all that was derived from them.

What a voice learned from them is in its weights and stays there until it is trained anew.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from soundalike.clone.clone import Clone
from soundalike.errors import UsageError
from soundalike.importing.documents import DocumentSettings
from soundalike.importing.importer import fill
from soundalike.importing.preflight import ImportReport
from soundalike.importing.selection import Selection
from soundalike.messages import ROWS, Corpus

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
    left = _left(held, patterns)
    own, own_left = (int(corpus.messages["me"].sum()) for corpus in (held, left))
    entries = [name for name in DERIVED if (clone.root / name).exists()]
    of = held.messages.height
    return ForgetPreview(of - left.messages.height, own - own_left, of, entries)


def forget(clone: Clone, patterns: Sequence[str], settings: DocumentSettings) -> ImportReport:
    """Remove the messages that any of `patterns` finds (see `selection`), and return the report of what is left.

    Earlier voices, reports on the voice and an unfinished training are removed with them, in one atomic step.
    `UsageError` without a pattern, `ExportError` if a name finds nothing or nothing of the owner's is left.
    """
    with clone.locked("soundalike forget"):
        left = _left(_held(clone), patterns)
        salt = str(clone.manifest().get("pseudonyms", {}).get("salt", ""))
        with clone.replacing(without=DERIVED) as scratch:
            return fill(clone, scratch, left, {}, settings, force=True, salt=salt)


def _held(clone: Clone) -> Corpus:
    held = Corpus(clone.messages(), clone.authors(), clone.channels())
    held.read = {ROWS: held.messages.height}
    return held


def _left(held: Corpus, patterns: Sequence[str]) -> Corpus:
    if not patterns:
        raise UsageError("Nothing to forget was named.", "Give --person, --channel or --before.")
    return Selection.parse(without=patterns).apply(held, REASON)


def drop_versions(clone: Clone) -> None:
    """Remove earlier voices, which learned from what was forgotten."""
    with clone.locked("soundalike forget"), clone.replacing(without=[clone.versions_path.name]):
        pass
