"""Sending answers: typing is shown, lines go out at the owner's pace, and refusals by Discord are handled."""

import asyncio
import math
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any, Protocol

import aiohttp
import discord
import numpy as np

from soundalike.frontends.discord import log
from soundalike.frontends.discord.message import IncomingMessage, from_discord
from soundalike.frontends.discord.pipeline import Pipeline
from soundalike.frontends.discord.state import ANSWERED, FORBIDDEN, NOT_IN_TIME, PAUSED, REFUSED, Clock

if TYPE_CHECKING:
    import polars as pl

MESSAGE_CHARACTERS = 2_000  # of one Discord message, at most
_ENDS = ("\n", ". ", "! ", "? ", "… ", " ")
GRACE = 2.0  # seconds for a request under way when its answer is broken off
TYPING_EVERY = 8.0  # seconds; Discord shows it for ten
FIRST_PAUSE, LONGEST_PAUSE = 30.0, 900.0  # seconds of silence everywhere after a ban

LONGEST_GAP = 30.0  # seconds; after a longer silence the owner was away, not typing
SHORTEST_GAP = 0.3  # seconds; some exports have times to the second, and nobody types in none
FEWEST_GAPS = 50

RequestErrors = (discord.DiscordException, aiohttp.ClientError, OSError)


@dataclass(frozen=True, slots=True)
class TypingPace:
    """Seconds before a message of n characters: exp(start + slope * log(1 + n) + spread * z), z standard normal.

    The default, for an export with too few bursts, types about 20 characters in 3 seconds.
    """

    start: float = -0.4
    slope: float = 0.5
    spread: float = 0.5

    def seconds(self, text: str, rng: Random, speed: float = 1.0, longest: float = math.inf) -> float:
        """A random time for this message, at most `longest`."""
        typed = math.exp(self.start + self.slope * math.log1p(len(text)) + self.spread * rng.gauss(0, 1))
        return min(longest, typed / speed)

    @classmethod
    def fit(cls, messages: "pl.DataFrame") -> "TypingPace":
        """The owner's pace in a message frame: least squares over the gaps inside their own bursts."""
        gaps, lengths = own_gaps(messages)
        if gaps.size < FEWEST_GAPS:
            return cls()
        seconds = np.log(np.maximum(gaps, SHORTEST_GAP))
        design = np.stack([np.ones_like(seconds), np.log1p(lengths)], axis=1)  # (gaps, 2)
        (start, slope), *_ = np.linalg.lstsq(design, seconds, rcond=None)
        spread = float(np.std(seconds - design @ np.array([start, slope])))
        return cls(float(start), float(slope), spread)


def own_gaps(messages: "pl.DataFrame") -> tuple["np.ndarray[tuple[int], np.dtype[np.float64]]", ...]:
    """For every message that follows one of the owner's own: (seconds between the two), (characters of the second)."""
    import polars as pl

    sent = pl.col("sent_at").dt.epoch("ms")
    rows = messages.sort("channel", "sent_at", "id").with_columns(
        gap=(sent.diff() / 1000).over("channel"),
        after_own=(pl.col("me") & pl.col("me").shift()).over("channel"),
        characters=pl.col("text").str.len_chars().cast(pl.Float64),
    )
    burst = rows.filter(pl.col("after_own") & (pl.col("gap") <= LONGEST_GAP))
    return burst["gap"].to_numpy(), burst["characters"].to_numpy()


def split_text(text: str, longest: int = MESSAGE_CHARACTERS) -> list[str]:
    """`text` in parts of at most `longest` characters, cut at the end of a line, else of a sentence, else of a word."""
    parts: list[str] = []
    text = text.strip()
    while len(text) > longest:
        end = _cut(text, longest)
        parts.append(text[:end].rstrip())
        text = text[end:].lstrip()
    return [*parts, text] if text else parts


