"""Each step from hearing to a turn, alone: no network, no waiting, the time is an argument."""

import math
from random import Random
from typing import Any

import pytest

from soundalike.frontends.discord.buckets import KEPT, Buckets, Rates
from soundalike.frontends.discord.bursts import Bursts
from soundalike.frontends.discord.decide import chance, second_thought
from soundalike.frontends.discord.filter import may_be_context, refusal
from soundalike.frontends.discord.health import Health
from soundalike.frontends.discord.heard import Turn
from soundalike.frontends.discord.hearing import Ages
from soundalike.frontends.discord.identify import pause_before
from soundalike.frontends.discord.ledger import FULL, OLD
from soundalike.frontends.discord.memory import Remembered
from soundalike.frontends.discord.pieces import pieces
from soundalike.frontends.discord.waiting import Waiting
from tests.frontends.discord.heard import ANA, BO, OTHER, ROOM, heard, settings


@pytest.mark.parametrize(
    ("message", "given", "reason"),
    [
        ({}, {}, None),
        ({"own": True}, {}, "own message"),
        ({"system": True}, {}, "system message"),
        ({"channel": OTHER}, {}, "channel not listed"),
        ({"channel": OTHER, "addressed": True}, {}, "channel not listed"),
        ({"channel": OTHER, "parent": ROOM}, {}, None),
        ({}, {"channels": {}}, "channel not listed"),
        ({"server": "", "channel": OTHER}, {}, "direct messages not allowed"),
        ({"server": "", "channel": OTHER}, {"direct_messages": [ANA]}, None),
        ({"server": BO}, {"denied_servers": [BO]}, "server denied"),
        ({}, {"denied_people": [ANA]}, "person denied"),
        ({"bot": True}, {}, "bot not allowed"),
        ({"bot": True}, {"bots": [ANA]}, None),
        ({"text": " \n"}, {}, "no words"),
        ({"to_others": True}, {}, "said to somebody else"),
        ({"to_others": True, "addressed": True}, {}, None),
    ],
)
def test_what_is_not_allowed_is_denied(message: dict[str, Any], given: dict[str, Any], reason: str | None) -> None:
    """Each rule alone, with the reason it gives."""
    assert refusal(heard(**message), settings(**given), Remembered()) == reason


def test_who_opted_out_and_a_hush_are_respected() -> None:
    """Even by name."""
    said = heard(addressed=True)
    assert refusal(said, settings(), Remembered(opted_out={ANA})) == "opted out"
    assert refusal(said, settings(), Remembered(hushed=True)) == "hushed"


def test_what_may_be_shown_to_the_model() -> None:
    """Listed places only, never who opted out or is denied; a hush does not make it deaf."""
    assert may_be_context(heard(), settings(), Remembered(hushed=True))
    assert not may_be_context(heard(channel=OTHER), settings(), Remembered())
    assert not may_be_context(heard(server="", channel=OTHER), settings(), Remembered())
    assert not may_be_context(heard(), settings(denied_people=[ANA]), Remembered())
    assert not may_be_context(heard(), settings(), Remembered(opted_out={ANA}))


def test_a_burst_is_over_after_its_silence_or_its_longest() -> None:
    """1.5 seconds after the last message, 5 after the first; then there is one turn, for the last message."""
    bursts = Bursts()
    said = [heard(at=at) for at in (0.0, 1.0, 2.0)]
    merged = [bursts.add(one, 1.5, 5.0) for one in said]
    assert merged == [None, said[0], said[1]]
    assert bursts.next_due == 3.5 and bursts.take_due(3.4) == []
    assert bursts.take_due(3.5) == [Turn(said[2], False)] and bursts.next_due is None
    for at in range(20):
        bursts.add(heard(at=at / 2), 1.5, 5.0)
    assert bursts.next_due == 5.0


def test_a_burst_answers_who_addressed_it() -> None:
    """What others say after that does not take its place, another address does."""
    bursts = Bursts()
    name, aside, again = heard(addressed=True), heard(at=1), heard(at=2, addressed=True)
    assert bursts.add(name, 1.5, 5) is None
    assert bursts.add(aside, 1.5, 5) is aside
    assert bursts.add(again, 1.5, 5) is name
    assert bursts.take_due(9) == [Turn(again, True)]


def test_bursts_of_channels_are_apart() -> None:
    """Each has its own end, and one can be dropped."""
    bursts = Bursts()
    bursts.add(heard(at=0), 1.5, 5)
    bursts.add(heard(at=1, channel=OTHER), 1.5, 5)
    assert [turn.channel for turn in bursts.drop(ROOM)] == [ROOM]
    assert [turn.channel for turn in bursts.take_due(3)] == [OTHER]


def test_the_chance_to_join_in_fades() -> None:
    """Always when addressed; else half for every two minutes of silence, and never below the least."""
    assert chance(True, 0.0, math.inf, 120, 0.0) == 1.0
    assert chance(False, 0.5, 0, 120, 0.1) == 0.5
    assert chance(False, 0.5, 120, 120, 0.1) == 0.25
    assert chance(False, 0.5, 1e6, 120, 0.1) == pytest.approx(0.05)
    assert chance(False, 0.5, math.inf, 120, 0.0) == 0.0


def test_a_second_thought_only_ever_silences() -> None:
    """As usual or more likely: all stay; half as likely: half stay; unknown: all stay."""
    assert [second_thought(eagerness) for eagerness in (None, 3.0, 1.0, 0.5)] == [1.0, 1.0, 1.0, 0.5]


