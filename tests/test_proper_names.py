"""Names in chats, as the portrait and the audit both decide them."""

import pytest

from soundalike.proper_names import ProperNames, known_names, prose

TEXTS = ["so Ottoline left", "the soup is good", "WE SAW ZORBERT", "Kettle. that is all"]


@pytest.mark.parametrize(
    ("word", "named"), [("ottoline", True), ("zorbert", False), ("kettle", False), ("soup", False)]
)
def test_a_capital_inside_a_sentence_makes_a_name(word: str, named: bool) -> None:
    """Not at a text's start, not in a text that is all capitals, not for a word that others use."""
    assert (word in ProperNames(frozenset(), TEXTS, fewest=1)) is named


def test_how_often_and_which_capitals_is_the_callers_choice() -> None:
    """One use is too few where two are needed; an acronym counts unless the caller wants title case."""
    assert "ottoline" not in ProperNames(frozenset(), TEXTS, fewest=2)
    assert "kjsx" in ProperNames(frozenset(), ["ask KJSX now"], fewest=1)
    assert "kjsx" not in ProperNames(frozenset(), ["ask KJSX now"], fewest=1, has_capital=str.istitle)


def test_known_names_hold_in_every_form() -> None:
    """Titles, mentions and first names; also with 's and with stretched letters."""
    names = ProperNames(known_names(["Juno Vale", "the soup club"], ["hi @lena.k"]), [], fewest=1)
    assert all(word in names for word in ("juno", "vale's", "junooooo", "lena", "emma", "club"))
    assert "the" not in names


def test_prose_leaves_out_what_is_no_word_of_the_writers() -> None:
    """Links, mentions, channels, custom emoji and masks."""
    assert prose("see youtube.com/x @sam.w :blob: my email is up").split() == ["see", "is", "up"]
