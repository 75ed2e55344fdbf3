"""64 streaming clients against `soundalike serve` and against `transformers serve`; and a server killed under load.

    python -m benchmarks.serve [--clients 64] [--rounds 3] [--kill]

The same pocket model, the same endpoint (/v1/completions, streaming, at most 64 tokens), the same clients in a process
of their own. transformers runs with its continuous batching. A reply of ours ends where somebody else would speak,
theirs with the conversation or after 64 tokens: so tokens a second is the fair figure, requests a second is what a
user sees. First text: the first chunk that holds any, after chunks with a role or nothing in them; of ours these are
words that every guard has cleared.

A server is killed with -9 after it has answered for as long as it took to start, and started again; the clients go on
for four times as long, so that the window fits the machine and its load. With --kill that is all that is done.
"""

import argparse
import asyncio
import contextlib
import json
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
from rich.console import Console
from rich.table import Table

PROMPTS = ("what are you up to", "i was thinking that", "did you see", "the best part of it is", "ok but why")
TOKENS, PATIENCE = 64, 120.0


@dataclass
class Tally:
    """What clients saw: seconds to the first text of each request, tokens, failures by kind, and moments of success."""

    firsts: list[float] = field(default_factory=list)
    ends: list[float] = field(default_factory=list)
    tokens: int = 0
    failures: dict[str, int] = field(default_factory=dict)

    def failed(self, kind: str) -> None:
        """Count one."""
        self.failures[kind] = self.failures.get(kind, 0) + 1


