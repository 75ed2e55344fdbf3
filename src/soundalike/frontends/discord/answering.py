"""From a message to the lines of an answer: what the model reads, whether it can answer, what it wrote."""

import asyncio
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol, TypeVar

from soundalike.clone import Clone
from soundalike.errors import SoundalikeError
from soundalike.frontends.bot_loops import unsaid
from soundalike.frontends.discord import log
from soundalike.frontends.discord.message import IncomingMessage, PromptNames, prompt_messages
from soundalike.frontends.discord.pipeline import Pipeline, may_be_shown
from soundalike.frontends.discord.state import MODEL_AWAY, NOT_IN_TIME, OPTED_OUT, Clock

if TYPE_CHECKING:
    from soundalike.generation.voice import Voice

NOTHING_TO_SAY = "nothing to say"
FIRST_PROBE, LONGEST_PROBE = 5.0, 60.0  # seconds between attempts to reach a model that is away
SWITCH_SECONDS = 0.0005

T = TypeVar("T")
History = Sequence[tuple[str, str]]


class SpeakerAway(SoundalikeError):
    """The model does not answer; it may come back."""


class Speaker(Protocol):
    """Writes the answers. `owner` is the name of its own lines in a history."""

    owner: str

    async def reply(self, history: History, temperature: float | None) -> list[str]:
        """The lines of the next answer, perhaps none; `SpeakerAway` where the model cannot answer now.

        `history` is (name, text), oldest first; a `temperature` of None is the voice's own.
        """

    async def ready(self) -> bool:
        """Whether it could answer now."""

    async def close(self) -> None:
        """Free what it holds; it is not used afterwards."""


class VoiceSpeaker:
    """A Voice on a thread of its own, one reply at a time, while the event loop goes on.

    `load` makes the voice; where it fails it is called again at the next reply.
    """

    def __init__(self, owner: str, load: Callable[[], "Voice"]) -> None:
        self.owner = owner
        self._load = load
        self._voice: Voice | None = None
        self._thread = ThreadPoolExecutor(1, "voice")

    async def load(self) -> None:
        """Load the voice now; its own errors are raised."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._loaded)

    def _loaded(self) -> "Voice":
        if self._voice is None:
            self._voice = self._load()
        return self._voice

    async def reply(self, history: History, temperature: float | None) -> list[str]:
        """The lines of the next answer; see `Speaker`."""
        return await self._on_thread(lambda: self._reply(history, temperature))

    def _reply(self, history: History, temperature: float | None) -> list[str]:
        voice = self._loaded()
        usual = voice.sampling
        return list(voice.reply(history, usual if temperature is None else replace(usual, temperature=temperature)))

    async def ready(self) -> bool:
        """Whether it can draw a token now."""
        try:
            await self._on_thread(lambda: next(self._loaded().complete("", 1).pieces, None))
        except SpeakerAway:
            return False
        return True

    async def close(self) -> None:
        """Let the thread end after its present reply."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _on_thread(self, work: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except SoundalikeError as error:
            raise SpeakerAway(error.what, error.do) from error


def speaker_of_clone(clone: Clone, at: str = "") -> VoiceSpeaker:
    """The voice of a clone folder; with `at`, a server's address, the model there takes the place of its own."""

    def load() -> "Voice":
        from soundalike.generation.voice import Voice

        return Voice.load(clone.root, at or None)

    return VoiceSpeaker(str(clone.manifest()["clone"]["speaker"]), load)


def shorten_switch_interval() -> None:
    """Have Python's threads take turns ten times as often as usual, for the whole process.

    An event loop that waits for a socket gets the interpreter back only at a switch: at the usual 5 ms, that is what
    every wait costs while a model computes.
    """
    sys.setswitchinterval(SWITCH_SECONDS)


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


class Answering:
    """Composes answers with a speaker. `known` maps author ids to names, see `PromptNames`."""

    def __init__(self, speaker: Speaker, pipeline: Pipeline, known: Mapping[str, str], clock: Clock) -> None:
        self.health = ModelHealth()
        self._speaker, self._pipeline, self._clock = speaker, pipeline, clock
        self._names = PromptNames(speaker.owner, pipeline.me, known)

    async def compose(self, message: IncomingMessage) -> tuple[list[str], str]:
        """(lines to send, "") or ([], outcome)."""
        remaining = self._pipeline.settings.now.queue.fresh - (self._clock.now() - message.at)
        try:
            async with asyncio.timeout(remaining):
                return await self._composed(message)
        except TimeoutError:
            log.warning("An answer was not ready in time: for a slow model, raise `fresh` in discord.toml.")
            return [], NOT_IN_TIME
        except SpeakerAway as error:
            if self.health.fail(error.what, self._clock.now()):
                log.error("%s I keep trying and say nothing meanwhile.", error.what)
            return [], MODEL_AWAY

    async def _composed(self, message: IncomingMessage) -> tuple[list[str], str]:
        message = self._pipeline.latest(message)
        if outcome := self._pipeline.refusal(message):
            return [], outcome
        if self.health.away:
            return [], MODEL_AWAY
        read = self._prompt_messages(message)
        temperature = self._pipeline.settings.now.temperature(message.channel, message.parent)
        reply = await self._speaker.reply(self._names.history(read), temperature)
        if self._pipeline.latest(message).text != message.text:
            return await self._composed(message)  # it was edited meanwhile
        if any(one.author in self._pipeline.state.opted_out for one in read):
            return [], OPTED_OUT
        lines = unsaid(reply, self._pipeline.recent.own_lines(message.channel))
        return lines, "" if lines else NOTHING_TO_SAY

    def _prompt_messages(self, asked: IncomingMessage) -> list[IncomingMessage]:
        settings, quoted = self._pipeline.settings.now, asked.quoted
        if quoted is not None and not may_be_shown(quoted, settings, self._pipeline.state):
            quoted = None
        recent = self._pipeline.recent.last(asked.channel, settings.context.messages * 2)
        return prompt_messages(recent, asked, quoted, settings.context.messages, settings.context.tokens)

    async def probe(self) -> None:
        """Wait, and try a model that went away."""
        await self._clock.sleep(max(1.0, self.health.until_probe(self._clock.now())))
        if not self.health.away or self.health.until_probe(self._clock.now()):
            return
        if await self._speaker.ready():
            self.health.recover()
            log.info("The model is back.")
        else:
            self.health.fail(self.health.problem, self._clock.now())
