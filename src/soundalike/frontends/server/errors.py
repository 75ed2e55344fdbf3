"""What a request that fails is told: OpenAI's error body, `{"error": {message, type, param, code}}`."""

from collections.abc import Mapping

import orjson
from starlette.responses import Response

TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}


class ApiError(Exception):
    """An answer that is an error; `message` is one sentence on what is wrong and one on what to do."""

    def __init__(
        self, status: int, message: str, code: str, param: str | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.code, self.param, self.headers = status, message, code, param, headers

    def body(self) -> dict[str, dict[str, str | None]]:
        """As plain values."""
        kind = TYPES.get(self.status, "server_error" if self.status >= 500 else "invalid_request_error")
        return {"error": {"message": self.message, "type": kind, "param": self.param, "code": self.code}}

    def response(self) -> Response:
        """As an HTTP response."""
        return Response(orjson.dumps(self.body()), self.status, self.headers, "application/json")


class Busy(ApiError):
    """The queue is full; `seconds` is when to come again."""

    def __init__(self, seconds: int) -> None:
        message = f"Too many requests are waiting. Try again in {seconds} seconds."
        super().__init__(429, message, "queue_full", headers={"Retry-After": str(seconds)})


def failed() -> ApiError:
    """Ours; the log has the rest."""
    return ApiError(500, "The model failed at this request. The server's log says how.", "internal_error")


def stopping() -> ApiError:
    """The server is on its way out."""
    return ApiError(503, "The server is stopping. Try again when it is back.", "stopping", headers={"Retry-After": "5"})
