"""Who answers, and whether the model can."""

import asyncio
import threading
from typing import NoReturn

import pytest

from soundalike.errors import EngineError
from soundalike.frontends.discord.answering import (
    ModelHealth,
    SpeakerAway,
    VoiceSpeaker,
)
from soundalike.generation.sampling import Sampling
from soundalike.generation.voice import Voice
from tests.frontends.discord.messages import OTHER, ROOM
from tests.frontends.discord.rig import speaks, voice

HISTORY = [("ana", "hi")]


def test_health_tells_once_and_probes_less_and_less() -> None:
    """5, 10, 20, 40, 60 seconds; after a recovery everything begins anew."""
    health = ModelHealth()
    assert health.fail("down", 0.0) and not health.fail("down", 0.0) and health.away
    pauses = [(health.fail("down", 0.0), health.until_probe(0.0))[1] for _ in range(4)]
    assert pauses == [20.0, 40.0, 60.0, 60.0]
    assert health.should_notify(ROOM) and not health.should_notify(ROOM) and health.should_notify(OTHER)
    health.recover()
    assert (
        not health.away and health.fail("down", 9.0) and health.until_probe(9.0) == 5.0 and health.should_notify(ROOM)
    )


class Blocking(Voice):
    """A voice that thinks until it is let go."""

    def __init__(self) -> None:
        super().__init__(voice().engine, "ada", sampling=Sampling(temperature=0, dry_multiplier=0))
        self.go = threading.Event()

    def reply(self, history: object, sampling: Sampling | None = None) -> NoReturn:
        """Think for long, then fail as no engine says it does."""
        self.go.wait()
        raise RuntimeError("a bug")


def test_it_says_what_the_voice_says() -> None:
    """The messages of a burst, at the temperature that is asked for."""

    async def scenario() -> None:
        speaker = speaks(voice())
        assert await speaker.reply(HISTORY, None) == ["hey you", "what's up"]
        assert await speaker.reply(HISTORY, 0.0) == ["hey you", "what's up"]
        assert await speaker.ready()
        await speaker.close()

    asyncio.run(scenario())


def test_the_loop_goes_on_while_it_thinks() -> None:
    """Other tasks run; a failure that is no model's is passed on as what it is."""

    async def scenario() -> None:
        slow = Blocking()
        thinking = asyncio.create_task(speaks(slow).reply(HISTORY, None))
        for _ in range(100):
            await asyncio.sleep(0)
        assert not thinking.done()
        slow.go.set()
        with pytest.raises(RuntimeError, match="a bug"):
            await thinking

    asyncio.run(scenario())


def test_a_model_that_comes_late_is_away_until_then() -> None:
    """Each attempt wakes it anew, and once it is awake it stays."""
    tries: list[Voice | EngineError] = [EngineError("No server answers.", "Start it."), EngineError("No."), voice()]

    def load() -> Voice:
        come = tries.pop(0)
        if isinstance(come, EngineError):
            raise come
        return come

    async def scenario() -> None:
        speaker = VoiceSpeaker("ada", load)
        with pytest.raises(SpeakerAway, match="No server answers"):
            await speaker.reply(HISTORY, None)
        assert not await speaker.ready() and await speaker.ready()
        assert await speaker.reply(HISTORY, None) == ["hey you", "what's up"]

    asyncio.run(scenario())
