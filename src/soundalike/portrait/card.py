"""One card of a portrait as plain data: what it says and shows, without drawing or markup.

`portrait --json` prints a `Portrait` with the field names of these classes as keys.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from soundalike.next_step import NextStep
from soundalike.portrait.chart_kinds import Chart


@dataclass(frozen=True, slots=True)
class ScoredPiece:
    """A token of a quoted line; `surprise` runs from 0 (expected by the model) to 1 (wholly unexpected)."""

    text: str
    surprise: float


@dataclass(frozen=True, slots=True)
class Quotation:
    """One of the owner's lines in pieces, under a heading."""

    heading: str
    pieces: Sequence[ScoredPiece]


@dataclass(frozen=True, slots=True)
class Table:
    """Short rows of words."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Card:
    """One finding.

    `sentence` states it, `basis` says how much text it rests on, `details` are further sentences. `step` is what to do
    if something is still missing.
    """

    name: str
    title: str
    sentence: str
    basis: str = ""
    details: Sequence[str] = ()
    pictures: Sequence[Chart] = ()
    tables: Sequence[Table] = ()
    quotations: Sequence[Quotation] = ()
    step: NextStep | None = None


@dataclass(frozen=True, slots=True)
class Portrait:
    """The cards of `owner`; `about` says what they were made from."""

    owner: str
    about: str
    cards: Sequence[Card] = field(default_factory=tuple)

    def lines(self) -> list[str]:
        """The short form for a terminal: a line per card."""
        width = max(len(card.title) for card in self.cards)
        rows = [
            f"{card.title:{width}}  {card.sentence}{f' ({card.step.command})' if card.step else ''}"
            for card in self.cards
        ]
        return [f"{self.owner}, as observed by a model. {self.about}", "", *rows]
