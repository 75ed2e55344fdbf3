"""What is deleted after an import, whatever stands in the way of one of them."""

import asyncio
import logging
import shutil
from pathlib import Path

import orjson
import pytest

from soundalike.errors import CloneError
from soundalike.frontends.studio import studio_app
from soundalike.frontends.studio.after_import import AfterImport, ImportCleanup
from soundalike.frontends.studio.jobs import AFTER, Jobs
from soundalike.frontends.studio.studio_folder import StudioFolder
from soundalike.frontends.studio.uploads import Uploads


class ImportingStudio:
    """A studio's folder in which imports have ended; nothing runs in it."""

    def __init__(self, root: Path) -> None:
        self.folder = StudioFolder.make(root)
        self.jobs = Jobs(self.folder.jobs_path, self.folder.clones_path)
        self.uploads = Uploads(self.folder.uploads_path)
        self.after = AfterImport(self.folder.jobs_path, self.jobs, self.uploads)

    def ended(self, name: str, kind: str, code: int, after: bytes = b"") -> None:
        """A job that has ended with an exit code."""
        folder = self.folder.jobs_path / name
        folder.mkdir()
        about = {"kind": kind, "clone": None, "arguments": [kind], "made_at": "2026-11-29T20:00:00+00:00"}
        (folder / "job.json").write_bytes(orjson.dumps(about))
        (folder / "progress.jsonl").write_bytes(orjson.dumps({"exit": code}) + b"\n")
        if after:
            (folder / AFTER).write_bytes(after)

    def imported(self, name: str, code: int = 0) -> str:
        """The upload that an import has read, after which it and the preview go."""
        upload = self.uploads.begin(0)
        (self.folder.uploads_path / f".{upload}" / "package.zip").touch()
        self.uploads.finish(upload)
        self.ended(f"{name}-preview", "preview", 0)
        self.ended(name, "import", code, ImportCleanup(preview=f"{name}-preview", uploads=[upload]).as_bytes())
        return upload


@pytest.fixture
def studio(tmp_path: Path) -> ImportingStudio:
    return ImportingStudio(tmp_path)


@pytest.mark.parametrize(("code", "left"), [(0, 0), (2, 1), (130, 1)])
def test_an_import_that_is_done_takes_the_uploads_with_it(studio: ImportingStudio, code: int, left: int) -> None:
    """One that failed or was stopped leaves them, so that it can be tried again with other choices."""
    studio.imported("a", code)
    studio.after.settle()
    assert len(studio.uploads.all()) == left and len(studio.jobs.all()) == 1 + left
    assert not list(studio.folder.jobs_path.rglob(AFTER))


@pytest.mark.parametrize("damaged", [b"{", b"\0\0", b"{}", b'{"preview": 1, "uploads": "all"}'])
def test_what_cannot_be_read_is_dropped_and_the_others_are_settled(
    studio: ImportingStudio, damaged: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """It is said once, in a line that names the file."""
    studio.ended("a", "import", 0, damaged)
    studio.imported("b")
    for _ in range(2):
        studio.after.settle()
    assert studio.uploads.all() == [] and not list(studio.folder.jobs_path.rglob(AFTER))
    (said,) = caplog.messages
    assert f"a/{AFTER}" in said.replace("\\", "/") and "is damaged" in said


def test_an_upload_that_cannot_be_deleted_keeps_neither_others_nor_new_work_waiting(
    studio: ImportingStudio, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Its error is logged once, in two sentences and without a traceback, and it is tried again."""
    held, free = studio.imported("a"), studio.imported("b")
    rmtree, turns = shutil.rmtree, list[int]()

    def some(path: Path, **options: object) -> None:
        if held in str(path):
            raise PermissionError(13, "held open", str(path))
        rmtree(path)

    def next_turn() -> None:
        turns.append(1)
        if len(turns) == 3:
            raise KeyError("no error that anybody expected")
        if len(turns) == 5:
            raise asyncio.CancelledError

    monkeypatch.setattr(shutil, "rmtree", some)
    monkeypatch.setattr(studio_app, "POLL_SECONDS", 0)
    with pytest.raises(CloneError, match="no permission"):
        studio.after.settle()
    with caplog.at_level(logging.ERROR), pytest.raises(asyncio.CancelledError):
        asyncio.run(studio_app.keep_doing([studio.after.settle, next_turn]))
    assert free not in {upload.id for upload in studio.uploads.all()}
    assert [record.exc_info is not None for record in caplog.records] == [False, True]
    assert "There is no permission to write" in caplog.messages[0]
