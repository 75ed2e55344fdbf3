"""Reading exports over the API: what they hold, an import with what was chosen, and the report of one."""

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field, TypeAdapter, ValidationError
from starlette.responses import Response

from soundalike.clone import Clone
from soundalike.demo import EXPORT
from soundalike.errors import CloneError, UsageError
from soundalike.frontends.local_page.answers import answer
from soundalike.frontends.studio.after_import import ImportCleanup
from soundalike.frontends.studio.job_record import Job
from soundalike.frontends.studio.job_routes import job_summary
from soundalike.frontends.studio.jobs import Jobs
from soundalike.frontends.studio.studio_folder import StudioFolder
from soundalike.frontends.studio.uploads import Uploads
from soundalike.importing import preflight
from soundalike.importing.preflight import ImportReport
from soundalike.importing.selection import CHANNEL, PERSON, pattern_of
from soundalike.paths import regular_path, typed_path

PREVIEW = ("import", "--preview")


class ExportChoice(BaseModel):
    """Exports to look through: uploads by id, paths on this machine, and the invented person's."""

    uploads: list[str] = []
    paths: list[str] = []
    example: bool = False


class ImportOrder(BaseModel):
    """An import of the exports of a preview; `people` and `channels` are keys as the preview lists them, which are left
    out, or are all that is read; `first` and `last` are the days (UTC) between which messages are read."""

    preview: str
    voice: str
    me: list[str] = []
    chosen: Literal["without", "only"] = "without"
    people: list[str] = []
    channels: list[str] = []
    first: date | None = None
    last: Annotated[date, Field(lt=date.max)] | None = None
    pseudonyms: bool = False
    into: Literal["new", "add", "replace"] = "new"
    """Whether the voice must not be there yet, is added to, or is read anew."""
    force: bool = False
    keep: bool = False
    """Whether uploads and preview stay, to read them again."""

    def arguments(self, exports: list[str], folder: Path) -> list[str]:
        """The arguments of the command."""
        first, *more = self.me or [""]
        named = [f"--me={first}", *(f"--also={name}" for name in more)] if first else []
        flags = {"--pseudonyms": self.pseudonyms, "--replace": self.into == "replace", "--force": self.force}
        given = [flag for flag, is_given in flags.items() if is_given]
        return ["import", *exports, f"--out={folder}", *named, *self._selection(), *given]

    def _selection(self) -> list[str]:
        """The options by channel, person and date; a day later `last` has ended."""
        named = [pattern_of(PERSON, key) for key in self.people] + [pattern_of(CHANNEL, key) for key in self.channels]
        since = [f"--only=after:{self.first}"] if self.first else []
        until = [f"--only=before:{self.last + timedelta(days=1)}"] if self.last else []
        return [*(f"--{self.chosen}={one}" for one in named), *since, *until]


def router(folder: StudioFolder, jobs: Jobs, uploads: Uploads) -> APIRouter:
    """The routes under /api/previews and /api/imports."""
    routes = APIRouter()

    @routes.post("/previews")
    def preview(chosen: ExportChoice) -> Response:
        """Look through exports; the result of the job tells who wrote in them, and where."""
        paths = [uploads.path(name) for name in chosen.uploads]
        paths += [typed_path(path, folder.clones_path) for path in chosen.paths]
        paths += [EXPORT] if chosen.example else []
        if not paths:
            raise UsageError("No export was chosen.", "Drop one, or type its path.")
        for path in paths:
            regular_path(path)
        for earlier in [job for job in jobs.all() if job.kind == "preview" and not job.goes_on]:
            jobs.remove(earlier.id)
        return answer(job_summary(jobs.add("preview", [*PREVIEW, *map(str, paths)], subject=_names(paths))))

    @routes.post("/imports")
    def import_(order: ImportOrder) -> Response:
        """Import what a preview looked through."""
        preview = jobs.find(order.preview)
        exports = _exports(preview)
        if order.into == "new" and folder.has_clone(order.voice):
            raise UsageError(f"There is a voice named {order.voice} already.", "Choose another name, or that voice.")
        read = [one.id for one in uploads.all() if str(uploads.path(one.id)) in exports]
        after = b"" if order.keep else ImportCleanup(preview=order.preview, uploads=read).as_bytes()
        arguments = order.arguments(exports, folder.clone_path(order.voice))
        return answer(job_summary(jobs.add("import", arguments, order.voice, subject=preview.subject, after=after)))

    @routes.get("/imports/{name}")
    def report(name: str) -> Response:
        """What the last import of a voice read, and what that means."""
        return answer(_report(folder.clone(name)))

    return routes


def _names(paths: Sequence[Path]) -> str:
    """How people call these exports."""
    return ", ".join("the export of an invented person" if path == EXPORT else path.name for path in paths)


def _exports(job: Job) -> list[str]:
    if job.kind != "preview":
        raise UsageError("This work looked through no exports.", "Choose the exports again.")
    return job.arguments[len(PREVIEW) : -1]  # the last one is --json


def _report(clone: Clone) -> dict[str, Any]:
    """The import report, with its histogram as shares and with sentences."""
    found = clone.report(clone.import_path.name)
    try:
        report = TypeAdapter(ImportReport).validate_python(found)
    except ValidationError as error:
        raise CloneError(f"{clone.import_path} was written by another version.", "Read the exports again.") from error
    columns = {"single messages": report.message_words, "conversations": report.conversation_words}
    return {
        "report": report,
        "lengths": {"columns": list(columns), "rows": preflight.shares(columns)},
        "meaning": preflight.meaning(report),
        "notes": [*report.notes, *preflight.warnings(report)],
    }
