"""The text of a completion request: a transcript in the template, or lines of the owner's."""

from itertools import takewhile

from soundalike.generation.prompt import Turn
from soundalike.prompt_template import parse


def is_transcript(text: str, owner: str) -> bool:
    """Whether a text is in the template with names, its last line one that the owner has begun."""
    turns = [] if text.endswith("\n") else parse(text)
    return bool(turns) and turns[-1][0] == owner and all(name for name, _ in turns[1:])


def split_transcript(text: str, owner: str) -> tuple[list[Turn], list[str]]:
    """The turns before the owner's last burst, and the lines of that burst."""
    turns = [turn for turn in parse(text) if turn[0]]  # the first may be the rest of a line, with no name
    burst = len(list(takewhile(lambda turn: turn[0] == owner, reversed(turns))))
    return turns[:-burst], [line for _, line in turns[-burst:]]


def lines_of(text: str) -> list[str]:
    """The messages of a text, the last of which is continued; after a line break that is a new, empty one."""
    lines = [line for line in text.split("\n") if line.strip()]
    return [*lines, ""] if text.endswith("\n") or not lines else lines
