"""Exchanges of the owner's that a prompt may show once they were released, in a file that the owner edits.

    [x] 1
    friend: best pick up line?
    mo: i am so meta

An x between the brackets releases what stands below them, as it stands there. They are of the training part alone, so
that a prompt knows nothing of what it is measured on.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from soundalike.evaluation.held_out import Conversation, HeldOutTurn, held_out_scenes
from soundalike.prompt_template import render
from soundalike.redact import redact_text

MOST_SCENES = 4000  # of the training part that examples are drawn from
CONTEXT, LONGEST_LINE = 4, 200  # lines before the owner's; characters of a line
OTHER = "friend"
HEAD = re.compile(r"^\[([ xX])\][^\n]*\n", re.MULTILINE)
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


def from_file(text: str) -> list[PromptExample]:
    """The examples of such a file, with or without changes; those that were emptied are gone."""
    _, *parts = HEAD.split(text.replace("\r\n", "\n"))
    pairs = zip(parts[::2], parts[1::2], strict=True)
    return [PromptExample(body.strip("\n"), mark != " ") for mark, body in pairs if body.strip()]


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
        if text not in seen:
            seen.add(text)
            yield PromptExample(text)


def _under_roles(turn: HeldOutTurn, owner: str) -> list[tuple[str, str]]:
    """The last lines before a turn and the turn, with other people's names replaced."""
    lines = [*turn.history[-CONTEXT:], *((owner, text) for text in turn.real)]
    others = list(dict.fromkeys(name for name, _ in lines if name != owner))
    roles = {name: OTHER if not at else f"{OTHER} {at + 1}" for at, name in enumerate(others)}
    return [(roles.get(name, name), text) for name, text in lines]
