"""Bounds on every connection: the size, number and time of headers, the size and time of bodies, how many are open.

They hold before a request is known to anybody, so before the key is looked at. uvicorn's httptools protocol has none of
them; this one stands in its place, counts what it feeds to the parser, and answers what is too much or too slow with
431, 413, 408 or 503. After such an answer what still comes is read and thrown away for a moment: closing at once would
reset the connection, and the client would lose the answer.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any

import orjson
import uvicorn
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from soundalike.frontends.server.api_errors import ApiError
from soundalike.training.recipe import Serving

Told = Callable[[str, int], None]  # path and status of an answer

NUMBERS = count()


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one connection may cost.

    A body may be late by `grace` seconds, and from then on has to come at `rate` bytes a second; `body_seconds` is the
    most that it may take at whatever rate. `linger` is how long what comes after an error is still read.
    """

    head_bytes: int = 64_000
    headers: int = 100
    head_seconds: float = 10.0
    body_bytes: int = 1_000_000
    body_seconds: float = 30.0
    grace: float = 5.0
    rate: float = 240.0
    connections: int = 512
    linger: float = 2.0

    @classmethod
    def of(cls, serving: Serving) -> "Bounds":
        """With room for every reply that is drawn and every request that waits."""
        return cls(body_bytes=serving.body_bytes, connections=max(512, serving.streams + serving.queue + 64))


def configured(app: Any, bounds: Bounds, told: Told, patience: int) -> uvicorn.Config:
    """uvicorn's settings for `app` behind these bounds; `told` hears of what was refused here.

    A server that stops waits `patience` seconds for answers that are on their way.
    """
    given: dict[str, Any] = {"log_level": "warning", "access_log": False, "ws": "none"}
    return uvicorn.Config(app, http=bounded(bounds, told), timeout_graceful_shutdown=patience, **given)


def bounded(bounds: Bounds, told: Told) -> type[asyncio.Protocol]:
    """The protocol, for uvicorn to make one a connection."""
    return type("Bounded", (Connection,), {"bounds": bounds, "told": staticmethod(told)})


