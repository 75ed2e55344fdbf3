"""The server's endpoints, compatible with OpenAI's, and the page at /.

https://platform.openai.com/docs/api-reference describes the endpoints; what a voice has beyond them is in each response
under `soundalike`.
"""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from soundalike.errors import SoundalikeError
from soundalike.frontends.server import schema, served_models, validation_errors
from soundalike.frontends.server.api_errors import ApiError, from_exception
from soundalike.frontends.server.auth import AuthMiddleware
from soundalike.frontends.server.cors import CorsMiddleware
from soundalike.frontends.server.event_stream import EventStream
from soundalike.frontends.server.feedback import keep_correction
from soundalike.frontends.server.page_files import add_page
from soundalike.frontends.server.parsing import generation_requests
from soundalike.frontends.server.prometheus import Metrics
from soundalike.frontends.server.responses import Json, ResponseBuilder
from soundalike.frontends.server.served_models import ServedModel
from soundalike.generation.scheduler import Scheduler
from soundalike.generation.ticket import Ticket
from soundalike.training.recipe import Serving
from soundalike.version import __version__

Body = schema.ChatRequest | schema.CompletionRequest
LONG = 10_000  # characters: shorter requests are parsed in less time than it takes to wake a thread
EVENT = {"type": "object", "properties": {"data": {"type": "string"}}, "required": ["data"]}
COMPLETION: dict[int | str, dict[str, Any]] = {
    200: {"model": schema.CompletionResponse, "content": {"text/event-stream": {"schema": EVENT}}}
}
ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": schema.ErrorBody, "description": description}
    for status, description in {
        400: "The request is not as it should be",
        401: "The API key is missing or wrong",
        403: "The server does not answer to this host name",
        404: "There is no such model",
        413: "The body is too large",
        415: "The body is not JSON",
        429: "The queue is full; Retry-After says when to try again",
        500: "The model failed",
        503: "The server is stopping, or the clone is being written to",
    }.items()
}


class Server:
    """The state that the endpoints share: models, scheduler, metrics."""

    def __init__(self, served: dict[str, ServedModel], serving: Serving) -> None:
        self.served, self.at_once = served, serving.streams
        self.scheduler = Scheduler([model.voice for model in served.values()], serving.streams, serving.queue)
        self.metrics = Metrics(self.scheduler)

    async def complete(self, request: Request, body: Body) -> Response:
        """Generate what is requested and respond with it, as a stream if the request says so.

        A long request is parsed on a thread, so that others are answered meanwhile.
        """
        model = served_models.find(self.served, body.model)
        if body.characters < LONG:
            requests = generation_requests(body, model.voice, self.at_once)
        else:
            requests = await asyncio.to_thread(generation_requests, body, model.voice, self.at_once)
        ticket = self.scheduler.submit(requests, bool(body.stream))
        builder = ResponseBuilder(model, body, ticket)
        if body.stream:
            return EventStream(builder.stream(), lambda: self._release(model, ticket))
        try:
            return _json(await _unless_disconnected(request, builder.whole()))
        finally:
            self._release(model, ticket)

    def _release(self, model: ServedModel, ticket: Ticket) -> None:
        self.scheduler.release(ticket)
        self.metrics.count_ticket(model.name, ticket)


def create(
    served: dict[str, ServedModel], serving: Serving, key: str | None = None, origins: Sequence[str] = ()
) -> FastAPI:
    """The application; with a `key` for clients that send it, and for pages of `origins`."""
    server = Server(served, serving)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await asyncio.to_thread(server.scheduler.close)

    app = FastAPI(title="soundalike", version=__version__, docs_url=None, redoc_url=None, lifespan=lifespan)
    app.state.server = server
    _add_error_handlers(app)
    _add_openai_endpoints(app, server)
    _add_corrections_endpoint(app, server)
    _add_status_endpoints(app, server)
    add_page(app)
    count = server.metrics.count_answer
    app.add_middleware(AuthMiddleware, key=key, body_bytes=serving.body_bytes, on_answer=count)
    if origins:  # outermost: a browser's preflight request has no key, and a page must be able to read a 401
        app.add_middleware(CorsMiddleware, origins=origins)
    return app


