"""Turns in time: bursts end, the model gets one turn after the other, answers are delivered side by side.

Two loops, `decide` and `work`, one step a call; the bot repeats them. Knows no client.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial

from soundalike.frontends.discord.answering import Answering
from soundalike.frontends.discord.clock import Clock
from soundalike.frontends.discord.delivery import Delivery
from soundalike.frontends.discord.faults import kind_and_place
from soundalike.frontends.discord.heard import Turn
from soundalike.frontends.discord.ledger import WRONG
from soundalike.frontends.discord.pipeline import Pipeline

log = logging.getLogger("soundalike.discord")

Step = Callable[[Turn], Awaitable[None]]


class Turns:
    """`prepare` is awaited before the model is asked, `introduce` before the first line of an answer is sent."""

    def __init__(
        self,
        pipeline: Pipeline,
        answering: Answering,
        delivery: Delivery,
        prepare: Step,
        introduce: Step,
        clock: Clock,
    ) -> None:
        self._pipeline, self._answering, self._delivery = pipeline, answering, delivery
        self._prepare, self._introduce, self._clock = prepare, introduce, clock
        self._heard, self._changed = asyncio.Event(), asyncio.Event()
        self._thinking: Turn | None = None
        self._answers: dict[str, tuple[Turn, asyncio.Task[str]]] = {}  # by channel

    def heard(self) -> None:
        """Something was said: a burst may have begun."""
        self._heard.set()

    async def decide(self) -> None:
        """Wait for the end of the first burst, or for a new one, and line up turns."""
        self._heard.clear()
        due = self._pipeline.next_due
        with suppress(TimeoutError):
            async with asyncio.timeout(None if due is None else max(0.0, due - self._clock.now())):
                await self._heard.wait()
        self._pipeline.advance(self._clock.now())
        if self._pipeline.waiting:
            self._changed.set()

    async def work(self) -> None:
        """Give the model the next turn as soon as it is free."""
        turn = None if self._thinking else self._pipeline.take(self._clock.now(), self._answers)
        if turn is None:
            self._changed.clear()
            await self._changed.wait()
            return
        self._thinking = turn
        task = asyncio.create_task(self._answer(turn))
        self._answers[turn.channel] = turn, task
        task.add_done_callback(partial(self._over, turn))

    async def _answer(self, turn: Turn) -> str:
        """One turn from the model to the channel; its fate."""
        async with self._delivery.typing(turn):
            await self._prepare(turn)
            lines, fate = await self._answering.compose(turn)
            self._free(turn)
            if lines:
                await self._introduce(turn)
                fate = await self._delivery.send(turn, lines)
        return fate

    def _free(self, turn: Turn) -> None:
        """The model is done with this turn."""
        if self._thinking is turn:
            self._thinking = None
            self._changed.set()

    def _over(self, turn: Turn, task: asyncio.Task[str]) -> None:
        """However an answer ended, even one broken off before it began."""
        self._free(turn)
        del self._answers[turn.channel]
        self._pipeline.ledger.settle(turn.asked, self._fate(turn, task))
        self._changed.set()

    def _fate(self, turn: Turn, task: asyncio.Task[str]) -> str:
        if task.cancelled():
            return self._pipeline.refusal(turn.asked) or "broken off"
        if error := task.exception():
            log.error("An answer went wrong; I go on: %s.", kind_and_place(error))
            return WRONG
        return task.result()

    def stop_person(self, author: str) -> None:
        """Break off the answers to one person."""
        for turn, task in self._answers.values():
            if turn.asked.author == author:
                task.cancel()

    def stop(self, channel: str | None = None) -> None:
        """Break off the answers under way, in one channel or in all."""
        for name, (_, task) in self._answers.items():
            if channel in (None, name):
                task.cancel()

    async def finish(self, seconds: float) -> None:
        """Let the answers under way be finished, for so many seconds at most; then break them off."""
        tasks = [task for _, task in self._answers.values()]
        if tasks:
            await asyncio.wait(tasks, timeout=seconds)
        self.stop()
        await asyncio.gather(*tasks, return_exceptions=True)
