"""The one text template: turns -> transcript -> turns.

A transcript has one line a message, `name: text`. A line break inside a message is written as newline and
tab, so a turn ends at a newline that no tab follows, and nothing a person typed can forge a turn.
Knows neither files, frames nor tokens.
"""

import re
from collections.abc import Iterable, Sequence

NAME_LENGTH = 24

# Written for both `re` and Rust's regex, so that a frame is normalised exactly as a single string is.
LINE_BREAKS = "\r\n?|[\x0b\x0c\x85\u2028\u2029]"
# Control and invisible formatting characters. Joiners, variation selectors and tag characters stay: emoji need them.
UNSEEN = (
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u180e"
    "\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]"
)
LINE_EDGES = r"(?m)^\t+|[^\S\n]+$"
# All of these and every blank but the plain one: where none occurs, and no plain one at an end, a text is normal.
NEEDS_CARE = (
    "[\x00-\x1f\x7f-\xa0\u00ad\u034f\u061c\u1680\u180e"
    "\u2000-\u200b\u200e\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff\ufff9-\ufffb]"
)

_LINE_BREAKS, _UNSEEN = re.compile(LINE_BREAKS), re.compile(UNSEEN)
_SURROGATES = re.compile("[\ud800-\udfff]")
_TURN_END = re.compile(r"\n(?!\t)")
_DANGLING = "\u200d\ufe0e\ufe0f"


def normalise(text: str) -> str:
    """`text` as a transcript holds it: newlines only, nothing unseen, no tab at a line's head, no loose blanks."""
    text = _UNSEEN.sub("", _LINE_BREAKS.sub("\n", _SURROGATES.sub("", text)))
    # As LINE_EDGES does, which Python's engine would try at every blank of a long run.
    return "\n".join([line.rstrip().lstrip("\t") for line in text.split("\n")]).strip()


def speaker_name(name: str, fallback: str = "someone") -> str:
    """A display name made safe for the head of a line: no colon, newline or tab, 1 to 24 characters."""
    seen = " ".join(normalise(name).replace(":", " ").split())
    return seen[:NAME_LENGTH].rstrip(" " + _DANGLING) or fallback


def speaker_names(authors: Iterable[tuple[str, str, bool]]) -> dict[str, str]:
    """Author key -> the name at the head of their lines, from rows of (author, display name, me).

    Everybody has a name of their own, whatever its case: the second of two gets a 2. The owner comes first and
    has one name, also where several accounts are theirs.
    """
    rows = list(authors)
    mine = [row for row in rows if row[2]]
    owner = speaker_name(mine[0][1] if mine else "", "me")
    names, taken = {author: owner for author, _, _ in mine}, {owner.casefold(): 1}
    for author, name, me in rows:
        if not me and author not in names:
            names[author] = _unlike(speaker_name(name), taken)
    return names


def _unlike(name: str, taken: dict[str, int]) -> str:
    """`name`, numbered where it is taken; `taken` maps a case-folded name to the last number given to it."""
    free, key = name, name.casefold()
    while free.casefold() in taken:
        taken[key] += 1
        free = f"{name[: NAME_LENGTH - len(str(taken[key])) - 1].rstrip()} {taken[key]}"
    taken[free.casefold()] = 1
    return free


def render(turns: Sequence[tuple[str, str]], end: bool = True, tagged: bool = True) -> str:
    """The transcript of (name, text) turns.

    Without `end` the last turn stays open, for a model to go on with: an empty last text leaves `name:`.
    Without `tagged` the lines bear no names.
    """
    lines = [_line(name, text, tagged) for name, text in turns]
    return "\n".join(lines) + "\n" * (end and bool(lines))


def _line(name: str, text: str, tagged: bool) -> str:
    body = normalise(text).replace("\n", "\n\t")
    return f"{speaker_name(name)}: {body}".rstrip(" ") if tagged else body


def parse(transcript: str, tagged: bool = True) -> list[tuple[str, str]]:
    """The (name, text) turns of a transcript, also of one that a model broke off; no name where a line has none."""
    lines = [line.replace("\n\t", "\n") for line in _TURN_END.split(transcript) if line]
    return [_turn(line) if tagged else ("", line) for line in lines]


def _turn(line: str) -> tuple[str, str]:
    name, colon, text = line.partition(":")
    return (name, text.removeprefix(" ")) if colon and "\n" not in name else ("", line)
