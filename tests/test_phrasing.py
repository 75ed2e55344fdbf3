"""Numbers and lists in words."""

from soundalike.phrasing import count, listed, quoted


def test_a_number_of_things() -> None:
    """One is singular; thousands are separated; a plural of its own is given."""
    assert [count(number, "vote") for number in (0, 1, 2_000)] == ["0 votes", "1 vote", "2,000 votes"]
    assert count(2, "person", "people") == "2 people"


def test_a_list() -> None:
    """Of any iterable; the last two are joined by a word."""
    assert [listed(iter("abc"[:length])) for length in range(4)] == ["", "a", "a and b", "a, b and c"]
    assert listed("ab", "or") == "a or b" and quoted("ab") == "“a” and “b”"
