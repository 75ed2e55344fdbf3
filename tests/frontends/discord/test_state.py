"""What the bot keeps: the file that survives, recent messages, rate limits; all of them bounded."""

from pathlib import Path

import pytest

from soundalike.errors import CloneError
from soundalike.frontends.discord.rate_limits import BUCKETS, AnswerRates, RateLimit
from soundalike.frontends.discord.settings import RateSettings
from soundalike.frontends.discord.state import (
    CHANNELS,
    MESSAGES,
    RecentMessages,
    StateFile,
)
from tests.frontends.discord.messages import ANA, BO, OTHER, ROOM, message


def test_what_must_be_remembered_survives(tmp_path: Path) -> None:
    """Opt-outs and a hush; a damaged file is not taken for an empty one."""
    file = StateFile(tmp_path / "memory.json")
    file.now.opted_out.add(ANA)
    file.now.hushed = True
    file.save()
    assert StateFile(file.path).now == file.now
    file.path.write_text('{"opted_out": 3}')
    with pytest.raises(CloneError, match="damaged"):
        StateFile(file.path)


def test_recent_messages_are_bounded_ordered_and_forgotten() -> None:
    """So many messages a channel, so many channels; late ones are put in their place; a person can be forgotten."""
    recent = RecentMessages()
    early, *rest = [message(f"{n}") for n in range(MESSAGES + 5)]
    for one in [*rest, rest[-1]]:
        recent.add(one)
    assert len(recent) == MESSAGES
    late = RecentMessages()
    for one in (rest[0], rest[2], rest[1], rest[1]):
        late.add(one)
    assert [one.text for one in late.last(ROOM, 9)] == ["1", "2", "3"]
    late.add(message("theirs", author=BO))
    late.forget_person(ANA)
    assert [one.text for one in late.last(ROOM, 9)] == ["theirs"]
    for number in range(CHANNELS + 5):
        recent.add(message(channel=str(number)))
    assert len(recent) == CHANNELS and ROOM not in recent
    assert early not in recent.last(ROOM, 999)


def test_no_more_of_a_message_is_kept_than_a_bot_may_send() -> None:
    """Also after an edit; a channel that is not known stays so."""
    recent, long = RecentMessages(), message("x" * 3_000)
    recent.add(long)
    recent.edit(ROOM, long.id, "y" * 3_000)
    recent.edit(OTHER, long.id, "z")
    recent.delete(OTHER, long.id)
    assert [one.text for one in recent.last(ROOM)] == ["y" * 2_000] and OTHER not in recent


def took(rates: AnswerRates, author: str, channel: str, now: float, *limits: float) -> str | None:
    """Why one more answer is too many, if it is; `limits` are a person's, a channel's, and all."""
    person, room, everybody = limits
    return rates.take(
        message(author=author, channel=channel), now, RateSettings(person=person, channel=room, all=everybody)
    )


def test_a_bucket_holds_a_minute_and_refills_evenly() -> None:
    """Six a minute: six at once, then one every ten seconds."""
    rates = AnswerRates()
    outcomes = [took(rates, ANA, ROOM, 0.0, 6, 99, 99) for _ in range(7)]
    assert outcomes == [None] * 6 + ["too often for one person"]
    assert took(rates, ANA, ROOM, 9.0, 6, 99, 99) and not took(rates, ANA, ROOM, 10.0, 6, 99, 99)
    assert took(rates, BO, ROOM, 10.0, 6, 99, 99) is None


def test_a_refusal_takes_from_no_bucket() -> None:
    """Who is refused by one limit has lost nothing in the others."""
    rates = AnswerRates()
    took(rates, ANA, ROOM, 0.0, 9, 1, 9)
    assert [took(rates, ANA, ROOM, 0.0, 9, 1, 9) for _ in range(20)] == ["too often for one channel"] * 20
    assert [took(rates, ANA, OTHER, 0.0, 9, 9, 9) for _ in range(8)] == [None] * 8
    assert took(rates, BO, OTHER, 0.0, 9, 9, 9) == "too often in all"


def test_no_answers_at_all_can_be_allowed() -> None:
    """A rate of nothing means one at first, and never again."""
    rates = AnswerRates()
    assert [took(rates, ANA, ROOM, at, 0, 9, 9) for at in (0.0, 1e6)] == [None, "too often for one person"]


def test_buckets_of_a_crowd_are_bounded() -> None:
    """Those that were used least recently are forgotten."""
    limit = RateLimit()
    for number in range(3 * BUCKETS):
        limit.take(str(number), float(number), 60)
    assert len(limit) == BUCKETS and limit.remaining("0", 3.0 * BUCKETS, 60) == 60
