"""From a received message to one that is answered, or not: no network, no waiting, the time is an argument."""

import math
from random import Random
from typing import Any

import pytest

from soundalike.frontends.discord.message import IncomingMessage
from soundalike.frontends.discord.pipeline import BURST_MESSAGES, broken_rule, chance, may_be_shown
from soundalike.frontends.discord.state import (
    ANSWERED,
    DELETED,
    MERGED,
    QUEUE_FULL,
    SILENT,
    TOO_OLD,
    BotState,
)
from tests.frontends.discord.messages import ANA, BO, ME, OTHER, ROOM, Case, message, settings


@pytest.mark.parametrize(
    ("changes", "tables", "outcome"),
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
        ({"to_others": True}, {}, "addressed to somebody else"),
        ({"to_others": True, "addressed": True}, {}, None),
    ],
)
def test_what_is_not_allowed_is_denied(changes: dict[str, Any], tables: dict[str, Any], outcome: str | None) -> None:
    """Each rule alone, with the outcome it gives."""
    assert broken_rule(message(**changes), settings(**tables), BotState()) == outcome


def test_who_opted_out_and_a_hush_are_respected() -> None:
    """Even by name."""
    asked = message(addressed=True)
    assert broken_rule(asked, settings(), BotState(opted_out={ANA})) == "opted out"
    assert broken_rule(asked, settings(), BotState(hushed=True)) == "hushed"


def test_what_may_be_shown_to_the_model() -> None:
    """Listed places only, never who opted out or is denied; a hush does not make it deaf."""
    assert may_be_shown(message(), settings(), BotState(hushed=True))
    assert not may_be_shown(message(channel=OTHER), settings(), BotState())
    assert not may_be_shown(message(server="", channel=OTHER), settings(), BotState())
    assert not may_be_shown(message(), settings(denied_people=[ANA]), BotState())
    assert not may_be_shown(message(), settings(), BotState(opted_out={ANA}))


def test_the_chance_to_join_in_fades() -> None:
    """Always when addressed; else half for every two minutes of silence, and never below the least."""
    assert chance(True, 0.0, math.inf, 120, 0.0) == 1.0
    assert chance(False, 0.5, 0, 120, 0.1) == 0.5
    assert chance(False, 0.5, 120, 120, 0.1) == 0.25
    assert chance(False, 0.5, 1e6, 120, 0.1) == pytest.approx(0.05)
    assert chance(False, 0.5, math.inf, 120, 0.0) == 0.0


def test_a_mention_is_answered_when_its_burst_is_over() -> None:
    """Not before; then the caller reports how it ended."""
    case = Case()
    asked = case.receive("you there?", addressed=True)
    case.pipeline.advance(1.0)
    assert case.pipeline.take(1.0) is None
    case.pipeline.advance(1.5)
    taken = case.pipeline.take(1.5)
    assert taken is asked
    assert case.pipeline.counts.pending == 1
    case.pipeline.finish(taken, ANSWERED)
    assert case.pipeline.counts.pending == 0


def test_unasked_it_joins_in_by_the_coin() -> None:
    """With probability 0.5 a coin of 0.49 speaks while it is part of the talk, and stays silent hours later."""
    for asked, spoken in ((0.0, True), (9_999.0, False)):
        case = Case(0.49)
        case.receive("i am here", own=True, author=ME)
        case.receive("so", at=asked)
        case.pipeline.advance(asked + 1.5)
        assert (case.pipeline.take(asked + 1.5) is not None) is spoken
        assert (case.outcomes.get("so") == SILENT) is not spoken


def test_a_channel_can_have_its_own_probability() -> None:
    """And a thread has its channel's."""
    for where, parent in ((ROOM, ""), (OTHER, ROOM)):
        case = Case(0.0, channels={ROOM: {"probability": 0.0}})
        case.receive("so", channel=where, parent=parent)
        case.pipeline.advance(9.0)
        assert case.outcomes["so"] == SILENT


def test_messages_of_a_burst_get_one_answer() -> None:
    """All but the last are accounted for as part of it."""
    case = Case()
    for text in ("a", "b", "c"):
        case.receive(text)
    case.pipeline.advance(2.0)
    assert case.pipeline.take(2.0) is not None
    assert case.outcomes == {"a": MERGED, "b": MERGED}


def test_a_burst_is_over_after_its_silence_or_its_longest() -> None:
    """1.5 seconds after the last message, 5 after the first; then the last one is answered."""
    case = Case()
    for at in (0.0, 1.0, 2.0):
        case.receive(f"at {at}", at=at)
    assert case.pipeline.next_due == 3.5 and case.taken(3.4) is None
    assert case.taken(3.5) == "at 2.0" and case.pipeline.next_due is None
    for at in range(20):
        case.receive("on and on", at=10 + at / 2)
    assert case.pipeline.next_due == 15.0


