"""Pages of other origins that may call this server from a browser (CORS)."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from soundalike.errors import UsageError
from soundalike.frontends.server.api_errors import ApiError

METHOD = "access-control-request-method"


class CorsMiddleware(CORSMiddleware):
    """Starlette's, which also answers an OPTIONS request that names no method, and refuses with an `ApiError`."""

    def __init__(self, app: ASGIApp, origins: Sequence[str]) -> None:
        super().__init__(
            app,
            allow_origins=origins,
            allow_methods=("GET", "HEAD", "POST"),
            allow_headers=("*",),
            allow_private_network=True,
            expose_headers=("Retry-After",),
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request (ASGI)."""
        if scope["type"] == "http" and scope["method"] == "OPTIONS" and "origin" in (headers := Headers(scope=scope)):
            await self.preflight_response(Headers({METHOD: "GET", **headers}))(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)

    def preflight_response(self, request_headers: Headers) -> Response:
        """The response to a browser's question whether a page may call."""
        response = super().preflight_response(request_headers)
        if response.status_code == 200:
            return response
        origin, method = request_headers["origin"], request_headers[METHOD]
        message = f"A page of {origin} may not ask with {method} here. Start the server with --allow-origin {origin}."
        if self.is_allowed_origin(origin):
            message = f"Pages may ask with GET, HEAD and POST, and not with {method}. Use one of them."
        return ApiError(403, message, "origin_not_allowed", headers={"Vary": "Origin"}).response()


def parse_origins(texts: Sequence[str]) -> list[str]:
    """Origins in the form in which browsers send them; `UsageError` for what is none. `*` stands for every page."""
    return [text if text in ("*", "null") else _parse(text) for text in texts]


def _parse(text: str) -> str:
    parts = urlsplit(text)
    if not (parts.scheme and parts.netloc) or parts.path.strip("/") or parts.query or parts.fragment:
        do = "Give a scheme, a host and perhaps a port: https://example.org:8443."
        raise UsageError(f"--allow-origin {text} is not an origin.", do)
    return f"{parts.scheme}://{parts.netloc}".lower()
