"""A bot on the fake Discord, for one test: real discord.py, real sockets on loopback, a voice that is quick."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

from soundalike.clone.document import Document
from soundalike.engines.markov import MarkovEngine
from soundalike.frontends.discord.answering import Answerer, ModelAway
from soundalike.frontends.discord.bot import Bot
from soundalike.frontends.discord.run import connect
from soundalike.frontends.discord.settings import SettingsFile
from soundalike.frontends.discord.state import Clock, StateFile
from soundalike.generation.sampling import Sampling
from soundalike.generation.voice import Voice
from soundalike.training.packing import encode, pack
from tests.frontends.discord.fake import PATIENCE, Account, FakeDiscord, serving

QUICK = "[burst]\nquiet = 0\nlongest = 0\n[pace]\nlongest = 0\n[answer]\nprobability = 1\nleast = 1\n"
SCRIPT = "ana: hi\nada: hey you\nada: what's up\nana: not much\nada: ok then\n"


def voice(*scripts: str, owner: str = "ada", sampling: Sampling | None = None) -> Voice:
    """A word chain that has learned these conversations."""
    engine = MarkovEngine(6)
    documents = [Document(script) for script in scripts or (SCRIPT,)] * 30
    engine.step(pack(list(encode(documents, engine.tokenizer, 256)), 256, seed=0), 0.0)
    return Voice(engine, owner, sampling=sampling or Sampling(temperature=0, dry_multiplier=0))


def answers(made: Voice) -> Answerer:
    """Answers with a voice that is loaded at once."""
    return Answerer(made.owner, lambda: made)


class Scripted(Answerer):
    """Answers with `replies` in turn, or raises them, then with numbered ones. `read` keeps what it read."""

    def __init__(self, *replies: Sequence[str] | Exception) -> None:
        super().__init__("ada", voice)
        self.replies = list(replies)
        self.read: list[list[tuple[str, str]]] = []
        self.temperatures: list[float | None] = []
        self.hold: asyncio.Event | None = None
        self.asked = asyncio.Event()

    async def reply(self, history: Sequence[tuple[str, str]], temperature: float | None = None) -> list[str]:
        """The next."""
        self.read.append(list(history))
        self.temperatures.append(temperature)
        number = len(self.read)
        self.asked.set()
        if self.hold is not None:
            await self.hold.wait()
        found = self.replies.pop(0) if self.replies else [f"reply {number}"]
        if isinstance(found, Exception):
            raise found
        return list(found)


AWAY = ModelAway("The model's server failed: no connection.", "Is it running?")


def settings(folder: Path, *channels: str, more: str = "", quick: str = QUICK) -> SettingsFile:
    """A discord.toml that lists these channels; `more` stands before the tables."""
    path = folder / "discord.toml"
    tables = "".join(f"[channels.{channel}]\n" for channel in channels)
    path.write_text(f"{more}\n{quick}\n{tables}")
    return SettingsFile(path)


def bot_of(
    fake: FakeDiscord,
    folder: Path,
    answerer: Answerer | None = None,
    channels: Sequence[str] | None = None,
    more: str = "",
    quick: str = QUICK,
    clock: Clock | None = None,
    introduced: bool = True,
    known: Mapping[str, str] | None = None,
    **options: Any,
) -> Bot:
    """A bot that answers at once, its files in `folder`; `options` as `Bot` takes them."""
    folder.mkdir(exist_ok=True)
    file = settings(folder, *(fake.channels if channels is None else channels), more=more, quick=quick)
    state = StateFile(folder / "discord-memory.json")
    state.now.identified.clear()
    state.now.introduced |= set(fake.channels) if introduced else set()
    answerer, clock = answerer or answers(voice()), clock or StillClock().clock()
    answerer.known = known or {}
    return Bot(file, state, answerer, clock=clock, rng=Random(0), guild_ready_timeout=0.05, **options)


@asynccontextmanager
async def living(
    fake: FakeDiscord, folder: Path, answerer: Answerer | None = None, account: Account | None = None, **options: Any
) -> AsyncIterator[Bot]:
    """A bot that is connected and ready; `options` as `bot_of` takes them."""
    account = account or fake.accounts[0]
    bot = bot_of(fake, folder, answerer, **options)
    await bot.login(account.token)
    if "show" not in options:
        bot.pipeline.counts.on_outcome = lambda message, outcome: fake.changed()
        for step in ("receive", "edit"):
            setattr(bot.pipeline, step, _noted(getattr(bot.pipeline, step), fake))
    connected = asyncio.create_task(connect(bot, account.token))
    try:
        ready = asyncio.create_task(bot.wait_until_ready())
        await asyncio.wait([connected, ready], return_when=asyncio.FIRST_COMPLETED)
        if connected.done():
            ready.cancel()
            await connected
        yield bot
    finally:
        await bot.leave()
        await connected


def _noted(step: Callable[..., None], fake: FakeDiscord) -> Callable[..., None]:
    def noted(*arguments: Any) -> None:
        step(*arguments)
        fake.changed()

    return noted


def live(scenario: Callable[[FakeDiscord], Awaitable[None]], channels: int = 2, token: str | None = None) -> None:
    """Run a scenario on a fresh Discord with one bot's account."""

    async def run() -> None:
        async with serving(FakeDiscord(channels)) as fake:
            fake.account(token=token)
            await scenario(fake)

    asyncio.run(run())


async def settled(fake: FakeDiscord, bot: Bot, received: int) -> None:
    """Wait until the bot has received so many messages and each has its outcome."""
    await fake.until(lambda: bot.pipeline.counts.received >= received and bot.pipeline.counts.pending == 0)


class StillClock:
    """Time that stands still until a test advances it."""

    def __init__(self) -> None:
        self.elapsed = 0.0
        self._wall = time.time()
        self._sleepers: list[tuple[float, asyncio.Event]] = []
        self.slept: list[float] = []

    def clock(self) -> Clock:
        """The time as the bot gets it."""
        return Clock(lambda: 1_000.0 + self.elapsed, self.wall, self._sleep)

    def wall(self) -> float:
        """Seconds since 1970."""
        return self._wall + self.elapsed

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        woken = asyncio.Event()
        if seconds > 0:
            self._sleepers.append((self.elapsed + seconds, woken))
            await woken.wait()

    def pass_(self, seconds: float) -> None:
        """Let time pass; tasks that have slept for long enough wake up."""
        self.elapsed += seconds
        for until, woken in self._sleepers:
            if until <= self.elapsed:
                woken.set()
        self._sleepers = [one for one in self._sleepers if not one[1].is_set()]

    async def pass_until(self, step: float, holds: Callable[[], bool]) -> None:
        """Let time pass in steps, other tasks running between, until something holds."""
        async with asyncio.timeout(PATIENCE):
            while not holds():
                self.pass_(step)
                await asyncio.sleep(0)
