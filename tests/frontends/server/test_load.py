"""Requests come and go at any token; too many are refused; nothing waits for a client that has gone."""

import json
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from time import monotonic
from typing import Any

import httpx
import openai
import pytest

from soundalike.generation.remote import RemoteModel
from soundalike.generation.scheduler import Scheduler
from soundalike.generation.voice import Voice
from soundalike.training.recipe import Serving
from tests.frontends.server.running import ENDLESS, HI, SCRIPTS, Running, ada, running, stepped
from tests.generation.fake_completions import Answer, answering, chunk
from tests.generation.test_voice import GREEDY

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])
GO_ON = [{"role": "user", "name": "sam", "content": "go on"}]


def said(client: Any, messages: object = HI, model: str = "ada", **asked: object) -> str:
    made = client.chat.completions.create(model=model, messages=messages, **asked)
    return str(made.choices[0].message.content)


def until(server: Running, happens: Callable[[Scheduler], object]) -> None:
    """Wait for a change of the scheduler, which tells of some changes only: it is asked every few milliseconds."""
    scheduler: Scheduler = server.app.state.server.scheduler
    latest = monotonic() + 20
    with scheduler.changed:
        while not happens(scheduler):
            assert monotonic() < latest
            scheduler.changed.wait(0.01)


def metrics(server: Running) -> dict[str, float]:
    rows = [line.rpartition(" ") for line in httpx.get(f"{server.address}/metrics").text.splitlines()]
    return {name: float(value) for name, _, value in rows if not name.startswith("#")}


def test_a_request_joins_and_ends_while_another_goes_on() -> None:
    """The second to come is the first to be done."""
    with stepped(*SCRIPTS, ENDLESS) as (voice, engine), running(voice) as server, ThreadPoolExecutor() as pool:
        long = pool.submit(said, server.client, GO_ON, max_tokens=100)
        engine.reads.acquire()
        engine.turns.release(5)
        short = pool.submit(said, server.client)
        until(server, lambda scheduler: scheduler.waiting or engine.reads.acquire(blocking=False))
        engine.turns.release(20)
        assert short.result(timeout=20) == "hey\nwhat's up" and not long.done()
        engine.turns.release(200)
        assert long.result(timeout=20).split()[:3] == ["word0", "word1", "word2"]


def test_a_slow_model_elsewhere_holds_up_nobody() -> None:
    """While the other server thinks, a voice of this machine answers."""
    thinking, may_answer = Event(), Event()

    def slow(path: str, body: dict[str, Any], key: str) -> Answer:
        thinking.set()
        may_answer.wait()
        return 200, [chunk(" hey\nada: what's up\n", "stop")]

    with answering(slow) as url, ThreadPoolExecutor() as pool:
        far = Voice(RemoteModel(url, "m"), "ada", sampling=GREEDY)
        with running(ada(), far) as server:
            waiting = pool.submit(said, server.client, model="ada-2")
            assert thinking.wait(timeout=20)
            assert said(server.client) == "hey\nwhat's up" and not waiting.done()
            may_answer.set()
            assert waiting.result(timeout=20) == "hey\nwhat's up"


@pytest.mark.parametrize("stream", [True, False])
def test_a_client_that_leaves_frees_its_place(stream: bool) -> None:
    """With one place the next is served, although the first would have gone on for a hundred tokens."""
    body = {"model": "ada", "messages": GO_ON, "max_tokens": 100, "stream": stream}
    with stepped(*SCRIPTS, ENDLESS) as (voice, engine), running(voice, serving=Serving(streams=1)) as server:
        leaving = post(server, body)
        engine.reads.acquire()
        engine.turns.release(3)
        with ThreadPoolExecutor() as pool:
            waiting = pool.submit(said, server.client)
            until(server, lambda scheduler: scheduler.waiting)
            leaving.close()
            until(server, lambda scheduler: scheduler._released)
            engine.turns.release(20)
            assert waiting.result(timeout=20) == "hey\nwhat's up"
        assert metrics(server)["soundalike_disconnected_total"] == 1


def post(server: Running, body: dict[str, object]) -> socket.socket:
    """A request on a bare socket, which can be closed at any moment."""
    content = json.dumps(body).encode()
    host, _, port = server.address.removeprefix("http://").partition(":")
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
    connection = socket.create_connection((host, int(port)))
    connection.sendall(f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content)
    return connection


