"""Sending: typing while it lasts, lines as messages at the owner's pace, and what to do when Discord refuses."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from random import Random
from typing import Any, Protocol

import aiohttp
import discord

from soundalike.frontends.discord.clock import Clock
from soundalike.frontends.discord.heard import Turn
from soundalike.frontends.discord.ledger import ANSWERED, FORBIDDEN, PAUSED, REFUSED, STALE
from soundalike.frontends.discord.pacing import Pace
from soundalike.frontends.discord.pieces import pieces
from soundalike.frontends.discord.pipeline import Pipeline

log = logging.getLogger("soundalike.discord")

GRACE = 2.0  # seconds for a message on its way when its answer is broken off
TYPING_EVERY = 8.0  # seconds; Discord shows it for ten
FIRST_PAUSE, LONGEST_PAUSE = 30.0, 900.0  # seconds of silence everywhere after Discord cut us off

Sent = Callable[[discord.Message], None]
Channel = Callable[[Turn], discord.PartialMessageable]


class Delivery(Protocol):
    """Where an answer goes."""

    def typing(self, turn: Turn) -> AbstractAsyncContextManager[None]:
        """Show that an answer is being written, for as long as the context lasts."""

    async def send(self, turn: Turn, lines: Sequence[str]) -> str:
        """Send an answer; gives the turn's fate."""


class Sender:
    """Sends to Discord. `channel` finds where, `sent` is told of every message that arrived."""

    def __init__(self, pipeline: Pipeline, pace: Pace, channel: Channel, sent: Sent, clock: Clock, rng: Random) -> None:
        self._pipeline, self._pace, self._channel, self._sent = pipeline, pace, channel, sent
        self._clock, self._rng = clock, rng
        self._silent_until = 0.0
        self._pause = FIRST_PAUSE

    @asynccontextmanager
    async def typing(self, turn: Turn) -> AsyncIterator[None]:
        """As `Delivery`."""
        task = asyncio.create_task(self._type(turn))
        try:
            yield
        finally:
            task.cancel()

    async def _type(self, turn: Turn) -> None:
        try:
            while not self._silent:
                await self._channel(turn).typing()
                await self._clock.sleep(TYPING_EVERY)
        except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
            log.debug("Typing was not shown: %s", type(error).__name__)  # the answer itself will tell why

    async def send(self, turn: Turn, lines: Sequence[str]) -> str:
        """As `Delivery`: the first line at once, the others at the owner's pace, and all of them in time."""
        texts = [piece for line in lines for piece in pieces(line)]
        deadline = turn.asked.at + self._pipeline.settings().queue.fresh
        for at, text in enumerate(texts):
            if at:
                await self._clock.sleep(self._gap(text, (deadline - self._clock.now()) / (len(texts) - at)))
            fate = self._pipeline.refusal(turn.asked) or await self._deliver(turn, text, at == 0, deadline)
            if fate:
                return ANSWERED if at else fate
        return ANSWERED

    def _gap(self, text: str, most: float) -> float:
        limits = self._pipeline.settings().pace
        return max(0.0, min(most, self._pace.seconds(text, self._rng, limits.speed, limits.longest)))

    async def _deliver(self, turn: Turn, text: str, first: bool, deadline: float) -> str:
        """Send one message; the reason why not, or nothing."""
        if self._silent:
            return PAUSED
        try:
            async with asyncio.timeout(deadline - self._clock.now()):
                self._sent(await finished(self._post(turn, text, first)))
        except TimeoutError:
            return STALE
        except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
            return self._refused(turn, error)
        self._pause = FIRST_PAUSE
        return ""

    async def _post(self, turn: Turn, text: str, first: bool) -> discord.Message:
        channel = self._channel(turn)
        if not (first and turn.addressed):  # who joins in unasked answers nobody in particular
            return await channel.send(text, suppress_embeds=True)
        asked = discord.MessageReference(
            message_id=int(turn.asked.id), channel_id=int(turn.channel), fail_if_not_exists=False
        )
        return await channel.send(text, reference=asked, mention_author=False, suppress_embeds=True)

    def _refused(self, turn: Turn, error: Exception) -> str:
        if isinstance(error, discord.Forbidden | discord.NotFound):
            log.warning("I may not write in channel %s: it needs View Channel and Send Messages.", turn.channel)
            return FORBIDDEN
        if isinstance(error, discord.RateLimited):
            return self._silence(error.retry_after)
        if isinstance(error, discord.HTTPException) and error.status == 429:
            self._pause, pause = min(LONGEST_PAUSE, 2 * self._pause), self._pause
            return self._silence(pause)
        log.warning("Discord did not take a message: %s", _briefly(error))
        return REFUSED

    def _silence(self, seconds: float) -> str:
        self._silent_until = self._clock.now() + seconds
        log.warning("Discord asked for a pause: I say nothing for %.0f seconds.", seconds)
        return PAUSED

    @property
    def _silent(self) -> bool:
        return self._clock.now() < self._silent_until


async def finished(sending: Coroutine[Any, Any, discord.Message]) -> discord.Message:
    """What is on its way to Discord is sent to its end, for a moment also where the answer is broken off.

    discord.py holds a channel's next message back until it has the response to the one before: a request that is
    cancelled in the middle would silence the channel for half a minute.
    """
    task = asyncio.ensure_future(sending)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task], timeout=GRACE)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        raise


class Rehearsal:
    """Sends nothing and shows what would have been sent."""

    def __init__(self, show: Callable[[str], None]) -> None:
        self._show = show

    @asynccontextmanager
    async def typing(self, turn: Turn) -> AsyncIterator[None]:
        """Nobody sees it."""
        yield

    async def send(self, turn: Turn, lines: Sequence[str]) -> str:
        """Show the lines under the message that they answer."""
        self._show(f"{turn.asked.name}: {turn.asked.text}")
        for line in lines:
            self._show(f"  would answer: {line}")
        return ANSWERED


def _briefly(error: Exception) -> str:
    status = getattr(error, "status", "")
    return f"{type(error).__name__} {status}".strip()
