"""Which words may be shown: no name of anybody's, as far as can be known."""

import pytest

from soundalike.portrait.name_filter import NameFilter, own_words
from soundalike.proper_names import known_names

TEXTS = [
    *["a turnip is here", "my turnip", "zork says hi", "zork again", "ask @lena.k now"] * 3,
    *["so then Mirko left", "and Mirko came", "with Mirko"] * 2,
]


@pytest.fixture(scope="module")
def name_filter() -> NameFilter:
    return NameFilter(known_names(["Juno Vale", "the wrong answers"], TEXTS), TEXTS)


@pytest.mark.parametrize("word", ["turnip", "the", "lmao", "lmaoooo", "ngl", "dont", "sooooo"])
def test_a_word_is_shown_with_a_reason(name_filter: NameFilter, word: str) -> None:
    """It stands after an article, strangers use it, or it is a laugh, a short form, a stretched word."""
    assert name_filter.allows(word)


@pytest.mark.parametrize("word", ["juno", "vale", "juno's", "junooooo", "lena", "zork", "mirko", "emma", "bob"])
def test_a_word_that_may_be_a_name_is_not(name_filter: NameFilter, word: str) -> None:
    """A title's, a mention's, a first name, one with a capital, or one for which nothing speaks."""
    assert not name_filter.allows(word)


def test_a_line_that_names_or_addresses_somebody_is_not_quoted(name_filter: NameFilter) -> None:
    """Common words of a chat's title are no names."""
    assert name_filter.allows_line("the wrong turnip") is False  # "wrong" is part of a group's title
    assert name_filter.allows_line("the turnip is here")
    assert not any(
        map(
            name_filter.allows_line,
            ("tell juno", "hey @turnip", "and Mirko", "Emma's turnip", "lord_turnip", "turnip99 is"),
        )
    )


def test_links_mentions_and_masks_are_no_words() -> None:
    """What redaction and Discord put into a text is not the owner's."""
    assert own_words("see youtube.com/x @sam.w :blob: my email is up, don't 12") == ["see", "is", "up", "don't"]
