"""Exports over the API: files that the page sends, streamed to disk, and what is there."""

from typing import Annotated

from fastapi import APIRouter, Body, Request
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from soundalike.errors import UsageError
from soundalike.frontends.local_page.answers import answer
from soundalike.frontends.studio.uploads import Uploads


def router(uploads: Uploads) -> APIRouter:
    """The routes under /api/uploads."""
    routes = APIRouter(prefix="/uploads")

    @routes.get("")
    def every() -> Response:
        """Every export that is there, and how much room is left."""
        return answer({"free": uploads.free, "uploads": uploads.all()})

    @routes.post("")
    def begin(size: Annotated[int, Body(embed=True, alias="bytes", ge=0)]) -> Response:
        """Begin an upload of so many bytes, if the disk has them."""
        return answer({"id": uploads.begin(size)})

    @routes.put("/{name}/{path:path}")
    async def write(name: str, path: str, request: Request) -> Response:
        """The bytes of one file, as they are."""
        try:
            await uploads.write(name, path, request.stream())
        except ClientDisconnect:
            raise UsageError("The upload was broken off.", "Drop the export again.") from None
        return answer({})

    @routes.post("/{name}/finish")
    def finish(name: str) -> Response:
        """All files were sent."""
        return answer(uploads.finish(name))

    @routes.delete("/{name}")
    def remove(name: str) -> Response:
        """Delete an upload, or break one off."""
        uploads.remove(name)
        return answer({})

    return routes
