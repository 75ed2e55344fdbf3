"""Who may come in, and with how much: hosts, the key, bodies of a bounded size, JSON only.

Stands before everything else, so that nothing of a request without the key is read. The key is compared in constant
time, and appears in no answer and no log.
"""

import hmac
from collections.abc import Awaitable, Callable

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from soundalike.frontends.server import KEY
from soundalike.frontends.server.api_errors import ApiError

OPEN = ("/", "/health", "/page.css", "/page.js")
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class AuthMiddleware:
    """Lets a request pass to `app` or answers it with an error; `told` hears the status of every answer.

    Without a `key` only requests addressed to this machine by a loopback name pass: a page that a browser shows from
    elsewhere cannot reach the voice by giving its own name our address.
    """

    def __init__(self, app: ASGIApp, key: str | None, body_bytes: int, told: Callable[[str, int], None]) -> None:
        self._app, self._told, self._most = app, told, body_bytes
        self._key = key.encode() if key else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection, as ASGI has it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if scope["method"] == "HEAD":  # answered as GET, and uvicorn, whose scope is the one before, sends no body
            scope = {**scope, "method": "GET"}
        sending = self._counted(scope, send)
        try:
            self._check(scope["method"], scope["path"], Headers(scope=scope))
        except ApiError as error:
            await error.response()(scope, receive, sending)
            return
        await self._app(scope, self._bounded(receive), sending)

    def _check(self, method: str, path: str, headers: Headers) -> None:
        if self._key is None and _host(headers.get("host", "")) not in LOOPBACK:
            message = (
                "Without an API key this server answers to 127.0.0.1 and localhost only. To reach it by another name, "
                f"such as host.docker.internal, start it with {KEY} set and send that key."
            )
            raise ApiError(403, message, "host_not_allowed")
        if self._key is not None and path not in OPEN:
            scheme, _, given = headers.get("authorization", "").partition(" ")
            if scheme.lower() != "bearer" or not hmac.compare_digest(given.strip().encode(), self._key):
                message = "The API key is missing or wrong. Send it as: Authorization: Bearer KEY."
                raise ApiError(401, message, "invalid_api_key", headers={"WWW-Authenticate": "Bearer"})
        if method == "POST" and headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            raise ApiError(415, "The body is not JSON. Send it with Content-Type: application/json.", "not_json")
        if int(headers.get("content-length", "0") or 0) > self._most:
            raise self._too_large()

    def _bounded(self, receive: Receive) -> Receive:
        """A body that is sent in pieces is counted as it comes."""
        size = 0

        async def counted() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > self._most:
                raise HTTPException(413, self._too_large().message)
            return message

        return counted

    def _too_large(self) -> ApiError:
        return ApiError(413, f"The body is larger than {self._most:,} bytes. Send less of the history.", "too_large")

    def _counted(self, scope: Scope, send: Send) -> Callable[[Message], Awaitable[None]]:
        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = scope.get("route")
                self._told(getattr(route, "path", "other"), message["status"])
            await send(message)

        return counted


def _host(header: str) -> str:
    """The name in a Host header, without its port."""
    name = header.rpartition("]")[0].lstrip("[") if header.startswith("[") else header.partition(":")[0]
    return name.lower()
