"""What one card of a portrait says and shows, as plain data: no drawing, no markup.

Pictures are described by their numbers; `pictures` knows how each kind is drawn.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Bars:
    """One bar a row of (label, value); `unit` is what the values count, `mono` sets labels as code."""

    title: str
    rows: Sequence[tuple[str, float]]
    unit: str = ""
    mono: bool = False


@dataclass(frozen=True, slots=True)
class Columns:
    """A histogram: one column a row of (label, share of all); `unit` says of what."""

    title: str
    rows: Sequence[tuple[str, float]]
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Bands:
    """The owner among others, a row a habit: (label, the owner's, others' 10th, 50th and 90th percentile)."""

    title: str
    rows: Sequence[tuple[str, float, float, float, float]]
    others: str
    percent: bool = True


@dataclass(frozen=True, slots=True)
class Ranges:
    """Figures with their intervals, a row each: (label, value, low, high), the `marked` one set off; shares of 1."""

    title: str
    rows: Sequence[tuple[str, float, float, float]]
    marked: str
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Grid:
    """Shares by day of the week and hour: `values[weekday][hour]`, Monday first."""

    title: str
    values: Sequence[Sequence[float]]
    unit: str = "the stronger, the more"


@dataclass(frozen=True, slots=True)
class Trend:
    """One figure over time: (period, value) in order."""

    title: str
    points: Sequence[tuple[str, float]]
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Densities:
    """Two or more distributions over one axis: name -> (x, share) points; the first is set off."""

    title: str
    axis: str
    series: Mapping[str, Sequence[tuple[float, float]]]


Picture = Bars | Columns | Bands | Ranges | Grid | Trend | Densities


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
    pictures: Sequence[Picture] = ()
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
