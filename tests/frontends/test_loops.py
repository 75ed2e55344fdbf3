"""Bots that talk in circles are cut off; people never are."""

from itertools import count

import pytest

from soundalike.frontends.bot_loops import REMEMBERED, LoopGuard, LoopLimits, MessageInChannel

LIMITS = LoopLimits()
_ids = count()


class Room:
    """A room as the bot `me` sees it; `says` gives the guard's word on each message."""

    def __init__(self, limits: LoopLimits = LIMITS) -> None:
        self.guard, self.limits, self.now = LoopGuard("me"), limits, 0.0

    def says(self, who: str, text: str = "", after: float = 10.0) -> str | None:
        self.now += after
        number = next(_ids)
        words = text or f"the {number} thing is number {number} of {number * 7}"
        said = MessageInChannel(str(number), who, who != "ana", words, self.now)
        self.guard.count(said, self.limits)
        return self.guard.refusal(said, self.limits)


def test_a_room_of_bots_falls_silent_at_the_cap() -> None:
    """The twelfth message of bots in a row is the last that could be answered no more; a person opens it again."""
    room = Room()
    words = [room.says(("b", "me", "c")[n % 3]) for n in range(20)]
    assert words[:11] == [None] * 11 and set(words[11:]) == {"bots went on too long without a person"}
    assert room.says("ana") is None and room.says("b") is None


def test_own_messages_count() -> None:
    """A counter that a bot's own reply set back would never reach its cap."""
    room = Room(LoopLimits(room_turns=4, alternations=40))
    assert [room.says("me"), room.says("me"), room.says("me")] == [None] * 3
    assert room.says("b") is not None


def test_two_bots_that_take_turns_are_stopped() -> None:
    """A, B, A, B, A, B with nobody else between; bursts count once."""
    room = Room(LoopLimits(room_turns=60))
    words = [room.says(who) for who in ("b", "me", "b", "b", "me", "b")]
    assert words == [None] * 6
    assert room.says("me") == "two bots took turns too often"
    assert room.says("c") is None


def test_a_pair_that_talks_too_much_pauses() -> None:
    """Ten messages between two within a minute: silence for five minutes, unless a person speaks."""
    limits = LoopLimits(room_turns=60, alternations=40)
    room = Room(limits)
    words = [room.says(("b", "me")[n % 2], after=2.0) for n in range(10)]
    assert words[-2] is None
    assert room.says("b", after=100.0) == "two bots talked too much"
    assert room.says("c") is None
    assert room.says("b", after=301.0) is None
    for n in range(10):
        room.says(("b", "me")[n % 2], after=2.0)
    assert room.says("b") == "two bots talked too much"
    room.says("ana")
    assert room.says("b") is None


def test_slow_talk_between_two_is_no_loop() -> None:
    """Ten messages over ten minutes are a talk."""
    room = Room(LoopLimits(room_turns=60, alternations=40))
    assert [room.says(("b", "me")[n % 2], after=60.0) for n in range(10)] == [None] * 10


@pytest.mark.parametrize("who", ["b", "c"])
def test_what_was_just_said_is_not_answered_again(who: str) -> None:
    """By the same bot or another, word for word or nearly."""
    room = Room()
    room.says("b", "i think the moon is made of cheese today")
    assert room.says(who, "I think the moon is made of cheese, today!") == "a bot repeats what was said"
    assert room.says("ana", "i think the moon is made of cheese today") is None


def test_asking_again_later_changes_nothing() -> None:
    """A message that is judged a second time, after others have come, does not repeat itself."""
    guard = LoopGuard("me")
    first = MessageInChannel("1", "b", True, "the moon is made of old cheese", 0.0)
    guard.count(first, LIMITS)
    guard.count(MessageInChannel("2", "c", True, "is it really so", 1.0), LIMITS)
    assert guard.refusal(first, LIMITS) is None


def test_people_are_never_refused_and_nothing_grows() -> None:
    """A thousand messages of bots leave a bounded memory, and a person is answered at once."""
    room = Room()
    for n in range(1_000):
        room.says(f"b{n % 7}", after=0.1)
    assert len(room.guard._since_person) == REMEMBERED
    assert room.says("ana") is None
