"""Whose exports these are, when each names its owner or none does."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from soundalike.errors import ExportError
from soundalike.messages import AUTHORS_SCHEMA, SCHEMA, Corpus, merge
from soundalike.sources import _owner

START = datetime(2024, 1, 1, tzinfo=UTC)
Person = tuple[str, str, bool]
Row = tuple[str, str, str]


def export(people: list[Person], rows: list[Row]) -> list[Corpus]:
    """An export of one batch from rows of (id, author, text), all written with `me` false."""
    made = [
        (id_, "c", author, False, START + timedelta(seconds=place), text, None, "test")
        for place, (id_, author, text) in enumerate(rows)
    ]
    authors = pl.DataFrame(people, schema=AUTHORS_SCHEMA, orient="row")
    return [Corpus(pl.DataFrame(made, schema=SCHEMA, orient="row"), authors, read={"messages": len(rows)})]


def joined(*exports: list[Corpus]) -> Corpus:
    """What `sources.read` makes of them."""
    return _owner.mark(merge(_owner.batches(list(exports))))


def test_the_owner_of_several_programs() -> None:
    """Owners of different programs are one person; nobody else becomes the owner."""
    discord = export([("17", "Mira", True), ("18", "Sam", False)], [("1", "17", "hi"), ("2", "18", "yo")])
    signal = export([("signal:me", "Mira K", True), ("signal:9", "Bo", False)], [("signal:1", "signal:me", "hey")])
    corpus = joined(discord, signal)
    assert corpus.messages.filter("me")["author"].to_list() == ["17", "signal:me"]
    assert corpus.owner == "Mira"


def test_two_owners_of_one_program() -> None:
    """Two accounts of one program are two people."""
    one, two = export([("signal:1", "Mira", True)], []), export([("signal:2", "Bo", True)], [])
    with pytest.raises(ExportError, match=r"different accounts: Bo \(signal:2\) and Mira \(signal:1\)"):
        joined(one, two)


def test_one_export_that_tells_is_enough() -> None:
    """Where one export calls an account the owner's, it is that in the others too, whatever their order."""
    package = export([("17", "Mira", True)], [("1", "17", "hi")])
    channel = export([("17", "mira", False), ("18", "Sam", False)], [("1", "17", "hi"), ("2", "18", "yo")])
    for exports in ([package, channel], [channel, package]):
        corpus = joined(*[list(export) for export in exports])
        assert corpus.messages["me"].to_list() == [True, False]
        assert (corpus.unaccounted, corpus.skipped) == (0, {"messages seen twice": 1})


def test_a_package_without_account() -> None:
    """The account of a package that does not name it is that of the same messages in another export."""
    package = export([("me", "me", True)], [("1", "me", "hi"), ("3", "me", "only here")])
    channel = export([("17", "Mira", False), ("18", "Sam", False)], [("1", "17", "hi"), ("2", "18", "yo")])
    corpus = joined(package, channel)
    assert corpus.messages.select("id", "author", "me").rows() == [
        ("1", "17", True),
        ("2", "18", False),
        ("3", "17", True),
    ]
    assert corpus.owner == "Mira"


def test_a_package_that_shares_no_message() -> None:
    """Without a shared message the package's owner stays one of their own."""
    package = export([("me", "me", True)], [("9", "me", "hi")])
    channel = export([("17", "Mira", False)], [("1", "17", "hi")])
    assert set(joined(package, channel).authors["author"]) == {"me", "17"}
