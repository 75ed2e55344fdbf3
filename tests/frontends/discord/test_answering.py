"""Who answers, and whether the model can."""

import asyncio

import pytest

from soundalike.errors import EngineError
from soundalike.frontends.discord import answering
from soundalike.frontends.discord.answering import Answerer, ModelAway, ModelHealth
from soundalike.generation.ticket import ModelFailed
from soundalike.generation.voice import Voice
from tests.frontends.discord.messages import OTHER, ROOM
from tests.frontends.discord.rig import StillClock, answers, voice
from tests.frontends.server.running import Stepped, stepped
from tests.generation.test_voice import SCRIPT

HISTORY = [("ana", "hi")]


def test_health_notifies_once_and_probes_less_and_less() -> None:
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


def test_it_writes_what_the_voice_says() -> None:
    """The messages of a burst, at the temperature that is asked for."""

    async def scenario() -> None:
        answerer = answers(voice())
        assert await answerer.reply(HISTORY) == ["hey you", "what's up"]
        assert await answerer.reply(HISTORY, 0.0) == ["hey you", "what's up"]
        await answerer.close()

    asyncio.run(scenario())


def test_answers_share_a_batch_and_the_loop_goes_on() -> None:
    """A second answer joins while the first is drawn; other tasks run meanwhile."""

    async def scenario(made: Voice, model: Stepped) -> None:
        answerer = answers(made)
        first = asyncio.create_task(answerer.reply([("sam", "hi")]))
        await asyncio.to_thread(model.reads.acquire)
        second = asyncio.create_task(answerer.reply([("sam", "hi")]))
        _, scheduler = await answerer.load()
        while not scheduler.waiting:
            await asyncio.sleep(0)
        assert not first.done() and not second.done()
        model.turns.release(1)
        await asyncio.to_thread(model.reads.acquire)
        assert scheduler.running == 2
        model.turns.release(1_000)
        assert await first == await second == ["hey", "what's up"]
        await answerer.close()

    with stepped(SCRIPT) as (made, model):
        asyncio.run(scenario(made, model))


def test_a_bug_in_the_model_is_not_taken_for_its_absence() -> None:
    """It costs the answers of its batch; the model is not reported as away."""

    async def scenario(made: Voice, model: Stepped) -> None:
        answerer = answers(made)
        model.fails = True
        model.turns.release(1)
        with pytest.raises(ModelFailed):
            await answerer.reply([("sam", "hi")])
        await answerer.close()

    with stepped(SCRIPT) as (made, model):
        asyncio.run(scenario(made, model))


def test_a_model_that_comes_late_is_away_until_then() -> None:
    """Each answer loads it anew, and once it is loaded it stays."""
    tries: list[Voice | EngineError] = [EngineError("No server answers.", "Start it."), EngineError("No."), voice()]

    def load() -> Voice:
        come = tries.pop(0)
        if isinstance(come, EngineError):
            raise come
        return come

    async def scenario() -> None:
        answerer, time = Answerer("ada", load), StillClock()
        with pytest.raises(ModelAway, match="No server answers"):
            await answerer.reply(HISTORY)
        answerer.health.fail("No server answers.", time.clock().now())
        probing = asyncio.create_task(answerer.probe(time.clock()))
        await time.pass_until(1, probing.done)
        assert answerer.health.away and answerer.health.problem == "No."
        probing = asyncio.create_task(answerer.probe(time.clock()))
        await time.pass_until(1, probing.done)
        assert not answerer.health.away
        assert await answerer.reply(HISTORY) == ["hey you", "what's up"]
        await answerer.close()

    asyncio.run(scenario())


def test_closing_waits_for_the_step_under_way_but_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that never ends its step is left behind; one that was never loaded has nothing to close."""
    monkeypatch.setattr(answering, "CLOSE_SECONDS", 0.05)

    async def scenario(made: Voice, model: Stepped) -> None:
        await Answerer("ada", voice).close()
        answerer = answers(made)
        reply = asyncio.create_task(answerer.reply([("sam", "hi")]))
        await asyncio.to_thread(model.reads.acquire)
        await answerer.close()
        assert not reply.done()
        model.turns.release(1_000)
        with pytest.raises(ModelAway, match="The program is stopping"):
            await reply

    with stepped(SCRIPT) as (made, model):
        asyncio.run(scenario(made, model))
