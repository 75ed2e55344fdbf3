"""Headers and bodies have bounds of size and time for everybody, and the server answers others meanwhile."""

import asyncio
import json
import logging
import select
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from typing import Any

import httpx
import pytest

from soundalike.frontends.server.connection import ConnectionLimits, is_worth_logging
from soundalike.training.recipe import Serving
from tests.frontends.server.running import HI, SCRIPTS, Running, ada, running, stepped

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])
QUICK = 3.0  # seconds; without bounds 64 MB of headers take some four, and a busy machine may take its time
POST = "POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    """One with a key: what follows is sent without it."""
    limits = ConnectionLimits(
        head_seconds=1.0, body_seconds=2.0, grace=1.0, rate=10_000.0, body_bytes=20_000, linger=0.5
    )
    with running(ada(), key="open sesame", serving=Serving(body_bytes=20_000), limits=limits) as server:
        yield server


def connected(server: Running) -> socket.socket:
    host, _, port = server.address.removeprefix("http://").partition(":")
    return socket.create_connection((host, int(port)), timeout=20)


def send(connection: socket.socket, content: bytes) -> None:
    """All of it, or as much as the server takes."""
    with suppress(ConnectionError):
        connection.sendall(content)


def answered(connection: socket.socket) -> tuple[int, dict[str, Any]]:
    """The status of the answer, and its body; the server closes after it."""
    told = b""
    with suppress(ConnectionResetError):
        while piece := connection.recv(65_536):
            told += piece
    if not told:
        return 0, {}
    head, _, body = told.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)["error"]


def asked(server: Running, content: bytes) -> tuple[int, dict[str, Any]]:
    with connected(server) as connection:
        send(connection, content)
        return answered(connection)


def trickle(connection: socket.socket) -> None:
    """A byte every 50 ms until the server says something or closes; ten seconds at most."""
    began = time.monotonic()
    while not select.select([connection], [], [], 0.05)[0]:
        assert time.monotonic() - began < 10
        send(connection, b"a")


def lives(server: Running) -> float:
    """Seconds until the server says that it does, on a bare socket: an HTTP client takes longer to be made."""
    began = time.monotonic()
    with connected(server) as connection:
        connection.sendall(b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        assert connection.recv(65_536).startswith(b"HTTP/1.1 200")
    return time.monotonic() - began


@pytest.mark.parametrize(
    "head",
    [
        b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Long: " + b"a" * 70_000 + b"\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n" + b"X-One: a\r\n" * 120 + b"\r\n",
        b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    ],
    ids=["long", "many", "address"],
)
def test_headers_have_a_bound(server: Running, head: bytes) -> None:
    """431 in a sentence, in OpenAI's shape, before anybody asks for the key."""
    status, error = asked(server, head)
    assert (status, error["code"]) == (431, "headers_too_large")
    assert "Send fewer" in error["message"] and error.keys() == {"message", "type", "param", "code"}


def test_headers_below_the_bound_are_read(server: Running) -> None:
    """60 kB of cookies and 90 lines are nobody's attack."""
    lines = {f"X-{number}": "a" * 600 for number in range(90)}
    assert httpx.get(f"{server.address}/health", headers=lines).status_code == 200


def test_headers_without_end_hold_up_nobody(server: Running) -> None:
    """While 64 MB of them are sent, the server answers others at once."""
    flood = b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Long: " + b"a" * 64_000_000
    with ThreadPoolExecutor(1) as pool:
        flooding = pool.submit(asked, server, flood)
        waits = [lives(server) for _ in range(10)]
        status, error = flooding.result(timeout=20)
    assert max(waits) < QUICK
    assert (status, error.get("code")) in ((431, "headers_too_large"), (0, None))  # a reset may overtake the answer


def test_slow_headers_are_given_up(server: Running) -> None:
    """A byte now and then is not enough; 408."""
    with connected(server) as connection:
        send(connection, b"GET / HTTP/1.1\r\nX-Slow: ")
        trickle(connection)
        status, error = answered(connection)
    assert (status, error["code"]) == (408, "too_slow") and "headers came too slowly" in error["message"]


def test_a_connection_that_says_nothing_is_closed(server: Running) -> None:
    """Without a word: a browser opens some in advance."""
    began = time.monotonic()
    assert asked(server, b"") == (0, {})
    assert time.monotonic() - began < 3


