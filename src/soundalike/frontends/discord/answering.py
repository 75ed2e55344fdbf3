"""From a turn to the lines of an answer: what the model is shown, whether it still wants to speak, what it said."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from random import Random

from soundalike.frontends.bot_loops import unsaid
from soundalike.frontends.discord.clock import Clock
from soundalike.frontends.discord.context import Names, shown
from soundalike.frontends.discord.decide import second_thought
from soundalike.frontends.discord.filter import may_be_context
from soundalike.frontends.discord.health import Health
from soundalike.frontends.discord.heard import Heard, Turn
from soundalike.frontends.discord.ledger import AWAY, OPTED_OUT, SILENT, STALE
from soundalike.frontends.discord.pipeline import Pipeline
from soundalike.frontends.discord.speaker import Speaker, SpeakerAway

log = logging.getLogger("soundalike.discord")

EMPTY = "nothing to say"
Notice = Callable[[str], Awaitable[None]]


class Answering:
    """Asks the speaker, one turn at a time. `notice` tells a channel that the model is away."""

    def __init__(
        self,
        speaker: Speaker,
        pipeline: Pipeline,
        names: Names,
        health: Health,
        notice: Notice,
        clock: Clock,
        rng: Random,
    ) -> None:
        self.seconds = 0.0  # spent waiting for the speaker, since the start
        self._speaker, self._pipeline, self._names, self._health = speaker, pipeline, names, health
        self._notice, self._clock, self._rng = notice, clock, rng

    async def compose(self, turn: Turn) -> tuple[list[str], str]:
        """(lines to send, "") or (nothing, why not)."""
        if reason := self._pipeline.refusal(turn.asked):
            return [], reason
        if self._health.away:
            return await self._away(turn)
        began = self._clock.now()
        left = self._pipeline.settings().queue.fresh - (began - turn.asked.at)
        try:
            async with asyncio.timeout(left):
                return await self._composed(turn)
        except TimeoutError:
            log.warning("An answer was not ready in time: for a slow model, raise `fresh` in discord.toml.")
            return [], STALE
        except SpeakerAway as error:
            if self._health.fail(error.what, self._clock.now()):
                log.error("%s I go on asking it and say nothing meanwhile.", error.what)
            return await self._away(turn)
        finally:
            self.seconds += self._clock.now() - began

    async def _composed(self, turn: Turn) -> tuple[list[str], str]:
        read = self._read(turn)
        history = self._names.history(read)
        if not turn.addressed:
            stays = second_thought(await self._speaker.eagerness(history))
            if self._rng.random() >= stays:
                return [], SILENT
        temperature = self._pipeline.settings().temperature(turn.channel, turn.asked.parent)
        reply = await self._speaker.reply(history, temperature)
        if any(heard.author in self._pipeline.remembered().opted_out for heard in read):
            return [], OPTED_OUT
        lines = unsaid(reply, self._pipeline.context.own_lines(turn.channel))
        return lines, "" if lines else EMPTY

    def _read(self, turn: Turn) -> list[Heard]:
        """The messages that the speaker is shown for a turn."""
        settings, asked = self._pipeline.settings(), turn.asked
        limits, quoted = settings.context, asked.quoted
        if quoted is not None and not may_be_context(quoted, settings, self._pipeline.remembered()):
            quoted = None
        said = self._pipeline.context.last(turn.channel, limits.messages * 2)
        return shown(said, asked, quoted, limits.messages, limits.tokens)

    async def _away(self, turn: Turn) -> tuple[list[str], str]:
        if turn.addressed and self._health.tell(turn.channel):
            await self._notice(turn.channel)
        return [], AWAY
