"""What --only and --without keep and leave out, and that all of it is counted."""

import polars as pl
import pytest

from soundalike.errors import ExportError, UsageError
from soundalike.importing.selection import Selection, pattern_of
from soundalike.messages import CHANNELS_SCHEMA, Corpus
from tests.invented import corpus

DAY = 24 * 60.0
CHANNELS = [
    ("c0", "General", "channel"),
    ("c1", "ana", "dm"),
    ("c2", None, "unknown"),
    ("c3", "#music-loud", "channel"),
]
TALK = [
    (0.0, "c0", "me", "one"),
    (1.0, "c0", "a", "two"),
    (2.0, "c0", "b", "three"),
    (40 * DAY, "c1", "me", "four"),
    (40 * DAY + 1, "c1", "a", "five"),
    (400 * DAY, "c2", "me", "six"),
    (401 * DAY, "c3", "b", "seven"),
    (401 * DAY + 1, "c3", "me", "eight"),
]  # from 2024-01-01


def chosen(only: tuple[str, ...] = (), without: tuple[str, ...] = ()) -> tuple[list[str], Corpus]:
    """The texts that are left, and the corpus."""
    made = corpus(TALK)
    made.channels = pl.DataFrame(CHANNELS, schema=CHANNELS_SCHEMA, orient="row")
    made.read = {"messages": made.messages.height}
    left = Selection.parse(only, without).apply(made)
    assert left.unaccounted == 0 and left.read == {"messages": 8}
    return left.messages["text"].to_list(), left


@pytest.mark.parametrize(
    ("only", "left"),
    [
        (("channel:general",), "one two three"),
        (("general",), "one two three"),
        (("channel:c2",), "six"),
        (("channel:music*",), "seven eight"),
        (("channel:gen*", "channel:c2"), "one two three six"),
        (("person:ana",), "one two four five"),
        (("person:BO",), "one three seven eight"),
        (("ana",), "one two four five"),
        (("person:sam",), "one four six eight"),
        (("after:2024-02",), "four five six seven eight"),
        (("before:2024-02",), "one two three"),
        (("after:2024-02", "before:2025"), "four five"),
        (("after:2024-02-10", "before:2024-02-11"), "four five"),
        (("channel:general", "channel:ana", "after:2024-02"), "four five"),
    ],
)
def test_only(only: tuple[str, ...], left: str) -> None:
    """Names add up, dates narrow; a person is kept with the owner's lines beside them."""
    texts, made = chosen(only)
    assert texts == left.split()
    assert made.skipped == ({"messages left out by --only": 8 - len(texts)} if len(texts) < 8 else {})


@pytest.mark.parametrize(
    ("without", "left"),
    [
        (("person:bo",), "one two four five six eight"),
        (("person:[ab]*",), "one four six eight"),
        (("channel:ana",), "one two three six seven eight"),
        (("ana",), "one three six seven eight"),
        (("b",), "one two four five six eight"),
        (("after:2025",), "one two three four five"),
        (("before:2024-02-10",), "four five six seven eight"),
        (("channel:music-loud", "person:ana"), "one three four six"),
    ],
)
def test_without(without: tuple[str, ...], left: str) -> None:
    """A person's messages are left out wholly; every pattern has its own count."""
    texts, made = chosen(without=without)
    assert texts == left.split()
    assert set(made.skipped) == {f"messages left out by --without {pattern}" for pattern in without}
    assert sum(made.skipped.values()) == 8 - len(texts)


def test_the_names_of_who_is_left_out_go() -> None:
    """Those of people, of channels, and of the direct chat that is called after one; everybody else's stay."""
    _, made = chosen(without=("person:ana", "channel:music-loud"))
    assert made.authors["name"].to_list() == ["sam", "bo"]
    assert dict(made.channels.select("channel", "title").iter_rows()) == {"c0": "General", "c1": None, "c2": None}
    _, made = chosen(only=("channel:ana",))
    assert made.authors["name"].to_list() == ["sam", "ana"] and made.channels["title"].to_list() == ["ana"]


def test_the_pattern_of_a_key_finds_that_key_alone() -> None:
    """A key may hold the signs of wildcards; without them it would find others too."""
    made = corpus([(0.0, "c0", "me", "one"), (1.0, "*mum*", "a", "two"), (2.0, "x mum x", "a", "three")])
    wide, exact = (Selection.parse(without=[p]).apply(made) for p in ("channel:*mum*", pattern_of("channel", "*mum*")))
    assert wide.messages["text"].to_list() == ["one"] and exact.messages["text"].to_list() == ["one", "three"]


def test_both() -> None:
    """What --without names is left out of what --only keeps."""
    texts, made = chosen(("general",), ("person:ana",))
    assert texts == ["one", "three"]
    assert made.skipped == {"messages left out by --only": 5, "messages left out by --without person:ana": 1}


@pytest.mark.parametrize(
    ("pattern", "told"),
    [
        ("channel:genral", "There is no channel called 'genral' here. Is it 'General'?"),
        ("person:anna", "There is nobody called 'anna' here. Is it 'ana'?"),
        ("musik", "There is neither a channel nor a person called 'musik' here. Is it '#music-loud'?"),
        ("person:zz*", "There is nobody called 'zz*' here. There are 'sam', 'ana' and 'bo'."),
    ],
)
def test_a_name_that_finds_nothing(pattern: str, told: str) -> None:
    """Is answered with near names, in both options."""
    for options in (((pattern,), ()), ((), (pattern,))):
        with pytest.raises(ExportError) as caught:
            chosen(*options)
        assert str(caught.value) == told


@pytest.mark.parametrize("written", ["channel:", "", " ", "after:soon", "before:2024-13", "after:2024-02-30", "after:"])
def test_patterns_that_cannot_be_read(written: str) -> None:
    """Are refused before anything is read."""
    with pytest.raises(UsageError):
        Selection.parse((written,))


@pytest.mark.parametrize("without", ["person:sam", "before:2099"])
def test_nothing_of_the_owner_is_left(without: str) -> None:
    """Is said."""
    with pytest.raises(ExportError, match="None of your messages would be left"):
        chosen(without=(without,))


def test_a_name_with_a_colon() -> None:
    """A key of another program is a name, not a kind."""
    made = corpus([(0.0, "whatsapp:x", "me", "a"), (1.0, "c0", "me", "b")])
    assert Selection.parse(("whatsapp:x",)).apply(made).messages["text"].to_list() == ["a"]


def test_a_name_with_brackets() -> None:
    """A title that looks like a pattern is found as it is written."""
    made = corpus([(0.0, "c0", "me", "a"), (1.0, "c1", "me", "b")])
    made.channels = pl.DataFrame([("c0", "[de] talk", "channel")], schema=CHANNELS_SCHEMA, orient="row")
    assert Selection.parse(("channel:[DE] talk",)).apply(made).messages["text"].to_list() == ["a"]