def _add_openai_endpoints(app: FastAPI, server: Server) -> None:
    @app.get("/v1/models", responses=ERRORS | {200: {"model": schema.ModelList}})
    async def models() -> Response:
        """Every voice that is served."""
        return _json({"object": "list", "data": [model.as_model() for model in server.served.values()]})

    @app.get("/v1/models/{model}", responses=ERRORS | {200: {"model": schema.ModelInfo}})
    async def model(model: str) -> Response:
        """One voice."""
        return _json(served_models.find(server.served, model).as_model())

    @app.post("/v1/chat/completions", responses=ERRORS | COMPLETION)
    async def chat(request: Request, body: schema.ChatRequest) -> Response:
        """The owner's next messages in a conversation: a burst, joined by newlines."""
        return await server.complete(request, body)

    @app.post("/v1/completions", responses=ERRORS | COMPLETION)
    async def completions(request: Request, body: schema.CompletionRequest) -> Response:
        """How the owner would continue texts; each line is a message."""
        return await server.complete(request, body)


def _add_corrections_endpoint(app: FastAPI, server: Server) -> None:
    @app.post("/v1/corrections", responses=ERRORS | {200: {"model": schema.CorrectionResponse}})
    async def corrections(body: schema.CorrectionRequest) -> Response:
        """What is not like the owner, or is: kept in the clone, and heeded from the next reply on."""
        return _json(await asyncio.to_thread(keep_correction, server.served, body))


def _add_status_endpoints(app: FastAPI, server: Server) -> None:
    @app.get("/health", responses={200: {"model": schema.Health}})
    async def health() -> Response:
        """That the server runs, and how busy it is."""
        busy = {"running": server.scheduler.running, "waiting": server.scheduler.waiting}
        return _json({"status": "ok", **busy})

    @app.get("/metrics", responses={200: {"content": {"text/plain": {}}}})
    async def metrics() -> Response:
        """Counters for Prometheus."""
        return Response(server.metrics.text(), media_type="text/plain; version=0.0.4")


def _add_error_handlers(app: FastAPI) -> None:
    @app.exception_handler(ApiError)
    async def api_error(_: Request, error: ApiError) -> Response:
        return error.response()

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> Response:
        return validation_errors.to_api_error(error.errors()).response()

    @app.exception_handler(HTTPException)
    async def http_error(request: Request, error: HTTPException) -> Response:
        return _in_our_words(request, error).response()

    @app.exception_handler(SoundalikeError)
    async def known(_: Request, error: SoundalikeError) -> Response:
        return from_exception(error).response()

    @app.exception_handler(Exception)
    async def unexpected(_: Request, error: Exception) -> Response:
        return from_exception(error).response()


def _in_our_words(request: Request, error: HTTPException) -> ApiError:
    """An error of the framework's, with a message of ours."""
    status, method, path = error.status_code, request.method, request.url.path
    allowed = (error.headers or {}).get("Allow", "")
    messages = {
        400: ("The body cannot be read as JSON. Send it in UTF-8.", "not_json"),
        404: (f"There is nothing at {path[:100]!r}. This server has: {_endpoints(request.app)}.", "not_found"),
        405: (f"{method} is not answered at {path}. Use {allowed}.", "method_not_allowed"),
    }
    message, code = messages.get(status, (str(error.detail), "http"))
    return ApiError(status, message, code, headers=error.headers)


def _endpoints(app: FastAPI) -> str:
    paths = app.openapi()["paths"].items()
    return ", ".join(f"{method.upper()} {path}" for path, methods in paths for method in methods)


async def _unless_disconnected(request: Request, work: Coroutine[Any, Any, Json]) -> Json:
    """The result of `work`, which is cancelled when the client disconnects."""
    tasks = [asyncio.ensure_future(work), asyncio.ensure_future(_disconnected(request))]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if not tasks[0].done():
            raise ApiError(499, "The client has closed the connection.", "gone")  # nobody reads it; metrics count it
        return cast(Json, tasks[0].result())
    finally:
        for task in tasks:
            task.cancel()


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _json(body: Json) -> Response:
    return Response(orjson.dumps(body), media_type="application/json")
