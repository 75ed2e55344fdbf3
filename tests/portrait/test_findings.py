"""What a portrait finds in invented people whose habits are known by construction."""

import time
from collections import Counter
from random import Random

import numpy as np
import polars as pl
import pytest

from soundalike.errors import TooLittleText
from soundalike.metrics.reference_population import reference_population
from soundalike.next_step import NextStep
from soundalike.portrait.chart_kinds import BarChart
from soundalike.portrait.data import PortraitData, build_data
from soundalike.portrait.findings import changes, clone_scores, laughter, punctuation, rhythm, signature_words
from soundalike.portrait.findings.summary import summary
from soundalike.portrait.findings.surprise import summarise, surprise
from soundalike.portrait.surprisal import ScoredLine
from tests.invented import Message, corpus

YEAR = 365 * 24 * 60.0


def person(texts: list[str], step: float = 30.0, names: tuple[str, ...] = ()) -> PortraitData:
    """The data of somebody who wrote these, `step` minutes apart; times are UTC."""
    messages: list[Message] = [(number * step, "x", "me", text) for number, text in enumerate(texts)]
    return build_data(corpus(messages).messages, list(names), "sam", time.gmtime)


def test_signature_words_are_those_said_oftener_than_by_strangers() -> None:
    """A word that strangers never use leads, everybody's words are not there, nor is a friend's name."""
    rng = Random(0)
    everybodys, weights = reference_population().words[:300], reference_population().together[:300].tolist()
    texts = [" ".join(rng.choices(everybodys, weights, k=8)) for _ in range(600)]
    texts += ["a turnip", "a zorbert"] * 40
    card = signature_words.signature_words(person(texts, 400.0, ("zorbert",)), None)
    (bars,) = card.pictures
    assert isinstance(bars, BarChart)
    shown = [word for word, _ in bars.rows]
    assert shown[0] == "turnip" and not {"the", "a", "zorbert"} & {*shown}
    assert "turnip" in card.sentence and "words of yours against 943,691 words of 60 others" in card.basis


def test_a_skeleton_keeps_the_frame_and_drops_what_fills_it() -> None:
    """`i think the * is *` is found whatever stood in its gaps."""
    rng = Random(1)
    texts = [f"i think the thing{rng.randrange(9999)} is thing{rng.randrange(9999)}" for _ in range(150)]
    texts += [" ".join(rng.choices("so we can do it now if you want that".split(), k=6)) for _ in range(150)]
    (bars,) = signature_words.skeletons(person(texts)).pictures
    assert isinstance(bars, BarChart) and dict(bars.rows)["i think the * is *"] >= 145


def test_habits_are_told_beside_others() -> None:
    """The page says so of somebody who always ends in a full stop and keeps capitals, the oddest habit first."""
    card = punctuation.punctuation(person(["This is a Thing."] * 150))
    assert card.sentence.startswith("You end in a full stop more often than strangers (100 %; the middle one of 60")
    assert "and you end without any mark less often than strangers (0 %" in card.sentence


def test_laughs_are_counted_by_family() -> None:
    """Half of the messages laugh, three in four of them as lmao; under ten laughs there is no picture."""
    card = laughter.laughter(person([*["lmao no"] * 75, *["hahaha ok"] * 25, *["fine then"] * 100]))
    bars = card.pictures[0]
    assert isinstance(bars, BarChart) and bars.rows == [("lmao", 75.0), ("haha", 25.0)]
    sentence = "You laugh in 5 in 10 of your messages: with “lmao” in 75 % and with “haha” in 25 % of those."
    assert card.sentence == sentence and card.basis == "100 messages with a laugh in 200 messages"
    assert laughter.laughter(person(["fine then"] * 100)).pictures == ()


def test_the_week_is_told_by_the_clock_that_is_given() -> None:
    """Everything was written on Mondays after midnight, a week apart; a single week says nothing of weeks."""
    mondays = [(week * 7 * 24 * 60.0 + at, "x", "me", "good morning") for week in range(20) for at in range(9)]
    weekly = rhythm.rhythm(build_data(corpus(mondays).messages, [], "sam", time.gmtime))
    assert weekly.sentence.startswith("100 % leaves between midnight and 4 in the morning. More leaves on Mondays")
    found = rhythm.rhythm(person(["good morning to you"] * 100, 0.1))
    assert found.sentence.startswith("Your messages lie in 1 week: too few")
    assert found.details[0].startswith("100 % of your bursts")


