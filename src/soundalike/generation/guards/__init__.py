"""What a reply must not do: loop, repeat a line, copy a message, speak for somebody else, reveal private data.

`Guards` check the lines of a reply, while the last one grows and when a line is whole, and redact what can be redacted.
Whether a stopped reply is generated again is decided by its request.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from soundalike.errors import CloneError
from soundalike.generation.guards.blocked_words import BlockedWords, slurs
from soundalike.generation.guards.guard_counts import GuardCounts
from soundalike.generation.guards.handles import Handles
from soundalike.generation.guards.rejected_lines import RejectedLines
from soundalike.generation.guards.repeated_lines import LINES_BACK, SHORT_LINE, may_become, repeats_line, same_line
from soundalike.generation.guards.speaker_labels import SpeakerLabels
from soundalike.metrics.loops import fold, loop_start, loops

if TYPE_CHECKING:
    from soundalike.clone import Clone
    from soundalike.metrics.ngram_index import NgramIndex
    from soundalike.training.recipe import Limits

__all__ = [
    "LINES_BACK",
    "OTHERS_LINES_BACK",
    "BlockedWords",
    "Finding",
    "GuardContext",
    "GuardCounts",
    "Guards",
    "Handles",
    "RejectedLines",
    "SpeakerLabels",
    "fold",
    "lines_before",
    "loop_start",
    "loops",
    "may_become",
    "repeats_line",
    "same_line",
]

OTHERS_LINES_BACK = 3  # lines of other people that a reply must not repeat
NEWEST_WORDS = 2  # words at the end of a growing line that may complete a copy


@dataclass(frozen=True, slots=True)
class Finding:
    """Why a reply was stopped: the guard's name, a field of `GuardCounts`, and the leading lines that may stay."""

    guard: str
    keep_lines: list[str]


@dataclass(frozen=True, slots=True)
class GuardContext:
    """What a reply is compared with: the owner's earlier lines, lines of the same reply that were released already, the
    latest lines of other people, the names of these people, and lines that the owner has rejected."""

    own_lines: Sequence[str] = ()
    released: Sequence[str] = ()
    others_lines: Sequence[str] = ()
    names: Collection[str] = ()
    rejected: RejectedLines = RejectedLines()

    @classmethod
    def of(cls, history: Sequence[tuple[str, str]], owner: str, names: Collection[str], longest: int) -> "GuardContext":
        """Of (name, text) turns. Lines are cut to `longest` characters, since they are compared at every word."""
        own = [text[:longest] for name, text in history if name == owner][-LINES_BACK:]
        others = [text[:longest] for name, text in history if name != owner][-OTHERS_LINES_BACK:]
        return cls(own, (), others, names)


