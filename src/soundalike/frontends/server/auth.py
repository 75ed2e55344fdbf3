"""Which requests are let in: by host name and API key, with JSON bodies of a bounded size.

It runs before everything else, so nothing of a request without the key is parsed. The key is compared in constant time
and appears in no response and no log.
"""

import hmac
from collections.abc import Callable

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from soundalike.frontends.server import KEY
from soundalike.frontends.server.api_errors import ApiError
from soundalike.frontends.server.page_files import PAGE_FILES

PUBLIC_PATHS = ("/", "/health", *PAGE_FILES)
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class AuthMiddleware:
    """Passes a request on to `app` or answers it with an error; `on_answer` gets path and status of every answer.

    Without a `key` only requests that name this machine by a loopback name pass: a page from elsewhere in a browser
    here cannot reach the voice by pointing its own host name to our address.
    """

    def __init__(self, app: ASGIApp, key: str | None, body_bytes: int, on_answer: Callable[[str, int], None]) -> None:
        self._app, self._on_answer, self._body_bytes = app, on_answer, body_bytes
        self._key = key.encode() if key else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request (ASGI)."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if scope["method"] == "HEAD":  # answered as GET; uvicorn, which has the original scope, sends no body
            scope = {**scope, "method": "GET"}
        send = self._reporting(scope, send)
        try:
            self._check(scope["method"], scope["path"], Headers(scope=scope))
        except ApiError as error:
            await error.response()(scope, receive, send)
            return
        await self._app(scope, self._bounded(receive), send)

    def _check(self, method: str, path: str, headers: Headers) -> None:
        if self._key is None and host_name(headers) not in LOOPBACK:
            message = (
                "Without an API key this server answers to 127.0.0.1 and localhost only. To reach it by another name, "
                f"such as host.docker.internal, start it with {KEY} set and send that key."
            )
            raise ApiError(403, message, "host_not_allowed")
        if self._key is not None and path not in PUBLIC_PATHS:
            if not bears_key(headers, self._key):
                message = "The API key is missing or wrong. Send it as: Authorization: Bearer KEY."
                raise ApiError(401, message, "invalid_api_key", headers={"WWW-Authenticate": "Bearer"})
        if method == "POST" and headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            raise ApiError(415, "The body is not JSON. Send it with Content-Type: application/json.", "not_json")
        if int(headers.get("content-length", "0") or 0) > self._body_bytes:
            raise self._too_large()

    def _bounded(self, receive: Receive) -> Receive:
        """`receive` that stops a body which is sent in chunks and is too large."""
        size = 0

        async def bounded() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > self._body_bytes:
                raise HTTPException(413, self._too_large().message)
            return message

        return bounded

    def _too_large(self) -> ApiError:
        message = f"The body is larger than {self._body_bytes:,} bytes. Send less of the history."
        return ApiError(413, message, "too_large")

    def _reporting(self, scope: Scope, send: Send) -> Send:
        """`send` that reports the status."""

        async def reporting(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = scope.get("route")
                self._on_answer(getattr(route, "path", "other"), message["status"])
            await send(message)

        return reporting


def bears_key(headers: Headers, key: bytes) -> bool:
    """Whether the request bears `key`, as `Authorization: Bearer KEY`; compared in constant time."""
    scheme, _, sent = headers.get("authorization", "").partition(" ")
    return scheme.lower() == "bearer" and hmac.compare_digest(sent.strip().encode(), key)


def host_name(headers: Headers) -> str:
    """The name in the Host header, without its port."""
    header = headers.get("host", "")
    name = header.rpartition("]")[0].lstrip("[") if header.startswith("[") else header.partition(":")[0]
    return name.lower()
