"""What is deleted once an import is done: the uploads that it read, and the list of people and channels before it.

It stands in after.json of the import's job, written with the job; it is done by whichever studio runs when the import
has ended, also if the page was closed.
"""

import logging
from pathlib import Path

from pydantic import BaseModel, ValidationError

from soundalike.clone.folder import disk_errors
from soundalike.errors import SoundalikeError
from soundalike.frontends.studio.job_record import ENDED
from soundalike.frontends.studio.jobs import AFTER, Jobs
from soundalike.frontends.studio.uploads import Uploads

log = logging.getLogger(__name__)


class ImportCleanup(BaseModel):
    """What goes after an import: the job `preview`, and `uploads` by id."""

    preview: str
    uploads: list[str]

    def as_bytes(self) -> bytes:
        """As it stands in the file."""
        return self.model_dump_json().encode()


class AfterImport:
    """Does what the jobs in the folder `jobs_path` say is to be done after them."""

    def __init__(self, jobs_path: Path, jobs: Jobs, uploads: Uploads) -> None:
        self._jobs_path, self._jobs, self._uploads = jobs_path, jobs, uploads

    def settle(self) -> None:
        """Delete what belongs to imports that are done; nothing of those that failed, which may be tried again.

        One that cannot be settled does not keep the others from it; its error, `CloneError`, is raised at the end.
        """
        failed: SoundalikeError | None = None
        for path in self._jobs_path.glob(f"[!.]*/{AFTER}"):
            try:
                self._settle(path)
            except SoundalikeError as error:
                failed = error
        if failed:
            raise failed

    def _settle(self, path: Path) -> None:
        state = self._jobs.find(path.parent.name).state
        if state not in ENDED:
            return
        with disk_errors(path):
            if state == "done":
                self._delete(path)
            path.unlink(missing_ok=True)

    def _delete(self, path: Path) -> None:
        try:
            planned = ImportCleanup.model_validate_json(path.read_bytes())
        except ValidationError as error:
            log.warning("%s is damaged: nothing is deleted after this import. %s", path, error.errors()[0]["msg"])
            return
        for name in filter(self._uploads.has, planned.uploads):
            self._uploads.remove(name)
        if any(job.id == planned.preview and job.state in ENDED for job in self._jobs.all()):
            self._jobs.remove(planned.preview)
