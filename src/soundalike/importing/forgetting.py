"""Takes messages and strings out of a clone: out of its data, its documents and all that was derived from them.

What a voice learned from them is in its weights and stays there until it is trained anew.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from soundalike.clone.clone import Clone
from soundalike.clone.report_names import ARENA_PAIRS, ARENA_VOTES, VOICE_REPORTS
from soundalike.errors import ExportError, UsageError
from soundalike.importing.document_settings import DocumentSettings
from soundalike.importing.importer import fill
from soundalike.importing.preflight import ImportReport
from soundalike.importing.selection import Selection
from soundalike.messages import ROWS, Corpus
from soundalike.pseudonyms import Pseudonyms
from soundalike.redact.mask_list import mask_strings

REASON = "messages forgotten:"
# What quotes or counts messages, or learned from them, besides the voice itself.
DERIVED = (
    *VOICE_REPORTS,
    *(ARENA_PAIRS, ARENA_VOTES, "export-prompt"),
    *("checkpoints", "candidate", "versions", "corrections.jsonl"),
)


@dataclass(frozen=True, slots=True)
class ForgetPreview:
    """What `forget` would remove: so many of `of` messages, `own` of them the owner's, and entries of the folder;
    in the messages that stay, strings would be masked in `masked` places."""

    messages: int
    own: int
    of: int
    masked: int
    entries: list[str]


def preview(clone: Clone, patterns: Sequence[str], strings: Collection[str] = ()) -> ForgetPreview:
    """What `forget` with the same arguments would remove, and its errors; nothing is changed."""
    held = _held(clone)
    left, masked = _left(held, patterns, strings, _salt(clone))
    own, own_left = (int(corpus.messages["me"].sum()) for corpus in (held, left))
    entries = [name for name in DERIVED if (clone.root / name).exists()]
    of = held.messages.height
    return ForgetPreview(of - left.messages.height, own - own_left, of, sum(masked.values()), entries)


def forget(
    clone: Clone, patterns: Sequence[str], settings: DocumentSettings, strings: Collection[str] = ()
) -> ImportReport:
    """Remove the messages that any of `patterns` finds (see `selection`), mask `strings` in the others, and return the
    report of what is left.

    In a clone with invented names, people and the chats called after them are found by their real names too.

    Earlier voices, reports on the voice and an unfinished training are removed with them, in one atomic step.
    `UsageError` where nothing is named, `ExportError` if a name finds nothing, if none of the strings is in any message
    or nothing of the owner's is left.
    """
    with clone.locked("soundalike forget"):
        salt = _salt(clone)
        left, masked = _left(_held(clone), patterns, strings, salt)
        with clone.replacing(without=DERIVED) as scratch:
            return fill(clone, scratch, left, masked, settings, force=True, salt=salt)


def _held(clone: Clone) -> Corpus:
    held = Corpus(clone.messages(), clone.authors(), clone.channels())
    held.read = {ROWS: held.messages.height}
    return held


def _salt(clone: Clone) -> str:
    """What the invented names in the clone were made with; empty if its names are real."""
    return str(clone.manifest().get("pseudonyms", {}).get("salt", ""))


def _left(held: Corpus, patterns: Sequence[str], strings: Collection[str], salt: str) -> tuple[Corpus, dict[str, int]]:
    """What is left, and how often a string was masked in it, by kind."""
    if not patterns and not strings:
        raise UsageError("Nothing to forget was named.", "Give --person, --channel, --before or --mask.")
    left = _without(held, patterns, salt) if patterns else held
    messages, masked = mask_strings(left.messages, strings)
    if strings and not masked:
        raise ExportError("None of these strings is in a message of this clone.", "Write them as they were typed.")
    return replace(left, messages=messages), masked


def _without(held: Corpus, patterns: Sequence[str], salt: str) -> Corpus:
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