class Guards:
    """The guards of one clone; without arguments they know no blocked words, no messages and no people."""

    def __init__(
        self,
        blocked: Collection[str] = (),
        copied: "NgramIndex | None" = None,
        quoted: "NgramIndex | None" = None,
        labels: SpeakerLabels | None = None,
        handles: Handles | None = None,
    ) -> None:
        self._blocked = BlockedWords(blocked)
        self._labels, self._handles = labels or SpeakerLabels(), handles or Handles()
        self._indices = [(name, index) for name, index in (("quoted", quoted), ("copied", copied)) if index]

    @classmethod
    def of(cls, clone: "Clone", limits: "Limits") -> "Guards":
        """The guards for a clone's messages and limits; `CloneError` if the messages are needed and missing."""
        copied, quoted = _ngram_indices(clone, limits) if limits.copied_words or limits.quoted_words else (None, None)
        labels, handles = _people(clone)
        return cls([*limits.blocked, *(slurs() if limits.block_slurs else ())], copied, quoted, labels, handles)

    def check_growing(self, lines: Sequence[str], start: int = 0) -> Finding | None:
        """Check lines of which the last still grows; cheap enough for every word.

        The first `start` characters of the first line were not generated.
        """
        at = loop_start("\n".join(lines))
        if at is not None:
            return Finding("looped", lines_before(lines, at))
        whole_words = lines[-1][: _last_word(lines[-1])]
        return self._copy(lines, whole_words, start if len(lines) == 1 else 0, NEWEST_WORDS)

    def check_line(self, lines: Sequence[str], context: GuardContext, start: int = 0) -> Finding | None:
        """Check the last of `lines`, which is whole; those before it have passed."""
        line, before = lines[-1], list(lines[:-1])
        if self._blocked.has(line) or (before and self._blocked.has("\n".join(lines))):
            return Finding("blocked", before)
        if self._labels.at(line, context.names) == 0:
            return Finding("unmasked", before)
        if copy := self._copy(lines, line, 0 if before else start):
            return copy
        return self._check_own(line[: self._labels.at(line, context.names)].removesuffix("\n"), context, lines)

    def _check_own(self, own: str, context: GuardContext, lines: Sequence[str]) -> Finding | None:
        """Check what may be released of the last of `lines`: `own`, which ends where it goes on in another's name."""
        before = list(lines[:-1])
        if self._handles.only(own, context.names):
            return Finding("handle", before)
        if context.rejected.has(own):
            return Finding("rejected", before)
        if repeats_line(own, [*context.released, *before]):
            return Finding("repeated", before)
        others = context.others_lines[-OTHERS_LINES_BACK:]
        if len(fold(own)) >= SHORT_LINE and any(same_line(own, other) for other in others):
            return Finding("parroted", before)
        if repeats_line(own, [*context.own_lines, *context.released, *before]):
            return Finding("echoed", list(lines))
        return None

    def settled(self, line: str, context: GuardContext, start: int = 0) -> int:
        """The length of the beginning of a growing line that no guard could take back, whatever follows.

        Of a loop and a copy the last word is missing then, for which `check_growing` and `check_line` wait.
        """
        from soundalike.redact import redact_text
        from soundalike.redact.streaming import stable_length

        words, last = fold(line[: _last_word(line)]), line.rpartition("\n")[2].strip().casefold()
        lines = [*context.own_lines, *context.released, *context.others_lines]
        may_be_name = ":" not in last and any(name.casefold().startswith(last) for name in context.names)
        if may_be_name or self._may_name(line, context) or any(may_become(words, other) for other in lines):
            return 0
        if context.rejected.may_begin(words):
            return 0
        sure = line[: stable_length(line)]
        if self._blocked.has(sure):
            return 0
        sure = sure[: self._blocked.settled(sure)]
        stays = not self._copy([sure], sure, start) and redact_text(sure)[0] == sure
        return len(sure) if stays else 0

    def _may_name(self, line: str, context: GuardContext) -> bool:
        """Whether a growing line is, or may become, one in another's name or nothing but a handle."""
        labels, whole_words = self._labels, line[: _last_word(line)]
        labelled = labels.may_begin(line.rpartition("\n")[2]) or labels.at(line, context.names) is not None
        return labelled or self._handles.only(whole_words)

    def redact(self, line: str, context: GuardContext, counts: GuardCounts) -> tuple[str, bool]:
        """A whole line without private data, cut where it goes on in another's name, and whether it was cut: the reply
        then ends with it."""
        from soundalike.redact import redact_text

        at = self._labels.at(line, context.names)
        own = line if at is None else line[:at].removesuffix("\n")
        masked, found = redact_text(own)
        counts.unmasked += at is not None
        counts.masked += sum(found.values())
        return masked, at is not None

    def _copy(self, lines: Sequence[str], text: str, start: int, newest: int | None = None) -> Finding | None:
        """Whether `text`, the last of `lines`, copies a message; with `newest` only its last words are looked at."""
        for guard, index in self._indices:
            at = index.copied_at(text, start, newest)
            if at is not None:
                at = index.copied_at(text, start) if newest else at
                return Finding(guard, [*lines[:-1], text[:at].rstrip()])
        return None


def _people(clone: "Clone") -> tuple[SpeakerLabels, Handles]:
    """The labels and handles of other people, from the names and messages of the clone if they are there."""
    import polars as pl

    from soundalike.prompt_template import speaker_name

    authors = clone.authors(["name", "me"]) if clone.authors_path.exists() else None
    names = [] if authors is None else authors.filter(~pl.col("me"))["name"].drop_nulls().to_list()
    names = [*names, *map(speaker_name, names)]
    if not clone.messages_path.exists():
        return SpeakerLabels(known=names), Handles(names)
    messages = clone.messages(["me", "text"])
    own = messages.filter(pl.col("me") & pl.col("text").str.contains(":", literal=True))["text"]
    owner = str(clone.manifest().get("clone", {}).get("speaker", ""))
    labels = SpeakerLabels.learned(own, owner, names, int(messages["me"].sum()))
    return labels, Handles.learned(messages["text"], names)


def _ngram_indices(clone: "Clone", limits: "Limits") -> tuple["NgramIndex | None", "NgramIndex | None"]:
    """The n-grams of `copied_words` in all messages, and the shorter ones of `quoted_words` that only others wrote."""
    import polars as pl

    from soundalike.metrics.ngram_index import NgramIndex

    if not clone.messages_path.exists():
        do = "Import again, or set copied_words and quoted_words to 0 in [limits] of clone.toml."
        raise CloneError(f"{clone.messages_path} is missing, so copies of messages cannot be detected.", do)
    messages = clone.messages(["me", "text"])
    own, others = (messages.filter(mine)["text"] for mine in (pl.col("me"), ~pl.col("me")))
    known = messages["text"] if limits.quoted_words else own
    copied = NgramIndex(known, limits.copied_words) if limits.copied_words else None
    if not limits.quoted_words or others.is_empty():
        return copied, None
    return copied, NgramIndex(others, limits.quoted_words).without(NgramIndex(own, limits.quoted_words))


def _last_word(text: str) -> int:
    """Where the last word of `text` begins, which may be incomplete."""
    return max(text.rfind(" "), text.rfind("\n")) + 1


def lines_before(lines: Sequence[str], end: int) -> list[str]:
    """The lines up to character `end` of all of them joined by newlines; a line may contain newlines itself."""
    kept = []
    for line in lines:
        if end <= 0:
            break
        kept.append(line[:end])
        end -= len(line) + 1
    return kept
