"""Refusals, outages, bad tokens, lost connections: the bot logs them, waits, and goes on."""

import asyncio
from pathlib import Path

import pytest

from soundalike.errors import UsageError
from soundalike.frontends.discord.run import connect
from soundalike.frontends.discord.state import FORBIDDEN, PAUSED, REFUSED
from tests.frontends.discord.fake import FakeDiscord, failing, too_many
from tests.frontends.discord.payloads import Person
from tests.frontends.discord.rig import Scripted, StillClock, bot_of, live, living, settled

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

ANA = Person("ana")


def test_a_429_of_discords_own_is_waited_out(tmp_path: Path) -> None:
    """The answer arrives after the pause that was asked for."""

    async def scenario(fake: FakeDiscord) -> None:
        async with living(fake, tmp_path, Scripted()):
            fake.fail("POST", "/messages", too_many(0.01))
            await fake.say(ANA, "hi", mentions=[fake.me])
            assert await fake.replies(1) == ["reply 1"]

    live(scenario)


def test_a_ban_by_the_proxy_silences_it_for_a_while(tmp_path: Path) -> None:
    """After a 429 without Via nothing is sent, not even typing, until half a minute has passed."""

    async def scenario(fake: FakeDiscord) -> None:
        time = StillClock()
        async with living(fake, tmp_path, Scripted(), clock=time.clock()) as bot:
            fake.fail("POST", "/messages", too_many(60, via=False))
            await fake.say(ANA, "hi", mentions=[fake.me])
            await settled(fake, bot, 1)
            typed = len(fake.typed)
            await fake.say(ANA, "hello", mentions=[fake.me])
            await settled(fake, bot, 2)
            assert bot.pipeline.counts.outcomes[PAUSED] == 2 and len(fake.typed) == typed and fake.posted == []
            time.pass_(31)
            await fake.say(ANA, "hey", mentions=[fake.me], at=time.wall())
            assert await fake.replies(1) == ["reply 3"]

    live(scenario)


@pytest.mark.parametrize(("status", "outcome"), [(501, REFUSED), (403, FORBIDDEN), (400, REFUSED)])
def test_a_refused_message_is_counted_and_the_next_one_sent(tmp_path: Path, status: int, outcome: str) -> None:
    """Whatever the status, nothing crashes."""

    async def scenario(fake: FakeDiscord) -> None:
        async with living(fake, tmp_path, Scripted()) as bot:
            fake.fail("POST", "/messages", failing(status))
            fake.fail("POST", "/typing", failing(status))
            await fake.say(ANA, "hi", mentions=[fake.me])
            await settled(fake, bot, 1)
            await fake.say(ANA, "hello", mentions=[fake.me])
            assert await fake.replies(1) == ["reply 2"]
            assert bot.pipeline.counts.outcomes[outcome] == 1

    live(scenario)


def test_history_that_cannot_be_read_is_done_without(tmp_path: Path) -> None:
    """The answer comes all the same."""

    async def scenario(fake: FakeDiscord) -> None:
        fake.fail("GET", "/messages", failing(403))
        async with living(fake, tmp_path, Scripted()):
            await fake.say(ANA, "hi", mentions=[fake.me])
            await fake.replies(1)

    live(scenario)


def test_a_lost_socket_is_resumed_and_nothing_missed(tmp_path: Path) -> None:
    """Messages of the meantime are answered; the bot does not identify itself again."""

    async def scenario(fake: FakeDiscord) -> None:
        async with living(fake, tmp_path, Scripted()):
            await fake.cut()
            await fake.say(ANA, "are you there?", mentions=[fake.me])
            assert await fake.replies(1) == ["reply 1"]
            assert (fake.identified, fake.resumed) == (1, 1)

    live(scenario)


def test_what_a_resumed_connection_hands_in_too_late_is_not_answered(tmp_path: Path) -> None:
    """A mention of a minute ago is remembered, not replied to."""

    async def scenario(fake: FakeDiscord) -> None:
        answerer = Scripted()
        async with living(fake, tmp_path, answerer) as bot:
            await fake.say(Person("bo"), "so")
            await fake.replies(1)
            await fake.say(ANA, "hello?", mentions=[fake.me], at=fake.now() - 60)
            await settled(fake, bot, 3)
            assert bot.pipeline.counts.outcomes["waited too long"] == 1 and len(fake.posted) == 1

    live(scenario)


