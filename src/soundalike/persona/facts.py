"""What the portrait counts of the owner's writing, as lines of a prompt."""

from collections.abc import Callable, Sequence

from soundalike import phrasing
from soundalike.portrait.card import Card
from soundalike.portrait.chart_kinds import BarChart, Histogram, PercentileBands, short_number
from soundalike.portrait.data import PortraitData
from soundalike.portrait.findings.laughter import laughter
from soundalike.portrait.findings.punctuation import punctuation
from soundalike.portrait.findings.rhythm import rhythm
from soundalike.portrait.findings.signature_words import signature_words, skeletons
from soundalike.portrait.findings.summary import summary

LENGTHS = ("Characters a message", "Messages a burst")  # of the rhythm; when somebody writes is no part of how


Fact = Callable[[PortraitData], list[str]]


def facts(data: PortraitData, on_facts: Callable[[int], None] = lambda more: None) -> list[str]:
    """A sentence or a list of figures each; what the portrait finds nothing for is left out.

    No word that may name somebody is among them, see `NameFilter`. `on_facts` is called with 1 after each of FACTS.
    """
    lines: list[str] = []
    for fact in FACTS:
        lines += fact(data)
        on_facts(1)
    return lines


def _summary(data: PortraitData) -> list[str]:
    first = summary(data)
    return [" ".join((first.sentence, *first.details))]


def _lengths(data: PortraitData) -> list[str]:
    charts = [chart for chart in rhythm(data).pictures if isinstance(chart, Histogram)]
    return [chart.description for chart in charts if chart.title in LENGTHS]


def _words(title: str, card: Card) -> list[str]:
    """The labels of the card's bars; none without bars."""
    rows = [label for chart in card.pictures if isinstance(chart, BarChart) for label, _ in chart.rows]
    return [f"{title}: {phrasing.quoted(rows)}."] if rows else []


def _laughter(card: Card) -> list[str]:
    """How often and how; nothing where too few laughs were found, for some write theirs in a way of their own."""
    charts = [chart.description for chart in card.pictures if isinstance(chart, BarChart)]
    return [card.sentence, *charts] if charts else []


def _typing(card: Card) -> list[str]:
    """A line per chart of habits with the owner's figures, in a hundred each."""
    return [f"{chart.title}: {_figures(chart)}." for chart in card.pictures if isinstance(chart, PercentileBands)]


def _figures(chart: PercentileBands) -> str:
    parts: Sequence[str] = [f"{label} {short_number(round(own * 100, 1))}" for label, own, *_ in chart.rows]
    return ", ".join(parts)


FACTS: tuple[Fact, ...] = (
    _summary,
    lambda data: _words("Words that you use more than others do", signature_words(data, None)),
    lambda data: _words("Frames that your sentences come in, with * for one to three words", skeletons(data)),
    lambda data: _typing(punctuation(data)),
    lambda data: _laughter(laughter(data)),
    _lengths,
)
