"""Hand-written small talk: reads the dialogue trees in `small_talk/*.txt` and draws conversations from them.

The public corpora that the base was trained on hardly hold what friends say first: greetings, lunch, the weather,
tonight. A file holds trees of lines, each level indented by two more spaces. `- ` before a line: the other person
speaks; `+ `: the same person goes on. ` | ` separates alternatives. `name = one | another` without indentation
defines a list for `{name}`, whose value stays the same through a tree; `{name#2}` is another value of that list.
`#` without indentation opens a comment.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from random import Random

FOLDER = Path(__file__).with_name("small_talk")
LIST = re.compile(r"([a-z_]+) = (.+)")
LINE = re.compile(r"((?:  )*)([-+]) (.+)")
SLOT = re.compile(r"\{([a-z_]+)(#\d)?\}")
TREES = (1, 1, 1, 2, 2, 3)  # how many trees a conversation goes through, drawn uniformly
FILE_WEIGHTS = {"first": 4}  # openings of conversations are answered worst, so that file is drawn four times as often


@dataclass(frozen=True, slots=True)
class SmallTalkLine:
    """One line with its alternative wordings and the lines that may follow; `turns`: another person speaks it."""

    turns: bool
    wordings: tuple[str, ...]
    next: list["SmallTalkLine"] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class DialogueFile:
    """The trees of one file by their first lines, the lists for its slots, and its weight among all files."""

    roots: list[SmallTalkLine]
    lists: dict[str, list[str]]
    weight: int = 1


def read(path: Path) -> DialogueFile:
    """Read a file; `ValueError` names the first malformed line."""
    dialogues, branch = DialogueFile([], {}, FILE_WEIGHTS.get(path.stem, 1)), list[SmallTalkLine]()
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        if found := LIST.fullmatch(line):
            dialogues.lists[found[1]] = found[2].split(" | ")
        elif (found := LINE.fullmatch(line)) and len(found[1]) // 2 <= len(branch):
            depth = len(found[1]) // 2
            node = SmallTalkLine(found[2] == "-", tuple(found[3].split(" | ")))
            (branch[depth - 1].next if depth else dialogues.roots).append(node)
            branch = [*branch[:depth], node]
        else:
            raise ValueError(f"{path}, line {number}: {line!r} is not a line of a dialogue")
    return dialogues


@cache
def read_all() -> list[DialogueFile]:
    """All files of the package, by name."""
    return [read(path) for path in sorted(FOLDER.glob("*.txt"))]


def draw_conversation(rng: Random) -> tuple[tuple[int, str], ...]:
    """(speaker 0 or 1, text) of each line of one to three trees."""
    files, turns = read_all(), list[tuple[int, str]]()
    for file in rng.choices(files, [file.weight for file in files], k=rng.choice(TREES)):
        turns += _walk(rng.choice(file.roots), file.lists, rng.randrange(2), rng)
    return tuple(turns)


def _walk(node: SmallTalkLine, lists: dict[str, list[str]], speaker: int, rng: Random) -> Iterator[tuple[int, str]]:
    values: dict[str, str] = {}  # by slot, such as `{drink#2}`
    while True:
        yield speaker, SLOT.sub(lambda slot: _fill(slot, lists, values, rng), rng.choice(node.wordings))
        if not node.next:
            return
        node = rng.choice(node.next)
        speaker ^= node.turns


def _fill(slot: re.Match[str], lists: dict[str, list[str]], values: dict[str, str], rng: Random) -> str:
    if slot[0] not in values:
        taken = {value for key, value in values.items() if key.startswith((f"{{{slot[1]}}}", f"{{{slot[1]}#"))}
        values[slot[0]] = rng.choice([value for value in lists[slot[1]] if value not in taken] or lists[slot[1]])
    return values[slot[0]]
