"""Every figure of every card is counted again, for invented people whose habits are known by construction."""

import re
import time
from collections.abc import Callable
from datetime import timedelta
from itertools import product
from random import Random

import pytest

from soundalike.portrait.card import Card
from soundalike.portrait.chart_kinds import BarChart
from soundalike.portrait.data import PortraitData, build_data
from soundalike.portrait.findings import changes, laughter, punctuation, rhythm, signature_words
from soundalike.portrait.findings.summary import summary
from tests.invented import START, Message, corpus
from tests.portrait.recount import Recount, wrong

DAY = 24 * 60.0
THINGS = ["".join(some) for some in product("ba ke lo mi nu ra so te".split(), repeat=3)]


def plain(rng: Random) -> str:
    """A few everyday words, no mark at the end."""
    return " ".join(rng.choices("so we can do it now if you want that one".split(), k=rng.randrange(2, 8)))


def laughing(rng: Random) -> list[Message]:
    """61 of 1,000 messages say lol, 49 others haha or lmao: with the words of a whole year, in no order."""
    laughs = ["lol"] * 50 + ["loooool"] * 11 + ["haha"] * 20 + ["hahahaha"] * 15 + ["lmaooo"] * 14
    texts = [f"{plain(rng)} {laugh}" for laugh in laughs] + [plain(rng) for _ in range(1000 - len(laughs))]
    rng.shuffle(texts)
    return [(number * 521.0, "x", "me", text) for number, text in enumerate(texts)]


def dotted(rng: Random) -> list[Message]:
    """6 % end in dots; the first of three years has capitals; more on Fridays than on all other days; one frame."""
    made: list[Message] = []
    for day in range(3 * 365):
        for at in range(4 if (START + timedelta(days=day)).weekday() == 4 else 1):
            thing = rng.choice(THINGS if rng.random() < 0.5 else "one it now that you want".split())
            frame = f"i think the {thing} is {rng.choice(THINGS)}" if rng.random() < 0.3 else plain(rng)
            text = f"{frame}..." if rng.random() < 0.06 else f"{frame}." if rng.random() < 0.1 else frame
            text = text.capitalize() if day < 365 else text
            made.append((day * DAY + 20 * 60 + at, "x", "me", text))
    return made


def flat(rng: Random) -> list[Message]:
    """A message every hour of fifteen weeks: no day and no hour has more, but by chance one is first."""
    texts = ["Well, that is one thing.", "is it?", "no", "Yes!", "haha ok", "lol", "a walnut"]
    kept = [hour for hour in range(15 * 7 * 24) if rng.random() < 0.6]
    return [(hour * 60.0, "x", "me", rng.choice(texts)) for hour in kept]


OWNERS: dict[str, Callable[[Random], list[Message]]] = {"laughing": laughing, "dotted": dotted, "flat": flat}


@pytest.fixture(scope="module", params=OWNERS)
def owner(request: pytest.FixtureRequest) -> tuple[str, PortraitData, Recount]:
    made = OWNERS[request.param](Random(7))
    counted = Recount([(START + timedelta(minutes=minute), text) for minute, _, _, text in made])
    return request.param, build_data(corpus(made).messages, [], "sam", time.gmtime), counted


def cards(who: PortraitData) -> dict[str, Card]:
    found = [
        summary(who),
        signature_words.signature_words(who, None),
        signature_words.skeletons(who),
        punctuation.punctuation(who),
        laughter.laughter(who),
        rhythm.rhythm(who),
        changes.changes(who),
    ]
    return {card.name: card for card in found}


def test_every_number_of_every_card_is_true(owner: tuple[str, PortraitData, Recount]) -> None:
    """A recount in plain loops finds the same, and no number stands in a sentence that it does not recount."""
    _, who, counted = owner
    assert {name: wrong(card, counted) for name, card in cards(who).items()} == {name: [] for name in cards(who)}


def test_the_recount_finds_what_is_false(owner: tuple[str, PortraitData, Recount]) -> None:
    """A tenth of the messages less, and hardly a card is true any more."""
    _, who, counted = owner
    fewer = Recount(counted.messages[: len(counted.messages) * 9 // 10])
    assert all(wrong(card, fewer) for card in cards(who).values())


@pytest.fixture(scope="module")
def all_cards() -> dict[str, dict[str, Card]]:
    return {
        name: cards(build_data(corpus(made(Random(7))).messages, [], "sam", time.gmtime))
        for name, made in OWNERS.items()
    }


def test_a_word_and_its_figure_belong_together(all_cards: dict[str, dict[str, Card]]) -> None:
    """61 lol in 1,000 are one in 16, all 110 laughs one in 9; more than the 4 % of strangers."""
    found = all_cards["laughing"]
    assert "with “lol” in one in 16" in found["words-first"].sentence
    assert found["laughter"].sentence.startswith("You laugh in one in 9 of your messages: with “lol” in 55 % and")
    assert "You laugh more often than strangers: in 11 %" in found["laughter"].details[0]


def test_wording_follows_the_comparison(all_cards: dict[str, dict[str, Card]]) -> None:
    """Six per cent of dots are more than the 0.7 % of strangers, though six per cent are few."""
    beside = r"trail off in dots more often than strangers \([567] %; the middle one of 60 strangers 0\.\d %"
    assert re.search(beside, all_cards["dotted"]["typing"].sentence)


def test_a_day_is_told_only_beyond_chance(all_cards: dict[str, dict[str, Card]]) -> None:
    """Four on Fridays to one on others is a fact; the first of seven equal days is none."""
    assert "More leaves on Fridays than on any other day: 40 %" in all_cards["dotted"]["rhythm"].sentence
    assert "100 % leaves between" in all_cards["dotted"]["rhythm"].sentence
    flat = all_cards["flat"]["rhythm"].sentence
    assert "No day of the week stands out." in flat and "No time of day stands out." in flat


def test_a_change_is_told_with_both_figures(all_cards: dict[str, dict[str, Card]]) -> None:
    """Capitals of the first year that the last one has not."""
    assert "Since 2024 you leave out capitals more often (0.2 %, then 100 %)" in all_cards["dotted"]["years"].sentence


def test_a_frame_is_counted_in_all_messages(all_cards: dict[str, dict[str, Card]]) -> None:
    """Whatever fills it: in half of them it is an everyday word. The bars are recounted as the sentence is."""
    (bars,) = all_cards["dotted"]["skeletons"].pictures
    counted = Recount([(START + timedelta(minutes=at), text) for at, _, _, text in dotted(Random(7))])
    assert isinstance(bars, BarChart) and dict(bars.rows)["i think the * is *"] > 400
    assert [int(times) for _, times in bars.rows] == [counted.holding(frame.split()) for frame, _ in bars.rows]
