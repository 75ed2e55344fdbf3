"""The connection: frames that cannot be read, through the real discord.py, and when the bot may identify itself."""

import logging
from pathlib import Path
from typing import Any

import pytest

from soundalike.frontends.discord.gateway import pause_before_identify
from tests.frontends.discord.fake import FakeDiscord
from tests.frontends.discord.payloads import Person, message
from tests.frontends.discord.rig import Scripted, StillClock, live, living, settled

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

ANA, SECRET = Person("ana"), "plum jam at nine"


def damaged(fake: FakeDiscord) -> list[tuple[str, Any]]:
    """Events that lack what discord.py takes for granted, one way each; some hold words that nobody may see."""
    whole = message(fake.channels[0], ANA, SECRET, fake.guild, [], None, None)
    without = [
        {key: value for key, value in whole.items() if key != missing} for missing in ("author", "id", "content")
    ]
    return [
        ("MESSAGE_CREATE", {}),
        *(("MESSAGE_CREATE", one) for one in without),
        ("MESSAGE_CREATE", whole | {"timestamp": SECRET}),
        ("MESSAGE_CREATE", whole | {"id": SECRET}),
        ("MESSAGE_CREATE", whole | {"mentions": SECRET}),
        ("MESSAGE_CREATE", None),
        ("MESSAGE_UPDATE", {}),
        ("MESSAGE_DELETE", {"id": SECRET}),
        ("MESSAGE_DELETE_BULK", {}),
        ("GUILD_CREATE", {}),
        ("GUILD_UPDATE", {"id": None}),
        ("CHANNEL_CREATE", {"guild_id": fake.guild, "type": SECRET}),
        ("THREAD_CREATE", {"guild_id": fake.guild}),
        ("INTERACTION_CREATE", {}),
        ("USER_UPDATE", []),
        ("NO_SUCH_EVENT", {"content": SECRET}),
    ]


async def send(fake: FakeDiscord, text: str) -> None:
    """Something that is no event, as text."""
    (session,) = fake.sessions
    assert session.socket is not None
    await session.socket.send_str(text)


def test_broken_frames_are_skipped(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """One connection survives them all and answers after them; each kind is logged once, without anybody's words."""

    async def scenario(fake: FakeDiscord) -> None:
        async with living(fake, tmp_path, Scripted()) as bot:
            for name, data in damaged(fake) * 2:
                await fake.sessions[0].dispatch(name, data)
            for text in ("", "[]", "not json", "7", f'{{"op": 0, "t": ["{SECRET}"], "d": {{}}}}', '{"op": "x"}'):
                await send(fake, text)
            await fake.say(ANA, "hi", mentions=[fake.me])
            assert await fake.replies(1) == ["reply 1"]
            await settled(fake, bot, 2)
        assert (fake.identified, fake.resumed) == (1, 0)

    with caplog.at_level(logging.INFO):
        live(scenario)
    logged = [record.getMessage() for record in caplog.records if "cannot be read" in record.getMessage()]
    assert len([line for line in logged if "MESSAGE_CREATE" in line]) == 1 and len(set(logged)) == len(logged)
    assert "Discord sent GUILD_CREATE in a form that cannot be read (KeyError): skipped." in logged
    assert SECRET not in caplog.text and ANA.name not in "".join(logged)


@pytest.mark.parametrize("frame", ['{"op": 0, "s": 1, "t": "READY", "d": {}}', '{"op": 10, "d": null}'])
def test_what_a_connection_needs_begins_a_new_one(tmp_path: Path, frame: str) -> None:
    """Without a session or a heartbeat it would hear nothing: it identifies anew and goes on."""

    async def scenario(fake: FakeDiscord) -> None:
        time = StillClock()
        async with living(fake, tmp_path, Scripted(), clock=time.clock()):
            await send(fake, frame)
            await time.pass_until(1, lambda: fake.identified == 2)
            await fake.say(ANA, "hi", mentions=[fake.me], at=time.wall())
            await fake.replies(1)

    live(scenario)


def test_a_stream_that_cannot_be_unpacked_begins_a_new_one(tmp_path: Path) -> None:
    """Nothing that comes after it could be read either."""

    async def scenario(fake: FakeDiscord) -> None:
        time = StillClock()
        async with living(fake, tmp_path, Scripted(), clock=time.clock()):
            socket = fake.sessions[0].socket
            assert socket is not None
            await socket.send_bytes(b"no zlib at all\x00\x00\xff\xff")
            await time.pass_until(1, lambda: fake.identified == 2)

    live(scenario)


def test_identifications_are_spread_out() -> None:
    """The first at once, five 5 seconds apart, then twice as long each time, up to 15 minutes; 500 a day."""
    assert pause_before_identify([], 100.0) == 0.0
    assert pause_before_identify([100.0], 102.0) == 3.0 and pause_before_identify([100.0], 106.0) == 0.0
    assert pause_before_identify([100.0 + n for n in range(8)], 107.0) == 40.0
    assert pause_before_identify([100.0 + n for n in range(40)], 139.0) == 900.0
    assert pause_before_identify([100.0] * 40, 100.0 + 3700) == 0.0
    day = [n * 100.0 for n in range(500)]
    assert pause_before_identify(day, 50_000.0) == 36_400.0


def test_a_day_of_crashes_stays_far_below_what_costs_the_token() -> None:
    """A bot that identifies itself whenever it may does so at most 300 times in 24 hours."""
    now, times = 0.0, list[float]()
    while now < 86_400:
        now += pause_before_identify(times, now)
        times.append(now)
    assert len(times) <= 300


def test_a_clock_that_was_set_back_does_not_stop_the_bot() -> None:
    """Times in the future count as now."""
    assert pause_before_identify([1e9], 100.0) == 5.0
