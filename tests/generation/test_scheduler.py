"""The scheduler for asyncio: replies of several callers in one batch, its errors, and what a cancelled call leaves."""

import asyncio

import pytest

from soundalike.errors import EngineError
from soundalike.generation.scheduler import Scheduler
from soundalike.generation.ticket import QueueFull, SchedulerClosed
from soundalike.generation.voice import Voice
from tests.frontends.server.running import ENDLESS, SCRIPTS, Stepped, stepped
from tests.generation.test_voice import GREEDY, SCRIPT, engine

HISTORY = [("sam", "hi")]


def test_a_reply_is_what_the_voice_says_by_itself() -> None:
    """Several at once too; what the guards did is counted in the voice."""
    voice = Voice(engine(SCRIPT, "sam: loop\n" + "ada: i love rust\n" * 9), "ada", sampling=GREEDY)

    async def scenario() -> list[list[str]]:
        async with Scheduler([voice]) as scheduler:
            histories = [HISTORY, [("sam", "loop")], HISTORY]
            return [*await asyncio.gather(*(scheduler.reply(voice, history) for history in histories))]

    replies = asyncio.run(scenario())
    assert replies == [["hey", "what's up"], ["i love rust"], ["hey", "what's up"]]
    assert voice.interventions.repeated == 1


def test_calls_that_overlap_share_a_batch() -> None:
    """The second joins while the first is drawn, and both advance by one token a step."""

    async def scenario(voice: Voice, model: Stepped) -> None:
        async with Scheduler([voice]) as scheduler:
            first = asyncio.create_task(scheduler.reply(voice, HISTORY))
            await asyncio.to_thread(model.reads.acquire)
            second = asyncio.create_task(scheduler.reply(voice, HISTORY))
            while not scheduler.waiting:
                await asyncio.sleep(0)
            model.turns.release(1)
            await asyncio.to_thread(model.reads.acquire)
            assert scheduler.running == 2
            model.turns.release(1_000)
            assert await first == await second == ["hey", "what's up"]

    with stepped(SCRIPT) as (voice, model):
        asyncio.run(scenario(voice, model))


def test_a_cancelled_call_frees_its_place() -> None:
    """With one place the next call is served although the first would go on for a hundred tokens."""

    async def scenario(voice: Voice, model: Stepped) -> None:
        async with Scheduler([voice], streams=1) as scheduler:
            first = asyncio.create_task(scheduler.reply(voice, [("sam", "go on")]))
            await asyncio.to_thread(model.reads.acquire)
            first.cancel()
            with pytest.raises(asyncio.CancelledError):
                await first
            model.turns.release(100)
            assert await scheduler.reply(voice, HISTORY) == ["hey", "what's up"]

    with stepped(*SCRIPTS, ENDLESS) as (voice, model):
        asyncio.run(scenario(voice, model))


def test_errors_are_the_schedulers_own() -> None:
    """A full queue says when to come again, a failing model fails its call, a closed scheduler takes nothing."""

    async def scenario(voice: Voice, model: Stepped) -> None:
        async with Scheduler([voice], streams=1, queue=0) as scheduler:
            first = asyncio.create_task(scheduler.reply(voice, HISTORY))
            await asyncio.to_thread(model.reads.acquire)
            with pytest.raises(QueueFull, match=r"Try again in 1 seconds\.") as full:
                await scheduler.reply(voice, HISTORY)
            assert full.value.seconds == 1
            model.fails = True
            model.turns.release(1)
            with pytest.raises(EngineError, match="The model failed"):
                await first
        with pytest.raises(SchedulerClosed):
            await scheduler.reply(voice, HISTORY)

    with stepped(SCRIPT) as (voice, model):
        asyncio.run(scenario(voice, model))