class Connection(HttpToolsProtocol):
    """One client's connection; between two requests, and until the headers of one are complete, it is in its head."""

    bounds: Bounds
    told: Told

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._number = next(NUMBERS)  # the loop's clock ticks in milliseconds: many connections are equally old
        self._head, self._fed = True, 0  # whether in a head; bytes of it, or of the body, so far
        self._part, self._since = 0, 0.0  # the number of this head or body, and when it was begun
        self._timer: asyncio.TimerHandle | None = None
        self._refused = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Make room where too many are open already."""
        super().connection_made(transport)
        self._wait(self.bounds.head_seconds)
        if len(self.connections) > self.bounds.connections:
            self._make_room()

    def _make_room(self) -> None:
        """Close the connection that has sent no whole request for longest; refuse this one where all are answered."""
        others = [one for one in self.connections if isinstance(one, Connection) and one is not self]
        idle = [one for one in others if not (one.busy or one.transport.is_closing())]
        if idle:
            min(idle, key=lambda one: (one._since, one._number)).transport.abort()
        else:
            message = "Too many connections are open. Try again in a few seconds."
            self._refuse(ApiError(503, message, "too_many_connections", headers={"Retry-After": "5"}), linger=False)

    @property
    def busy(self) -> bool:
        """Whether a request has come whole and waits for its answer."""
        whole = self.cycle is not None and not (self.cycle.more_body or self.cycle.response_complete)
        return whole or bool(self.pipeline)

    def _wait(self, seconds: float) -> None:
        """What is begun now has so many seconds."""
        self._since = self.loop.time()
        self._again(seconds)

    def _again(self, seconds: float) -> None:
        self._rest()
        self._timer = self.loop.call_later(seconds, self._late)

    def _rest(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _late(self) -> None:
        left = self._left()
        if left > 0:
            self._again(left)
        elif self._head and not self._fed:
            self.transport.close()  # nothing was asked
        else:
            what = "headers" if self._head else "body"
            message = f"The request's {what} came too slowly. Send it again over a faster connection."
            self._refuse(ApiError(408, message, "too_slow"))

    def _left(self) -> float:
        """Seconds that are left for the head or body that is on its way; a request behind another one can wait."""
        bounds, taken = self.bounds, self.loop.time() - self._since
        if self.pipeline or (self._head and self.busy):  # of several requests at once
            return bounds.head_seconds
        if self._head:
            return bounds.head_seconds - taken
        return min(bounds.body_seconds, bounds.grace + self._fed / bounds.rate) - taken

    def data_received(self, data: bytes) -> None:
        """Feed the parser what there is room for; more is too much."""
        while data and not self._refused and not self.transport.is_closing():
            if self._head and self._timer is None:
                self._wait(self.bounds.head_seconds)
            room, part = self._room(), self._part
            super().data_received(data[:room])
            if self._part == part:  # the same head or body goes on
                self._fed += len(data[:room])
            data = data[room:]
            if self._room() <= 0:
                self._too_much()

    def _room(self) -> int:
        """Bytes that may still come, of which the last one is too many; a body's chunks have heads and tails too."""
        bounds = self.bounds
        return (bounds.head_bytes if self._head else 2 * bounds.body_bytes + bounds.head_bytes) + 1 - self._fed

    def _too_much(self) -> None:
        if self._head:
            most = f"{self.bounds.head_bytes:,} bytes or {self.bounds.headers} lines"
            error = ApiError(431, f"The request's headers are more than {most}. Send fewer.", "headers_too_large")
        else:
            message = f"The body is larger than {self.bounds.body_bytes:,} bytes. Send less of the history."
            error = ApiError(413, message, "too_large")
        self._refuse(error)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Count; the trailers of a body count too."""
        if len(self.headers) >= self.bounds.headers:
            self._too_much()
        else:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The body has its own time."""
        if not self._refused:
            super().on_headers_complete()
            self._head, self._fed, self._part = False, 0, self._part + 1
            self._wait(min(self.bounds.grace, self.bounds.body_seconds))

    def on_body(self, body: bytes) -> None:
        """Nothing of what was refused goes on."""
        if not self._refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """From here on the client waits, not the server."""
        if not self._refused:
            super().on_message_complete()
            self._head, self._fed, self._part = True, 0, self._part + 1
            self._since = self.loop.time()
            self._rest()

    def send_400_response(self, msg: str) -> None:
        """In our words, in OpenAI's shape."""
        message = "This is not a request of HTTP/1.1. Check the client, and that it does not speak HTTPS to this port."
        self._refuse(ApiError(400, message, "not_http"))

    def _unsupported_upgrade_warning(self) -> None:
        """Nothing: the request is answered as if it had not asked for another protocol."""

    def _refuse(self, error: ApiError, linger: bool = True) -> None:
        """Answer with `error`, unless an answer has begun, and close."""
        if self._refused or self.transport.is_closing():
            return
        self._refused = True
        self._unset_keepalive_if_required()
        if self._unanswered():
            self.told("other", error.status)
            self.transport.write(_written(error))
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self.pipeline.clear()
        self._rest()
        if not linger:
            self.transport.close()
            return
        self.transport.write_eof()
        self.flow.resume_reading()
        self._timer = self.loop.call_later(self.bounds.linger, self.transport.abort)

    def _unanswered(self) -> bool:
        """Whether what has come last has no answer, nor the beginning of one."""
        cycle = self.cycle
        return cycle is None or (self._head if cycle.response_complete else not cycle.response_started)

    def connection_lost(self, exc: Exception | None) -> None:
        """No timer outlives it."""
        self._rest()
        super().connection_lost(exc)


def _written(error: ApiError) -> bytes:
    """An error as the last answer of a connection."""
    body = orjson.dumps(error.body())
    headers = {"content-type": "application/json", "content-length": str(len(body)), "connection": "close"}
    lines = "".join(f"{name}: {value}\r\n" for name, value in {**headers, **(error.headers or {})}.items())
    return STATUS_LINE[error.status] + lines.encode("ascii") + b"\r\n" + body
