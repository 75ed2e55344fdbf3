"""How the APIs of local pages answer: JSON, errors as `{"error": {"what": ..., "do": ...}}` with an HTTP status."""

from typing import Any

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from soundalike.errors import DiskFull, SoundalikeError, UsageError
from soundalike.plain import OPTIONS, plain


class ApiProblem(Exception):
    """An error with a status: `what` is wrong and what to `do`, a sentence each."""

    def __init__(self, status: int, what: str, do: str) -> None:
        super().__init__(f"{what} {do}")
        self.status, self.what, self.do = status, what, do

    def response(self) -> Response:
        """The HTTP response."""
        return answer({"error": {"what": self.what, "do": self.do}}, self.status)


def answer(value: Any, status: int = 200) -> Response:
    """A response of JSON; dataclasses become objects."""
    return Response(orjson.dumps(plain(value), option=OPTIONS), status, media_type="application/json")


def add_error_handlers(app: FastAPI) -> None:
    """Answer every error in two sentences; one that nobody expected is raised to the server too, which logs it."""

    @app.exception_handler(ApiProblem)
    async def problem(_: Request, error: ApiProblem) -> Response:
        return error.response()

    @app.exception_handler(SoundalikeError)
    async def known(_: Request, error: SoundalikeError) -> Response:
        status = 507 if isinstance(error, DiskFull) else 400 if isinstance(error, UsageError) else 500
        return ApiProblem(status, error.what, error.control or error.do).response()

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"] if part != "body") or "the body"
        return ApiProblem(400, f"{where}: {first['msg']}.", "Reload the page, and try again.").response()

    @app.exception_handler(HTTPException)
    async def http_error(request: Request, error: HTTPException) -> Response:
        what = f"{request.method} {request.url.path[:100]} is answered with {error.status_code}: {error.detail}."
        return ApiProblem(error.status_code, what, "Reload the page.").response()

    @app.exception_handler(Exception)
    async def unexpected(_: Request, error: Exception) -> Response:
        what = f"The server failed at this: {type(error).__name__}."
        return ApiProblem(500, what, "The window in which it runs says more.").response()
