"""From a message to the lines of an answer: what the model reads, whether it can answer, what it wrote."""

import asyncio
import sys
from collections.abc import Callable, Mapping, Sequence
from threading import Thread

from soundalike.clone import Clone
from soundalike.errors import SoundalikeError
from soundalike.frontends.bot_loops import without_repeats
from soundalike.frontends.discord import log
from soundalike.frontends.discord.message import IncomingMessage, PromptNames, prompt_messages
from soundalike.frontends.discord.pipeline import Pipeline, may_be_shown
from soundalike.frontends.discord.state import MODEL_AWAY, NOT_IN_TIME, OPTED_OUT, Clock
from soundalike.generation.scheduler import Scheduler
from soundalike.generation.ticket import ModelFailed
from soundalike.generation.voice import Voice

ANSWERS_AT_ONCE = 4
NOTHING_TO_SAY = "nothing to say"
FIRST_PROBE, LONGEST_PROBE = 5.0, 60.0  # seconds between attempts to reach a model that is away
SWITCH_SECONDS = 0.0005
CLOSE_SECONDS = 2.0  # for the step of the model that is under way

History = Sequence[tuple[str, str]]


class ModelAway(SoundalikeError):
    """The model cannot answer now; it may come back."""


class ModelHealth:
    """Whether the model can answer, and when to try again where it cannot. Times are arguments, in seconds."""

    def __init__(self) -> None:
        self.problem = ""
        self._pause = FIRST_PROBE
        self._probe_at = 0.0
        self._notified: set[str] = set()

    @property
    def away(self) -> bool:
        """Whether the last attempt failed."""
        return bool(self.problem)

    def fail(self, problem: str, now: float) -> bool:
        """An attempt failed; True for the first one. The pause before the next probe grows with each."""
        first, self.problem = not self.problem, problem
        self._probe_at = now + self._pause
        self._pause = min(LONGEST_PROBE, 2 * self._pause)
        return first

    def recover(self) -> None:
        """The model answers again."""
        self.problem, self._pause = "", FIRST_PROBE
        self._notified.clear()

    def until_probe(self, now: float) -> float:
        """Seconds until the next probe."""
        return max(0.0, self._probe_at - now)

    def should_notify(self, channel: str) -> bool:
        """Whether a notice that the model is away is due in a channel: once an outage."""
        due = channel not in self._notified
        self._notified.add(channel)
        return due