def _cut(text: str, longest: int) -> int:
    """Where the first part ends; in the second half of what fits, where anything ends there."""
    for end in _ENDS:
        at = text.rfind(end, longest // 2, longest + 1 - len(end.rstrip(" ")))
        if at >= 0:
            return at + len(end.rstrip())
    return longest


class Delivery(Protocol):
    """Where answers go."""

    def typing(self, message: IncomingMessage) -> AbstractAsyncContextManager[None]:
        """Show in the message's channel that an answer is being written, while the context lasts."""

    async def send(self, message: IncomingMessage, lines: Sequence[str]) -> str:
        """Send an answer to `message`; returns the outcome."""

    async def notice(self, message: IncomingMessage, text: str) -> bool:
        """Send the bot's own words to the message's channel; whether they were sent."""


def channel_of(client: discord.Client, message: IncomingMessage) -> discord.PartialMessageable:
    """The channel of a message, as discord.py sends to it and reads from it."""
    server = int(message.server) if message.server else None
    return client.get_partial_messageable(int(message.channel), guild_id=server)


class Sender:
    """Sends to Discord."""

    def __init__(self, client: discord.Client, pipeline: Pipeline, pace: TypingPace, clock: Clock, rng: Random) -> None:
        self._client, self._pipeline, self._pace, self._clock, self._rng = client, pipeline, pace, clock, rng
        self._silent_until = 0.0
        self._pause = FIRST_PAUSE

    @asynccontextmanager
    async def typing(self, message: IncomingMessage) -> AsyncIterator[None]:
        """Show typing, see `Delivery`."""
        task = asyncio.create_task(self._type(message))
        try:
            yield
        finally:
            task.cancel()

    async def _type(self, message: IncomingMessage) -> None:
        try:
            while not self._silent:
                await channel_of(self._client, message).typing()
                await self._clock.sleep(TYPING_EVERY)
        except RequestErrors as error:
            log.debug("Typing was not shown: %s", type(error).__name__)  # sending the answer will report why

    async def send(self, message: IncomingMessage, lines: Sequence[str]) -> str:
        """Send the first line at once and the others at the owner's pace, all before the answer is too old."""
        texts = [part for line in lines for part in split_text(line)]
        deadline = message.at + self._pipeline.settings.now.queue.fresh
        for at, text in enumerate(texts):
            if at:
                await self._clock.sleep(self._gap(text, (deadline - self._clock.now()) / (len(texts) - at)))
            outcome = self._pipeline.refusal(message) or await self._send_text(message, text, at == 0, deadline)
            if outcome:
                return ANSWERED if at else outcome
        return ANSWERED

    def _gap(self, text: str, most: float) -> float:
        limits = self._pipeline.settings.now.pace
        return max(0.0, min(most, self._pace.seconds(text, self._rng, limits.speed, limits.longest)))

    async def _send_text(self, message: IncomingMessage, text: str, first: bool, deadline: float) -> str:
        """Send one Discord message; returns why it was not sent, or ""."""
        if self._silent:
            return PAUSED
        try:
            async with asyncio.timeout(deadline - self._clock.now()):
                sent = await finished(self._post(message, text, first))
        except TimeoutError:
            return NOT_IN_TIME
        except RequestErrors as error:
            return self._refused(message, error)
        self._pipeline.remember(from_discord(sent, int(self._pipeline.me), self._clock.now()))
        self._pause = FIRST_PAUSE
        return ""

    async def _post(self, message: IncomingMessage, text: str, first: bool) -> discord.Message:
        channel = channel_of(self._client, message)
        if not (first and message.addressed):  # an unasked answer replies to nobody in particular
            return await channel.send(text, suppress_embeds=True)
        asked = discord.MessageReference(
            message_id=int(message.id), channel_id=int(message.channel), fail_if_not_exists=False
        )
        return await channel.send(text, reference=asked, mention_author=False, suppress_embeds=True)

    async def notice(self, message: IncomingMessage, text: str) -> bool:
        """Send the bot's own words, see `Delivery`."""
        try:
            await channel_of(self._client, message).send(text, suppress_embeds=True)
        except RequestErrors as error:
            log.warning("A notice could not be sent: %s.", type(error).__name__)
            return False
        return True

    def _refused(self, message: IncomingMessage, error: Exception) -> str:
        if isinstance(error, discord.Forbidden | discord.NotFound):
            log.warning("I may not write in channel %s: it needs View Channel and Send Messages.", message.channel)
            return FORBIDDEN
        if isinstance(error, discord.RateLimited):
            return self._silence(error.retry_after)
        if isinstance(error, discord.HTTPException) and error.status == 429:  # without discord.py's waiting: a ban
            self._pause, pause = min(LONGEST_PAUSE, 2 * self._pause), self._pause
            return self._silence(pause)
        log.warning("Discord did not take a message: %s %s", type(error).__name__, getattr(error, "status", ""))
        return REFUSED

    def _silence(self, seconds: float) -> str:
        self._silent_until = self._clock.now() + seconds
        log.warning("Discord asked for a pause: I say nothing for %.0f seconds.", seconds)
        return PAUSED

    @property
    def _silent(self) -> bool:
        return self._clock.now() < self._silent_until


async def finished(sending: Coroutine[Any, Any, discord.Message]) -> discord.Message:
    """Await a request to Discord; where the caller is cancelled, for `GRACE` seconds more.

    discord.py holds a channel's next message back until it has the response to the one before: a request that is
    cancelled midway would silence the channel for half a minute.
    """
    task = asyncio.ensure_future(sending)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task], timeout=GRACE)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        raise


class DryRun:
    """Sends nothing; `show` gets what would have been sent, and what became of every message of others."""

    def __init__(self, show: Callable[[str], None]) -> None:
        self._show = show

    @asynccontextmanager
    async def typing(self, message: IncomingMessage) -> AsyncIterator[None]:
        """Show no typing."""
        yield

    async def send(self, message: IncomingMessage, lines: Sequence[str]) -> str:
        """Show the lines below the message that they answer."""
        self._show(f"{message.name}: {message.text}")
        for line in lines:
            self._show(f"  would answer: {line}")
        return ANSWERED

    async def notice(self, message: IncomingMessage, text: str) -> bool:
        """Send no notice."""
        return False

    def explain(self, message: IncomingMessage, outcome: str) -> None:
        """Show the outcome of a message."""
        if not message.own:
            self._show(f"{message.name} in {message.channel}: {message.text[:200]}  [{outcome}]")
