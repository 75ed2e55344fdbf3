"""Exchanges of the owner's that a prompt may show once they were released, in a file that the owner edits.

    [x] 1
    friend: best pick up line?
    mo: i am so meta

An x between the brackets releases what stands below them, as it stands there. A line that is none of what the file is
made of is refused: taken as text, a head with a slip in it would release what stands below it with the example above.
The examples are of the training part alone, so that a prompt knows nothing of what it is measured on.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from soundalike.errors import CloneError
from soundalike.evaluation.held_out import Conversation, HeldOutTurn, held_out_scenes
from soundalike.prompt_template import render
from soundalike.redact import redact_text

MOST_SCENES = 4000  # of the training part that examples are drawn from
CONTEXT, LONGEST_LINE = 4, 200  # lines before the owner's; characters of a line
OTHER = "friend"
HEAD = re.compile(r"\[([ xX])\]\s*\d+\s*")
NEARLY_HEAD = re.compile(r"\s*\[[^\]]*\]\s*\d")
FIRST_LINE = re.compile(r"\s*[^\s:][^:]*:")  # of a message
FURTHER_LINE = re.compile(r"\t|\s*$")
PREAMBLE = """\
Exchanges of yours that the prompt can show as examples. None of them is in it until you release it:
put an x between the brackets of those that others may read, [x], and export again. What you change
below the brackets is taken as you write it.
"""


@dataclass(frozen=True, slots=True)
class PromptExample:
    """A transcript that ends with lines of the owner's, and whether they released it."""

    text: str
    released: bool = False


def to_file(examples: Sequence[PromptExample]) -> str:
    """The file that the owner edits."""
    blocks = [
        f"[{'x' if one.released else ' '}] {number}\n{one.text}\n" for number, one in enumerate(examples, start=1)
    ]
    return "\n".join([PREAMBLE, *blocks])


def from_file(text: str, name: str = "The file of examples") -> list[PromptExample]:
    """The examples of such a file, with or without changes; those that were emptied are gone.

    `CloneError`, which calls the file `name`, for a line that is neither a head nor part of an example.
    """
    marks, bodies = list[str](), list[list[str]]()
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), start=1):
        if head := HEAD.fullmatch(line):
            marks.append(head[1])
            bodies.append([])
        elif not _belongs(line, bodies):
            what = f"{name}, line {number}, is neither `[ ] 1` or `[x] 1` above an example nor `name: text` in one."
            raise CloneError(what, "Correct that line; nothing was changed.")
        elif bodies:
            bodies[-1].append(line)
    texts = ("\n".join(body).strip("\n") for body in bodies)
    return [PromptExample(one, mark != " ") for mark, one in zip(marks, texts, strict=True) if one.strip()]


def _belongs(line: str, bodies: Sequence[Sequence[str]]) -> bool:
    """Whether a line that is no head goes on with the last of `bodies` or, where there is none, with the preamble.

    A message below an empty line does not: the head that stood between them is lost.
    """
    if NEARLY_HEAD.match(line):
        return False
    if not bodies or FURTHER_LINE.match(line):
        return True
    began, goes_on = any(map(str.strip, bodies[-1])), bool(bodies[-1]) and bool(bodies[-1][-1].strip())
    return bool(FIRST_LINE.match(line)) and (goes_on or not began)


def drawn_examples(chats: Sequence[Conversation], owner: str, allows: Callable[[str], bool]) -> Iterator[PromptExample]:
    """Exchanges in an order drawn by chance, the same each time: masked, of short lines that `allows` lets pass.

    `chats` are those of the training part. Other people are called "friend", with a number from the second on.
    """
    turns = [turn for scene in held_out_scenes(chats, MOST_SCENES) for turn in scene.turns]
    seen = set[str]()
    for at in np.random.default_rng(0).permutation(len(turns)).tolist():
        lines = _under_roles(turns[at], owner)
        if len(lines) < 2 or any(len(text) > LONGEST_LINE or not allows(text) for _, text in lines):
            continue
        text = redact_text(render(lines, end=False))[0]
        if text not in seen and not any(map(NEARLY_HEAD.match, text.split("\n"))):
            seen.add(text)
            yield PromptExample(text)


def _under_roles(turn: HeldOutTurn, owner: str) -> list[tuple[str, str]]:
    """The last lines before a turn and the turn, with other people's names replaced."""
    lines = [*turn.history[-CONTEXT:], *((owner, text) for text in turn.real)]
    others = list(dict.fromkeys(name for name, _ in lines if name != owner))
    roles = {name: OTHER if not at else f"{OTHER} {at + 1}" for at, name in enumerate(others)}
    return [(roles.get(name, name), text) for name, text in lines]
