"""Reads the scene files of `texts/` and fills in their choices and blanks."""

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Generic, TypeVar

_CHOICE = re.compile(r"\{([^{}]*)\}")
_BLANK = re.compile(r"\[(\w+)(?:\.(\w+))?(~?)\]")
_STRETCH = re.compile(r"(\w)~")
T = TypeVar("T")
_RARELY = "?"


def read_text(name: str) -> str:
    """One of the texts, by its file name without the suffix."""
    return (files(__package__) / "texts" / f"{name}.txt").read_text(encoding="utf-8")


@dataclass(eq=False)
class Scene:
    """Lines that the owner writes in one go; `options` are the key=value pairs of its header line."""

    topic: str
    options: dict[str, str]
    lines: list[str]

    def fits(self, facts: frozenset[str]) -> bool:
        """Whether the scene makes sense while all of `facts` hold."""
        required = set(filter(None, self.options.get("if", "").split(",")))
        excluded = set(filter(None, self.options.get("unless", "").split(",")))
        return required <= facts and not excluded & facts


def read_scenes(name: str) -> list[Scene]:
    """The scenes of a text: a header `== topic key=value`, then one message a line, empty lines for pauses."""
    scenes: list[Scene] = []
    for block in re.split(r"^== ", read_text(name), flags=re.MULTILINE)[1:]:
        header, _, body = block.partition("\n")
        words = header.split()
        options = dict(word.split("=") for word in words if "=" in word)
        topic = words[0] if "=" not in words[0] else "plot"
        scenes.append(Scene(topic, options, body.strip().split("\n")))
    return scenes


class Deck(Generic[T]):
    """Draws one of the half of the allowed cards that was drawn least recently, so that nothing returns soon."""

    def __init__(self, cards: Sequence[T], rng: random.Random) -> None:
        self.cards = list(cards)
        rng.shuffle(self.cards)
        self._rng = rng

    def draw(self, allowed: Sequence[T] | None = None) -> T:
        """A card, one of `allowed` if that is given; it moves to the bottom of the deck."""
        eligible = self.cards if allowed is None else [card for card in self.cards if card in allowed]
        card = eligible[self._rng.randrange((len(eligible) + 1) // 2)]
        self.cards.remove(card)
        self.cards.append(card)
        return card


@dataclass
class Words:
    """The values of blanks: `lists` by name, the names of `free` ones, and `dated` values with their first day."""

    lists: dict[str, Deck[dict[str, str]]] = field(default_factory=dict)
    free: set[str] = field(default_factory=set)
    dated: dict[str, list[tuple[str, str]]] = field(default_factory=dict)


def read_words(name: str, rng: random.Random) -> Words:
    """The values of blanks; the format is described at the top of the text."""
    words = Words()
    for block in re.split(r"^@", read_text(name), flags=re.MULTILINE)[1:]:
        header, *rows = [line for line in block.strip().split("\n") if line]
        kind, title, *rest = header.replace(" :", "").split()
        if kind == "date":
            words.dated[title] = [(row[:5], row[6:]) for row in rows]
            continue
        if rest[0] == "free":
            words.free.add(title)
            rest = rest[1:]
        table = [dict(zip(rest, row.split(" ; "), strict=True)) for row in rows]
        words.lists[title] = Deck(table, rng)
    return words


class Filling:
    """Fills in one scene. Choices are random; a blank keeps its row to the end of the scene unless its list is free."""

    def __init__(self, words: Words, day: str, values: Mapping[str, str], rng: random.Random) -> None:
        self._words, self._day, self._rng = words, day, rng
        self._rows: dict[str, dict[str, str]] = {name: {"a": value} for name, value in values.items()}

    def lines(self, scene: Scene) -> list[str]:
        """The scene's lines, filled in; a line with the mark of a rare one is used with probability 0.5."""
        kept = [line for line in scene.lines if not line.startswith(_RARELY) or self._rng.random() < 0.5]
        return [self.text(line.removeprefix(_RARELY)) for line in kept]

    def text(self, line: str) -> str:
        """One line, filled in, without double spaces."""
        while (chosen := _CHOICE.sub(self._choose, line)) != line:
            line = chosen
        if (filled := _BLANK.sub(self._fill, line)) != line:
            return self.text(filled)
        return " ".join(_STRETCH.sub(self._stretch, line).split())

    def _choose(self, match: re.Match[str]) -> str:
        return self._rng.choice(str(match[1]).split("|"))

    def _fill(self, match: re.Match[str]) -> str:
        name, column, stretch = match.groups()
        row = self._row(name)
        return row[column or next(iter(row))] + stretch

    def _row(self, name: str) -> dict[str, str]:
        if name in self._rows:
            return self._rows[name]
        if name in self._words.dated:
            row = {"a": [value for day, value in self._words.dated[name] if day <= self._day][-1]}
        else:
            row = self._words.lists[name.rstrip("2")].draw()
        if name not in self._words.free:
            self._rows[name] = row
        return row

    def _stretch(self, match: re.Match[str]) -> str:
        return str(match[1]) * self._rng.choice((1, 2, 3, 4, 5, 7))
