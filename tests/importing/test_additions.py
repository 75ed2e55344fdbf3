"""A clone and newer exports become one corpus in which nothing is twice."""

import polars as pl
import pytest

from soundalike.errors import ExportError
from soundalike.importing.additions import add
from soundalike.messages import Corpus
from tests.invented import Message, corpus

OLD: list[Message] = [
    (0.0, "c0", "me", "one"),
    (1.0, "c0", "a", "two"),
    (2.0, "c0", "me", "lol"),
    (2.0, "c0", "me", "lol"),
]


def made(messages: list[Message], ids: list[str] | None = None, owner: str = "me") -> Corpus:
    """A corpus whose account is exact, with these ids."""
    found = corpus(messages, owner, {owner: "sam", "a": "ana"})
    found.read = {"messages": found.messages.height}
    if ids:
        found.messages = found.messages.with_columns(id=pl.Series(ids))
    return found


def held() -> Corpus:
    """What a clone holds, whose account is not kept."""
    return Corpus(made(OLD).messages, made(OLD).authors)


def test_by_id_and_by_content() -> None:
    """The same ids add nothing, the same messages under other ids neither; what is new comes in its place in time."""
    for ids in (None, ["x", "y", "z", "w", "v"]):
        both = add(held(), made([*OLD, (1.5, "c0", "a", "new")], ids))
        assert both.messages["text"].to_list() == ["one", "two", "new", "lol", "lol"]
        assert both.notes == ["1 new messages; 4 were there already."]
        assert both.unaccounted == 0 and both.read["messages"] == 9


def test_replies_are_filled_in() -> None:
    """Where only the newer export knows what a message replies to."""
    newer = made(OLD)
    newer.messages = newer.messages.with_columns(reply_to=pl.Series([None, "0", None, None]))
    assert add(held(), newer).messages["reply_to"].to_list() == [None, "0", None, None]


def test_the_owner_of_both() -> None:
    """A nameless owner gets the account that the other names; two accounts are refused."""
    both = add(held(), made([(9.0, "c0", "17", "later")], ["900"], owner="17"))
    assert set(both.messages.filter("me")["author"]) == {"17"} and both.messages["me"].sum() == 4
    named = Corpus(both.messages, both.authors)
    with pytest.raises(ExportError, match=r"The clone is of sam \(17\), and these exports are of sam \(18\)"):
        add(named, made([(9.0, "c0", "18", "later")], ["901"], owner="18"))
