"""The server's endpoints, OpenAI-compatible, and the page at /.

Takes voices by name; knows requests and answers, never a token or a tensor. https://platform.openai.com/docs/api-reference
describes the endpoints; what a voice has beside them stands in each answer under `soundalike`.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from importlib.resources import files
from typing import Any, TypeVar, cast

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from soundalike.errors import SoundalikeError
from soundalike.frontends.server import parsing, refusals, responses, schema, served_models
from soundalike.frontends.server.api_errors import ApiError, of_error
from soundalike.frontends.server.auth import AuthMiddleware
from soundalike.frontends.server.origins import Origins
from soundalike.frontends.server.prometheus import Metrics
from soundalike.generation.scheduler import Scheduler
from soundalike.generation.ticket import Ticket
from soundalike.generation.voice import Voice
from soundalike.training.recipe import Serving
from soundalike.version import __version__

Body = schema.ChatRequest | schema.CompletionRequest
Asks = TypeVar("Asks", schema.ChatRequest, schema.CompletionRequest)
LONG = 10_000  # characters: shorter requests are read in less time than it takes to wake a thread
EVENT = {"type": "object", "properties": {"data": {"type": "string"}}, "required": ["data"]}
SPOKEN: dict[int | str, dict[str, Any]] = {
    200: {"model": schema.Answer, "content": {"text/event-stream": {"schema": EVENT}}}
}
PAGE_RULES = "default-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": schema.ErrorBody, "description": description}
    for status, description in {
        400: "The request is not as it should be",
        401: "The API key is missing or wrong",
        403: "The server does not answer to this host name",
        404: "There is no such model",
        413: "The body is too large",
        415: "The body is not JSON",
        429: "The queue is full; Retry-After says when to come again",
        500: "The model failed",
        503: "The server is stopping",
    }.items()
}


class Server:
    """What the endpoints share."""

    def __init__(self, served: dict[str, served_models.ServedModel], serving: Serving) -> None:
        self.served, self.serving = served, serving
        self.scheduler = Scheduler([one.voice for one in served.values()], serving.streams, serving.queue)
        self.metrics = Metrics(self.scheduler)

    async def answer(
        self, request: Request, body: Body, one: served_models.ServedModel, made: parsing.ParsedRequest
    ) -> Response:
        """Queue what was asked; the answer whole or, where the request says so, as a stream."""
        writer = responses.ResponseBuilder(
            one, made, isinstance(body, schema.ChatRequest), body.top_logprobs_count is not None
        )
        ticket = self.scheduler.submit(made.utterances, bool(body.stream), made.cost)
        if body.stream:
            return Spoken(writer.stream(ticket, body.told_usage), lambda: self._release(one, ticket))
        try:
            return _json(await _unless_gone(request, writer.whole(ticket)))
        finally:
            self._release(one, ticket)

    def _release(self, one: served_models.ServedModel, ticket: Ticket) -> None:
        self.scheduler.release(ticket)
        self.metrics.told(one.name, ticket)


class Spoken(StreamingResponse):
    """A stream of events; `end` is called when it is over, also where the client has left before it began."""

    def __init__(self, events: AsyncIterator[bytes], end: Callable[[], None]) -> None:
        super().__init__(events, media_type="text/event-stream", headers={"Cache-Control": "no-store"})
        self._end = end

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The stream, as ASGI has it."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._end()


def create(
    served: dict[str, served_models.ServedModel], serving: Serving, key: str | None = None, allowed: Sequence[str] = ()
) -> FastAPI:
    """The application that serves these voices; with a `key`, to those who have it; to pages of `allowed` origins."""
    server = Server(served, serving)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await asyncio.to_thread(server.scheduler.close)

    app = FastAPI(title="soundalike", version=__version__, docs_url=None, redoc_url=None, lifespan=lifespan)
    app.state.server = server
    _answer_errors(app)
    _add_voices(app, server)
    _add_about(app, server)
    _add_page(app)
    app.add_middleware(AuthMiddleware, key=key, body_bytes=serving.body_bytes, told=server.metrics.answered)
    if allowed:  # outside of the gate: a browser asks without the key, and has to be let read what the gate says
        app.add_middleware(Origins, allowed=allowed)
    return app


def _add_voices(app: FastAPI, server: Server) -> None:
    @app.get("/v1/models", responses=ERRORS | {200: {"model": schema.Models}})
    async def models() -> Response:
        """Every voice that is served."""
        return _json({"object": "list", "data": [one.as_model() for one in server.served.values()]})

    @app.get("/v1/models/{model}", responses=ERRORS | {200: {"model": schema.Model}})
    async def model(model: str) -> Response:
        """One voice."""
        return _json(served_models.find(server.served, model).as_model())

    @app.post("/v1/chat/completions", responses=ERRORS | SPOKEN)
    async def chat(request: Request, body: schema.ChatRequest) -> Response:
        """What the owner would say next in a conversation: a burst of messages, joined by newlines."""
        one = served_models.find(server.served, body.model)
        return await server.answer(request, body, one, await _apart(parsing.chat, body, one.voice, server.serving))

    @app.post("/v1/completions", responses=ERRORS | SPOKEN)
    async def completions(request: Request, body: schema.CompletionRequest) -> Response:
        """How the owner would go on with a text; each of its lines is a message."""
        one = served_models.find(server.served, body.model)
        return await server.answer(
            request, body, one, await _apart(parsing.completion, body, one.voice, server.serving)
        )


async def _apart(
    read: Callable[[Asks, Voice, Serving], parsing.ParsedRequest], body: Asks, voice: Voice, serving: Serving
) -> parsing.ParsedRequest:
    """What is asked; a long request is read in a thread of its own, so that others are answered meanwhile."""
    if body.characters < LONG:
        return read(body, voice, serving)
    return await asyncio.to_thread(read, body, voice, serving)


def _add_about(app: FastAPI, server: Server) -> None:
    @app.get("/health", responses={200: {"model": schema.Health}})
    async def health() -> Response:
        """That it runs, and how busy it is."""
        busy = {"running": server.scheduler.running, "waiting": server.scheduler.waiting}
        return _json({"status": "ok", **busy})

    @app.get("/metrics", responses={200: {"content": {"text/plain": {}}}})
    async def metrics() -> Response:
        """What Prometheus collects."""
        return Response(server.metrics.text(), media_type="text/plain; version=0.0.4")


def _add_page(app: FastAPI) -> None:
    folder = files("soundalike.frontends.server") / "page"
    kinds = {"/": ("page.html", "text/html"), "/page.css": ("page.css", "text/css")}
    kinds["/page.js"] = ("page.js", "text/javascript")
    headers = {
        "Content-Security-Policy": PAGE_RULES,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
    }
    for path, (name, kind) in kinds.items():
        app.add_api_route(path, _file((folder / name).read_bytes(), kind, headers), include_in_schema=False)


def _file(content: bytes, kind: str, headers: dict[str, str]) -> Callable[[], Awaitable[Response]]:
    async def page() -> Response:
        return Response(content, media_type=kind, headers=headers)

    return page


def _answer_errors(app: FastAPI) -> None:
    @app.exception_handler(ApiError)
    async def known(_: Request, error: ApiError) -> Response:
        return error.response()

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> Response:
        return refusals.refused(error.errors()).response()

    @app.exception_handler(SoundalikeError)
    async def ours(_: Request, error: SoundalikeError) -> Response:
        return of_error(error).response()

    @app.exception_handler(HTTPException)
    async def plain(request: Request, error: HTTPException) -> Response:
        return _as_told(request, error).response()

    @app.exception_handler(Exception)
    async def unexpected(_: Request, error: Exception) -> Response:
        return of_error(error).response()


def _as_told(request: Request, error: HTTPException) -> ApiError:
    """An error of the framework's in our words."""
    status, method, path = error.status_code, request.method, request.url.path
    allowed = (error.headers or {}).get("Allow", "")
    told = {
        400: ("The body cannot be read as JSON. Send it in UTF-8.", "not_json"),
        404: (f"There is nothing at {path[:100]!r}. This server has: {_endpoints(request.app)}.", "not_found"),
        405: (f"{method} is not answered at {path}. Use {allowed}.", "method_not_allowed"),
    }
    message, code = told.get(status, (str(error.detail), "http"))
    return ApiError(status, message, code, headers=error.headers)


def _endpoints(app: FastAPI) -> str:
    described = app.openapi()["paths"].items()
    return ", ".join(f"{method.upper()} {path}" for path, methods in described for method in methods)


async def _unless_gone(request: Request, work: Coroutine[Any, Any, responses.Json]) -> responses.Json:
    """The result of `work`, which is given up when the client leaves."""
    tasks = [asyncio.ensure_future(work), asyncio.ensure_future(_gone(request))]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if not tasks[0].done():
            raise ApiError(499, "The client has closed the connection.", "gone")  # nobody reads it; metrics count it
        return cast(responses.Json, tasks[0].result())
    finally:
        for task in tasks:
            task.cancel()


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _json(body: responses.Json) -> Response:
    return Response(orjson.dumps(body), media_type="application/json")
