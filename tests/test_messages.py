"""Corpora merge into one that is sorted, unique and accounted for."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from soundalike.messages import AUTHORS_SCHEMA, CHANNELS_SCHEMA, SCHEMA, Corpus, add_counts, empty, merge

START = datetime(2024, 1, 1, tzinfo=UTC)


def corpus(*rows: tuple[str, float, str], exact_ids: bool = True) -> Corpus:
    """Rows of (id, seconds after START, text)."""
    made = [(id, "c", "me", True, START + timedelta(seconds=second), text, None, "test") for id, second, text in rows]
    return Corpus(pl.DataFrame(made, schema=SCHEMA, orient="row"), read={"messages": len(rows)}, exact_ids=exact_ids)


def test_nothing() -> None:
    """Nothing merges to nothing."""
    merged = merge([])
    assert merged.messages.schema == pl.Schema(SCHEMA)
    assert (merged.messages.height, merged.unaccounted, merged.owner) == (0, 0, "me")


def test_sorted_and_unique() -> None:
    """Rows are sorted by time, then id as a string; of one id the first that came is kept."""
    merged = merge([corpus(("9", 5, "a"), ("10", 5, "b"), ("8", 1, "c")), corpus(("9", 5, "later"), ("7", 9, "d"))])
    assert merged.messages["id"].to_list() == ["8", "10", "9", "7"]
    assert merged.messages["text"].to_list() == ["c", "b", "a", "d"]
    assert (merged.skipped, merged.unaccounted) == ({"messages seen twice": 1}, 0)


@pytest.mark.parametrize("ids", [("a", "b"), ("1", "01"), ("1", "x")])
def test_ids_are_strings(ids: tuple[str, str]) -> None:
    """Ids need not be numbers, and those that are one number written twice are two."""
    merged = merge([corpus((ids[0], 0, "a")), corpus((ids[1], 1, "b")), corpus((ids[0], 0, "again"))])
    assert merged.messages["text"].to_list() == ["a", "b"]


def test_rounded_ids() -> None:
    """Rows with rounded ids are distinguished by channel, second and text, equal ones by their place: none is lost."""
    exact = corpus(("1000000000000000001", 0.2, "hi"), ("1000000000000000002", 3, "ho"))
    rounded = corpus(("1000000000000000000", 0.9, "hi"), ("1000000000000000000", 3.1, "hey"), exact_ids=False)
    merged = merge([exact, rounded])
    assert merged.messages["text"].to_list() == ["hi", "ho", "hey"]
    assert merged.messages["id"].is_unique().all()
    twins = [("5", 0, "a"), ("5", 1, "b"), ("5", 1, "b"), ("6", 1, "b")]
    copies = merge([corpus(*twins, exact_ids=False), corpus(*twins, exact_ids=False)])
    assert copies.messages["text"].to_list() == ["a", "b", "b", "b"]
    assert copies.skipped == {"messages seen twice": 4}
    assert not merged.exact_ids and merged.unaccounted == copies.unaccounted == 0


def test_side_frames_prefer_what_says_something() -> None:
    """A name or a title from any part wins over none."""
    bare, named = corpus(("1", 0, "a")), corpus(("2", 0, "b"))
    bare.authors = pl.DataFrame([("7", "me", True)], schema=AUTHORS_SCHEMA, orient="row")
    named.authors = pl.DataFrame([("7", "Mira", True)], schema=AUTHORS_SCHEMA, orient="row")
    bare.channels = pl.DataFrame([("c", None, "unknown")], schema=CHANNELS_SCHEMA, orient="row")
    named.channels = pl.DataFrame([("c", "pond", "channel")], schema=CHANNELS_SCHEMA, orient="row")
    merged = merge([bare, named])
    assert merged.owner == "Mira"
    assert merged.channels.rows() == [("c", "pond", "channel")]


def test_parts_are_left_alone() -> None:
    """Merging takes nothing away from its parts."""
    part = corpus(("1", 0, "a"), ("1", 0, "a"))
    merge([part, part])
    assert part.messages.height == 2 and part.read == {"messages": 2} and part.skipped == {}


def test_accounting() -> None:
    """Only reasons that count messages weigh against the messages read."""
    part = corpus(("1", 0, "a"))
    part.read["messages"] = 5
    add_counts(part.skipped, {"messages without text": 3, "other files": 7, "messages.csv files": 2, "nothing": 0})
    assert part.unaccounted == 1
    assert "nothing" not in part.skipped
    part.read.update({"message files": 5, "message files with messages": 2})
    add_counts(part.skipped, {"message files that are empty": 2, "messages lost": 1})
    assert (part.unaccounted, part.unaccounted_files) == (0, 1)
    assert empty().schema == pl.Schema(SCHEMA)
