"""How a text becomes messages, and how fast they are sent."""

from random import Random

import pytest

from soundalike.frontends.discord.delivery import FEWEST_GAPS, TypingPace, split_text
from tests.invented import corpus


def test_long_texts_are_cut_where_it_hurts_least() -> None:
    """At a line's end, else a sentence's, else a word's, else anywhere; nothing is lost and nothing too long."""
    assert split_text("short") == ["short"] and split_text("  ") == []
    assert split_text("aaaa bbb\ncccc. ddd", 12) == ["aaaa bbb", "cccc. ddd"]
    assert split_text("aaa bbb. ccc ddd", 12) == ["aaa bbb.", "ccc ddd"]
    assert split_text("aaa bbb ccc ddd", 12) == ["aaa bbb ccc", "ddd"]
    assert split_text("a" * 25, 12) == ["a" * 12, "a" * 12, "a"]
    assert split_text("x" * 2001) == ["x" * 2000, "x"]


@pytest.mark.parametrize("seed", range(20))
def test_pieces_hold_every_word(seed: int) -> None:
    """Whatever the text, the words of the pieces are its words, and each piece fits."""
    rng = Random(seed)
    text = "".join(rng.choice((*"abcde", " ", " ", ". ", "\n", "! ")) for _ in range(900))
    cut = split_text(text, 100)
    assert "".join("".join(cut).split()) == "".join(text.split())
    assert all(0 < len(piece) <= 100 for piece in cut)


def test_the_pace_is_the_owners_own() -> None:
    """From gaps inside bursts: long messages after longer gaps; silences and answers to others do not count."""
    rng, minute, rows = Random(0), 0.0, []
    for _ in range(200):
        length = rng.choice((3, 80))
        minute += (0.5 + 0.1 * length) / 60
        rows.append((minute, "c", "me", "x" * length))
        minute += 60.0
        rows.append((minute, "c", "me", "x"))
    pace = TypingPace.fit(corpus(rows).messages)
    short, long = (pace.seconds("x" * length, Random(1)) for length in (3, 80))
    assert short == pytest.approx(0.8, rel=0.3) and long == pytest.approx(8.5, rel=0.3)
    assert pace.seconds("x" * 80, Random(1), speed=2.0) == pytest.approx(long / 2)
    assert pace.seconds("x" * 80, Random(1), longest=4.0) == 4.0


def test_too_few_gaps_give_the_usual_pace() -> None:
    """An empty export, and one in which others answer in between."""
    assert TypingPace.fit(corpus([]).messages) == TypingPace()
    rows = [(n / 60, "c", ("me", "a")[n % 2], "hello") for n in range(4 * FEWEST_GAPS)]
    assert TypingPace.fit(corpus(rows).messages) == TypingPace()
    assert 0.5 < TypingPace(spread=0.0).seconds("x" * 20, Random(0)) < 5
