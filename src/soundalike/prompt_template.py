"""The one text template: turns -> transcript -> turns.

A transcript has one line per message, `name: text`. A line break inside a message is written as newline and tab, so a
turn ends at a newline that no tab follows, and no typed text can forge a turn.
"""

import re
from collections.abc import Iterable, Sequence

NAME_LENGTH = 24
QUOTED_LENGTH = 80  # characters of an older message that is put before a reply to it

# In syntax that `re` and Rust's engine share, so that a frame is normalised exactly as a single string is.
LINE_BREAKS = "\r\n?|[\x0b\x0c\x85\u2028\u2029]"
# Control and invisible formatting characters; not joiners, variation selectors and tag characters, which emoji need.
UNSEEN = (
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u180e"
    "\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]"
)
LINE_EDGES = r"(?m)^\t+|[^\S\n]+$"
# All of these and every blank but the plain one. A text without any, and without a plain one at an end, is normal.
NEEDS_CARE = (
    "[\x00-\x1f\x7f-\xa0\u00ad\u034f\u061c\u1680\u180e"
    "\u2000-\u200b\u200e\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff\ufff9-\ufffb]"
)

_LINE_BREAKS, _UNSEEN = re.compile(LINE_BREAKS), re.compile(UNSEEN)
_SURROGATES = re.compile("[\ud800-\udfff]")
_TURN_END = re.compile(r"\n(?!\t)")
_DANGLING = "\u200d\ufe0e\ufe0f"


def normalise(text: str) -> str:
    """`text` as a transcript holds it.

    Every line break is a newline; invisible characters, tabs at the start and blanks at the end of lines are removed.
    """
    text = _UNSEEN.sub("", _LINE_BREAKS.sub("\n", _SURROGATES.sub("", text)))
    # Does what LINE_EDGES does; Python's engine would try that at every blank of a long run.
    return "\n".join([line.rstrip().lstrip("\t") for line in text.split("\n")]).strip()


def speaker_name(name: str, fallback: str = "someone") -> str:
    """A display name made safe for the start of a line: no colon, newline or tab, 1 to NAME_LENGTH characters."""
    seen = " ".join(normalise(name).replace(":", " ").split())
    return seen[:NAME_LENGTH].rstrip(" " + _DANGLING) or fallback


def speaker_names(authors: Iterable[tuple[str, str, bool]]) -> dict[str, str]:
    """Author key -> the name at the start of their lines, from rows of (author, display name, me).

    Names are unique, ignoring case: the second of two equal ones gets a 2. The owner comes first and has one name for
    all accounts.
    """
    rows = list(authors)
    mine = [row for row in rows if row[2]]
    owner = speaker_name(mine[0][1] if mine else "", "me")
    names, taken = {author: owner for author, _, _ in mine}, {owner.casefold(): 1}
    for author, name, me in rows:
        if not me and author not in names:
            names[author] = _unique(speaker_name(name), taken)
    return names


def _unique(name: str, taken: dict[str, int]) -> str:
    """`name`, with a number if it is taken; `taken` maps case-folded names to the last number used for them."""
    free, key = name, name.casefold()
    while free.casefold() in taken:
        taken[key] += 1
        free = f"{name[: NAME_LENGTH - len(str(taken[key])) - 1].rstrip()} {taken[key]}"
    taken[free.casefold()] = 1
    return free


def quotation(text: str) -> str:
    """A message as it is put before a reply to it: in one line, cut between words to about QUOTED_LENGTH characters."""
    words = " ".join(text.split())
    if len(words) <= QUOTED_LENGTH:
        return words
    return (words[:QUOTED_LENGTH].rpartition(" ")[0] or words[:QUOTED_LENGTH]).rstrip(_DANGLING) + "…"


def render(turns: Sequence[tuple[str, str]], end: bool = True, tagged: bool = True) -> str:
    """The transcript of (name, text) turns.

    Without `end` the last turn stays open for a model to continue; with an empty last text it is `name:`. Without
    `tagged` lines have no names.
    """
    lines = [_line(name, text, tagged) for name, text in turns]
    return "\n".join(lines) + "\n" * (end and bool(lines))


def _line(name: str, text: str, tagged: bool) -> str:
    body = normalise(text).replace("\n", "\n\t")
    return f"{speaker_name(name)}: {body}".rstrip(" ") if tagged else body


def parse(transcript: str, tagged: bool = True) -> list[tuple[str, str]]:
    """The (name, text) turns of a transcript, complete or not; the name of a line without one is empty."""
    lines = [line.replace("\n\t", "\n") for line in _TURN_END.split(transcript) if line]
    return [_turn(line) if tagged else ("", line) for line in lines]


def _turn(line: str) -> tuple[str, str]:
    name, colon, text = line.partition(":")
    return (name, text.removeprefix(" ")) if colon and "\n" not in name else ("", line)
