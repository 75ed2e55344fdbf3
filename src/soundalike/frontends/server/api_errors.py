"""Errors as OpenAI's clients expect them: `{"error": {message, type, param, code}}` with an HTTP status."""

import logging
from collections.abc import Mapping

import orjson
from starlette.responses import Response

from soundalike.errors import RecipeError, SoundalikeError
from soundalike.generation.ticket import ModelFailed, QueueFull, SchedulerClosed

log = logging.getLogger(__name__)
TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}


class ApiError(Exception):
    """An error response; `message` is one sentence on what is wrong and one on what to do."""

    def __init__(
        self, status: int, message: str, code: str, param: str | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.code, self.param, self.headers = status, message, code, param, headers

    def body(self) -> dict[str, dict[str, str | None]]:
        """The JSON body."""
        kind = TYPES.get(self.status, "server_error" if self.status >= 500 else "invalid_request_error")
        return {"error": {"message": self.message, "type": kind, "param": self.param, "code": self.code}}

    def response(self) -> Response:
        """The HTTP response."""
        return Response(orjson.dumps(self.body()), self.status, self.headers, "application/json")


def from_exception(error: Exception) -> ApiError:
    """The response to a request that ended with `error`; details of a failure stay in the server's log."""
    if isinstance(error, RecipeError):
        return ApiError(400, str(error), "invalid")
    if isinstance(error, QueueFull):
        return ApiError(429, str(error), "queue_full", headers={"Retry-After": str(error.seconds)})
    if isinstance(error, SchedulerClosed):
        message = "The server is stopping. Try again when it is back."
        return ApiError(503, message, "stopping", headers={"Retry-After": "5"})
    if isinstance(error, SoundalikeError) and not isinstance(error, ModelFailed):  # the scheduler has logged that one
        log.error("A request failed: %s", error)
    return ApiError(500, "The model failed at this request. The server's log says how.", "internal_error")
