"""Whose exports these are, when each names its owner or none does."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from soundalike.errors import ExportError, OwnerUnknown
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


def joined(*exports: list[Corpus], me: Sequence[str] = ()) -> Corpus:
    """What `sources.read` makes of them."""
    return _owner.mark(merge(_owner.batches(list(exports), several=bool(me))), me)


def chat(*people: tuple[str, str, int], source: str = "test") -> list[Corpus]:
    """An export that does not tell its owner, of people (key, name, number of messages)."""
    rows = [(f"{key}/{number}", key, "hi") for key, _, count in people for number in range(count)]
    made = export([(key, name, False) for key, name, _ in people], rows)
    made[0].messages = made[0].messages.with_columns(source=pl.lit(source))
    return made


def mine(corpus: Corpus) -> set[str]:
    """The author keys of the owner's messages."""
    return set(corpus.messages.filter("me")["author"])


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
    """Where one export calls an account the owner's, it is that in the others too, in either order."""
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
    """Without a shared message it must be said which account a nameless package belongs to."""
    package = export([("me", "me", True)], [("9", "me", "hi")])
    channel = chat(("17", "Mira", 1), ("18", "Sam", 2))
    with pytest.raises(OwnerUnknown):
        joined(list(package), list(channel))
    corpus = joined(package, channel, me=["mira"])
    assert mine(corpus) == {"17"} and set(corpus.authors["author"]) == {"17", "18"}
    assert corpus.messages.height == 4


def test_nothing_tells() -> None:
    """Where nothing tells, the people are listed, those with most messages first, and how to say it."""
    people = [(f"whatsapp:P{number}", f"P{number}", 40 - number) for number in range(20)]
    with pytest.raises(OwnerUnknown) as caught:
        joined(chat(*people))
    assert caught.value.exit_code == 2
    lines = caught.value.do.strip().splitlines()
    assert lines[0] == "P0: 40 messages" and lines[14] == "  P14: 26 messages"
    assert lines[15] == "  and 5 more people"
    assert lines[16].startswith("Name yourself: --me NAME")


def test_the_only_author_is_the_owner() -> None:
    """Whose lines stand alone is told and not asked; a second person who wrote nothing is reason to ask."""
    alone = joined(chat(("whatsapp:Mira", "Mira", 3)))
    assert mine(alone) == {"whatsapp:Mira"}
    assert alone.notes == ["Mira is taken as you: nobody else is in these exports."]
    with pytest.raises(OwnerUnknown):
        joined(chat(("whatsapp:Mira", "Mira", 3), ("whatsapp:Ana", "Ana", 0)))
    with pytest.raises(OwnerUnknown):
        joined(chat(("whatsapp:Mira", "Mira", 3)), chat(("telegram:1", "Mira B", 2)))


def test_one_program_tells_and_another_does_not() -> None:
    """Only the people of the program that does not tell are listed; people of one name are listed by their keys."""
    named = export([("signal:me", "Mira", True)], [("1", "signal:me", "hi")])
    silent = chat(("sms:1f", "someone", 3), ("sms:2e", "someone", 1), ("sms:Bo", "Bo", 1))
    with pytest.raises(OwnerUnknown, match="Nothing in the exports of sms says") as caught:
        joined(list(named), list(silent))
    assert "someone (sms:1f): 3 messages" in caught.value.do and "Mira" not in caught.value.do
    corpus = joined(named, silent, me=["bo"])
    assert mine(corpus) == {"signal:me", "sms:Bo"}
    assert corpus.owner == "Bo"


@pytest.mark.parametrize(
    ("names", "keys"),
    [
        (["Laura"], {"whatsapp:Laura"}),
        (["laura"], {"whatsapp:Laura"}),
        (["whatsapp:BO"], {"whatsapp:Bo"}),
        (["Laura", "Laura W."], {"whatsapp:Laura", "whatsapp:Laura W."}),
    ],
)
def test_names_of_the_owner(names: list[str], keys: set[str]) -> None:
    """Display names and keys, exact or in any case; further names are the same person, and the first is theirs."""
    people = [("whatsapp:Laura", "Laura", 2), ("whatsapp:Laura W.", "Laura W.", 5), ("whatsapp:Bo", "Bo", 1)]
    corpus = joined(chat(*people), me=names)
    assert mine(corpus) == keys
    assert corpus.owner.casefold() == names[0].rpartition(":")[2].casefold()
    assert corpus.messages.filter("me").height == sum(count for key, _, count in people if key in keys)


