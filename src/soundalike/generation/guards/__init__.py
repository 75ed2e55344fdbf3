"""What a reply must not do: loop, say a line again, copy a message, speak for somebody else, tell private data.

`Guards` find what is wrong with the lines of a reply, while it grows and when a line is whole, and mend what can be
mended. What then happens (stop, cut, draw again) is the voice's. They know neither tokens nor models.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from soundalike.errors import CloneError
from soundalike.generation.guards.blocked import Blocked, slurs
from soundalike.generation.guards.guard_counts import GuardCounts
from soundalike.generation.guards.handles import Handles
from soundalike.generation.guards.labels import Labels
from soundalike.generation.guards.repeated_lines import LINES_BACK, SHORT_LINE, may_become, repeats_line, same_line
from soundalike.metrics.loops import fold, loop_start, loops

if TYPE_CHECKING:
    from soundalike.clone import Clone
    from soundalike.metrics.ngram_index import NgramIndex
    from soundalike.training.recipe import Limits

__all__ = [
    "HEARD_BACK",
    "LINES_BACK",
    "Blocked",
    "Finding",
    "Guards",
    "Handles",
    "GuardCounts",
    "Labels",
    "Scene",
    "fold",
    "lines_before",
    "loop_start",
    "loops",
    "may_become",
    "repeats_line",
    "same_line",
]

HEARD_BACK = 3  # lines of other people that a reply is not to say back


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with a reply: a guard, named as `GuardCounts` does, and the lines that may stay all the same."""

    guard: str
    kept: list[str]


@dataclass(frozen=True, slots=True)
class GuardContext:
    """What a reply is held against: the owner's earlier lines, lines of the same reply that have left already, what
    the others said last, and their names."""

    said: Sequence[str] = ()
    left: Sequence[str] = ()
    heard: Sequence[str] = ()
    names: Collection[str] = ()


class Guards:
    """The guards of one clone. Without arguments they know no words to block, no messages to copy, and nobody."""

    def __init__(
        self,
        blocked: Collection[str] = (),
        copied: "NgramIndex | None" = None,
        quoted: "NgramIndex | None" = None,
        labels: Labels | None = None,
        handles: Handles | None = None,
    ) -> None:
        self._blocked = Blocked(blocked)
        self._labels, self._handles = labels or Labels(), handles or Handles()
        self._runs = [(name, runs) for name, runs in (("quoted", quoted), ("copied", copied)) if runs]

    @classmethod
    def of(cls, clone: "Clone", limits: "Limits") -> "Guards":
        """As a clone's messages and limits ask. Runs of other people's words that the owner types too are nobody's."""
        copied, quoted = _indexed(clone, limits) if limits.copied_words or limits.quoted_words else (None, None)
        labels, handles = _people(clone)
        return cls([*limits.blocked, *(slurs() if limits.block_slurs else ())], copied, quoted, labels, handles)

    def growing(self, lines: Sequence[str], start: int = 0) -> Finding | None:
        """What is wrong already with lines of which the last still grows; cheap enough to ask at every word.

        The first `start` characters of the first line are not the voice's.
        """
        at = loop_start("\n".join(lines))
        if at is not None:
            return Finding("looped", lines_before(lines, at))
        begun = lines[-1][: _last_word(lines[-1])]
        return self._copy(lines, begun, start if len(lines) == 1 else 0, latest=2)

    def whole(self, lines: Sequence[str], scene: GuardContext, start: int = 0) -> Finding | None:
        """What is wrong with the last of `lines`, which is whole; those before it are cleared."""
        line, before = lines[-1], list(lines[:-1])
        if self._blocked.has(line) or (before and self._blocked.has("\n".join(lines))):
            return Finding("blocked", before)
        if self._labels.at(line, scene.names) == 0:
            return Finding("unmasked", before)
        if copy := self._copy(lines, line, 0 if before else start):
            return copy
        return self._idle(line[: self._labels.at(line, scene.names)].removesuffix("\n"), scene, lines)

    def _idle(self, own: str, scene: GuardContext, lines: Sequence[str]) -> Finding | None:
        """What is wrong with `own`, all that may leave of the last of `lines`: it says nothing, or nothing new."""
        before = list(lines[:-1])
        if self._handles.only(own, scene.names):
            return Finding("handle", before)
        if repeats_line(own, [*scene.left, *before]):
            return Finding("repeated", before)
        if len(fold(own)) >= SHORT_LINE and any(same_line(own, other) for other in scene.heard[-HEARD_BACK:]):
            return Finding("parroted", before)
        if repeats_line(own, [*scene.said, *scene.left, *before]):
            return Finding("echoed", list(lines))
        return None

    def settled(self, line: str, scene: GuardContext, start: int = 0) -> int:
        """The length of a beginning of a line that still grows which no guard could take back, whatever follows.

        A loop and a copy lack their last word then, which `growing` and `whole` wait for.
        """
        from soundalike.redact import redact_text
        from soundalike.redact.streaming import stable_length

        words, last = fold(line[: _last_word(line)]), line.rpartition("\n")[2].strip().casefold()
        others = [*scene.said, *scene.left, *scene.heard]
        named = ":" not in last and any(name.casefold().startswith(last) for name in scene.names)
        if named or self._may_name(line, scene) or any(may_become(words, other) for other in others):
            return 0
        sure = line[: stable_length(line)]
        if self._blocked.has(sure):
            return 0
        sure = sure[: self._blocked.settled(sure)]
        stays = not self._copy([sure], sure, start) and redact_text(sure)[0] == sure
        return len(sure) if stays else 0

    def _may_name(self, line: str, scene: GuardContext) -> bool:
        """Whether a line that grows is, or may become, one in another's name or nothing but a handle."""
        labels, whole = self._labels, line[: _last_word(line)]
        spoken_for = labels.may_begin(line.rpartition("\n")[2]) or labels.at(line, scene.names) is not None
        return spoken_for or self._handles.only(whole)

    def mend(self, line: str, scene: GuardContext, counts: GuardCounts) -> tuple[str, bool]:
        """A whole line as it may leave, and whether the reply ends with it, somebody else's beginning there."""
        from soundalike.redact import redact_text

        at = self._labels.at(line, scene.names)
        own = line if at is None else line[:at].removesuffix("\n")
        ended = at is not None
        counts.unmasked += ended
        masked, found = redact_text(own)
        counts.masked += sum(found.values())
        return masked, ended

    def _copy(self, lines: Sequence[str], text: str, start: int, latest: int | None = None) -> Finding | None:
        for guard, runs in self._runs:
            at = runs.copied_at(text, start, latest)
            if at is not None:
                at = runs.copied_at(text, start) if latest else at
                return Finding(guard, [*lines[:-1], text[:at].rstrip()])
        return None