def test_a_change_over_years_is_told_and_steadiness_too() -> None:
    """Who drops capitals after two years reads so, with the year; who does not reads that."""
    step = YEAR / 100
    changed = changes.changes(person([*["This is it"] * 200, *["this is it"] * 200], step))
    assert (
        "Since 2024 you leave out capitals more often (0 %, then 100 %)" in changed.sentence
        and "4 years" in changed.basis
    )
    assert changes.changes(person(["this is it"] * 400, step)).sentence.startswith(
        "No habit of yours has changed since 2024"
    )


def test_a_person_in_a_sentence() -> None:
    """Length, case, ending, laughter and bursts, each once."""
    sentence = summary(person(["haha no way dude"] * 120, 0.1)).sentence
    habits = "mostly without a capital, hardly ever with a full stop, with “haha” in nearly all and mostly in volleys"
    assert sentence == f"You write short messages, half of them of at most 4 words, {habits}."


def test_too_few_messages_show_no_habit() -> None:
    """Under a hundred there is no portrait, only two sentences."""
    with pytest.raises(TooLittleText, match="99 messages"):
        person(["hello there"] * 99)


def line(text: str, on: float, off: float) -> ScoredLine:
    """A line of one token a word, each at so many bits."""
    ends = [at for at, letter in enumerate(f"{text} ") if letter == " "]
    spans = list(zip([0, *ends], ends, strict=False))
    return ScoredLine(text, spans, np.full(len(ends), on), np.full(len(ends), off))


def test_what_the_adapter_lifts() -> None:
    """A word that it makes three bits likelier leads; one that it does not lift is left out."""
    found = summarise([line("turnip turnip soup", 1.0, 4.0) for _ in range(30)] + [line("kettle", 2.0, 2.0)] * 10)
    assert found is not None
    assert found.words[0] == ("turnip", 3.0) and "kettle" not in dict(found.words)
    assert summarise([line("turnip", 1.0, 4.0)] * 39) is None


def test_surprise_is_told_and_lines_only_when_asked_for() -> None:
    """A line that saves most is most the owner; it is there only with quotations, and a name never."""
    who = person(["the soup of the day"] * 100, names=("zorbert",))
    lines = [line(f"the soup of number {number}", 1.0, 4.0) for number in range(40)]
    lines += [line("ask zorbert about the soup", 0.1, 9.0), line("a plain line of mine", 5.0, 5.0)]
    found = summarise(lines)
    silent, open_ = (surprise(found, who.name_filter, quotes, STEP) for quotes in (False, True))
    assert "98 % surprise the model less" in silent.sentence and not silent.quotations
    quoted = ["".join(piece.text for piece in quotation.pieces) for quotation in open_.quotations]
    assert "a plain line of mine" in quoted and not any("zorbert" in text for text in quoted)
    assert [quotation.heading for quotation in open_.quotations][0] == "most you"


STEP = NextStep("soundalike evaluate me", "Evaluation")


def estimate(value: float) -> dict[str, float]:
    return {"value": value, "low": value - 0.1, "high": value + 0.1, "n": 80}


def test_needles_come_from_the_report() -> None:
    """The judge beside the best baseline, sense beside the owner's; without a report the card says how to get one."""
    rows = {
        "you": {"coherence": estimate(0.7), "copying": estimate(0.1)},
        "clone": {
            "fooled": estimate(0.3),
            "likeness": estimate(0.6),
            "coherence": estimate(0.6),
            "copying": estimate(0.9),
        },
        "parrot": {"fooled": estimate(0.2)},
        "word chain, order 2": {"fooled": estimate(0.15)},
    }
    card = clone_scores.headline_scores(
        {"rows": rows, "about": {"scale": "9 strangers", "windows": 80, "seeds": 3, "form": "full"}}, STEP
    )
    assert "a judge takes the clone's for yours in 30 % (20 to 40) of cases; 50 % would be perfect" in card.sentence
    assert "By old messages of yours drawn at random, it is fooled in 20 % (10 to 30)" in card.sentence
    assert "yours in 70 % (60 to 80)" in card.sentence
    assert any("recites" in detail for detail in card.details) and len(card.pictures) == 4
    assert clone_scores.headline_scores(None, STEP).step is STEP


def test_a_room_is_the_comparison_where_there_is_one() -> None:
    """Five people of the chats with a hundred messages each are; with fewer, strangers are."""
    own = [(number * 10.0, "x", "me", "ok then") for number in range(100)]
    others = [(number * 10.0 + 1 + who, "x", f"p{who}", "the soup") for number in range(100) for who in range(5)]
    both = build_data(corpus(own + others).messages, [], "sam", time.gmtime)
    assert both.others.name == "the people in your chats" and both.others.words == Counter(the=500, soup=500)
    few = build_data(corpus(own + others).messages.filter(pl.col("author") != "p0"), [], "sam", time.gmtime)
    assert few.others.name == "strangers"
