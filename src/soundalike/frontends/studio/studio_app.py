"""The studio's application: the API under /api, for who has the token, and the files of the page."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.staticfiles import StaticFiles

from soundalike.frontends.local_page.answers import add_error_handlers
from soundalike.frontends.studio import (
    clone_routes,
    import_routes,
    job_routes,
    removal_routes,
    report_routes,
    talk_routes,
    training_routes,
    upload_routes,
    use_routes,
)
from soundalike.frontends.studio.access import AccessMiddleware
from soundalike.frontends.studio.after_import import AfterImport
from soundalike.frontends.studio.jobs import Jobs
from soundalike.frontends.studio.loaded_voices import LoadedVoices
from soundalike.frontends.studio.removal import Removal
from soundalike.frontends.studio.studio_folder import StudioFolder
from soundalike.frontends.studio.uploads import Uploads
from soundalike.version import __version__

log = logging.getLogger(__name__)
PAGE: list[str | tuple[str, str]] = [(f"soundalike.frontends.{name}", "page") for name in ("studio", "local_page")]
LOOK = 0.3  # seconds between two looks at whether the next job can start


def create(folder: StudioFolder, token: str) -> FastAPI:
    """The application for a folder that this process has locked."""
    jobs, voices = Jobs(folder.jobs_path, folder.clones_path), LoadedVoices(folder)
    removal = Removal(folder, jobs)
    removal.finish()
    uploads = Uploads(folder.uploads_path)
    after = AfterImport(folder.after_import_path, jobs, uploads)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        turning = [asyncio.create_task(_settle(jobs, after)), asyncio.create_task(voices.watch())]
        yield
        for task in turning:
            task.cancel()
        await voices.close()

    app = FastAPI(title="soundalike studio", version=__version__, openapi_url=None, lifespan=lifespan)
    add_error_handlers(app)
    for router in (
        clone_routes.router(folder),
        job_routes.router(jobs),
        upload_routes.router(uploads),
        import_routes.router(folder, jobs, uploads, after),
        training_routes.router(folder, jobs),
        talk_routes.router(voices),
        report_routes.router(folder, jobs),
        use_routes.router(folder, jobs),
        removal_routes.router(folder, jobs, voices, removal),
    ):
        app.include_router(router, prefix="/api")
    app.mount("/", StaticFiles(packages=PAGE, html=True))
    app.add_middleware(AccessMiddleware, token=token)
    return app


async def _settle(jobs: Jobs, after: AfterImport) -> None:
    """Look for what is to be done, again and again; one look that fails is logged and does not end the others."""
    while True:
        try:
            await asyncio.to_thread(after.settle)
            await asyncio.to_thread(jobs.start_next)
        except Exception as error:
            log.error("The studio could not look after its work", exc_info=error)
        await asyncio.sleep(LOOK)