class Answerer:
    """Writes answers with a voice, `at_once` of them in one batch at most. `owner` is the voice's name.

    `load` makes the voice; where it fails it is called again for the next answer, since a server may come up later.
    `known` maps author ids in the clone's messages to the names there, which may be `invented`: see `PromptNames`.
    """

    def __init__(
        self, owner: str, load: Callable[[], Voice], known: Mapping[str, str] | None = None, invented: bool = False
    ) -> None:
        self.owner, self.known, self.at_once = owner, known or {}, ANSWERS_AT_ONCE
        self.invented = invented
        self.health = ModelHealth()
        self._load, self._loading = load, asyncio.Lock()
        self._loaded: tuple[Voice, Scheduler] | None = None

    @classmethod
    def of_clone(cls, clone: Clone, at: str = "", known: Mapping[str, str] | None = None) -> "Answerer":
        """With a clone folder's voice; the model behind `at`, a server's address, takes the place of its own."""
        owner, invented = str(clone.manifest()["clone"]["speaker"]), bool(clone.manifest().get("pseudonyms"))
        return cls(owner, lambda: Voice.load(clone.root, at or None), known, invented)

    async def load(self) -> tuple[Voice, Scheduler]:
        """Load the voice, once; its own errors are raised."""
        async with self._loading:
            if self._loaded is None:
                voice = await asyncio.to_thread(self._load)
                self._loaded = voice, Scheduler([voice], streams=self.at_once)
            return self._loaded

    async def reply(self, history: History, temperature: float | None = None) -> list[str]:
        """The lines of the next answer to (name, text) pairs, oldest first; `ModelAway` where it cannot answer now.

        A `temperature` of None is the voice's own.
        """
        try:
            voice, scheduler = await self.load()
            return list(await scheduler.reply(voice, history, voice.sampling.updated(temperature=temperature)))
        except ModelFailed:
            raise
        except SoundalikeError as error:
            raise ModelAway(error.what, error.do) from error

    async def correct(self, rejected: Sequence[str] = (), chosen: Sequence[str] = ()) -> None:
        """Keep that lines of the voice are not how its owner writes, or are; without what others wrote before them."""
        voice, _ = await self.load()
        await asyncio.to_thread(voice.correct, [], rejected, chosen)

    async def close(self) -> None:
        """Stop the model's thread; one that does not stop in time ends with the process."""
        if self._loaded is None:
            return
        closing = Thread(target=self._loaded[1].close, daemon=True)
        closing.start()
        until = asyncio.get_running_loop().time() + CLOSE_SECONDS
        while closing.is_alive() and asyncio.get_running_loop().time() < until:
            await asyncio.sleep(0.005)

    async def compose(self, message: IncomingMessage, pipeline: Pipeline, clock: Clock) -> tuple[list[str], str]:
        """(lines to send, "") or ([], outcome)."""
        remaining = pipeline.settings.now.queue.fresh - (clock.now() - message.at)
        try:
            async with asyncio.timeout(remaining):
                return await self._composed(message, pipeline)
        except TimeoutError:
            log.warning("An answer was not ready in time: for a slow model, raise `fresh` in discord.toml.")
            return [], NOT_IN_TIME
        except ModelAway as error:
            if self.health.fail(error.what, clock.now()):
                log.error("%s I keep trying and say nothing meanwhile.", error.what)
            return [], MODEL_AWAY

    async def _composed(self, message: IncomingMessage, pipeline: Pipeline) -> tuple[list[str], str]:
        message = pipeline.latest(message)
        if outcome := pipeline.refusal(message):
            return [], outcome
        if self.health.away:
            return [], MODEL_AWAY
        read = _prompt_messages(message, pipeline)
        names = PromptNames(self.owner, pipeline.me, self.known, self.invented)
        reply = await self.reply(
            names.history(read), pipeline.settings.now.temperature(message.channel, message.parent)
        )
        if pipeline.latest(message).text != message.text:
            return await self._composed(message, pipeline)  # it was edited meanwhile
        if any(one.author in pipeline.state.opted_out for one in read):
            return [], OPTED_OUT
        lines = without_repeats(names.as_shown(reply), pipeline.recent.own_lines(message.channel))
        return lines, "" if lines else NOTHING_TO_SAY

    async def probe(self, clock: Clock) -> None:
        """Wait, and try a model that went away."""
        await clock.sleep(max(1.0, self.health.until_probe(clock.now())))
        if not self.health.away or self.health.until_probe(clock.now()):
            return
        try:
            await self.reply([])
        except ModelAway as error:
            self.health.fail(error.what, clock.now())
        else:
            self.health.recover()
            log.info("The model is back.")


def _prompt_messages(asked: IncomingMessage, pipeline: Pipeline) -> list[IncomingMessage]:
    """What the model reads for an answer to `asked`."""
    settings, quoted = pipeline.settings.now, asked.quoted
    if quoted is not None and not may_be_shown(quoted, settings, pipeline.state):
        quoted = None
    recent = pipeline.recent.last(asked.channel, settings.context.messages * 2)
    return prompt_messages(recent, asked, quoted, settings.context.messages, settings.context.tokens)


def shorten_switch_interval() -> None:
    """Have Python's threads take turns ten times as often as usual, for the whole process.

    An event loop that waits for a socket gets the interpreter back only at a switch: at the usual 5 ms, that is what
    every wait costs while a model computes.
    """
    sys.setswitchinterval(SWITCH_SECONDS)
