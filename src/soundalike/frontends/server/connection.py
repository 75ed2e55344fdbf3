"""Limits for every connection: size, number and time of headers, size and time of bodies, open connections.

They apply before anything of a request is parsed or its key is looked at. uvicorn's httptools protocol has none of
them. This subclass counts the bytes that it feeds to the parser, and answers what is too much or too slow with 431,
413, 408 or 503. After such an answer the connection is read and discarded for a moment: closing at once would reset it,
and the client would lose the answer.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from socket import socket
from typing import Any

import orjson
import uvicorn
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from soundalike.frontends.server.api_errors import ApiError
from soundalike.training.recipe import Serving

OnAnswer = Callable[[str, int], None]  # path and status of an answer

NUMBERS = count()


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """What one connection may cost, in bytes and seconds.

    A body gets `grace` seconds, after which it has to average `rate` bytes a second, and `body_seconds` at most. After
    an error the connection is read for `linger` seconds.
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
    def of(cls, serving: Serving) -> "ConnectionLimits":
        """With enough connections for every running and waiting request."""
        return cls(body_bytes=serving.body_bytes, connections=max(512, serving.streams + serving.queue + 64))


def uvicorn_config(app: Any, limits: ConnectionLimits, on_answer: OnAnswer, grace: int) -> uvicorn.Config:
    """uvicorn's settings for `app` with these limits; `on_answer` is called for requests that are refused here.

    A server that stops gives answers that are being sent `grace` seconds.
    """
    settings: dict[str, Any] = {"log_level": "warning", "access_log": False, "ws": "none"}
    protocol = type("LimitedConnection", (Connection,), {"limits": limits, "on_answer": staticmethod(on_answer)})
    return uvicorn.Config(app, http=protocol, timeout_graceful_shutdown=grace, **settings)


def run_until_stopped(config: uvicorn.Config, listeners: list[socket]) -> None:
    """Serve until Ctrl-C or `kill`."""
    logging.getLogger("uvicorn.error").addFilter(is_worth_logging)
    with suppress(KeyboardInterrupt, asyncio.CancelledError):  # uvicorn raises it again after it has stopped
        uvicorn.Server(config).run(listeners)


def is_worth_logging(record: logging.LogRecord) -> bool:
    """A filter of log records: an answer that is cut off because the server stops is no error."""
    return not (record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError))


