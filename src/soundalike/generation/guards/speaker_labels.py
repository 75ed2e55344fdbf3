"""Lines in somebody's name within a reply, as in a transcript: `jl: what are you looking at?`

A voice that learned lines with names may write such a line inside its own message. Anything that looks like a name
before a colon counts, known or not, unless the owner writes such lines: `edit:` and `ps:` are labels, not people.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator

LEARNED = 2  # a label that the owner wrote so often is theirs
SHARE, DIFFERENT = 0.005, 8  # an owner with labels in this share of messages, and so many different ones, writes scenes
LONGEST = 24  # characters of a label
COMMON = frozenset(
    "answer btw caption context correction disclaimer edit edited eg eta example fun fact fwd fyi hint imo info jk "
    "important lyrics moral mood nb news note notes ok optional plot twist pros cons ps psa q question quote re recap "
    "reminder rip rule side so song source spoiler spoilers status subject summary tip title tldr tl;dr tw todo "
    "translation update vs warning".split()
) | {"fun fact", "plot twist", "side note", "p.s", "trigger warning", "pro tip"}

_OPENING = r"(?:>{1,3} ?)?(?:\[?\d{1,2}:\d\d(?::\d\d)?(?: ?[ap]m)?\]? ?)?[@<\[(*_~\"'`]{0,3}"
_NAME = r"[^\W\d_][\w.'’;-]*(?: [\w.'’-]+)?"
_LABEL = re.compile(rf"\s*{_OPENING}({_NAME})[>\])*_~\"'`]{{0,3}} ?[:：][*_]{{0,2}}(?=\s|$)")
_MAY_BE = re.compile(rf"\s*{_OPENING}(?:{_NAME})?[>\])*_~\"'` ]{{0,4}}(?:[:：][*_]{{0,2}})?")


class SpeakerLabels:
    """Which labels may start a line: the owner's `own`, and with `free` all but the `known` names of others."""

    def __init__(self, own: Collection[str] = (), known: Collection[str] = (), free: bool = False) -> None:
        self._own, self._free = {_folded(label) for label in own}, free
        self._known = {_folded(name) for name in known} - self._own
        self._allowed = (COMMON | self._own) - self._known

    @classmethod
    def learned(cls, texts: Iterable[str], owner: str, known: Collection[str], messages: int) -> "SpeakerLabels":
        """From those of the owner's `messages` (a number) that have a colon; `known` are names of other people."""
        lines = (line for text in texts for line in text.split("\n"))
        counts = Counter(label for line in lines if (label := _labelled(line)))
        rare = {label for label in counts if label not in COMMON}
        free = len(rare) >= DIFFERENT and sum(counts[label] for label in rare) >= SHARE * messages
        return cls({owner, *(label for label, count in counts.items() if count >= LEARNED)}, known, free)

    def at(self, text: str, present: Collection[str] = ()) -> int | None:
        """Where the first line of `text` in another's name begins; None if there is none.

        `present` are people in the conversation: a line under their name is never the owner's.
        """
        there = {_folded(name) for name in present}
        return next((at for at, line in _lines(text) if self._of_another(line, there)), None)

    def may_begin(self, line: str) -> bool:
        """Whether a growing line is, or may become, one in another's name."""
        return self._of_another(line, set()) or (len(line) <= LONGEST and bool(_MAY_BE.fullmatch(line)))

    def _of_another(self, line: str, present: Collection[str]) -> bool:
        head, colon, _ = line.partition(":")
        if colon and (name := _folded(head)) and (name in self._known or name in present):
            return True
        label = _labelled(line)
        if not label or label in self._allowed:
            return False
        return label in self._known or not self._free


def _labelled(line: str) -> str:
    """What looks like a name before a colon at the start of a line, folded; "" if nothing does.

    A single letter is usually half an emoticon.
    """
    match = _LABEL.match(line)
    return _folded(match[1]) if match and 1 < len(match[1]) <= LONGEST else ""


def _folded(name: str) -> str:
    return name.strip(" @*_").casefold()


def _lines(text: str) -> Iterator[tuple[int, str]]:
    start = 0
    for line in text.split("\n"):
        yield start, line
        start += len(line) + 1