def test_trickled_bodies_are_given_up_and_hold_up_nobody(server: Running) -> None:
    """A hundred at once, none of them with a key: all are closed in their time, and the server answers meanwhile."""
    with ExitStack() as stack:
        trickling = [stack.enter_context(connected(server)) for _ in range(100)]
        for connection in trickling:
            send(connection, f"{POST}Authorization: Bearer open sesame\r\nContent-Length: 9000\r\n\r\n".encode())
        began, waits = time.monotonic(), list[float]()
        while time.monotonic() - began < 1.5:
            for connection in trickling:
                send(connection, b" ")
            waits.append(lives(server))
        told = [answered(connection) for connection in trickling]
        assert time.monotonic() - began < 15
    assert max(waits) < QUICK
    assert {(status, error["code"]) for status, error in told} == {(408, "too_slow")}
    assert "body came too slowly" in told[0][1]["message"]


def test_a_body_that_nobody_waits_for_ends_too(server: Running) -> None:
    """Without the key the answer comes first; what is sent on is not read for ever."""
    with connected(server) as connection:
        send(connection, f"{POST}Content-Length: 9000\r\n\r\n".encode())
        assert connection.recv(65_536).startswith(b"HTTP/1.1 401")
        trickle(connection)
        assert answered(connection) == (0, {})


def test_a_body_in_pieces_without_end_is_cut_off(server: Running) -> None:
    """Its pieces are counted as they come, and what stands around them."""
    pieces = b"1;" + b"x" * 1_000 + b"\r\n \r\n"
    status, error = asked(server, f"{POST}Transfer-Encoding: chunked\r\n\r\n".encode() + pieces * 300)
    assert status == 401 or (status, error["code"]) == (413, "too_large")
    key = "Authorization: Bearer open sesame\r\n"
    status, error = asked(server, f"{POST}{key}Transfer-Encoding: chunked\r\n\r\n".encode() + pieces * 300)
    assert (status, error["code"]) == (413, "too_large")


def test_what_is_not_http_is_told(server: Running) -> None:
    """In our words, in the same shape."""
    status, error = asked(server, b"\x16\x03\x01\x02\x00hello\r\n\r\n")
    assert (status, error["code"]) == (400, "not_http") and "HTTPS" in error["message"]


def test_a_slow_answer_has_all_its_time() -> None:
    """The bounds are on what the client sends, not on how long a voice speaks."""
    limits = ConnectionLimits(head_seconds=0.1, body_seconds=0.1, grace=0.1)
    with stepped(*SCRIPTS) as (voice, engine), running(voice, limits=limits) as server, ThreadPoolExecutor() as pool:
        body = {"model": "ada", "messages": HI}
        slow = pool.submit(httpx.post, f"{server.address}/v1/chat/completions", json=body)
        engine.reads.acquire()
        with pytest.raises(TimeoutError):
            slow.result(timeout=0.5)
        engine.turns.release(1_000)
        assert slow.result(timeout=20).json()["choices"][0]["message"]["content"] == "hey\nwhat's up"


@pytest.mark.parametrize(("error", "logged"), [(asyncio.CancelledError(), False), (ValueError(), True), (None, True)])
def test_an_answer_that_the_end_of_the_server_cuts_off_is_not_logged(error: BaseException | None, logged: bool) -> None:
    """With a traceback it would look like a fault; faults are logged."""
    told = (type(error), error, None) if error else None
    record = logging.LogRecord("uvicorn.error", logging.ERROR, "", 0, "Exception", (), told)
    assert is_worth_logging(record) is logged


def test_the_oldest_idle_connection_makes_room_for_a_new_one() -> None:
    """More than may be open: who says nothing for longest is closed, and a request is answered all the same."""
    with running(ada(), limits=ConnectionLimits(connections=8)) as server, ExitStack() as stack:
        idle = [stack.enter_context(connected(server)) for _ in range(8)]
        assert lives(server) < 5
        idle[0].settimeout(5)
        assert answered(idle[0]) == (0, {})
        send(idle[-1], b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        assert idle[-1].recv(65_536).startswith(b"HTTP/1.1 200")
