"""The client: Discord's events go into the pipeline, and the messages that it chooses are answered.

Its loops survive whatever goes wrong in one step; only a bad token or a missing intent ends `start`, with a sentence.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from random import Random
from typing import Any

import aiohttp
import discord

from soundalike.errors import SoundalikeError
from soundalike.frontends.discord import error_place, log
from soundalike.frontends.discord.answering import Answerer
from soundalike.frontends.discord.commands import BotCommandTree, Commands, introduction, profile
from soundalike.frontends.discord.delivery import Delivery, DryRun, Sender, TypingPace, channel_of
from soundalike.frontends.discord.gateway import GatewayClient
from soundalike.frontends.discord.message import IncomingMessage, MessageAges, from_discord
from soundalike.frontends.discord.pipeline import Pipeline
from soundalike.frontends.discord.settings import SettingsFile
from soundalike.frontends.discord.state import BROKEN_OFF, FAILED, MODEL_AWAY, Clock, OutcomeCounts, StateFile

REREAD_EVERY = 2.0  # seconds between looks at discord.toml
BACKFILL, BACKFILL_SECONDS = 20, 3.0
GOODBYE_SECONDS = 3.0
AWAY_NOTICE = "(My model is away just now. I will be back when it is.)"

OPINIONS = {"👎": "rejected", "👍": "chosen"}  # by the emoji, without the modifier for a skin tone

discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False  # it makes no calls


class Bot(GatewayClient):
    """One voice on one connection. `start(token)` runs until `leave`.

    With `show` nothing is sent: it gets what would have been answered, and why the rest would not. `options` go to
    `discord.Client`.
    """

    def __init__(
        self,
        settings: SettingsFile,
        state: StateFile,
        answerer: Answerer,
        *,
        pace: TypingPace | None = None,
        show: Callable[[str], None] | None = None,
        clock: Clock | None = None,
        rng: Random | None = None,
        **options: Any,
    ) -> None:
        super().__init__(
            state,
            clock or Clock(),
            intents=discord.Intents(
                guilds=True,
                guild_messages=True,
                dm_messages=True,
                guild_reactions=True,
                dm_reactions=True,
                message_content=settings.now.message_content,
            ),
            allowed_mentions=discord.AllowedMentions.none(),
            max_messages=None,
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            max_ratelimit_timeout=30.0,
            activity=discord.CustomActivity(f"a model in the style of {answerer.owner}"),
            **options,
        )
        self.settings, self.answerer = settings, answerer
        self.is_leaving = False
        self.tree = BotCommandTree(self)
        self.pipeline: Pipeline
        self.delivery: Delivery
        self._pace, self._rng = pace or TypingPace(), rng or Random()
        self._dry_run = DryRun(show) if show else None
        self._ages = MessageAges()
        self._application_owners: frozenset[int] = frozenset()
        self._backfilled: set[str] = set()
        self._loops: list[asyncio.Task[None]] = []
        self._answers: dict[str, asyncio.Task[str]] = {}  # by channel
        self._composing: set[str] = set()  # channels whose answers the model is at
        self._received, self._changed = asyncio.Event(), asyncio.Event()

    async def setup_hook(self) -> None:
        """Make what needs the bot's id, and start the loops: after the login, before the first event."""
        assert self.user is not None and self.application is not None
        self._application_owners = _owners(self.application)
        dry_run, state = self._dry_run, self.state.now
        counts = OutcomeCounts(dry_run.explain if dry_run else None)
        self.pipeline = Pipeline(str(self.user.id), self.settings, state, self._rng, counts)
        self.delivery = dry_run or Sender(self, self.pipeline, self._pace, self.clock, self._rng)
        self.tree.add_command(Commands(self))
        if dry_run is None:
            await self._write_application()
        steps = (self._advance, self._take, self._reread, partial(self.answerer.probe, self.clock))
        self._loops = [asyncio.create_task(self._forever(step)) for step in steps]

    async def _write_application(self) -> None:
        """Write commands and profile; a bot that cannot have them still talks."""
        assert self.application is not None
        notice, written = profile(self.answerer.owner), self.application.description
        try:
            await self.tree.sync()
            if notice not in written:
                await self.application.edit(description=f"{written}\n{notice}".strip()[:400])
        except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
            log.warning("Commands or profile could not be written: %s.", error)

    def is_owner(self, person: int) -> bool:
        """Whether a person may use the owner's commands: `owners` of discord.toml, else the application's owners."""
        owners = self.settings.now.owners
        return str(person) in owners if owners else person in self._application_owners

    def may_correct(self, person: int) -> bool:
        """Whether a person's reactions correct the voice: an owner's, or those of `trusted` in discord.toml."""
        return self.is_owner(person) or str(person) in self.settings.now.trusted

    # Events

    async def on_ready(self) -> None:
        """Log that the bot is connected."""
        listed = len(self.settings.now.channels)
        log.info("Here as %s. Servers: %d. Channels in which it may answer: %d.", self.user, len(self.guilds), listed)

    async def on_resumed(self) -> None:
        """Log that the connection is back."""
        log.info("The connection is back; what was missed has come in.")

    async def on_disconnect(self) -> None:
        """Log that the connection is lost; discord.py connects again."""
        log.info("The connection to Discord is lost; trying again.")

    async def on_message(self, message: discord.Message) -> None:
        """Take in a message, the bot's own included."""
        assert self.user is not None
        age = self._ages.age(message.created_at.timestamp(), self.clock.wall())
        self.pipeline.receive(from_discord(message, self.user.id, self.clock.now() - age))
        self._received.set()

    async def on_raw_message_edit(self, event: discord.RawMessageUpdateEvent) -> None:
        """Take in a changed message."""
        self.pipeline.edit(str(event.channel_id), str(event.message_id), event.message.content)

    async def on_raw_message_delete(self, event: discord.RawMessageDeleteEvent) -> None:
        """Forget a deleted message and break off its answer."""
        self._delete(event.channel_id, event.message_id)

    async def on_raw_bulk_message_delete(self, event: discord.RawBulkMessageDeleteEvent) -> None:
        """Forget many deleted messages."""
        for message in event.message_ids:
            self._delete(event.channel_id, message)

    def _delete(self, channel: int, message: int) -> None:
        if self.pipeline.delete(str(channel), str(message)):
            self.stop_answers(channel=str(channel))

    async def on_raw_reaction_add(self, event: discord.RawReactionActionEvent) -> None:
        """A 👎 or 👍 of an owner's or a trusted person's to a message of the bot's corrects the voice."""
        opinion = OPINIONS.get(str(event.emoji)[:1])
        line = self.pipeline.recent.own_line(str(event.channel_id), str(event.message_id))
        if opinion is None or line is None or not self.may_correct(event.user_id):
            return
        try:
            await self.answerer.correct(**{opinion: [line]})
        except SoundalikeError as error:
            log.error("A correction was not kept. %s", error)
        else:
            log.info("A correction was kept.")

    async def on_error(self, event_method: str, /, *args: Any, **kwargs: Any) -> None:
        """Log an event whose handling failed, without its text; the next one is handled."""
        log.error("Something went wrong in %s: %s.", event_method, error_place(sys.exception()))

    # Loops, and the answers under way

    async def _forever(self, step: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await step()
            except Exception:
                log.error("Something went wrong; I go on: %s.", error_place(sys.exception()))
                await self.clock.sleep(1.0)

    async def _advance(self) -> None:
        """Wait for a burst to end, or for a new one, and queue the messages to answer."""
        self._received.clear()
        due = self.pipeline.next_due
        with suppress(TimeoutError):
            async with asyncio.timeout(None if due is None else max(0.0, due - self.clock.now())):
                await self._received.wait()
        self.pipeline.advance(self.clock.now())
        if self.pipeline.waiting:
            self._changed.set()

    async def _take(self) -> None:
        """Begin the next answer as soon as the model is free for it."""
        is_free = len(self._composing) < self.answerer.at_once
        message = self.pipeline.take(self.clock.now()) if is_free else None
        if message is None:
            self._changed.clear()
            await self._changed.wait()
            return
        self._composing.add(message.channel)
        task = self._answers[message.channel] = asyncio.create_task(self._answer(message))
        task.add_done_callback(partial(self._answered, message))

    async def _answer(self, message: IncomingMessage) -> str:
        """Have one message answered; returns the outcome."""
        async with self.delivery.typing(message):
            await self._backfill(message)
            lines, outcome = await self.answerer.compose(message, self.pipeline, self.clock)
            self._composed(message)
            if outcome == MODEL_AWAY:
                await self._notify_away(message)
            if lines:
                await self._introduce(message)
                outcome = await self.delivery.send(message, lines)
        return outcome

    def _composed(self, message: IncomingMessage) -> None:
        self._composing.discard(message.channel)
        self._changed.set()

    def _answered(self, message: IncomingMessage, task: "asyncio.Task[str]") -> None:
        """Note how an answer ended, even one that was broken off before it began."""
        del self._answers[message.channel]
        self.pipeline.finish(message, self._outcome(message, task))
        self._composed(message)

    def _outcome(self, message: IncomingMessage, task: "asyncio.Task[str]") -> str:
        if task.cancelled():
            return self.pipeline.refusal(message) or BROKEN_OFF
        if error := task.exception():
            log.error("An answer went wrong; I go on: %s.", error_place(error))
            return FAILED
        return task.result()

    def stop_answers(self, channel: str | None = None, author: str | None = None) -> None:
        """Break off the answers under way in one channel, or to one person, or all."""
        for name, task in self._answers.items():
            if channel in (None, name) and author in (None, self.pipeline.answering[name].author):
                task.cancel()

    async def _backfill(self, message: IncomingMessage) -> None:
        """Read what was written before the bot came, once a channel, unless it has received enough since."""
        channel = message.channel
        if channel in self._backfilled or len(self.pipeline.recent.last(channel, BACKFILL)) == BACKFILL:
            return
        self._backfilled.add(channel)
        assert self.user is not None
        try:
            async with asyncio.timeout(BACKFILL_SECONDS):
                async for earlier in channel_of(self, message).history(limit=BACKFILL):
                    self.pipeline.remember(from_discord(earlier, self.user.id, 0.0))
        except (discord.DiscordException, aiohttp.ClientError, OSError, TimeoutError) as error:
            log.info("Earlier messages of channel %s could not be read: %s.", channel, type(error).__name__)

    async def _introduce(self, message: IncomingMessage) -> None:
        """Say what the bot is, before its first answer in a channel."""
        introduced = self.state.now.introduced
        if message.channel in introduced or self.pipeline.refusal(message):
            return
        if await self.delivery.notice(message, introduction(self.answerer.owner)):
            introduced.add(message.channel)
            self.state.save()

    async def _notify_away(self, message: IncomingMessage) -> None:
        """Tell who addressed the bot that its model is away, once a channel and outage."""
        if message.addressed and not self.state.now.hushed and self.answerer.health.should_notify(message.channel):
            await self.delivery.notice(message, AWAY_NOTICE)

    async def _reread(self) -> None:
        """Wait, and take up changes of discord.toml; a wrong file is logged once and the settings before it hold."""
        await self.clock.sleep(REREAD_EVERY)
        try:
            if self.settings.reread():
                log.info("discord.toml was read again.")
        except SoundalikeError as error:
            log.error("%s The settings from before still hold.", error.what)

    # The end

    async def leave(self) -> None:
        """Drop what waits, finish what is being sent, and disconnect."""
        self.is_leaving = True
        for loop in self._loops:
            loop.cancel()
        await asyncio.gather(*self._loops, return_exceptions=True)
        if self._loops:
            self.pipeline.drop("the bot was leaving")
            await self._finish_answers()
        await self.close()
        await self.answerer.close()

    async def _finish_answers(self) -> None:
        tasks = list(self._answers.values())
        if tasks:
            await asyncio.wait(tasks, timeout=GOODBYE_SECONDS)
        self.stop_answers()
        await asyncio.gather(*tasks, return_exceptions=True)


def _owners(application: discord.AppInfo) -> frozenset[int]:
    members = application.team.members if application.team else [application.owner]
    return frozenset(member.id for member in members)