@contextlib.contextmanager
def serving(command: Sequence[str], port: int, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A server that answers; it is ended when the context is left."""
    with log.open("ab") as told, subprocess.Popen(command, stdout=told, stderr=told) as server:
        try:
            asyncio.run(_awake(server, port))
            yield server
        finally:
            server.terminate()
            try:
                server.wait(timeout=20)
            except subprocess.TimeoutExpired:
                server.kill()


async def _awake(server: "subprocess.Popen[bytes]", port: int) -> None:
    started = time.monotonic()
    async with aiohttp.ClientSession() as session:
        while time.monotonic() - started < PATIENCE:
            if server.poll() is not None:
                raise SystemExit(f"{server.args!r} ended with {server.returncode}")
            with contextlib.suppress(aiohttp.ClientError):
                async with session.get(f"http://127.0.0.1:{port}/health") as answer:
                    if answer.status == 200:
                        return
            await asyncio.sleep(0.1)
    raise SystemExit("The server does not answer.")


async def ask(session: aiohttp.ClientSession, port: int, model: str, prompt: str, tally: Tally) -> None:
    """One streamed request."""
    body = {"model": model, "prompt": prompt, "max_tokens": TOKENS, "temperature": 0.9, "stream": True}
    started, first, chunks, used = time.monotonic(), 0.0, 0, 0
    async with session.post(f"http://127.0.0.1:{port}/v1/completions", json=body | USAGE) as answer:
        if answer.status != 200:
            tally.failed(str(answer.status))
            return
        async for line in answer.content:
            if not line.startswith(b"data: {"):
                continue
            event = json.loads(line[6:])
            used = (event.get("usage") or {}).get("completion_tokens", used)
            text = "".join(choice.get("text") or "" for choice in event.get("choices", ()))
            chunks += bool(text)
            first = first or (time.monotonic() if text else 0.0)
    if first:
        tally.firsts.append(first - started)
    tally.ends.append(time.monotonic())
    tally.tokens += used or chunks


USAGE = {"stream_options": {"include_usage": True}}


async def crowd(port: int, model: str, clients: int, each: int) -> tuple[Tally, float]:
    """So many clients, each with so many requests one after the other; what they saw, and the seconds it took."""
    tally, started = Tally(), time.monotonic()

    async def one(number: int) -> None:
        for turn in range(each):
            await ask(session, port, model, PROMPTS[(number + turn) % len(PROMPTS)], tally)

    limit = aiohttp.ClientTimeout(total=None)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), timeout=limit) as session:
        await asyncio.gather(*(one(number) for number in range(clients)))
    return tally, time.monotonic() - started


def measured(port: int, model: str, clients: int) -> dict[str, float]:
    """One round: a client alone, then the crowd."""
    asyncio.run(crowd(port, model, 1, 3))  # what is loaded or compiled at the first request is no matter here
    alone, _ = asyncio.run(crowd(port, model, 1, 12))
    tally, seconds = asyncio.run(crowd(port, model, clients, 2))
    return {
        "first text alone, ms": statistics.median(alone.firsts) * 1000,
        f"first text of {clients}, ms": statistics.median(tally.firsts) * 1000,
        "tokens a second": tally.tokens / seconds,
        "requests a second": len(tally.ends) / seconds,
        "failures": float(sum(tally.failures.values())),
    }


async def through_a_kill(port: int, clients: int, before: float, after: float, restart: "Restart") -> Tally:
    """Clients that ask again and again, half a second after a failure; seconds `before` and `after` the kill."""
    tally, end = Tally(), time.monotonic() + before + after

    async def one(number: int) -> None:
        while time.monotonic() < end:
            try:
                await ask(session, port, "me", PROMPTS[number % len(PROMPTS)], tally)
            except (aiohttp.ClientError, ConnectionError) as error:
                tally.failed(type(error).__name__)
                await asyncio.sleep(0.5)

    async def kill() -> None:
        await asyncio.sleep(before)
        restart.now()

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        await asyncio.gather(kill(), *(one(number) for number in range(clients)))
    return tally


class Restart:
    """Kills a server with -9 and starts it again on the same port."""

    def __init__(self, command: Sequence[str], log: Path) -> None:
        self._command, self._log = command, log
        self.server = self._start()
        self.at = 0.0

    def _start(self) -> "subprocess.Popen[bytes]":
        with self._log.open("ab") as told:
            return subprocess.Popen(self._command, stdout=told, stderr=told)

    def now(self) -> None:
        """Do it."""
        self.server.kill()
        self.server.wait()
        self.at = time.monotonic()
        self.server = self._start()


def _clone(folder: Path) -> Path:
    """A clone of the demo's person, hardly trained: it is as fast as any."""
    from soundalike.demo import EXPORT

    me = folder / "me"
    command = [sys.executable, "-m", "soundalike.cli", "clone", str(EXPORT), "--out", str(me), "--iters", "40"]
    subprocess.run(command, check=True, capture_output=True)
    return me


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def run(clients: int = 64, rounds: int = 3) -> None:
    """Print the tables; with no rounds only what a kill does."""
    from soundalike.engines.base_files import POCKET_FOLDER

    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        me, log = _clone(folder), folder / "log"
        ports = _free_port(), _free_port()
        ours = [sys.executable, "-m", "soundalike.cli", "serve", str(me), "--port", str(ports[0])]
        theirs = [
            str(Path(sys.executable).with_name("transformers")),
            "serve",
            str(POCKET_FOLDER),
            "--continuous-batching",
        ]
        theirs += ["--port", str(ports[1]), "--host", "127.0.0.1", "--device", "cpu", "--dtype", "float32"]
        theirs += ["--cb-num-blocks", "1024", "--cb-max-batch-tokens", "1024"]  # else it fills the memory first
        sides = {
            "soundalike serve": (ours, ports[0], "me"),
            "transformers serve": (theirs, ports[1], str(POCKET_FOLDER)),
        }
        figures: dict[str, list[dict[str, float]]] = {name: [] for name in sides}
        for _ in range(rounds):
            for name, (command, port, model) in sides.items():
                with serving(command, port, log):
                    figures[name].append(measured(port, model, clients))
        if rounds:
            _print(figures, clients)
        _print_kill(ours, ports[0], log, clients)


def _print(figures: dict[str, list[dict[str, float]]], clients: int) -> None:
    table = Table(
        "", *figures, "ratio", title=f"{clients} streaming clients, median of {len(next(iter(figures.values())))}"
    )
    for row in next(iter(figures.values()))[0]:
        ours, theirs = ([found[row] for found in side] for side in figures.values())
        ratio = statistics.median(a / b if b else 0.0 for a, b in zip(ours, theirs, strict=True))
        table.add_row(row, f"{statistics.median(ours):,.1f}", f"{statistics.median(theirs):,.1f}", f"{ratio:.2f}")
    Console(width=120).print(table)


def _print_kill(command: Sequence[str], port: int, log: Path, clients: int) -> None:
    started, restart = time.monotonic(), Restart(command, log)
    try:
        asyncio.run(_awake(restart.server, port))
        start = time.monotonic() - started
        tally = asyncio.run(through_a_kill(port, clients, start, 4 * start, restart))
    finally:
        restart.server.terminate()
        restart.server.wait()
    after = [end - restart.at for end in tally.ends if end > restart.at]
    back = f"answered again after {min(after):.1f} s" if after else "never answered again"
    print(f"Started in {start:.1f} s; killed after as long, with {clients} clients: {back}, of {4 * start:.1f} s.")
    print(f"{len(tally.ends) - len(after)} answers before, {len(after)} after; failures: {tally.failures}.")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--kill", action="store_true")
    asked = parser.parse_args()
    run(asked.clients, 0 if asked.kill else asked.rounds)
