"""What protects a local page from pages of other sites, and its readers from what is shown on it.

A request that names another origin is refused, and every response forbids scripts and frames of others.
"""

from collections.abc import MutableMapping
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import Message, Send

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
