"""Who may use the studio: who has the token of its link, on a page of its own, by a loopback name.

- A page of another site, or of another port of this machine, cannot send the token, which this page alone knows; and a
  request that names another origin is refused even with it.
- A host name that is pointed at this machine (DNS rebinding) is refused by the Host header.
- Another user of this machine can connect to the port, and gets the page's files, which hold nothing of anybody.

The token is sent as a header and never as a cookie: browsers send cookies of 127.0.0.1 to every port of it, whoever
listens there.
"""

from collections.abc import MutableMapping
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from soundalike.frontends.server.auth import LOOPBACK, bears_key, host_name
from soundalike.frontends.studio.answers import ApiProblem

API = "/api/"
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


class AccessMiddleware:
    """Passes a request on to `app`, or answers it with an error before anything of its body is read."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app, self._token = app, token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request (ASGI)."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        send = with_headers(send)
        try:
            self._check(scope["path"], Headers(scope=scope))
        except ApiProblem as problem:
            await problem.response()(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _check(self, path: str, headers: Headers) -> None:
        if host_name(headers) not in LOOPBACK:
            raise ApiProblem(403, "This answers to 127.0.0.1 and localhost only.", "Use the link that it printed.")
        if not path.startswith(API):
            return
        if not is_own_page(headers):
            raise ApiProblem(403, "Another site's page may not use the studio.", "Use the link that it printed.")
        if not bears_key(headers, self._token):
            what = "The token is missing, or of a studio that has ended."
            raise ApiProblem(401, what, "Open the link that `soundalike studio` has printed.")


def is_own_page(headers: Headers) -> bool:
    """Whether a request comes from the server's own page or from no page at all, as far as the browser tells."""
    origin, site = headers.get("origin"), headers.get("sec-fetch-site", "none")
    return origin in (None, f"http://{headers.get('host', '')}") and site in ("same-origin", "none")


def with_headers(send: Send) -> Send:
    """`send` that adds HEADERS to every response."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            head: MutableMapping[str, Any] = message
            MutableHeaders(scope=head).update(HEADERS)
        await send(message)

    return sending
