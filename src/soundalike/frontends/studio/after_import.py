"""What is deleted once an import is done: the uploads that it read, and the list of people and channels before it.

Asked for when the import is added; done by whichever studio runs when it has ended, also if the page was closed.
"""

from pathlib import Path

import orjson

from soundalike.frontends.studio.jobs import ENDED, Jobs
from soundalike.frontends.studio.uploads import Uploads


class AfterImport:
    """Remembers in a folder, a file for each import, what to delete after it."""

    def __init__(self, folder: Path, jobs: Jobs, uploads: Uploads) -> None:
        self._folder, self._jobs, self._uploads = folder, jobs, uploads

    def plan(self, job: str, preview: str, uploads: list[str]) -> None:
        """Delete these when the import `job` is done."""
        (self._folder / job).write_bytes(orjson.dumps({"preview": preview, "uploads": uploads}))

    def settle(self) -> None:
        """Delete what belongs to imports that are done; nothing of those that failed, which may be tried again."""
        for path in self._folder.iterdir():
            state = next((job.state for job in self._jobs.all() if job.id == path.name), "stopped")
            if state not in ENDED:
                continue
            if state == "done":
                self._delete(**orjson.loads(path.read_bytes()))
            path.unlink()

    def _delete(self, preview: str, uploads: list[str]) -> None:
        there = {upload.id for upload in self._uploads.all()}
        for name in there.intersection(uploads):
            self._uploads.remove(name)
        if any(job.id == preview and job.state in ENDED for job in self._jobs.all()):
            self._jobs.remove(preview)
