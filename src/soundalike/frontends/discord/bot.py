"""The client: Discord's events in, the pipeline's turns out, and the few loops that keep it going.

Every loop survives what goes wrong in it; what cannot be survived (a bad token, a missing intent) ends `start` with
a sentence. Knows no model, only a Speaker.
"""

import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import discord

from soundalike.errors import SoundalikeError
from soundalike.frontends.discord import gateway
from soundalike.frontends.discord.answering import Answering
from soundalike.frontends.discord.commands import Commands, Tree
from soundalike.frontends.discord.context import Names
from soundalike.frontends.discord.control import Control, introduction
from soundalike.frontends.discord.delivery import Rehearsal, Sender
from soundalike.frontends.discord.faults import kind_and_place
from soundalike.frontends.discord.filter import may_be_context
from soundalike.frontends.discord.health import Health
from soundalike.frontends.discord.heard import Heard, Turn
from soundalike.frontends.discord.hearing import Ages, hear
from soundalike.frontends.discord.identify import pause_before, recent
from soundalike.frontends.discord.ledger import Ledger
from soundalike.frontends.discord.parts import Parts
from soundalike.frontends.discord.pipeline import Pipeline
from soundalike.frontends.discord.settings import Settings
from soundalike.frontends.discord.turns import Turns

log = logging.getLogger("soundalike.discord")

REREAD_EVERY = 2.0  # seconds between looks at discord.toml
BACKFILL, BACKFILL_SECONDS = 20, 3.0
GOODBYE_SECONDS = 3.0
NOTICE = "(My model is away just now. I will be back when it is.)"


discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False  # it makes no calls


