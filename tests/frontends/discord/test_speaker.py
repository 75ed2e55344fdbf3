"""A voice on its own thread: it is awaited, it can be woken late, and what fails in it is told apart."""

import asyncio
import threading
from typing import NoReturn

import pytest

from soundalike.errors import EngineError
from soundalike.frontends.discord.eagerness import Eagerness
from soundalike.frontends.discord.speaker import SpeakerAway, VoiceSpeaker
from soundalike.generation.sampling import Sampling
from soundalike.generation.voice import Voice
from tests.frontends.discord.rig import ASKED, speaks, voice

HISTORY = [("ana", "hi")]


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
        assert await speaker.ready() and await speaker.eagerness(HISTORY) is None
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

    def wake() -> tuple[Voice, Eagerness | None]:
        come = tries.pop(0)
        if isinstance(come, EngineError):
            raise come
        return come, None

    async def scenario() -> None:
        speaker = VoiceSpeaker("ada", wake)
        with pytest.raises(SpeakerAway, match="No server answers"):
            await speaker.reply(HISTORY, None)
        assert not await speaker.ready() and await speaker.ready()
        assert await speaker.reply(HISTORY, None) == ["hey you", "what's up"]

    asyncio.run(scenario())


def test_it_asks_whether_its_owner_would_speak() -> None:
    """Where that was learned."""
    made = voice()
    eager = Eagerness.learned("ada", [ASKED] * 100, [ASKED] * 100)
    assert eager is not None

    async def scenario() -> None:
        assert await VoiceSpeaker("ada", lambda: (made, eager)).eagerness(HISTORY) == eager.of_history(HISTORY)

    asyncio.run(scenario())
