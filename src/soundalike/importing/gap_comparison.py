"""Lengths of time as people write them, and what documents several conversation gaps would give."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from soundalike.errors import RecipeError
from soundalike.importing.document_settings import DocumentSettings
from soundalike.importing.documents import build
from soundalike.messages import Corpus

MINUTES = {"s": 1 / 60, "m": 1.0, "min": 1.0, "h": 60.0, "d": 1440.0, "": 1.0}


def parse_duration(text: str) -> float:
    """Minutes from "90s", "15m", "1.5h", "2d" or a bare number of minutes. `RecipeError` for anything else."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(s|m|min|h|d|)\s*", text.lower())
    if not match or float(match[1]) == 0:
        raise RecipeError(f"{text!r} is not a length of time.", "Write it like 90s, 15m or 1h.")
    return float(match[1]) * MINUTES[match[2]]


def parse_gaps(text: str) -> list[float]:
    """Minutes from comma-separated durations: "5m,15m,1h"."""
    return [parse_duration(part) for part in text.split(",")]


@dataclass(frozen=True, slots=True)
class GapRow:
    """The number and size of documents that one gap would give."""

    gap_minutes: float
    conversations: int
    documents: int
    median_words: float
    mean_words: float
    median_messages: float
    mean_messages: float


def compare_gaps(corpus: Corpus, gaps: Sequence[float], settings: DocumentSettings) -> list[GapRow]:
    """A row per gap (minutes), everything else as in `settings`."""
    return [_row(corpus, replace(settings, gap_minutes=gap)) for gap in gaps]


def _row(corpus: Corpus, settings: DocumentSettings) -> GapRow:
    documents = build(corpus, settings)
    median = documents.frame.select("words", "messages").median().row(0)
    mean = documents.frame.select("words", "messages").mean().row(0)
    words, messages = ((round(m or 0, 1), round(a or 0, 1)) for m, a in zip(median, mean, strict=True))
    return GapRow(settings.gap_minutes, documents.conversations.height, documents.frame.height, *words, *messages)


def table(rows: Sequence[GapRow]) -> list[str]:
    """The comparison as lines of text."""
    head = f"{'gap':>8}{'conversations':>15}{'documents':>11}{'words each':>21}{'messages each':>21}"
    return [head, f"{'':34}" + f"{'median':>11}{'mean':>10}" * 2, *map(_line, rows)]


def _line(row: GapRow) -> str:
    words = f"{row.median_words:>11,.1f}{row.mean_words:>10,.1f}"
    messages = f"{row.median_messages:>11,.1f}{row.mean_messages:>10,.1f}"
    return f"{row.gap_minutes:>7g}m{row.conversations:>15,}{row.documents:>11,}{words}{messages}"
