"""Takes messages out of a clone: out of its data, its documents and all that was derived from them.

What a voice learned from them is in its weights and stays there until it is trained anew.
"""

from collections.abc import Sequence

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


def forget(clone: Clone, patterns: Sequence[str], settings: DocumentSettings) -> ImportReport:
    """Remove the messages that any of `patterns` finds (see `selection`), and return the report of what is left.

    Earlier voices, reports on the voice and an unfinished training are removed with them, in one atomic step.
    `UsageError` without a pattern, `ExportError` if a name finds nothing or nothing of the owner's is left.
    """
    if not patterns:
        raise UsageError("Nothing to forget was named.", "Give --person, --channel or --before.")
    selection = Selection.parse(without=patterns)
    with clone.locked("soundalike forget"):
        held = Corpus(clone.messages(), clone.authors(), clone.channels())
        held.read = {ROWS: held.messages.height}
        left = selection.apply(held, REASON)
        salt = str(clone.manifest().get("pseudonyms", {}).get("salt", ""))
        with clone.replacing(without=DERIVED) as scratch:
            return fill(clone, scratch, left, {}, settings, force=True, salt=salt)


def drop_versions(clone: Clone) -> None:
    """Remove earlier voices, which learned from what was forgotten."""
    with clone.locked("soundalike forget"), clone.replacing(without=[clone.versions_path.name]):
        pass