class Bot(discord.Client):
    """One voice on one connection. `start(token)` runs until `leave`."""

    def __init__(self, parts: Parts, **options: Any) -> None:
        gateway.install()
        super().__init__(
            intents=intents(parts.settings.now),
            allowed_mentions=discord.AllowedMentions.none(),
            max_messages=None,
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            max_ratelimit_timeout=30.0,
            activity=discord.CustomActivity(f"a model in the style of {parts.speaker.owner}"),
            **options,
        )
        self.parts = parts
        self.health = Health()
        self.tree = Tree(self)
        self.pipeline: Pipeline
        self.control: Control
        self.answering: Answering
        self.turns: Turns
        self._ages = Ages()
        self._owners: frozenset[int] = frozenset()
        self._loops: list[asyncio.Task[None]] = []
        self._backfilled: set[str] = set()

    async def setup_hook(self) -> None:
        """After the login, before the first event: put the parts together."""
        assert self.user is not None and self.application is not None
        parts, me, clock = self.parts, self.user.id, self.parts.clock
        self._owners = _owners(self.application)
        ledger = Ledger(self._explain if parts.rehearsal else None)
        self.pipeline = Pipeline(str(me), lambda: parts.settings.now, lambda: parts.memory.now, parts.rng, ledger)
        names = Names(parts.speaker.owner, str(me), parts.known)
        self.answering = Answering(parts.speaker, self.pipeline, names, self.health, self._notice, clock, parts.rng)
        sender = Sender(self.pipeline, parts.pace, self._where, self._sent, clock, parts.rng)
        delivery = Rehearsal(parts.rehearsal) if parts.rehearsal else sender
        self.turns = Turns(self.pipeline, self.answering, delivery, self._backfill, self._introduce, clock)
        self.control = Control(
            parts.speaker.owner, parts.settings, parts.memory, self.pipeline, self.health, self.turns, clock
        )
        self.tree.add_command(Commands(self.control, self.is_owner))
        if not parts.rehearsal:
            await self._introduce_application()
        steps = (self.turns.decide, self.turns.work, self._reread, self._probe)
        self._loops = [asyncio.create_task(self._forever(step)) for step in steps]

    async def _introduce_application(self) -> None:
        """Commands and profile, at every start; a bot that cannot have them still talks."""
        assert self.application is not None
        try:
            await self.tree.sync()
            notice = f"A model in the style of {self.parts.speaker.owner}. What it says is made up."
            if notice not in self.application.description:
                await self.application.edit(description=f"{self.application.description}\n{notice}".strip()[:400])
        except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
            log.warning("Commands or profile could not be written: %s.", error)

    def is_owner(self, person: int) -> bool:
        """Whether a person may command: as discord.toml says, or, where it names nobody, the application's owners."""
        owners = self.parts.settings.now.owners
        return str(person) in owners if owners else person in self._owners

    # What Discord tells

    async def on_ready(self) -> None:
        """Connected."""
        listed = len(self.parts.settings.now.channels)
        log.info("Here as %s. Servers: %d. Channels in which it may answer: %d.", self.user, len(self.guilds), listed)

    async def on_resumed(self) -> None:
        """Connected again."""
        log.info("The connection is back; what was missed has come in.")

    async def on_disconnect(self) -> None:
        """The connection is gone; discord.py comes back by itself."""
        if not self.is_closed():
            log.info("The connection to Discord is gone; trying again.")

    async def on_message(self, message: discord.Message) -> None:
        """Every message that the intents let through, the bot's own included."""
        assert self.user is not None
        clock = self.parts.clock
        age = self._ages.of(message.created_at.timestamp(), clock.wall())
        self.pipeline.hear(hear(message, self.user.id, clock.now() - age))
        self.turns.heard()

    async def on_raw_message_edit(self, event: discord.RawMessageUpdateEvent) -> None:
        """What was changed is known as changed."""
        self.pipeline.context.edit(str(event.channel_id), str(event.message_id), event.message.content)

    async def on_raw_message_delete(self, event: discord.RawMessageDeleteEvent) -> None:
        """What was deleted is forgotten."""
        self.pipeline.context.edit(str(event.channel_id), str(event.message_id), None)

    async def on_raw_bulk_message_delete(self, event: discord.RawBulkMessageDeleteEvent) -> None:
        """The same for many."""
        for message in event.message_ids:
            self.pipeline.context.edit(str(event.channel_id), str(message), None)

    async def on_error(self, event_method: str, /, *args: Any, **kwargs: Any) -> None:
        """An event that went wrong is told by kind and place, an error's text may hold words; the next is taken."""
        log.error("Something went wrong in %s: %s.", event_method, kind_and_place(sys.exception()))

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Keep far from the number of identifications that costs the token, also over restarts."""
        if not initial:  # the first time `rest` has come before: discord.py cannot wait long without a connection
            await self.rest()
        memory, now = self.parts.memory, self.parts.clock.wall()
        memory.now.identified = [*recent(memory.now.identified, now), now]
        memory.save()

    async def rest(self) -> None:
        """Wait until the bot may identify itself."""
        clock = self.parts.clock
        while pause := pause_before(self.parts.memory.now.identified, clock.wall()):
            log.warning("Connected anew too often lately: waiting %.0f seconds.", pause)
            await clock.sleep(pause)

    # What goes on meanwhile

    async def _forever(self, step: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await step()
            except Exception:
                log.error("Something went wrong; I go on: %s.", kind_and_place(sys.exception()))
                await self.parts.clock.sleep(1.0)

    async def _backfill(self, turn: Turn) -> None:
        """Read what was said before the bot came, once a channel, unless it has heard enough since."""
        if turn.channel in self._backfilled or len(self.pipeline.context.last(turn.channel, BACKFILL)) == BACKFILL:
            return
        self._backfilled.add(turn.channel)
        assert self.user is not None
        try:
            async with asyncio.timeout(BACKFILL_SECONDS):
                async for message in self._where(turn).history(limit=BACKFILL):
                    self._remember(hear(message, self.user.id, 0.0))
        except (discord.DiscordException, aiohttp.ClientError, OSError, TimeoutError) as error:
            log.info("Earlier messages of channel %s could not be read: %s.", turn.channel, type(error).__name__)

    async def _introduce(self, turn: Turn) -> None:
        """Say what it is, before the first answer in a channel."""
        memory = self.parts.memory
        if self.parts.rehearsal or turn.channel in memory.now.introduced or self.pipeline.refusal(turn.asked):
            return
        if await self._notice_in(self._where(turn), introduction(self.parts.speaker.owner)):
            memory.now.introduced.add(turn.channel)
            memory.save()

    async def _notice(self, channel: str) -> None:
        if self.parts.rehearsal is None and not self.parts.memory.now.hushed:
            await self._notice_in(self.get_partial_messageable(int(channel)), NOTICE)

    async def _notice_in(self, where: discord.PartialMessageable, text: str) -> bool:
        try:
            await where.send(text, suppress_embeds=True)
        except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
            log.warning("A notice was not taken: %s.", type(error).__name__)
            return False
        return True

    async def _reread(self) -> None:
        """Take up changes to discord.toml; a wrong file is told once and the last right one holds."""
        await self.parts.clock.sleep(REREAD_EVERY)
        try:
            if self.parts.settings.reread():
                log.info("discord.toml was read again.")
        except SoundalikeError as error:
            log.error("%s The settings from before still hold.", error.what)

    async def _probe(self) -> None:
        """Ask a model that went away whether it is back."""
        clock = self.parts.clock
        await clock.sleep(max(1.0, self.health.until_probe(clock.now())))
        if not self.health.away or self.health.until_probe(clock.now()):
            return
        if await self.parts.speaker.ready():
            self.health.recover()
            log.info("The model is back.")
        else:
            self.health.fail(self.health.why, clock.now())

    def _where(self, turn: Turn) -> discord.PartialMessageable:
        server = int(turn.asked.server) if turn.asked.server else None
        return self.get_partial_messageable(int(turn.channel), guild_id=server)

    def _sent(self, message: discord.Message) -> None:
        assert self.user is not None
        self._remember(hear(message, self.user.id, self.parts.clock.now()))

    def _remember(self, heard: Heard) -> None:
        if may_be_context(heard, self.parts.settings.now, self.parts.memory.now):
            self.pipeline.context.add(heard)

    def _explain(self, heard: Heard, fate: str) -> None:
        if self.parts.rehearsal is not None and not heard.own:
            self.parts.rehearsal(f"{heard.name} in {heard.channel}: {heard.text[:200]}  [{fate}]")

    # The end

    async def leave(self) -> None:
        """Drop what waits, finish what is being sent, say goodbye to the gateway."""
        for loop in self._loops:
            loop.cancel()
        await asyncio.gather(*self._loops, return_exceptions=True)
        if self._loops:
            self.pipeline.drop("the bot was leaving")
            await self.turns.finish(GOODBYE_SECONDS)
        self._close_for_good()
        await self.close()
        await self.parts.speaker.close()

    def _close_for_good(self) -> None:
        """Have whoever closes the socket say 1000: the bot goes offline at once.

        discord.py means to, but the close wakes its reader, which closes first and with 4000: that keeps the session.
        """
        if self.ws is not None:  # before the first connection it is
            socket = self.ws.socket
            close = socket.close
            setattr(socket, "close", lambda **_: close(code=1000))  # noqa: B010


def intents(settings: Settings) -> discord.Intents:
    """Only what is needed: servers, messages there and direct ones, and what they say."""
    return discord.Intents(
        guilds=True,
        guild_messages=True,
        dm_messages=True,
        message_content=settings.message_content,
    )


def _owners(application: discord.AppInfo) -> frozenset[int]:
    members = application.team.members if application.team else [application.owner]
    return frozenset(member.id for member in members)
