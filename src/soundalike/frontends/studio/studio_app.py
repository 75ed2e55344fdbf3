"""The studio's application: the API under /api, for who has the token, and the files of the page."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from soundalike.errors import SoundalikeError
from soundalike.export import quoted
from soundalike.frontends.local_page.answers import add_error_handlers, answer
from soundalike.frontends.local_page.protection import LocalPageMiddleware
from soundalike.frontends.studio import (
    clone_routes,
    forget_routes,
    import_routes,
    job_routes,
    removal_routes,
    report_routes,
    talk_routes,
    training_routes,
    upload_routes,
    use_routes,
    version_routes,
)
from soundalike.frontends.studio.access import StudioAccess
from soundalike.frontends.studio.after_import import AfterImport
from soundalike.frontends.studio.jobs import Jobs
from soundalike.frontends.studio.loaded_voices import LoadedVoices
from soundalike.frontends.studio.removal import Removal
from soundalike.frontends.studio.studio_folder import StudioFolder
from soundalike.frontends.studio.uploads import Uploads
from soundalike.version import __version__

log = logging.getLogger(__name__)
PAGE: list[str | tuple[str, str]] = [(f"soundalike.frontends.{name}", "page") for name in ("studio", "local_page")]
POLL_SECONDS = 0.3  # between two looks at whether the next job can start


def create(folder: StudioFolder, token: str, port: int = 0) -> FastAPI:
    """The application for a folder that this process has locked; `port`: the one that was asked for, 0 if none was."""
    jobs, voices = Jobs(folder.jobs_path, folder.clones_path), LoadedVoices(folder)
    removal = Removal(folder, jobs)
    removal.finish()
    uploads = Uploads(folder.uploads_path)
    after = AfterImport(folder.jobs_path, jobs, uploads)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        work = asyncio.create_task(keep_doing([after.settle, jobs.start_next]))
        idle = asyncio.create_task(voices.watch())
        yield
        work.cancel()
        idle.cancel()
        await voices.close()

    app = FastAPI(title="soundalike studio", version=__version__, openapi_url=None, lifespan=lifespan)
    add_error_handlers(app)
    for router in (
        clone_routes.router(folder, jobs),
        job_routes.router(jobs),
        upload_routes.router(uploads),
        import_routes.router(folder, jobs, uploads),
        training_routes.router(folder, jobs),
        talk_routes.router(voices),
        report_routes.router(folder, jobs),
        use_routes.router(folder, jobs),
        version_routes.router(folder),
        forget_routes.router(folder, jobs),
        removal_routes.router(voices, removal),
    ):
        app.include_router(router, prefix="/api")

    @app.get("/api/studio")
    def studio() -> Response:
        """The command that starts it again."""
        asked = ["--port", str(port)] if port else []
        return answer({"command": quoted(["soundalike", "studio", "--folder", str(folder.clones_path), *asked])})

    app.mount("/", StaticFiles(packages=PAGE, html=True))
    app.add_middleware(LocalPageMiddleware, check=StudioAccess(token).check)
    return app


async def keep_doing(steps: Sequence[Callable[[], None]]) -> None:
    """Take the steps again and again until cancelled. One that fails keeps no other from its turn; its error is logged
    once, and not again while it stays the same."""
    failures: dict[int, str] = {}
    while True:
        for number, step in enumerate(steps):
            try:
                await asyncio.to_thread(step)
                failures.pop(number, None)
            except Exception as error:
                if failures.get(number) != repr(error):
                    log.error("The studio tries again what failed: %s", error, exc_info=_unless_known(error))
                failures[number] = repr(error)
        await asyncio.sleep(POLL_SECONDS)


def _unless_known(error: Exception) -> Exception | None:
    """An error that needs its traceback to be understood; None for one that is explained."""
    return None if isinstance(error, SoundalikeError) else error