def test_a_full_queue_says_when_to_come_again() -> None:
    """One speaks, one waits, the third gets 429 with Retry-After, and what was queued is served in the end."""
    serving = Serving(streams=1, queue=1)
    with stepped(*SCRIPTS) as (voice, engine), running(voice, serving=serving) as server, ThreadPoolExecutor() as pool:
        first = pool.submit(said, server.client)
        engine.reads.acquire()
        second = pool.submit(said, server.client)
        until(server, lambda scheduler: scheduler.waiting)
        with pytest.raises(openai.RateLimitError, match="Try again in 2 seconds") as told:
            said(server.client)
        assert told.value.response.headers["retry-after"] == "2" and told.value.code == "queue_full"
        engine.turns.release(100)
        assert first.result(timeout=20) == second.result(timeout=20) == "hey\nwhat's up"
        assert metrics(server)['soundalike_requests_total{path="/v1/chat/completions",status="429"}'] == 1


def test_little_work_passes_much_work() -> None:
    """Whoever asks for one short reply goes before the two long ones that somebody asked for first, who comes after."""
    serving = Serving(streams=2)
    with stepped(*SCRIPTS) as (voice, engine), running(voice, serving=serving) as server, ThreadPoolExecutor() as pool:
        speaking = pool.submit(said, server.client, n=2)
        assert engine.reads.acquire(timeout=20)
        much = pool.submit(said, server.client, n=2, max_tokens=200)
        until(server, lambda scheduler: scheduler.waiting == 1)
        little = pool.submit(said, server.client, max_tokens=20)
        until(server, lambda scheduler: scheduler.waiting == 2)
        scheduler: Scheduler = server.app.state.server.scheduler
        assert [len(ticket.requests) for ticket in scheduler._waiting] == [1, 2]
        engine.turns.release(1_000)
        assert {one.result(timeout=20) for one in (speaking, much, little)} == {"hey\nwhat's up"}


def test_many_replies_for_one_leave_a_place_for_others() -> None:
    """Of four places two are taken and two more asked for at once: one of them is kept for somebody else."""
    serving = Serving(streams=4)
    with stepped(*SCRIPTS) as (voice, engine), running(voice, serving=serving) as server, ThreadPoolExecutor() as pool:
        many = [pool.submit(said, server.client, n=2)]
        assert engine.reads.acquire(timeout=20) and engine.reads.acquire(timeout=20)
        many.append(pool.submit(said, server.client, n=2))
        until(server, lambda scheduler: scheduler.waiting)
        one = pool.submit(said, server.client)
        until(server, lambda scheduler: scheduler.waiting == 2)
        engine.turns.release(1)
        assert engine.reads.acquire(timeout=20)
        scheduler: Scheduler = server.app.state.server.scheduler
        assert (scheduler.running, scheduler.waiting) == (3, 1)
        engine.turns.release(1_000)
        assert {asked.result(timeout=20) for asked in (*many, one)} == {"hey\nwhat's up"}


def test_a_failing_step_is_told_and_the_server_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    """500 to those who took part, in a stream an error event; the next request is served."""
    with stepped(*SCRIPTS) as (voice, engine), running(voice) as server:
        engine.fails = True
        engine.turns.release(2)
        with pytest.raises(openai.InternalServerError, match="The model failed"):
            said(server.client)
        chunks = server.client.chat.completions.create(model="ada", messages=HI, stream=True)
        with pytest.raises(openai.APIError, match="The model failed"):
            list(chunks)
        assert "no memory, as the test wants it" in caplog.text
        engine.fails = False
        engine.turns.release(100)
        assert said(server.client) == "hey\nwhat's up"


def test_a_stopping_server_answers_those_who_wait() -> None:
    """503 with Retry-After for what was not finished, and for what comes."""
    with stepped(*SCRIPTS) as (voice, engine), running(voice) as server, ThreadPoolExecutor() as pool:
        left = pool.submit(said, server.client)
        engine.reads.acquire()
        closing = pool.submit(server.app.state.server.scheduler.close)
        until(server, lambda scheduler: not scheduler._open)
        engine.turns.release(1)
        with pytest.raises(openai.InternalServerError, match="The server is stopping"):
            left.result(timeout=20)
        closing.result(timeout=20)
        with pytest.raises(openai.InternalServerError, match="The server is stopping"):
            said(server.client)


def test_what_was_done_is_counted() -> None:
    """Answers, tokens, replies and guards, in Prometheus' format; and health tells how busy it is."""
    with running(ada("sam: hi\n" + "ada: i love rust\n" * 12)) as server:
        assert said(server.client) == "i love rust"
        with pytest.raises(openai.NotFoundError):
            server.client.models.retrieve("eve")
        counted = metrics(server)
        assert counted['soundalike_requests_total{path="/v1/chat/completions",status="200"}'] == 1
        assert counted['soundalike_requests_total{path="/v1/models/{model}",status="404"}'] == 1
        assert counted['soundalike_tokens_total{kind="kept",model="ada"}'] > 4
        assert counted['soundalike_interventions_total{guard="repeated",model="ada"}'] == 1
        assert counted['soundalike_reply_seconds_count{model="ada"}'] == 1
        assert httpx.get(f"{server.address}/health").json() == {"status": "ok", "running": 0, "waiting": 0}