def _people(clone: "Clone") -> tuple[Labels, Handles]:
    """Whose lines and handles are another's: from the names and messages of the clone, where they are there."""
    import polars as pl

    from soundalike.prompt_template import speaker_name

    names = clone.authors(["name", "me"]) if clone.authors_path.exists() else None
    known = [] if names is None else names.filter(~pl.col("me"))["name"].drop_nulls().to_list()
    known = [*known, *map(speaker_name, known)]
    if not clone.messages_path.exists():
        return Labels(known=known), Handles(known)
    said = clone.messages(["me", "text"])
    own = said.filter(pl.col("me") & pl.col("text").str.contains(":", literal=True))["text"]
    about = clone.manifest().get("clone", {}).get("speaker", "")
    return Labels.learned(own, str(about), known, int(said["me"].sum())), Handles.learned(said["text"], known)


def _indexed(clone: "Clone", limits: "Limits") -> tuple["NgramIndex | None", "NgramIndex | None"]:
    """The runs of words in all messages, and shorter ones in other people's.

    What others alone say in so few words is theirs, unless the owner says it too; in so many it is nobody's to repeat.
    """
    import polars as pl

    from soundalike.metrics.ngram_index import NgramIndex

    if not clone.messages_path.exists():
        do = "Import again, or set copied_words and quoted_words to 0 in [limits] of clone.toml."
        raise CloneError(f"{clone.messages_path} is missing, so copies of messages cannot be told.", do)
    messages = clone.messages(["me", "text"])
    own, others = (messages.filter(mine)["text"] for mine in (pl.col("me"), ~pl.col("me")))
    known = messages["text"] if limits.quoted_words else own
    copied = NgramIndex(known, limits.copied_words) if limits.copied_words else None
    if not limits.quoted_words or others.is_empty():
        return copied, None
    return copied, NgramIndex(others, limits.quoted_words).without(NgramIndex(own, limits.quoted_words))


def _last_word(text: str) -> int:
    """Where the last word of `text` begins, of which more may come."""
    return max(text.rfind(" "), text.rfind("\n")) + 1


def lines_before(lines: Sequence[str], end: int) -> list[str]:
    """The lines up to character `end` of them all joined by newlines; a line may hold a newline itself."""
    kept = []
    for line in lines:
        if end <= 0:
            break
        kept.append(line[:end])
        end -= len(line) + 1
    return kept
