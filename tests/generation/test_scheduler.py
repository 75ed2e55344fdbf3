"""The scheduler for asyncio: replies of several callers in one batch, its errors, and what a cancelled call leaves."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import replace

import pytest

from soundalike.errors import EngineError
from soundalike.generation import scheduler as scheduler_module
from soundalike.generation.batch import Model
from soundalike.generation.request import GenerationRequest
from soundalike.generation.scheduler import Scheduler
from soundalike.generation.ticket import ModelFailed, QueueFull, SchedulerClosed, Ticket
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


def test_a_failed_delivery_fails_its_requests_only() -> None:
    """What raises while lines are released is told to the caller, and the next request is served."""

    def broken(text: str) -> str:
        raise LookupError("no such name, as the test wants it")

    async def scenario() -> None:
        voice = Voice(engine(SCRIPT), "ada", sampling=GREEDY)
        async with Scheduler([voice]) as scheduler:
            ticket = scheduler.submit([replace(voice.request(HISTORY), rename=broken)])
            with pytest.raises(ModelFailed):
                await asyncio.wait_for(_read(ticket), 10)
            assert await asyncio.wait_for(scheduler.reply(voice, HISTORY), 10) == ["hey", "what's up"]

    asyncio.run(scenario())


class Failing(list[GenerationRequest]):
    """A batch whose steps fail, and in which the first request cannot be closed."""

    def add(self, requests: Sequence[GenerationRequest]) -> None:
        """Take them."""
        self += requests

    def step(self) -> list[GenerationRequest]:
        """Fail."""
        raise EngineError("The server failed.")

    def remove(self, requests: Collection[GenerationRequest]) -> None:  # type: ignore[override]
        """Close them, but for the first."""
        for request in requests:
            super().remove(request)
            if request.random_stream == 0:
                raise OSError("the connection is gone, as the test wants it")


def test_a_failed_step_closes_what_it_left_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every request is removed from the batch, also where another's removal fails."""
    batches: list[Failing] = []

    def failing(model: Model) -> Failing:
        batches.append(Failing())
        return batches[-1]

    monkeypatch.setattr(scheduler_module, "make_batch", failing)

    async def scenario() -> None:
        voice = Voice(engine(SCRIPT), "ada", sampling=GREEDY)
        async with Scheduler([voice]) as scheduler:
            ticket = scheduler.submit([voice.request(HISTORY, random_stream=number) for number in range(3)])
            with pytest.raises(EngineError, match="The server failed"):
                await asyncio.wait_for(_read(ticket), 10)

    asyncio.run(scenario())
    assert len(batches) == 2 and not batches[0]


def test_a_scheduler_that_fails_closes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for ever: those who wait are told, and so is whoever comes after."""

    def broken(self: Scheduler, models: Sequence[int]) -> list[Ticket]:
        raise AssertionError("as the test wants it")

    monkeypatch.setattr(Scheduler, "_take_admitted", broken)

    async def scenario() -> None:
        voice = Voice(engine(SCRIPT), "ada", sampling=GREEDY)
        async with Scheduler([voice]) as scheduler:
            for _ in range(2):
                with pytest.raises(SchedulerClosed):
                    await asyncio.wait_for(scheduler.reply(voice, HISTORY), 10)

    asyncio.run(scenario())


async def _read(ticket: Ticket) -> None:
    async for _ in ticket:
        pass
