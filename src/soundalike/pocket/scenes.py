"""Small talk written by hand as a grammar of scenes -> conversations drawn from it.

The corpora hardly hold what friends say first: greetings, lunch, the weather, tonight. `small_talk/*.txt` does. A scene
is a tree of lines two blanks deeper each: after `- ` the other person speaks, after `+ ` the same one goes on;
` | ` parts ways to say it. `name = one | another` at the margin is a list for `{name}`, which keeps its value
through a conversation; `{name#2}` is another draw from it. `#` at the margin opens a comment.
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
SCENES = (1, 1, 1, 2, 2, 3)  # in one conversation
OFTENER = {"first": 4}  # what a friend says first is what is answered worst: its file is drawn from so many times


@dataclass(frozen=True, slots=True)
class Node:
    """One line in its ways to be said, and what may follow."""

    turns: bool
    ways: tuple[str, ...]
    next: list["Node"] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Scenes:
    """What one file holds, and how often it is drawn from beside others."""

    roots: list[Node]
    lists: dict[str, list[str]]
    weight: int = 1


def read(path: Path) -> Scenes:
    """The scenes of a file; `ValueError` names the line that is none."""
    scenes, branch = Scenes([], {}, OFTENER.get(path.stem, 1)), list[Node]()
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        if found := LIST.fullmatch(line):
            scenes.lists[found[1]] = found[2].split(" | ")
        elif (found := LINE.fullmatch(line)) and len(found[1]) // 2 <= len(branch):
            depth = len(found[1]) // 2
            node = Node(found[2] == "-", tuple(found[3].split(" | ")))
            (branch[depth - 1].next if depth else scenes.roots).append(node)
            branch = [*branch[:depth], node]
        else:
            raise ValueError(f"{path}, line {number}: {line!r} is no line of a scene")
    return scenes


@cache
def all_scenes() -> list[Scenes]:
    """Those of all files."""
    return [read(path) for path in sorted(FOLDER.glob("*.txt"))]


def conversation(rng: Random) -> tuple[tuple[int, str], ...]:
    """(speaker 0 or 1, text) turns of one to three scenes."""
    files, turns = all_scenes(), list[tuple[int, str]]()
    for scenes in rng.choices(files, [file.weight for file in files], k=rng.choice(SCENES)):
        turns += _walk(rng.choice(scenes.roots), scenes.lists, rng.randrange(2), rng)
    return tuple(turns)


def _walk(node: Node, lists: dict[str, list[str]], who: int, rng: Random) -> Iterator[tuple[int, str]]:
    drawn: dict[str, str] = {}
    while True:
        yield who, SLOT.sub(lambda slot: _fill(slot, lists, drawn, rng), rng.choice(node.ways))
        if not node.next:
            return
        node = rng.choice(node.next)
        who ^= node.turns


def _fill(slot: re.Match[str], lists: dict[str, list[str]], drawn: dict[str, str], rng: Random) -> str:
    if slot[0] not in drawn:
        taken = {value for key, value in drawn.items() if key.startswith((f"{{{slot[1]}}}", f"{{{slot[1]}#"))}
        drawn[slot[0]] = rng.choice([value for value in lists[slot[1]] if value not in taken] or lists[slot[1]])
    return drawn[slot[0]]
