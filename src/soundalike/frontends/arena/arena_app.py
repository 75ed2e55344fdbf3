"""The arena's application: the owner's API, the judges' API, and the files of the page."""

from collections.abc import Collection
from typing import Literal

from fastapi import APIRouter, FastAPI
from pydantic import BaseModel, ConfigDict
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from soundalike.frontends.arena.arena_access import ArenaAccess, ArenaKeys
from soundalike.frontends.arena.arena_state import ArenaState
from soundalike.frontends.local_page.answers import add_error_handlers, answer
from soundalike.frontends.local_page.protection import LocalPageMiddleware
from soundalike.version import __version__

PAGE: list[str | tuple[str, str]] = [(f"soundalike.frontends.{name}", "page") for name in ("arena", "local_page")]


class Release(BaseModel):
    """Whether judges may see a pair."""

    model_config = ConfigDict(extra="forbid", strict=True)

    released: bool


class Joining(BaseModel):
    """Whether a new judge knows the owner."""

    model_config = ConfigDict(extra="forbid", strict=True)

    acquaintance: bool


class Ballot(BaseModel):
    """Which of the two replies of a pair a judge takes for the owner's."""

    model_config = ConfigDict(extra="forbid", strict=True)

    judge: str
    pair: str
    choice: Literal["first", "second"]


def create(state: ArenaState, keys: ArenaKeys, hosts: Collection[str] = ()) -> FastAPI:
    """The application; `hosts` are names in the judges' link."""
    app = FastAPI(title="soundalike arena", version=__version__, openapi_url=None)
    add_error_handlers(app)
    app.include_router(_owner_routes(state), prefix="/api/owner")
    app.include_router(_judge_routes(state), prefix="/api/judge")
    app.mount("/", StaticFiles(packages=PAGE, html=True))
    app.add_middleware(LocalPageMiddleware, check=ArenaAccess(keys, hosts).check)
    return app


def _owner_routes(state: ArenaState) -> APIRouter:
    router = APIRouter()

    @router.get("/pairs")
    async def pairs() -> Response:
        """Every pair, to be read before any of it is released."""
        return answer({"owner": state.owner, "pairs": state.review()})

    @router.post("/pairs/{pair}")
    async def release(pair: str, body: Release) -> Response:
        """Release a pair, or take it back."""
        return answer(state.release(pair, body.released))

    @router.get("/results")
    async def results() -> Response:
        """All votes so far."""
        return answer(state.results())

    return router


def _judge_routes(state: ArenaState) -> APIRouter:
    router = APIRouter()

    @router.get("/about")
    async def about() -> Response:
        """Whose replies are guessed at."""
        return answer({"owner": state.owner})

    @router.post("/join")
    async def join(body: Joining) -> Response:
        """Become a judge."""
        return answer({"id": state.join(body.acquaintance).id}, 201)

    @router.get("/{judge}/next")
    async def next_pair(judge: str) -> Response:
        """The next pair, or the judge's own score when there is none left."""
        shown = state.next_pair(judge)
        return answer({"pair": shown, "score": state.score(judge) if shown is None else None})

    @router.post("/vote")
    async def vote(body: Ballot) -> Response:
        """Give the one vote of a judge on a pair."""
        state.vote(body.judge, body.pair, body.choice)
        return answer({"kept": True}, 201)

    return router
