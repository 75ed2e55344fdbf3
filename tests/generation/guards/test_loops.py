"""Loops and repeated lines are found; emphasis is left alone."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from soundalike.generation.guards import (
    GuardCounts,
    fold,
    loop_start,
    loops,
    may_become,
    repeats_line,
    same_line,
)

EMPHASIS = [
    "no no no no",
    "no no no no no no no",
    "NOOOOOOOOOOOOOOOOOOOO",
    "hahahahahahahahahahahahaha",
    "bye bye bye",
    "oh no oh no oh no",
    "i know i know i know",
    "lol\nlol",
    "😂😂😂😂😂😂😂",
    "ok so first we go there and then we go home",
    "....................",
    "it is what it is what it is",
]

LOOPS = [
    "no " * 8,
    "oh no " * 5,
    "i love rust\n" * 4,
    "i love rust. I love Rust! i love RUST, i love rust",
    "and then we ran " * 3,
    "one two three four five six seven eight nine " * 2,
    "ha" * 40,
    "a" * 60,
    "😂" * 60,
    "fine, but " + "yes and no " * 4,
]


@pytest.mark.parametrize("text", EMPHASIS)
def test_emphasis_is_no_loop(text: str) -> None:
    """What people do write to make a point stays."""
    assert not loops(text)


@pytest.mark.parametrize("text", LOOPS)
def test_loops_are_found(text: str) -> None:
    """The same words round after round are a loop, across lines, case and punctuation too."""
    assert loop_start(text.rstrip()) is not None


def test_a_loop_is_found_as_soon_as_it_is_one() -> None:
    """While a text grows it is stopped at the fourth round of three words, and cut after the first."""
    text, said = "well i love rust i love rust i love rust i love rust i love rust", ""
    for word in text.split():
        said = f"{said} {word}".strip()
        if (start := loop_start(said)) is not None:
            break
    assert said == "well" + " i love rust" * 4
    assert said[:start].strip() == "well i love rust"


def test_a_loop_in_the_middle_is_found_afterwards() -> None:
    """A finished text is searched everywhere, not at its end alone."""
    text = "so " + "i love rust " * 4 + "and that is that"
    assert loop_start(text) is None
    assert loops(text)
    assert loops("well " + "ha" * 40 + " ok")


def test_a_drawn_out_word_is_cut_to_one_unit() -> None:
    """What stays of an endless laugh is its beginning."""
    text = "that is so " + "ha" * 50
    start = loop_start(text)
    assert start is not None and text[:start].startswith("that is so ha")


def test_nothing_is_no_loop() -> None:
    """An empty text has no end to loop."""
    assert loop_start("") is None
    assert not loops("")


def test_folding_keeps_words_and_emoji() -> None:
    """Case and the punctuation around words go; what is nothing else stays."""
    assert fold("I LOVE Rust!! :) 😂 don't") == ["i", "love", "rust", ":)", "😂", "don't"]


def test_long_lines_are_the_same_with_a_word_changed() -> None:
    """Of eight words seven in order make it the same line; of four all must agree."""
    assert same_line("i think we should go home right now", "I think we should go home right away")
    assert not same_line("we should go home", "we should go out")
    assert not same_line("i think we should go home right now", "you said they might stay out until later")


def test_a_sentence_may_be_said_once() -> None:
    """Three words or more repeat a line of the last eight; an older one is forgotten."""
    assert repeats_line("i love rust", ["hm", "I love rust!", "ok"])
    assert not repeats_line("i love rust", ["i love rust", *"abcdefgh"])


def test_a_short_line_may_be_said_twice_running() -> None:
    """ "lol" after "lol" is chat, the third is a loop, and a "lol" further back does not count."""
    assert not repeats_line("lol", ["lol"])
    assert repeats_line("lol", ["lol", "LOL"])
    assert not repeats_line("lol", ["lol", "lol", "what"])


def test_an_empty_line_repeats_nothing() -> None:
    """Silence is no echo."""
    assert not repeats_line("", ["", ""])


def test_interventions_add_up() -> None:
    """Counts are summed field by field, and none at all is false."""
    total = GuardCounts(looped=1)
    total.add(GuardCounts(looped=2, resampled=3))
    assert total == GuardCounts(looped=3, resampled=3)
    assert total and not GuardCounts()


WORDS = st.lists(st.sampled_from("a b c d e f g".split()), max_size=14)


@settings(max_examples=200)
@given(WORDS, WORDS, st.lists(st.tuples(st.integers(0, 14), st.sampled_from("ax")), max_size=3))
@example("x y where are you going tonight my friend".split(), [], [])
def test_a_line_that_comes_to_say_the_same_was_never_ruled_out(
    line: list[str], more: list[str], changes: list[tuple[int, str]]
) -> None:
    """Neither at its first word nor at its last, whether equal, nearly so or another."""
    other = [*line, *more]
    for at, word in changes:
        other.insert(at, word)
    for said in ([*line, *more], other):
        if same_line(" ".join(said), " ".join(other)):
            assert all(may_become(said[:end], " ".join(other)) for end in range(len(said) + 1))
    assert not may_become(["nobody"], "says this")
    assert not may_become("quite another line so far".split(), "what i said")