class Connection(HttpToolsProtocol):
    """One client's connection, which is reading either a head (request line and headers) or a body.

    Between two requests, and until the headers of one are complete, it is in its head.
    """

    limits: ConnectionLimits
    on_answer: OnAnswer

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._number = next(NUMBERS)  # of connections with the same time, as the loop's clock ticks in milliseconds
        self._in_head, self._bytes = True, 0  # bytes of this head or body so far
        self._part, self._since = 0, 0.0  # the number of this head or body, and the time at which it began
        self._timer: asyncio.TimerHandle | None = None
        self._refused = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Accept the connection, and close another if too many are open."""
        super().connection_made(transport)
        self._start_timer(self.limits.head_seconds)
        if len(self.connections) > self.limits.connections:
            self._make_room()

    def _make_room(self) -> None:
        """Close the connection that has sent no whole request for longest; refuse this one if all are busy."""
        others = [one for one in self.connections if isinstance(one, Connection) and one is not self]
        idle = [one for one in others if not (one.busy or one.transport.is_closing())]
        if idle:
            min(idle, key=lambda one: (one._since, one._number)).transport.abort()
        else:
            message = "Too many connections are open. Try again in a few seconds."
            self._refuse(ApiError(503, message, "too_many_connections", headers={"Retry-After": "5"}), linger=False)

    @property
    def busy(self) -> bool:
        """Whether a request has been received whole and waits for its answer."""
        received = self.cycle is not None and not (self.cycle.more_body or self.cycle.response_complete)
        return received or bool(self.pipeline)

    def _start_timer(self, seconds: float) -> None:
        """Give the head or body that begins now so many seconds."""
        self._since = self.loop.time()
        self._restart_timer(seconds)

    def _restart_timer(self, seconds: float) -> None:
        self._stop_timer()
        self._timer = self.loop.call_later(seconds, self._on_timer)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _on_timer(self) -> None:
        remaining = self._remaining_seconds()
        if remaining > 0:
            self._restart_timer(remaining)
        elif self._in_head and not self._bytes:
            self.transport.close()  # no request has begun
        else:
            what = "headers" if self._in_head else "body"
            message = f"The request's {what} came too slowly. Send it again over a faster connection."
            self._refuse(ApiError(408, message, "too_slow"))

    def _remaining_seconds(self) -> float:
        """For the head or body that is being read; a pipelined request behind another one may wait."""
        limits, elapsed = self.limits, self.loop.time() - self._since
        if self.pipeline or (self._in_head and self.busy):
            return limits.head_seconds
        if self._in_head:
            return limits.head_seconds - elapsed
        return min(limits.body_seconds, limits.grace + self._bytes / limits.rate) - elapsed

    def data_received(self, data: bytes) -> None:
        """Feed the parser at most what the limits allow."""
        while data and not self._refused and not self.transport.is_closing():
            if self._in_head and self._timer is None:
                self._start_timer(self.limits.head_seconds)
            room, part = self._room(), self._part
            super().data_received(data[:room])
            if self._part == part:  # the same head or body continues
                self._bytes += len(data[:room])
            data = data[room:]
            if self._room() <= 0:
                self._refuse_size()

    def _room(self) -> int:
        """Bytes that may be fed, the last of which is one too many; chunked bodies have overhead."""
        limits = self.limits
        most = limits.head_bytes if self._in_head else 2 * limits.body_bytes + limits.head_bytes
        return most + 1 - self._bytes

    def _refuse_size(self) -> None:
        if self._in_head:
            most = f"{self.limits.head_bytes:,} bytes or {self.limits.headers} lines"
            error = ApiError(431, f"The request's headers are more than {most}. Send fewer.", "headers_too_large")
        else:
            message = f"The body is larger than {self.limits.body_bytes:,} bytes. Send less of the history."
            error = ApiError(413, message, "too_large")
        self._refuse(error)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Count headers, including the trailers of a body."""
        if len(self.headers) >= self.limits.headers:
            self._refuse_size()
        else:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Start the time of the body."""
        if not self._refused:
            super().on_headers_complete()
            self._in_head, self._bytes, self._part = False, 0, self._part + 1
            self._start_timer(min(self.limits.grace, self.limits.body_seconds))

    def on_body(self, body: bytes) -> None:
        """Pass the body on, unless the request was refused."""
        if not self._refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Stop the time: from now on the client waits for the server."""
        if not self._refused:
            super().on_message_complete()
            self._in_head, self._bytes, self._part = True, 0, self._part + 1
            self._since = self.loop.time()
            self._stop_timer()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is not HTTP, with an `ApiError`."""
        message = "This is not a request of HTTP/1.1. Check the client, and that it does not speak HTTPS to this port."
        self._refuse(ApiError(400, message, "not_http"))

    def _unsupported_upgrade_warning(self) -> None:
        """Log nothing: the request is answered as if it had not asked for another protocol."""

    def _refuse(self, error: ApiError, linger: bool = True) -> None:
        """Answer with `error`, unless an answer has begun, and close."""
        if self._refused or self.transport.is_closing():
            return
        self._refused = True
        self._unset_keepalive_if_required()
        if self._unanswered():
            self.on_answer("other", error.status)
            self.transport.write(_http_response(error))
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self.pipeline.clear()
        self._stop_timer()
        if not linger:
            self.transport.close()
            return
        self.transport.write_eof()
        self.flow.resume_reading()
        self._timer = self.loop.call_later(self.limits.linger, self.transport.abort)

    def _unanswered(self) -> bool:
        """Whether no answer to the last request has begun."""
        cycle = self.cycle
        return cycle is None or (self._in_head if cycle.response_complete else not cycle.response_started)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the timer."""
        self._stop_timer()
        super().connection_lost(exc)


def _http_response(error: ApiError) -> bytes:
    """An error as the last response of a connection."""
    body = orjson.dumps(error.body())
    headers = {"content-type": "application/json", "content-length": str(len(body)), "connection": "close"}
    lines = "".join(f"{name}: {value}\r\n" for name, value in {**headers, **(error.headers or {})}.items())
    return STATUS_LINE[error.status] + lines.encode("ascii") + b"\r\n" + body