def test_a_burst_answers_who_addressed_it() -> None:
    """What others say after that does not take its place, another address does."""
    case = Case()
    case.receive("name", addressed=True)
    case.receive("aside", at=1)
    case.receive("again", at=2, addressed=True)
    case.receive("aside again", at=3)
    assert case.taken(9) == "again"
    assert case.outcomes == {"name": MERGED, "aside": MERGED, "aside again": MERGED}


def test_bursts_of_channels_are_apart() -> None:
    """Each has its own end, and one can be dropped."""
    case = Case(channels={ROOM: {}, OTHER: {}})
    case.receive("here")
    case.receive("there", at=1, channel=OTHER)
    case.pipeline.drop("enough", ROOM)
    assert case.outcomes == {"here": "enough"} and case.taken(3) == "there"


def test_a_burst_without_end_is_bounded() -> None:
    """The oldest messages are counted as part of it; the one that addresses the bot is kept."""
    case = Case(burst={"longest": 86_400})
    case.receive("you there?", addressed=True)
    for number in range(BURST_MESSAGES + 5):
        case.receive(f"m{number}", at=number / 10)
    assert case.pipeline.counts.outcomes == {MERGED: 6} and case.outcomes.keys() == {f"m{n}" for n in range(6)}
    assert case.taken(12.0) == "you there?"


def test_the_queue_is_bounded_and_the_oldest_goes_first() -> None:
    """By size when one more comes, by age when the next is taken; a busy channel waits."""
    rooms = [str(10**15 + n) for n in range(4)]
    case = Case(channels={room: {} for room in rooms}, queue={"size": 4})
    for at, room in enumerate((*rooms, rooms[3])):
        case.receive(f"at {at}", at=at, channel=room, addressed=True)
        case.pipeline.advance(at + 1.5)
    assert case.outcomes == {"at 0": QUEUE_FULL}
    assert case.taken(17.0) == "at 2" and case.outcomes["at 1"] == TOO_OLD
    assert case.taken(17.0) == "at 3"
    assert case.taken(17.0) is None and case.pipeline.waiting == 1  # its channel is being answered
    case.pipeline.drop("enough")
    assert case.outcomes["at 4"] == "enough" and case.pipeline.waiting == 0


def test_an_edited_oneis_answered_as_edited() -> None:
    """While its burst is open, while it waits, and while it is being answered."""
    case = Case()
    first, second = case.receive("helo", addressed=True), case.receive("helo again", at=9.0, addressed=True)
    case.pipeline.edit(ROOM, first.id, "hello")
    case.pipeline.edit(ROOM, second.id, "hello again")
    assert case.taken(10.5) == "hello again" and case.outcomes == {"hello": MERGED}
    case.pipeline.edit(ROOM, second.id, "hello you")
    assert case.pipeline.latest(second).text == "hello you"
    third = case.receive("waits", at=11.0, addressed=True)
    assert case.taken(12.5) is None and case.pipeline.waiting == 1
    case.pipeline.edit(ROOM, third.id, "waited")
    case.pipeline.finish(second, ANSWERED)
    assert case.taken(12.5) == "waited" and case.outcomes["hello you"] == ANSWERED


def test_a_deleted_oneis_not_answered() -> None:
    """The rest of its burst is; one that is being answered is refused from then on."""
    case = Case()
    first = case.receive("first", addressed=True)
    second = case.receive("oops", at=1.0, addressed=True)
    assert not case.pipeline.delete(ROOM, second.id) and case.outcomes == {"oops": DELETED}
    assert case.taken(2.5) == "first" and case.pipeline.refusal(first) is None
    assert case.pipeline.delete(ROOM, first.id) and case.pipeline.refusal(first) == DELETED
    case.pipeline.finish(first, DELETED)
    alone = case.receive("alone", at=3.0, addressed=True)
    case.pipeline.delete(ROOM, alone.id)
    waiting = case.receive("waiting", at=5.0, addressed=True)
    case.pipeline.advance(6.5)
    case.pipeline.delete(ROOM, waiting.id)
    assert case.pipeline.next_due is None and case.taken(9.0) is None
    assert case.pipeline.counts.outcomes == {DELETED: 4} and case.pipeline.recent.last(ROOM) == []


def test_what_is_replied_to_is_shown_as_it_is_now() -> None:
    """Edited, or not at all where it was deleted; that other message is answered all the same."""
    case = Case()
    quoted = case.receive("teh")
    reply = case.receive("what?", addressed=True, quoted=quoted)
    case.pipeline.edit(ROOM, quoted.id, "the")
    case.pipeline.advance(1.5)
    taken = case.pipeline.take(1.5)
    assert taken is not None and taken.quoted is not None and taken.quoted.text == "the"
    assert not case.pipeline.delete(ROOM, quoted.id)
    assert case.pipeline.latest(reply).quoted is None and case.pipeline.refusal(reply) is None


