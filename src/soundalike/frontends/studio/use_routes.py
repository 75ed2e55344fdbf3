"""What a voice is used for outside of the page, over the API: a server, a Discord bot, exports for other programs."""

import json
import shlex
from pathlib import Path
from typing import Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.responses import Response

from soundalike.clone import Clone
from soundalike.errors import SoundalikeError, UsageError
from soundalike.export import RECORD, quoted
from soundalike.frontends.discord import settings
from soundalike.frontends.discord.settings import PORTAL, TOKEN, SettingsFile
from soundalike.frontends.local_page.answers import answer
from soundalike.frontends.studio.job_record import Job
from soundalike.frontends.studio.job_routes import job_summary
from soundalike.frontends.studio.jobs import Jobs
from soundalike.frontends.studio.studio_folder import StudioFolder


class ServeBody(BaseModel):
    """The port of a server; 0 takes a free one."""

    port: int = Field(default=8080, ge=0, le=65535)


class ExportBody(BaseModel):
    """As the options of `soundalike export`."""

    to: Literal["gguf", "merged", "mlx", "prompt"]
    precision: Literal["f16", "q8_0"] = "f16"


def router(folder: StudioFolder, jobs: Jobs) -> APIRouter:
    """The routes under /api/voices/NAME of what it is used for."""
    routes = APIRouter(prefix="/voices/{name}")

    @routes.get("/serve")
    def serving(name: str) -> Response:
        """The command, and the servers of this voice that the studio has started."""
        command = quoted(["soundalike", "serve", str(folder.clone(name).root)])
        servers = [job_summary(job) for job in jobs.all() if job.kind == "serve" and job.clone == name]
        return answer({"command": command, "jobs": servers})

    @routes.post("/serve")
    def serve(name: str, body: ServeBody) -> Response:
        """Start a server, which goes on when the studio ends."""
        _require_free(jobs, body.port)
        arguments = ["serve", str(folder.clone(name).root), "--port", str(body.port)]
        return answer(job_summary(jobs.add("serve", arguments, name, long_running=True)))

    @routes.get("/discord")
    def discord(name: str) -> Response:
        """Its commands, and whether its discord.toml is there and right. The token is no part of the studio."""
        clone = folder.clone(name)
        return answer(_discord(clone))

    @routes.post("/discord")
    def prepare_discord(name: str) -> Response:
        """Write discord.toml, as `soundalike discord ME --init` does."""
        clone = folder.clone(name)
        settings.initialise(clone.root)
        return answer(_discord(clone))

    @routes.get("/export")
    def exports(name: str) -> Response:
        """What was exported: folder, files with their sizes in bytes, commands that use it."""
        clone = folder.clone(name)
        done = [jobs.result(job.id) for job in jobs.all() if _is_export(job, name)]
        use = {result["folder"]: result.get("use", []) for result in done}  # a prompt has no commands
        return answer([_recorded(path, use) for path in sorted(clone.root.glob(f"export-*/{RECORD}"))])

    @routes.post("/export")
    def export(name: str, body: ExportBody) -> Response:
        """Export it, as a job."""
        precision = ["--precision", body.precision] if body.to == "gguf" else []
        arguments = ["export", str(folder.clone(name).root), "--to", body.to, *precision]
        return answer(job_summary(jobs.add("export", arguments, name)))

    return routes


def _require_free(jobs: Jobs, port: int) -> None:
    """`UsageError` where a server that was started here has the port, or is about to."""
    for job in jobs.all():
        if port and job.kind == "serve" and job.goes_on and job.arguments[-1] == str(port):
            raise UsageError(f"{job.name} has port {port}.", "Stop it first, or type another Port.")


def _discord(clone: Clone) -> dict[str, Any]:
    path, problem = clone.root / settings.NAME, None
    if path.exists():
        try:
            SettingsFile(path)
        except SoundalikeError as error:
            problem = {"what": error.what, "do": error.do}
    command = f"soundalike discord {shlex.quote(str(clone.root))}"
    found = {"settings": str(path) if path.exists() else None, "problem": problem}
    return found | {"command": command, "portal": PORTAL, "variable": TOKEN}


def _is_export(job: Job, name: str) -> bool:
    return job.kind == "export" and job.clone == name and job.state == "done"


def _recorded(path: Path, use: dict[str, list[str]]) -> dict[str, Any]:
    """An export from its record; `use` are the commands that use one, by its folder."""
    kept, folder = json.loads(path.read_text("utf-8")), str(path.parent)
    sizes = {name: (path.parent / name).stat().st_size for name in kept["files"] if (path.parent / name).is_file()}
    return {"kind": kept["kind"], "folder": folder, "files": sizes, "use": use.get(folder, [])}