def test_names_that_are_nobodys_or_two_peoples() -> None:
    """A name that nobody has is answered with near ones, a name of two people with their keys; exact goes first."""
    people = [
        ("telegram:1", "Laura", 9),
        ("telegram:2", "laura", 3),
        ("telegram:3", "LAURA", 1),
        ("telegram:4", "Bo", 1),
    ]
    with pytest.raises(ExportError, match=r"There is nobody called 'Lura' .* Is it 'Laura'"):
        joined(chat(*people[:1], people[3]), me=["Lura"])
    with pytest.raises(ExportError, match=r"nobody called 'Zoe' .* There are 'Laura' and 'Bo'"):
        joined(chat(*people[:1], people[3]), me=["Zoe"])
    assert mine(joined(chat(*people), me=["laura"])) == {"telegram:2"}
    with pytest.raises(ExportError, match=r"3 people are called 'lAURA': telegram:1 \(9 messages\), telegram:2"):
        joined(chat(*people), me=["lAURA"])
    assert mine(joined(chat(*people), me=["telegram:3"])) == {"telegram:3"}


def test_further_names_and_bare_ids() -> None:
    """A user name or a nickname finds its person, and so does the id without the program; a name that is shown goes
    first, in each program that does not tell its owner."""
    slack = chat(("slack:U1", "bo.k", 2), ("slack:U2", "Mia", 2))
    slack[0].further_names = {"slack:U1": {"Bo K"}, "slack:U2": {"bo.k", "mia"}}
    for name, key in (("bo k", "slack:U1"), ("u2", "slack:U2"), ("bo.k", "slack:U1"), ("MIA", "slack:U2")):
        assert mine(joined(list(slack), me=[name])) == {key}
    told = export([("signal:me", "Mia", True), ("signal:9", "bo k", False)], [("1", "signal:me", "a")])
    letters = chat(("whatsapp:Bo K", "Bo K", 1), ("whatsapp:Mia", "Mia", 1))
    assert mine(joined(slack, told, letters, me=["Bo K"])) == {"slack:U1", "signal:me", "whatsapp:Bo K"}


def test_an_owner_without_a_name() -> None:
    """Whoever an export tells as its owner without a name is called by the name that is given; a slip is not one."""
    phone = export([("sms:me", "me", True), ("sms:9", "Anna", False)], [("1", "sms:me", "a"), ("2", "sms:9", "b")])
    corpus = joined(list(phone), me=["Bo"])
    assert mine(corpus) == {"sms:me"} and corpus.owner == "Bo"
    with pytest.raises(ExportError, match="Is it 'Anna'"):
        joined(phone, me=["Ana"])


def test_another_than_the_export_tells() -> None:
    """A name that is given goes before what the export tells, in its program."""
    told = export(
        [("signal:me", "Mira", True), ("signal:9", "Bo", False)], [("1", "signal:me", "a"), ("2", "signal:9", "b")]
    )
    corpus = joined(told, me=["Bo"])
    assert mine(corpus) == {"signal:9"} and corpus.authors.filter("me").height == 1


def test_two_accounts_of_one_program() -> None:
    """Exports of two accounts are read together if both are named."""
    one, two = (
        export([("signal:1", "Mira", True)], [("1", "signal:1", "a")]),
        export([("signal:2", "Mira work", True)], [("2", "signal:2", "b")]),
    )
    assert mine(joined(one, two, me=["Mira", "Mira work"])) == {"signal:1", "signal:2"}


def test_a_package_beside_a_channel_of_another_account() -> None:
    """A package's owner is the person chosen in a channel's export, unless they write there as somebody else."""
    package = chat(("17", "Mira", 3), source="discord_package")
    package[0].authors = package[0].authors.with_columns(me=True)
    channel = chat(("18", "mira two", 2), ("19", "Sam", 2), source="discord_chat_exporter")
    corpus = joined(list(package), list(channel), me=["mira two"])
    assert mine(corpus) == {"17", "18"} and corpus.owner == "mira two"
    assert corpus.notes == ["The messages of Mira (17), the owner of a data package, are taken as yours too."]
    both = chat(("17", "Mira", 1), ("18", "mira two", 2), source="discord_chat_exporter")
    assert mine(joined(list(package), both, me=["mira two"])) == {"18"}


def test_somebody_else_of_the_owners_name() -> None:
    """Who is called as the owner and was not taken as the owner is told, unless the owner's names were given."""
    package = chat(("17", "Mira", 3), source="discord_package")
    package[0].authors = package[0].authors.with_columns(me=True)
    channel = chat(("18", "mira", 2), ("19", "Sam", 2), source="discord_chat_exporter")
    corpus = joined(list(package), list(channel))
    assert mine(corpus) == {"17"}
    assert corpus.notes == ["Not taken as you, but called as you are: mira (18), 2 messages. If that is you: --me 18"]
    taken = joined(list(package), list(channel), me=["18"])
    assert mine(taken) == {"17", "18"} and not any("called as you are" in note for note in taken.notes)