def test_context_is_kept_for_listed_channels_only() -> None:
    """Also of people whose messages are not answered just now, and of the bot itself."""
    case = Case(1.0)
    case.receive("kept")
    case.receive("mine", own=True, author=ME)
    case.receive("elsewhere", channel=OTHER)
    assert [one.text for one in case.pipeline.recent.last(ROOM, 9)] == ["kept", "mine"]
    assert OTHER not in case.pipeline.recent


def test_bots_are_counted_before_they_are_filtered() -> None:
    """A bot that is not allowed still fills the room's count, so that an allowed one is not answered after it."""
    case = Case(bots=[BO], loops={"room_turns": 3})
    for number in range(3):
        case.receive(f"spam {number}", bot=True, author=OTHER)
    case.receive("hello all", bot=True, author=BO, addressed=True)
    assert case.outcomes["hello all"] == "bots went on too long without a person"
    case.receive("a person", at=1.0)
    case.receive("again then", bot=True, author=BO, at=1.1)
    assert "again then" not in case.outcomes


def test_forgetting_drops_what_was_to_be_answered() -> None:
    """Context and pending turns of one channel; the rest stays."""
    case = Case(channels={ROOM: {}, OTHER: {}})
    case.receive("a", addressed=True)
    case.receive("b", addressed=True, channel=OTHER)
    assert case.pipeline.forget(ROOM) == 1
    assert case.outcomes == {"a": "forgotten"}
    case.pipeline.advance(2.0)
    assert case.pipeline.waiting == 1


def test_a_long_mixed_day_adds_up() -> None:
    """Whatever comes, every message has exactly one outcome or is pending, and nothing grows without bound."""
    rng, case = Random(1), Case(0.3, channels={ROOM: {}, OTHER: {}})
    received = list[IncomingMessage]()
    for number in range(3_000):
        now = number * 0.05
        received.append(
            case.receive(
                f"m{number}",
                at=now,
                author=rng.choice((ANA, BO, OTHER)),
                channel=rng.choice((ROOM, OTHER, ME)),
                addressed=rng.random() < 0.2,
                bot=rng.random() < 0.1,
            )
        )
        changed = rng.choice(received[-20:])
        if rng.random() < 0.2:
            case.pipeline.edit(changed.channel, changed.id, f"{changed.text} edited")
        if rng.random() < 0.1:
            case.pipeline.delete(changed.channel, changed.id)
        case.pipeline.advance(now)
        case.pipeline.take(now)
        if number % 9 == 0:
            for one in list(case.pipeline.answering.values()):
                case.pipeline.finish(one, case.pipeline.refusal(one) or ANSWERED)
    case.pipeline.drop("the end")
    for one in list(case.pipeline.answering.values()):
        case.pipeline.finish(one, "the end")
    counts = case.pipeline.counts
    assert counts.pending == 0 and counts.outcomes.total() == counts.received == 3_000
    assert counts.outcomes[ANSWERED] > 5 and counts.outcomes[DELETED] > 5 and counts.outcomes[MERGED] > 1_000


def test_an_opt_out_drops_the_open_burst_and_what_waits() -> None:
    """A message of half a second before is neither answered nor kept; those of others stay."""
    case = Case()
    case.receive("in line", addressed=True)
    case.receive("of another", channel=OTHER, parent=ROOM, author=BO, addressed=True)
    case.pipeline.advance(1.5)
    case.receive("half a second before", at=1.6, addressed=True)
    case.pipeline.opt_out(ANA)
    assert case.outcomes == {"in line": "opted out", "half a second before": "opted out"}
    assert case.pipeline.next_due is None and case.pipeline.recent.last(ROOM, 9) == []
    taken = case.pipeline.take(1.6)
    assert taken is not None and taken.text == "of another" and case.pipeline.take(1.6) is None


def test_an_opt_out_leaves_the_burst_of_others_without_their_words() -> None:
    """A burst that ends with somebody else's message is theirs; what it replies to is forgotten too."""
    case = Case()
    hers = case.receive("hers", addressed=True)
    case.receive("his", author=BO, addressed=True, quoted=hers)
    case.pipeline.opt_out(ANA)
    case.pipeline.advance(9.0)
    taken = case.pipeline.take(9.0)
    assert taken is not None and taken.text == "his"
    (kept,) = case.pipeline.recent.last(ROOM, 9)
    assert kept.text == "his" and kept.quoted is None
