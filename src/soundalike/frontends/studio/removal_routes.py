"""Deleting a voice, or everything, over the API."""

import asyncio

from fastapi import APIRouter
from starlette.responses import Response

from soundalike.frontends.local_page.answers import answer
from soundalike.frontends.studio.loaded_voices import LoadedVoices
from soundalike.frontends.studio.removal import Removal


def router(voices: LoadedVoices, removal: Removal) -> APIRouter:
    """The routes of deleting under /api."""
    routes = APIRouter()

    @routes.delete("/voices/{name}")
    async def delete(name: str, confirm: str = "") -> Response:
        """Delete the voice; `confirm` is its name."""
        await voices.unload(name)
        await asyncio.to_thread(removal.voice, name, confirm)
        return answer({})

    @routes.get("/everything")
    def contents() -> Response:
        """What there is to delete."""
        return answer(removal.contents())

    @routes.delete("/everything")
    async def delete_everything(confirm: str = "") -> Response:
        """Delete every voice, upload and piece of work; `confirm` is the name of the folder."""
        for name in voices.names:
            await voices.unload(name)
        await asyncio.to_thread(removal.everything, confirm)
        return answer({})

    return routes
