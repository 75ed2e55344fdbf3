"""Pages elsewhere that may ask this server from a browser: CORS, for the origins that were named at the start."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from soundalike.errors import UsageError
from soundalike.frontends.server.api_errors import ApiError

ASKED = "access-control-request-method"


class Origins(CORSMiddleware):
    """Starlette's, which also answers an OPTIONS request that names no method, and refuses in OpenAI's shape."""

    def __init__(self, app: ASGIApp, allowed: Sequence[str]) -> None:
        super().__init__(
            app,
            allow_origins=allowed,
            allow_methods=("GET", "HEAD", "POST"),
            allow_headers=("*",),
            allow_private_network=True,
            expose_headers=("Retry-After",),
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection, as ASGI has it."""
        if scope["type"] == "http" and scope["method"] == "OPTIONS" and "origin" in (headers := Headers(scope=scope)):
            given = Headers({ASKED: "GET", **headers})
            await self.preflight_response(given)(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)

    def preflight_response(self, request_headers: Headers) -> Response:
        """What a browser asks before it lets a page ask."""
        made = super().preflight_response(request_headers)
        if made.status_code == 200:
            return made
        origin, method = request_headers["origin"], request_headers[ASKED]
        message = f"A page of {origin} may not ask with {method} here. Start the server with --allow-origin {origin}."
        if self.is_allowed_origin(origin):
            message = f"Pages may ask with GET, HEAD and POST, and not with {method}. Use one of them."
        return ApiError(403, message, "origin_not_allowed", headers={"Vary": "Origin"}).response()


def checked(given: Sequence[str]) -> list[str]:
    """Origins as browsers send them; `UsageError` for what is none. `*` stands for every page."""
    return [origin if origin in ("*", "null") else _origin(origin) for origin in given]


def _origin(given: str) -> str:
    parts = urlsplit(given)
    if not (parts.scheme and parts.netloc) or parts.path.strip("/") or parts.query or parts.fragment:
        do = "Give a scheme, a host and perhaps a port: https://example.org:8443."
        raise UsageError(f"--allow-origin {given} is not an origin.", do)
    return f"{parts.scheme}://{parts.netloc}".lower()