def test_a_bucket_holds_a_minute_and_refills_evenly() -> None:
    """Six a minute: six at once, then one every ten seconds."""
    rates = Rates()
    took = [rates.take(ANA, ROOM, 0.0, (6, 99, 99)) for _ in range(7)]
    assert took == [None] * 6 + ["too often for one person"]
    assert rates.take(ANA, ROOM, 9.0, (6, 99, 99)) and not rates.take(ANA, ROOM, 10.0, (6, 99, 99))
    assert rates.take(BO, ROOM, 10.0, (6, 99, 99)) is None


def test_a_refusal_takes_from_no_bucket() -> None:
    """Who is refused by one bucket has lost nothing in the others."""
    rates = Rates()
    rates.take(ANA, ROOM, 0.0, (9, 1, 9))
    assert [rates.take(ANA, ROOM, 0.0, (9, 1, 9)) for _ in range(20)] == ["too often for one channel"] * 20
    assert [rates.take(ANA, OTHER, 0.0, (9, 9, 9)) for _ in range(8)] == [None] * 8
    assert rates.take(BO, OTHER, 0.0, (9, 9, 9)) == "too often in all"


def test_no_turns_at_all_can_be_given() -> None:
    """A rate of nothing means one at first, and never again."""
    rates = Rates()
    assert [rates.take(ANA, ROOM, at, (0, 9, 9)) for at in (0.0, 1e6)] == [None, "too often for one person"]


def test_buckets_of_a_crowd_are_bounded() -> None:
    """Full ones are forgotten."""
    buckets = Buckets()
    for number in range(3 * KEPT):
        buckets.take(str(number), float(number), 60)
    assert len(buckets) <= KEPT + 1


def test_the_line_is_bounded_and_the_oldest_goes_first() -> None:
    """By size when one more comes, by age when the next is taken; a busy channel waits."""
    line, turns = Waiting(), [Turn(heard(at=at, channel=ROOM if at % 2 else OTHER), False) for at in range(5)]
    dropped = [one for turn in turns for one in line.add(turn, 4)]
    assert dropped == [(turns[0], FULL)]
    assert line.take(17.0, 15.0, ()) == (turns[2], [(turns[1], OLD)])
    assert line.take(17.0, 15.0, (ROOM,)) == (turns[4], [])
    assert line.take(17.0, 15.0, (ROOM,)) == (None, []) and len(line) == 1
    assert line.drop() == [turns[3]] and len(line) == 0


def test_long_texts_are_cut_where_it_hurts_least() -> None:
    """At a line's end, else a sentence's, else a word's, else anywhere; nothing is lost and nothing too long."""
    assert pieces("short") == ["short"] and pieces("  ") == []
    assert pieces("aaaa bbb\ncccc. ddd", 12) == ["aaaa bbb", "cccc. ddd"]
    assert pieces("aaa bbb. ccc ddd", 12) == ["aaa bbb.", "ccc ddd"]
    assert pieces("aaa bbb ccc ddd", 12) == ["aaa bbb ccc", "ddd"]
    assert pieces("a" * 25, 12) == ["a" * 12, "a" * 12, "a"]
    assert pieces("x" * 2001) == ["x" * 2000, "x"]


@pytest.mark.parametrize("seed", range(20))
def test_pieces_hold_every_word(seed: int) -> None:
    """Whatever the text, the words of the pieces are its words, and each piece fits."""
    rng = Random(seed)
    text = "".join(rng.choice((*"abcde", " ", " ", ". ", "\n", "! ")) for _ in range(900))
    cut = pieces(text, 100)
    assert "".join("".join(cut).split()) == "".join(text.split())
    assert all(0 < len(piece) <= 100 for piece in cut)


def test_identifications_are_spread_out() -> None:
    """The first at once, five 5 seconds apart, then twice as long each time, up to 15 minutes; 500 a day."""
    assert pause_before([], 100.0) == 0.0
    assert pause_before([100.0], 102.0) == 3.0 and pause_before([100.0], 106.0) == 0.0
    assert pause_before([100.0 + n for n in range(8)], 107.0) == 40.0
    assert pause_before([100.0 + n for n in range(40)], 139.0) == 900.0
    assert pause_before([100.0] * 40, 100.0 + 3700) == 0.0
    day = [n * 100.0 for n in range(500)]
    assert pause_before(day, 50_000.0) == 36_400.0


def test_a_day_of_crashes_stays_far_below_what_costs_the_token() -> None:
    """A bot that identifies itself whenever it may does so at most 300 times in 24 hours."""
    now, times = 0.0, list[float]()
    while now < 86_400:
        now += pause_before(times, now)
        times.append(now)
    assert len(times) <= 300


def test_a_clock_that_was_set_back_does_not_stop_the_bot() -> None:
    """Times in the future count as now."""
    assert pause_before([1e9], 100.0) == 5.0


def test_health_tells_once_and_probes_less_and_less() -> None:
    """5, 10, 20, 40, 60 seconds; after a recovery everything begins anew."""
    health = Health()
    assert health.fail("down", 0.0) and not health.fail("down", 0.0) and health.away
    pauses = [(health.fail("down", 0.0), health.until_probe(0.0))[1] for _ in range(4)]
    assert pauses == [20.0, 40.0, 60.0, 60.0]
    assert health.tell(ROOM) and not health.tell(ROOM) and health.tell(OTHER)
    health.recover()
    assert not health.away and health.fail("down", 9.0) and health.until_probe(9.0) == 5.0 and health.tell(ROOM)


def test_ages_need_no_right_clock() -> None:
    """A clock an hour ahead makes no message old; one handed in half a minute late is half a minute old."""
    ages = Ages()
    assert [ages.of(sent, wall) for sent, wall in ((0, 3600.2), (10, 3610.1), (20, 3650.1))] == [
        0.0,
        0.0,
        pytest.approx(30.0),
    ]
