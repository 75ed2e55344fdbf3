"""Earlier voices over the API: which are kept, and taking back the one before."""

from fastapi import APIRouter
from starlette.responses import Response

from soundalike.clone import Clone
from soundalike.frontends.local_page.answers import answer
from soundalike.frontends.studio.clone_routes import clone_summary
from soundalike.frontends.studio.studio_folder import StudioFolder
from soundalike.training.versions import roll_back


def router(folder: StudioFolder) -> APIRouter:
    """The routes under /api/voices/NAME of its versions."""
    routes = APIRouter(prefix="/voices/{name}")

    @routes.get("/versions")
    def versions(name: str) -> Response:
        """The earlier voices that are kept, the newest first."""
        paths = [path for path in folder.clone(name).versions_path.glob("*") if path.name.isdecimal()]
        newest = sorted(paths, key=lambda path: -int(path.name))
        return answer([{"number": path.name, "voice": clone_summary(Clone.open(path))["voice"]} for path in newest])

    @routes.post("/rollback")
    def go_back(name: str) -> Response:
        """Take the voice before this one."""
        return answer({"kept": str(roll_back(folder.clone(name)))})

    return routes
