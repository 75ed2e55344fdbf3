"""What one card of a portrait says and shows, as plain data: no drawing, no markup.

Pictures are described by their numbers; `pictures` knows how each kind is drawn.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from soundalike.portrait.chart_kinds import Chart


@dataclass(frozen=True, slots=True)
class Shade:
    """A piece of a quoted line; `surprise` is 0 where the model expected it, 1 where it did not at all."""

    text: str
    surprise: float


@dataclass(frozen=True, slots=True)
class Quotation:
    """One of the owner's lines, in pieces, under a heading."""

    heading: str
    pieces: Sequence[Shade]


@dataclass(frozen=True, slots=True)
class Table:
    """Short rows of words."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Card:
    """One finding.

    `sentence` could be said to a friend; `basis` says on how much it rests; `details` are further sentences;
    `command` is what to type where something is still missing.
    """

    name: str
    title: str
    sentence: str
    basis: str = ""
    details: Sequence[str] = ()
    pictures: Sequence[Chart] = ()
    tables: Sequence[Table] = ()
    quotations: Sequence[Quotation] = ()
    command: str = ""

    def as_dict(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Portrait:
    """All cards of `owner`, and what `page` says beneath them."""

    owner: str
    about: str
    cards: Sequence[Card] = field(default_factory=tuple)

    def lines(self) -> list[str]:
        """The short form: a line a card."""
        told = [f"{self.owner}, as observed by a model. {self.about}", ""]
        width = max(len(card.title) for card in self.cards)
        for card in self.cards:
            told.append(f"{card.title:{width}}  {card.sentence}{f' ({card.command})' if card.command else ''}")
        return told

    def as_dict(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        return {"owner": self.owner, "about": self.about, "cards": [card.as_dict() for card in self.cards]}
