"""Exports that are sent to the studio: streamed to disk, whole or not there, and deleted when they were read."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from starlette.requests import ClientDisconnect
from starlette.testclient import TestClient

from soundalike.frontends.studio.studio_app import create
from soundalike.frontends.studio.studio_folder import StudioFolder
from soundalike.frontends.studio.uploads import Uploads

TOKEN = "open-sesame"


@pytest.fixture
def folder(tmp_path: Path) -> StudioFolder:
    return StudioFolder.make(tmp_path)


@pytest.fixture
def client(folder: StudioFolder) -> TestClient:
    return TestClient(
        create(folder, TOKEN), base_url="http://127.0.0.1:8000", headers={"Authorization": f"Bearer {TOKEN}"}
    )


def begin(client: TestClient, size: int = 5) -> str:
    return str(client.post("/api/uploads", json={"bytes": size}).json()["id"])


def test_a_folder_is_sent_file_by_file_and_is_there_at_the_end(client: TestClient, folder: StudioFolder) -> None:
    """Until then nothing can be read of it; its names may hold any script and signs."""
    name = begin(client)
    for path in ("My export/messages/c1.json", "My export/\u200ewho? é漢.txt"):
        assert client.put(f"/api/uploads/{name}/{path}".replace("?", "%3F"), content=b"hello").status_code == 200
    assert client.get("/api/uploads").json()["uploads"] == []
    sent = client.post(f"/api/uploads/{name}/finish").json()
    assert sent == {"id": name, "name": "My export", "files": 2, "bytes": 10}
    assert client.get("/api/uploads").json()["uploads"] == [sent]
    assert (folder.uploads_path / name / "My export" / "messages" / "c1.json").read_bytes() == b"hello"
    assert client.delete(f"/api/uploads/{name}").status_code == 200
    assert list(folder.uploads_path.iterdir()) == []


def test_chunks_are_written_as_they_come(client: TestClient, folder: StudioFolder) -> None:
    """What has arrived is on the disk before the next chunk is read, so the size of a file is no matter of memory."""
    name, seen = begin(client), list[int]()

    def chunks() -> Iterator[bytes]:
        for _ in range(8):
            seen.append(sum(path.stat().st_size for path in folder.uploads_path.rglob("*.zip")))
            yield bytes(1 << 20)

    assert client.put(f"/api/uploads/{name}/package.zip", content=chunks()).status_code == 200
    assert client.post(f"/api/uploads/{name}/finish").json()["bytes"] == 8 << 20


def test_one_that_is_broken_off_leaves_nothing(folder: StudioFolder) -> None:
    """The page was closed while a file was on its way."""
    uploads = Uploads(folder.uploads_path)
    name = uploads.begin(2)

    async def cut() -> AsyncIterator[bytes]:
        yield b"a"
        raise ClientDisconnect

    with pytest.raises(ClientDisconnect):
        asyncio.run(uploads.write(name, "package.zip", cut()))
    assert list(folder.uploads_path.iterdir()) == []


def test_what_was_on_its_way_when_the_studio_ended_is_removed(folder: StudioFolder) -> None:
    """Nobody can go on with it."""
    uploads = Uploads(folder.uploads_path)
    uploads.begin(1)
    assert Uploads(folder.uploads_path).all() == [] and list(folder.uploads_path.iterdir()) == []


def test_a_disk_without_room_refuses_before_anything_is_sent(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With what is needed and what is free."""
    usage = shutil.disk_usage
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(path)._replace(free=3_000_000))
    refused = client.post("/api/uploads", json={"bytes": 9_000_000})
    assert refused.status_code == 507 and "needs about 9 MB, and 3 MB are free" in refused.json()["error"]["what"]


@pytest.mark.parametrize(
    "path", ["a/%2e%2e/%2e%2e/%2e%2e/me", "%2e%2e", "a//b", "a%5Cb", "a%00b", "D:/x/evil", "a/C:evil", "a/b:stream"]
)
def test_no_path_of_a_file_leads_out_of_its_upload(client: TestClient, folder: StudioFolder, path: str) -> None:
    """It is refused, on Windows too, and the disk stays as it is."""
    assert client.put(f"/api/uploads/{begin(client)}/{path}", content=b"x").status_code in (400, 404)
    assert not [found for found in folder.clones_path.rglob("*") if found.is_file() and found.read_bytes() == b"x"]


@pytest.mark.parametrize("name", ["%2e%2e", ".93ab44", "nothing", "a%2fb"])
def test_no_name_of_an_upload_leads_elsewhere(client: TestClient, folder: StudioFolder, name: str) -> None:
    """Neither to read, nor to delete."""
    for path in (f"/api/uploads/{name}", f"/api/uploads/{name}/finish"):
        assert client.request("DELETE" if path.endswith(name) else "POST", path).status_code in (400, 404, 405)
    assert folder.jobs_path.is_dir()
