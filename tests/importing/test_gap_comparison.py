"""Silences: written by people, compared on a corpus."""

import pytest

from soundalike.errors import RecipeError
from soundalike.importing.document_settings import DocumentSettings
from soundalike.importing.gap_comparison import compare_gaps, parse_duration, parse_gaps, table
from tests.invented import corpus


@pytest.mark.parametrize(
    ("text", "minutes"), [("5m", 5), ("1h", 60), ("90s", 1.5), (" 1.5H ", 90), ("20", 20), ("2d", 2880), ("15min", 15)]
)
def test_durations_are_read_as_people_write_them(text: str, minutes: float) -> None:
    """With a unit, or in minutes."""
    assert parse_duration(text) == minutes


@pytest.mark.parametrize("text", ["", "m", "5 apples", "-5m", "0m", "5m15s"])
def test_nonsense_is_not_a_duration(text: str) -> None:
    """The error quotes it and shows how."""
    with pytest.raises(RecipeError, match="90s, 15m or 1h"):
        parse_duration(text)


def test_gaps_are_compared_on_the_same_messages() -> None:
    """A longer gap gives fewer and longer documents, and a table to look at."""
    minutes = [*range(0, 60, 10), 100, 101, 102]
    talk = [(float(minute), "c", "me", f"minute {minute}") for minute in minutes]
    rows = compare_gaps(corpus(talk), parse_gaps("5m,15m,1h"), DocumentSettings())
    assert [(row.gap_minutes, row.conversations, row.documents) for row in rows] == [(5, 7, 7), (15, 2, 2), (60, 1, 1)]
    assert [(row.median_words, row.mean_words, row.mean_messages) for row in rows] == [
        (2, 2.6, 1.3),
        (9, 9, 4.5),
        (18, 18, 9),
    ]
    assert [line.split()[:3] for line in table(rows)[2:]] == [["5m", "7", "7"], ["15m", "2", "2"], ["60m", "1", "1"]]
