"""What protects a local page from pages of other sites, and its readers from what is shown on it.

Every request is checked before anything of its body is read, and every response forbids scripts and frames of others.
"""

from collections.abc import Callable, MutableMapping
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from soundalike.frontends.local_page.answers import ApiProblem

API = "/api/"
Check = Callable[[Scope, Headers], None]  # raises ApiProblem for a request that is refused
HEADERS = {
    # Styles may stand within elements, as those of a portrait do. No script may, and nothing is loaded from elsewhere.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self' 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class LocalPageMiddleware:
    """Passes a request that `check` lets through on to `app`, and answers another one with its error."""

    def __init__(self, app: ASGIApp, check: Check) -> None:
        self._app, self._check = app, check

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request (ASGI)."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        send = _with_headers(send)
        try:
            self._check(scope, Headers(scope=scope))
        except ApiProblem as problem:
            await problem.response()(scope, receive, send)
            return
        await self._app(scope, receive, send)


def is_own_page(headers: Headers) -> bool:
    """Whether a request comes from the server's own page or from no page at all, as far as the browser tells."""
    origin, site = headers.get("origin"), headers.get("sec-fetch-site", "none")
    return origin in (None, f"http://{headers.get('host', '')}") and site in ("same-origin", "none")


def _with_headers(send: Send) -> Send:
    """`send` that adds HEADERS to every response."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            head: MutableMapping[str, Any] = message
            MutableHeaders(scope=head).update(HEADERS)
        await send(message)

    return sending