def test_a_lost_session_is_begun_anew_after_a_wait(tmp_path: Path) -> None:
    """Five seconds lie between two identifications, and each is written down."""

    async def scenario(fake: FakeDiscord) -> None:
        time = StillClock()
        async with living(fake, tmp_path, Scripted(), clock=time.clock()) as bot:
            await fake.cut(resumable=False)
            await time.pass_until(1, lambda: fake.identified == 2)
            await fake.say(ANA, "hi", mentions=[fake.me])
            await fake.replies(1)
            first, second = bot.state.now.identified
            assert second - first >= 5

    live(scenario)


def test_a_storm_of_identifications_slows_down(tmp_path: Path) -> None:
    """Sessions that break at once are begun anew after 5, 5, 5, 5, 5, 10, 20 seconds."""

    async def scenario(fake: FakeDiscord) -> None:
        time = StillClock()
        async with living(fake, tmp_path, Scripted(), clock=time.clock()) as bot:
            for number in range(2, 9):
                await fake.cut(resumable=False)
                await time.pass_until(0.5, lambda number=number: fake.identified == number)  # type: ignore[misc]
                await fake.until(lambda: len(fake.sessions) == 1)
            at = bot.state.now.identified
            apart = [later - earlier for earlier, later in zip(at, at[1:], strict=False)]
            assert all(gap >= least for gap, least in zip(apart, (5, 5, 5, 5, 5, 10, 20), strict=True))

    live(scenario)


def test_a_bad_token_is_reported_without_the_token(tmp_path: Path) -> None:
    """Two sentences: what is wrong, where to get another."""

    async def scenario(fake: FakeDiscord) -> None:
        bot = bot_of(fake, tmp_path, Scripted())
        with pytest.raises(UsageError) as error:
            await connect(bot, "not-the-token")
        await bot.leave()
        assert "refuses the token" in error.value.what and "Reset Token" in error.value.do
        assert "not-the-token" not in str(error.value)

    live(scenario)


def test_a_missing_intent_is_reported_with_the_click(tmp_path: Path) -> None:
    """Where to switch it on, and what to set to do without."""

    async def scenario(fake: FakeDiscord) -> None:
        fake.accounts[0].granted = False
        bot = bot_of(fake, tmp_path, Scripted())
        with pytest.raises(UsageError) as error:
            await connect(bot, fake.accounts[0].token)
        await bot.leave()
        assert "Message Content Intent" in error.value.do and "message_content = false" in error.value.do

    live(scenario)


def test_a_discord_that_cannot_be_reached_is_tried_again(tmp_path: Path) -> None:
    """Login and gateway fail at first; the bot waits longer each time and then is there."""

    async def scenario(fake: FakeDiscord) -> None:
        time = StillClock()
        fake.fail("GET", "/users/@me", failing(503), failing(503))
        bot = bot_of(fake, tmp_path, Scripted(), clock=time.clock())
        running = asyncio.create_task(connect(bot, fake.accounts[0].token))
        await time.pass_until(1, lambda: fake.identified == 1)
        assert time.slept[:2] == [5.0, 10.0]
        await bot.leave()
        await running
        assert fake.goodbyes == [1000]

    live(scenario)


def test_a_speaker_that_breaks_does_not_take_the_bot_along(tmp_path: Path) -> None:
    """An error that nobody foresaw costs one answer, and is in the account."""

    async def scenario(fake: FakeDiscord) -> None:
        async with living(fake, tmp_path, Scripted(KeyError("bug"))) as bot:
            await fake.say(ANA, "hi", mentions=[fake.me])
            await settled(fake, bot, 1)
            assert bot.pipeline.counts.outcomes["went wrong"] == 1
            await fake.say(ANA, "hello", mentions=[fake.me])
            assert await fake.replies(1) == ["reply 2"]

    live(scenario)
