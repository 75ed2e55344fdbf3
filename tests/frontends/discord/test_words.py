"""What the model is shown, how fast a burst is typed, and whether the owner would speak."""

from random import Random

import pytest

from soundalike.frontends.discord.context import CHANNELS, KEPT, Context, Names, shown
from soundalike.frontends.discord.eagerness import Eagerness, facts, places
from soundalike.frontends.discord.pacing import ENOUGH, Pace, fit
from soundalike.frontends.discord.words import readable
from tests.frontends.discord.heard import ANA, BO, ME, OTHER, ROOM, heard
from tests.frontends.discord.rig import ASKED
from tests.invented import corpus


def test_the_last_messages_within_the_budget_are_shown() -> None:
    """By number, by size, up to the message that is answered, and that one always."""
    said = [heard(f"message {n}") for n in range(10)]
    assert shown(said, said[-1], None, 3, 999) == said[-3:]
    assert shown(said, said[5], None, 3, 999) == said[3:6]
    assert shown(said, said[-1], None, 99, 16) == said[-2:]
    assert shown(said, said[-1], None, 99, 1) == [said[-1]]
    assert shown(said, said[-1], None, 1, 999) == [said[-1]]


def test_a_quoted_message_stands_first_unless_it_is_shown_anyway() -> None:
    """Once, in either case."""
    said = [heard(f"message {n}") for n in range(5)]
    assert shown(said, said[-1], said[0], 2, 999) == [said[0], *said[-2:]]
    assert shown(said, said[-1], said[3], 2, 999) == said[-2:]


def test_names_are_those_of_training() -> None:
    """The voice has its owner's name, known people the ones it learned, and nobody else bears the owner's."""
    names = Names("ada", ME, {ANA: "annie"})
    said = [
        heard("one", own=True, author=ME, name="Ada Bot"),
        heard("two"),
        heard("three", author=BO, name="ADA"),
        heard(f"<@{ANA}> and <@{ME}>", author=OTHER, name="eve", people={ANA: "ana", ME: "Ada Bot"}),
        heard("<@1>", author=OTHER, name="eve"),
    ]
    assert names.history(said) == [
        ("ada", "one"),
        ("annie", "two"),
        ("ADA 2", "three"),
        ("eve", "@annie and @ada"),
        ("eve", "@someone"),
    ]


def test_markup_is_read_as_the_import_reads_it() -> None:
    """Emoji by name, spoilers open, plain text untouched."""
    assert readable("<a:party:123456789012345678> ||boo|| <@5>", {"5": "bo"}) == ":party: boo @bo"
    assert readable("plain > text ", {}) == "plain > text"


def test_context_is_bounded_ordered_and_forgets() -> None:
    """So many messages a channel, so many channels; late ones are put in their place; a person can be forgotten."""
    context = Context()
    early, *rest = [heard(f"{n}") for n in range(KEPT + 5)]
    for one in [*rest, rest[-1]]:
        context.add(one)
    assert len(context) == KEPT
    late = Context()
    for one in (rest[0], rest[2], rest[1], rest[1]):
        late.add(one)
    assert [one.text for one in late.last(ROOM, 9)] == ["1", "2", "3"]
    late.add(heard("theirs", author=BO))
    late.forget_person(ANA)
    assert [one.text for one in late.last(ROOM, 9)] == ["theirs"]
    for number in range(CHANNELS + 5):
        context.add(heard(channel=str(number)))
    assert len(context) == CHANNELS and ROOM not in context
    assert early not in context.last(ROOM, 999)


def test_the_pace_is_the_owners_own() -> None:
    """From gaps inside bursts: long messages after longer gaps; silences and answers to others do not count."""
    rng, minute, rows = Random(0), 0.0, []
    for _ in range(200):
        length = rng.choice((3, 80))
        minute += (0.5 + 0.1 * length) / 60
        rows.append((minute, "c", "me", "x" * length))
        minute += 60.0
        rows.append((minute, "c", "me", "x"))
    pace = fit(corpus(rows).messages)
    short, long = (pace.seconds("x" * length, Random(1)) for length in (3, 80))
    assert short == pytest.approx(0.8, rel=0.3) and long == pytest.approx(8.5, rel=0.3)
    assert pace.seconds("x" * 80, Random(1), speed=2.0) == pytest.approx(long / 2)
    assert pace.seconds("x" * 80, Random(1), longest=4.0) == 4.0


def test_too_few_gaps_give_the_usual_pace() -> None:
    """An empty export, and one in which others answer in between."""
    assert fit(corpus([]).messages) == Pace()
    rows = [(n / 60, "c", ("me", "a")[n % 2], "hello") for n in range(4 * ENOUGH)]
    assert fit(corpus(rows).messages) == Pace()
    assert 0.5 < Pace(spread=0.0).seconds("x" * 20, Random(0)) < 5


def test_what_the_owner_answers_is_learned() -> None:
    """From conversations in which ada answers questions and leaves remarks to others."""
    eager = Eagerness.learned("ada", [ASKED] * 100, [ASKED] * 50)
    assert eager is not None
    question, remark = [("ana", "any ideas?")], [("ana", "any ideas?"), ("ada", "yes"), ("bo", "nice weather")]
    assert eager.of_history(question) > 1.5 > 0.1 > eager.of_history(remark)


def test_whom_a_line_names_is_a_fact() -> None:
    """As a word of its own: ada is in no radar, and a name of two words is one name."""
    for text, named, other in (("Ada?", 1, 0), ("the radar", 0, 0), ("@bo van dyk so", 0, 1), ("ada and bo van", 1, 0)):
        assert facts([("bo van dyk", "hi"), ("ana", text)], "ada")[-2:] == [named, other]


def test_what_tells_nothing_has_no_say() -> None:
    """Whether ada speaks is a coin's matter here, and held-out conversations show it."""
    rng = Random(1)

    def talk() -> str:
        people = [rng.choice(("ada", "ana", "bo")) for _ in range(12)]
        return "".join(f"{name}: {rng.choice(('so', 'what a day', 'why?'))}\n" for name in people)

    assert Eagerness.learned("ada", [talk() for _ in range(100)], [talk() for _ in range(100)]) is None


def test_without_other_people_there_is_nothing_to_learn() -> None:
    """Nor with hardly any, nor where the owner always speaks next."""
    assert list(places(["ada: hi\nada: so\n"], "ada")) == []
    assert list(places(["bo: hi\nada: so\nbo: well\n"], "ada")) == [([("bo", "hi")], True)]
    assert Eagerness.learned("ada", [ASKED], [ASKED]) is None
    assert Eagerness.learned("ada", ["ana: hi\nada: hey\n"] * 200, ["ana: hi\nada: hey\n"] * 200) is None
