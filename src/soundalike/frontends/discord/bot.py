"""The client: Discord's events in, the pipeline's turns out, and the few loops that keep it going.

Every loop survives what goes wrong in it; what cannot be survived (a bad token, a missing intent) ends `start` with
a sentence. Knows no model, only a Speaker.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from typing import Any

import aiohttp
import discord

from soundalike.errors import SoundalikeError
from soundalike.frontends.discord.answering import Answering
from soundalike.frontends.discord.clock import Clock
from soundalike.frontends.discord.commands import Commands, Tree
from soundalike.frontends.discord.context import Names
from soundalike.frontends.discord.control import Control, introduction
from soundalike.frontends.discord.delivery import Delivery, Rehearsal, Sender
from soundalike.frontends.discord.filter import may_be_context
from soundalike.frontends.discord.health import Health
from soundalike.frontends.discord.heard import Heard, Turn
from soundalike.frontends.discord.hearing import Ages, hear
from soundalike.frontends.discord.identify import pause_before, recent
from soundalike.frontends.discord.ledger import WRONG, Ledger
from soundalike.frontends.discord.memory import Memory
from soundalike.frontends.discord.pacing import Pace
from soundalike.frontends.discord.pipeline import Pipeline
from soundalike.frontends.discord.settings import Settings, SettingsFile
from soundalike.frontends.discord.speaker import Speaker

log = logging.getLogger("soundalike.discord")

REREAD_EVERY = 2.0  # seconds between looks at discord.toml
BACKFILL, BACKFILL_SECONDS = 20, 3.0
GOODBYE_SECONDS = 3.0
NOTICE = "(My model is away just now. I will be back when it is.)"
Show = Callable[[str], None]


@dataclass(frozen=True)
class Parts:
    """All that a bot is made of. `known` maps people's ids to the names that training saw.

    `rehearsal`, where given, gets what would have been said and why not, and nothing is sent.
    """

    settings: SettingsFile
    memory: Memory
    speaker: Speaker
    pace: Pace = Pace()
    known: Mapping[str, str] = field(default_factory=dict)
    rehearsal: Show | None = None
    clock: Clock = Clock()
    rng: Random = field(default_factory=Random)


discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False  # it makes no calls


class Bot(discord.Client):
    """One voice on one connection. `start(token)` runs until `leave`."""

    def __init__(self, parts: Parts, **options: Any) -> None:
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
        self._delivery: Delivery
        self._ages = Ages()
        self._owners: frozenset[int] = frozenset()
        self._turns, self._bursts = asyncio.Event(), asyncio.Event()
        self._free = asyncio.Semaphore(1)
        self._answers: dict[str, asyncio.Task[None]] = {}
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
        self._delivery = Rehearsal(parts.rehearsal) if parts.rehearsal else sender
        self.control = Control(
            parts.speaker.owner, parts.settings, parts.memory, self.pipeline, self.health, self.stop, clock
        )
        self.tree.add_command(Commands(self.control, self.is_owner))
        if not parts.rehearsal:
            await self._introduce_application()
        steps = (self._decide, self._work, self._reread, self._probe)
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
        self._bursts.set()

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
        """An event that went wrong is told with its traceback, and the next is taken."""
        log.exception("Something went wrong in %s.", event_method)

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
                log.exception("Something went wrong; I go on.")
                await self.parts.clock.sleep(1.0)

    async def _decide(self) -> None:
        """Wait for the end of the first burst, or for a new one, and line up turns."""
        self._bursts.clear()
        due = self.pipeline.next_due
        with suppress(TimeoutError):
            async with asyncio.timeout(None if due is None else max(0.0, due - self.parts.clock.now())):
                await self._bursts.wait()
        self.pipeline.advance(self.parts.clock.now())
        if self.pipeline.waiting:
            self._turns.set()

    async def _work(self) -> None:
        """Give the model the next turn as soon as it is free."""
        await self._free.acquire()
        while (turn := self.pipeline.take(self.parts.clock.now(), self._answers)) is None:
            self._turns.clear()
            await self._turns.wait()
        self._answers[turn.channel] = asyncio.create_task(self._answer(turn))

    async def _answer(self, turn: Turn) -> None:
        """One turn from the model to the channel; it ends with a fate in the ledger, whatever happens."""
        fate = WRONG
        try:
            async with self._delivery.typing(turn):
                try:
                    await self._backfill(turn)
                    lines, fate = await self.answering.compose(turn)
                finally:
                    self._free.release()
                if lines:
                    await self._introduce(turn)
                    fate = await self._delivery.send(turn, lines)
        except asyncio.CancelledError:
            fate = self.pipeline.refusal(turn.asked) or "broken off"
            raise
        except Exception:
            log.exception("An answer went wrong; I go on.")
        finally:
            del self._answers[turn.channel]
            self.pipeline.ledger.settle(turn.asked, fate)
            self._turns.set()

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

    def stop(self, channel: str | None = None) -> None:
        """Break off the answers under way, in one channel or in all."""
        for name, task in list(self._answers.items()):
            if channel in (None, name):
                task.cancel()

    async def leave(self) -> None:
        """Drop what waits, finish what is being sent, say goodbye to the gateway."""
        for loop in self._loops:
            loop.cancel()
        if hasattr(self, "pipeline"):
            self.pipeline.drop("the bot was leaving")
        if self._answers:
            await asyncio.wait(list(self._answers.values()), timeout=GOODBYE_SECONDS)
        self.stop()
        await asyncio.gather(*self._loops, *self._answers.values(), return_exceptions=True)
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
    """Only what is needed: servers, their messages, direct messages if anybody may send one, and the words."""
    return discord.Intents(
        guilds=True,
        guild_messages=True,
        dm_messages=bool(settings.direct_messages),
        message_content=settings.message_content,
    )


def _owners(application: discord.AppInfo) -> frozenset[int]:
    members = application.team.members if application.team else [application.owner]
    return frozenset(member.id for member in members)
