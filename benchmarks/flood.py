"""The bot in a flood: 1,000 messages a second for a minute from 200 people in 50 channels, through the real discord.py.

In this process: discord.py, the pipeline and the pocket voice; the crowd and its Discord are another process. Measured:
growth of memory, how old answers were when sent, how fast a hush took hold, and that every message has its outcome.
"""

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine, Generator, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar, cast

import aiohttp
import psutil
from rich.console import Console
from rich.table import Table

from soundalike.engines import load
from soundalike.frontends.discord.answering import Answerer, shorten_switch_interval
from soundalike.frontends.discord.bot import Bot
from soundalike.frontends.discord.message import IncomingMessage
from soundalike.frontends.discord.run import connect
from soundalike.frontends.discord.settings import SettingsFile, template
from soundalike.frontends.discord.state import ANSWERED, StateFile
from soundalike.generation.voice import Voice
from tests.frontends.discord.fake import point_at

RATE, SECONDS = 1_000, 60.0
T = TypeVar("T")


class Timed(Answerer):
    """The voice, and how long it thought in all, in seconds."""

    seconds = 0.0

    async def reply(self, history: Sequence[tuple[str, str]], temperature: float | None = None) -> list[str]:
        """The lines of an answer."""
        began = time.perf_counter()
        try:
            return await super().reply(history, temperature)
        finally:
            self.seconds += time.perf_counter() - began


class Wire:
    """How long Discord took to take answers, in seconds; typing goes on beside and is not waited for."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.trace = aiohttp.TraceConfig()
        self.trace.on_request_start.append(self._start)
        self.trace.on_request_end.append(self._end)

    async def _start(self, session: Any, context: Any, request: aiohttp.TraceRequestStartParams) -> None:
        context.began = time.perf_counter()

    async def _end(self, session: Any, context: Any, request: aiohttp.TraceRequestEndParams) -> None:
        if request.url.path.endswith("/messages"):
            self.seconds += time.perf_counter() - context.began


class Metered(Awaitable[T]):
    """Something awaited, and the processor time of its own steps, in seconds: what runs between them is not counted."""

    def __init__(self, work: Coroutine[Any, Any, T], spent: Callable[[float], None]) -> None:
        self._work, self._spent = work, spent

    def __await__(self) -> Generator[Any, Any, T]:
        step = partial(self._work.send, None)
        while True:
            began = time.thread_time()
            try:
                waited_for = step()
            except StopIteration as end:
                return cast(T, end.value)
            finally:
                self._spent(time.thread_time() - began)
            try:
                yield waited_for
                step = partial(self._work.send, None)
            except BaseException as error:  # what is thrown at the task, its work is to see
                step = partial(self._work.throw, error)


class Overhead:
    """What answers take: from taking a message to its outcome, the model's time and Discord's included.

    `processor` is the time of the event loop's thread for these answers alone: on a busy machine the clock counts other
    processes too, and the thousand messages a second that are received meanwhile.
    """

    def __init__(self, bot: Bot) -> None:
        self.answers, self.seconds, self.processor = 0, 0.0, 0.0
        self._taken: dict[str, float] = {}
        take = bot.pipeline.take

        def timed(now: float) -> IncomingMessage | None:
            message = take(now)
            if message is not None:
                self._taken[message.id] = time.perf_counter()
            return message

        answer = bot._answer

        async def metered(message: IncomingMessage) -> str:
            return await Metered(answer(message), self._spent)

        setattr(bot.pipeline, "take", timed)  # noqa: B010
        setattr(bot, "_answer", metered)  # noqa: B010
        bot.pipeline.counts.on_outcome = self._settled

    def _spent(self, seconds: float) -> None:
        self.processor += seconds

    def _settled(self, message: IncomingMessage, outcome: str) -> None:
        if outcome == ANSWERED:
            self.answers += 1
        if began := self._taken.pop(message.id, None):
            self.seconds += time.perf_counter() - began


async def flooded(rate: int, seconds: float) -> dict[str, Any]:
    """One flood; figures by name."""
    command = (sys.executable, "-m", "benchmarks.flood_discord", str(rate), str(seconds))
    crowd = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert crowd.stdout is not None
    crowd_side = json.loads(await crowd.stdout.readline())
    point_at(crowd_side["base"])
    with TemporaryDirectory() as folder:
        answerer = Timed("juno", lambda: Voice(load("pocket"), "juno"))
        await answerer.reply([("sam", "hey")])
        answerer.seconds = 0.0
        wire = Wire()
        bot = _bot(Path(folder), crowd_side["channels"], answerer, wire)
        running = asyncio.create_task(connect(bot, crowd_side["token"]))
        while not bot.is_ready():
            await asyncio.sleep(0.1)
        overhead, before, most = Overhead(bot), _memory(), 0
        line = asyncio.create_task(crowd.stdout.readline())
        while not line.done():
            most = max(most, _memory())
            await asyncio.wait([line], timeout=0.5)
        figures: dict[str, Any] = json.loads(line.result())
        counts = bot.pipeline.counts
        figures |= {"received": counts.received, "pending": counts.pending}
        figures["outcomes"] = dict(counts.outcomes.most_common())
        await bot.leave()
        await asyncio.gather(running, crowd.wait(), return_exceptions=True)
    own = (overhead.seconds - answerer.seconds - wire.seconds) / max(1, overhead.answers)
    return figures | {
        "memory_before_mb": before / 1e6,
        "memory_growth_mb": (most - before) / 1e6,
        "thinking_ms_an_answer": 1000 * answerer.seconds / max(1, overhead.answers),
        "discord_ms_an_answer": 1000 * wire.seconds / max(1, overhead.answers),
        "own_ms_an_answer": 1000 * own,
        "own_processor_ms_an_answer": 1000 * overhead.processor / max(1, overhead.answers),
    }


def _bot(folder: Path, channels: list[str], answerer: Timed, wire: Wire) -> Bot:
    path = folder / "discord.toml"
    tables = "".join(f"[channels.{channel}]\n" for channel in channels)
    path.write_text(template().replace("longest = 4.0 ", "longest = 0.0 ") + tables)
    state = StateFile(folder / "discord-memory.json")
    state.now.introduced |= set(channels)
    return Bot(SettingsFile(path), state, answerer, http_trace=wire.trace)


def _memory() -> int:
    return int(psutil.Process().memory_info().rss)


def run() -> None:
    """Print the figures."""
    shorten_switch_interval()
    figures = asyncio.run(flooded(RATE, SECONDS))
    table = Table("what", "figure", title=f"{RATE:,} messages a second for {SECONDS:.0f} s")
    for name, figure in figures.items():
        if name == "outcomes":
            for outcome, count in figure.items():
                table.add_row(f"  {outcome}", f"{count:,}")
        else:
            table.add_row(name, f"{figure:,.3f}" if isinstance(figure, float) else f"{figure:,}")
    Console(width=100).print(table)
