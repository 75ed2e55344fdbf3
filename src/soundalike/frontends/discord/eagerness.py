"""Would the owner speak here? Learned from the clone's conversations, where they have other people in them.

A logistic regression on a few facts of the last lines: how long ago the owner spoke, among how many people, how many
lines the last one has said in a row, whether it asks, whom it names. It has a say only where it tells the owner's turns
from other people's in held-out conversations. It asks no model: what a small voice gives for `owner:` as the next line
is the owner's share of the talk, and tells little of the place (LOG.md).
"""

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from random import Random
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from soundalike.importing.documents import SPLITS
from soundalike.prompt_template import parse

if TYPE_CHECKING:
    from soundalike.clone import Clone

LINES = 8  # before a place
PLACES = 20_000  # to learn from, and to be held out
FEWEST = 100
RIDGE, ROUNDS = 1.0, 20
FARTHEST = 50.0  # log-odds: a fact that was hardly ever seen may lie far out
SURE = 1.64  # standard errors above chance: one regression in twenty that tells nothing is believed

_words = re.compile(r"\w+").findall
History = Sequence[tuple[str, str]]
Place = tuple[History, bool]  # the lines before, of which another person said the last; whether the owner spoke next
Floats = NDArray[np.float64]


def places(documents: Iterable[str], owner: str) -> Iterator[Place]:
    """The places in transcripts where somebody else has just spoken and somebody speaks next."""
    for document in documents:
        turns = parse(document)
        for at, (name, _) in enumerate(turns[1:]):
            if turns[at][0] != owner:
                yield turns[max(0, at + 1 - LINES) : at + 1], name == owner


def facts(history: History, owner: str) -> list[float]:
    """What is known of a place, one number a fact; people are known by name who have spoken in its lines."""
    names, text = [name for name, _ in history[-LINES:]], history[-1][1]
    last = names[::-1]
    since = last.index(owner) if owner in last else LINES
    run = next((at for at, name in enumerate(last) if name != last[0]), len(last))
    others, said = {*names} - {owner}, _folded(text)
    counts = (since, run, len(others), len(text.split()))
    signs = (since == LINES, "?" in text, _folded(owner) in said, any(_folded(name) in said for name in others))
    return [*map(math.log1p, counts), *map(float, signs)]


def _folded(text: str) -> str:
    """The words of a text or of a name, between spaces, so that one is found in the other whole."""
    return f" {' '.join(_words(text.casefold()))} "


class Eagerness:
    """How likely one owner is to speak, by weights of `facts`, which are taken from their means in their spreads."""

    def __init__(self, owner: str, rows: Floats, spoke: Floats) -> None:
        self._owner, self._means, self._spreads = owner, rows.mean(axis=0), rows.std(axis=0) + 1e-6
        self._weights = _fitted(self._scaled(rows), spoke)
        self.usual = float(spoke.mean())

    @classmethod
    def of(cls, clone: "Clone") -> "Eagerness | None":
        """Learned from the clone's conversations; None where they have not two sides, no names, or tell nothing."""

        sections = clone.manifest()
        if sections["clone"].get("mode") != "dialogue" or not sections["documents"]["tagged"]:
            return None
        known, *held_out = ([document.text for document in clone.documents(split)] for split in SPLITS)
        return cls.learned(str(sections["clone"]["speaker"]), known, [text for texts in held_out for text in texts])

    @classmethod
    def learned(cls, owner: str, documents: Sequence[str], held_out: Sequence[str]) -> "Eagerness | None":
        """Learned from transcripts; None where they have too few places, or the held-out ones say that it is chance."""
        known, asked = (_table(texts, owner) for texts in (documents, held_out))
        if any(len(spoke) < FEWEST or spoke.min() == spoke.max() for _, spoke in (known, asked)):
            return None
        made = cls(owner, *known)
        return made if _tells(made._chances(asked[0]), asked[1] > 0) else None

    def of_history(self, history: History) -> float:
        """How much likelier than usual the owner is to speak next."""
        return float(self._chances(np.array([facts(history, self._owner)]))[0]) / self.usual

    def _chances(self, rows: Floats) -> Floats:
        return _logistic(self._scaled(rows) @ self._weights)

    def _scaled(self, rows: Floats) -> Floats:
        return np.column_stack((np.ones(len(rows)), (rows - self._means) / self._spreads))


def _table(documents: Sequence[str], owner: str) -> tuple[Floats, Floats]:
    """Facts (places, facts) of some documents, and at which places the owner spoke, 1 or 0."""
    some = list(islice(places(Random(0).sample(documents, len(documents)), owner), PLACES))
    return np.array([facts(history, owner) for history, _ in some]), np.array([float(spoke) for _, spoke in some])


def _fitted(rows: Floats, spoke: Floats) -> Floats:
    """Weights of a logistic regression (Cox 1958) with a ridge, by Newton's method."""
    weights, ridge = np.zeros(rows.shape[1]), RIDGE * np.eye(rows.shape[1])
    for _ in range(ROUNDS):
        chances = _logistic(rows @ weights)
        curvature = rows.T @ (rows * (chances * (1 - chances))[:, None]) + ridge
        weights = weights + np.linalg.solve(curvature, rows.T @ (spoke - chances) - ridge @ weights)
    return weights


def _logistic(x: Floats) -> Floats:
    made: Floats = 1 / (1 + np.exp(-x.clip(-FARTHEST, FARTHEST)))
    return made


def _tells(scores: Floats, spoke: NDArray[np.bool_]) -> bool:
    """Whether scores are higher where the owner spoke, beyond chance: the rank test of Mann and Whitney (1947)."""
    ours, others = scores[spoke], np.sort(scores[~spoke])
    below = (others.searchsorted(ours, "left") + others.searchsorted(ours, "right")) / 2
    error = math.sqrt((len(scores) + 1) / (12 * len(ours) * len(others)))
    return float(below.mean()) / len(others) - 0.5 > SURE * error
