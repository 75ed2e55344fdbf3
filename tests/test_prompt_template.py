"""The template: what is rendered is parsed back, whatever was typed."""

import pytest

from soundalike.prompt_template import NAME_LENGTH, normalise, parse, render, speaker_name, speaker_names
from tests.invented import hostile


def test_a_transcript_has_one_line_a_message() -> None:
    """`name: text`, each line closed by a newline."""
    assert (
        render([("sam", "best pick up line?"), ("mo", "i am so meta")]) == "sam: best pick up line?\nmo: i am so meta\n"
    )


def test_a_line_break_inside_a_message_is_newline_and_tab() -> None:
    """A continued line begins with a tab, and comes back as it was."""
    assert render([("sam", "one\n\nthree")]) == "sam: one\n\t\n\tthree\n"
    assert parse("sam: one\n\t\n\tthree\n") == [("sam", "one\n\nthree")]


@pytest.mark.parametrize("tagged", [True, False])
def test_no_text_can_forge_a_turn(tagged: bool) -> None:
    """Any texts and names at all come back as the same turns, normalised."""
    for seed in range(1500):
        turns = [(hostile(seed + 10_000 * k), hostile(seed + 20_000 * k) + "x" * (not tagged)) for k in range(1, 4)]
        expected = [(speaker_name(name) if tagged else "", normalise(text)) for name, text in turns]
        assert parse(render(turns, tagged=tagged), tagged) == expected


def test_normalising_twice_changes_nothing_more() -> None:
    """A normalised text is normal."""
    for seed in range(2000):
        once = normalise(hostile(seed))
        assert normalise(once) == once


def test_special_tokens_stay_as_typed() -> None:
    """Somebody who types an end-of-text marker has typed those letters and no more."""
    assert parse(render([("sam", "<|endoftext|></s>")])) == [("sam", "<|endoftext|></s>")]


def test_emoji_keep_their_joiners_and_selectors() -> None:
    """A family, a red heart and the Scottish flag are made of unseen characters, which stay."""
    emoji = "👨‍👩‍👧 ❤️ 🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f"
    assert normalise(emoji) == emoji


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("sam", "sam"),
        (" dr: who\n\tyes ", "dr who yes"),
        ("x" * 30, "x" * NAME_LENGTH),
        ("abcdefghijklmnopqrstuvw xyz", "abcdefghijklmnopqrstuvw"),
        ("x" * 23 + "\u200dy", "x" * 23),
        (":\u200b:", "someone"),
        ("", "someone"),
    ],
)
def test_a_name_is_safe_at_the_head_of_a_line(name: str, safe: str) -> None:
    """No colon, newline or tab, at most 24 characters, never empty."""
    assert speaker_name(name) == safe


def test_everybody_has_a_name_of_their_own() -> None:
    """The owner keeps the bare name on all accounts; others who share it, in any case, are numbered."""
    rows = [("1", "Sam", False), ("2", "sam", True), ("3", "SAM", False), ("4", "", False), ("5", ":", False)]
    names = speaker_names([*rows, ("6", "sam 2", False), ("7", "other account", True)])
    expected = {"2": "sam", "7": "sam", "1": "Sam 2", "3": "SAM 3", "4": "someone", "5": "someone 2", "6": "sam 2 2"}
    assert names == expected


def test_a_long_shared_name_keeps_its_number() -> None:
    """The number stands inside the 24 characters."""
    names = speaker_names([("1", "y" * 30, True), ("2", "y" * 30, False)])
    assert names["2"] == "y" * (NAME_LENGTH - 2) + " 2"


def test_an_owner_without_a_name_is_me() -> None:
    """An export that names nobody still gives a transcript."""
    assert speaker_names([("1", "", True)]) == {"1": "me"}


def test_an_open_transcript_waits_for_more() -> None:
    """Without an end the last line is left for a model to go on with."""
    assert render([("mo", "hi"), ("sam", "")], end=False) == "mo: hi\nsam:"
    assert render([("sam", "chaewon is")], end=False, tagged=False) == "chaewon is"
    assert render([]) == ""


def test_a_broken_off_transcript_is_parsed_as_far_as_it_goes() -> None:
    """Text that a model leaves unfinished still parses into turns; a line without a name has no name."""
    assert parse("mo: hi\nsam: so\n\twhat\n\nwho kn") == [("mo", "hi"), ("sam", "so\nwhat"), ("", "who kn")]
