"""A server on a loopback port for the tests to talk to, and an engine whose steps the test controls."""

import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Semaphore, Thread
from typing import Any

import numpy as np
import uvicorn
from numpy.typing import NDArray
from openai import OpenAI

from soundalike.engines.markov import MarkovEngine, MarkovStreams
from soundalike.frontends.server import app, served_models
from soundalike.frontends.server.connection import ConnectionLimits, uvicorn_config
from soundalike.generation.voice import Voice
from soundalike.training.recipe import Serving
from tests.generation.test_voice import GREEDY, engine

HI = [{"role": "user", "name": "sam", "content": "hi"}]
SCRIPTS = (
    "sam: hi\nada: hey\nada: what's up\nsam: not much\nada: ok\n",
    "sam: tell me\nada: the sea is calm\nada: so am i\nsam: hm\n",
    "sam: tell me\nada: the harbour was loud\nsam: hm\n",
    "sam: tell me\nada: nothing to tell\nada: really\nada: ask mo\nsam: hm\n",
    "friend: hi\nada: hello you\nfriend: hm\n",
)
WORDS = [f"word{number}" for number in range(150)]
ENDLESS = f"sam: go on\nada: {' '.join(WORDS)}\n"


def ada(*scripts: str, **given: Any) -> Voice:
    """A word-chain voice that takes the likeliest token, unless asked to sample."""
    return Voice(engine(*(scripts or SCRIPTS)), "ada", sampling=GREEDY, **given)


@dataclass
class Running:
    """A server that runs: its address, the application, and the official client to it."""

    address: str
    app: Any
    client: Any  # an OpenAI; the tests look at fields that its types do not know


@contextmanager
def running(
    *given: Voice,
    key: str | None = None,
    serving: Serving | None = None,
    limits: ConnectionLimits | None = None,
    allowed: Sequence[str] = (),
) -> Iterator[Running]:
    """Serve these voices as ada, ada-2 and so on."""
    names = ["ada", *(f"ada-{number}" for number in range(2, 2 + len(given)))]
    served = {name: served_models.ServedModel(name, voice, "markov") for name, voice in zip(names, given, strict=False)}
    serving = serving or Serving()
    made = app.create(served, serving, key, allowed)
    config = uvicorn_config(
        made, limits or ConnectionLimits.of(serving), made.state.server.metrics.count_answer, grace=2
    )
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0), backlog=256) as listener:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        thread = Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            with OpenAI(base_url=f"{address}/v1", api_key=key or "none", max_retries=0, timeout=30) as client:
                yield Running(address, made, client)
        finally:
            server.should_exit = True
            thread.join()


class Stepped(MarkovEngine):
    """A chain that draws a token for everybody when `turns` lets it."""

    def __init__(self, taught: MarkovEngine) -> None:
        super().__init__(taught.order, taught.tokenizer)
        self._counts, self._totals = taught._counts, taught._totals
        self.turns = Semaphore(0)
        self.reads = Semaphore(0)
        self.fails = False

    def streams(self) -> "SteppedStreams":
        """No streams yet."""
        return SteppedStreams(self)


class SteppedStreams(MarkovStreams):
    """Waits before each token; tells when a prompt has been read."""

    def __init__(self, stepped: Stepped) -> None:
        super().__init__(stepped)
        self._stepped = stepped

    def join(self, prompts: Sequence[Sequence[int]]) -> None:
        """Read prompts, and tell."""
        super().join(prompts)
        self._stepped.reads.release(len(prompts))

    @property
    def logits(self) -> NDArray[np.float32]:
        """As a chain's, when it may."""
        if not self._stepped.turns.acquire(timeout=60):
            raise TimeoutError("the test gave no turn: it has failed, and its server waits for this step")
        if self._stepped.fails:
            raise MemoryError("no memory, as the test wants it")
        return super().logits


@contextmanager
def stepped(*scripts: str) -> Iterator[tuple[Voice, Stepped]]:
    """A voice whose engine is stepped by hand; in the end it runs free, so that a server can stop."""
    turned = Stepped(engine(*scripts))
    try:
        yield Voice(turned, "ada", sampling=GREEDY), turned
    finally:
        turned.turns.release(1_000_000)
