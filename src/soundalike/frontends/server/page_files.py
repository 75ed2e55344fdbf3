"""The files of the server's page, which need no key: its own, and what it shares with the pages of studio and arena."""

from collections.abc import Awaitable, Callable
from importlib.resources import files

from fastapi import FastAPI
from starlette.responses import Response

OWN, SHARED = "soundalike.frontends.server", "soundalike.frontends.local_page"
PAGE_FILES = {
    "/": (OWN, "page.html", "text/html"),
    "/page.css": (OWN, "page.css", "text/css"),
    "/page.js": (OWN, "page.js", "text/javascript"),
    "/colours.css": (SHARED, "colours.css", "text/css"),
    "/event_stream.js": (SHARED, "event_stream.js", "text/javascript"),
}  # by path: package, name in its folder `page`, type
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def add_page(app: FastAPI) -> None:
    """Serve the page at /."""
    for path, (package, name, kind) in PAGE_FILES.items():
        content = (files(package) / "page" / name).read_bytes()
        app.add_api_route(path, _static(content, kind), include_in_schema=False)


def _static(content: bytes, kind: str) -> Callable[[], Awaitable[Response]]:
    async def page() -> Response:
        return Response(content, media_type=kind, headers=HEADERS)

    return page
