"""A voice outside of the page: its server, its bot, its exports."""

import re
import socket
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from starlette.testclient import TestClient

from soundalike.clone import Clone
from soundalike.frontends.studio.jobs import Jobs
from soundalike.frontends.studio.studio_app import create
from soundalike.frontends.studio.studio_folder import StudioFolder
from tests.frontends.studio.running_studio import BEARER, LOOPBACK_ADDRESS, TOKEN, trained
from tests.frontends.studio.test_jobs import until


@pytest.fixture(scope="module")
def me(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """A trained voice in the folder of a studio."""
    return trained(tmp_path_factory.mktemp("studio") / "me")


@pytest.fixture
def client(me: Clone) -> TestClient:
    return TestClient(create(StudioFolder.make(me.root.parent), TOKEN), base_url=LOOPBACK_ADDRESS, headers=BEARER)


def served(client: TestClient, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The server's job, once `holds` is true of it."""
    end = time.monotonic() + 120
    while True:
        job: dict[str, Any] = client.get("/api/voices/me/serve").json()["jobs"][-1]
        if holds(job):
            return job
        assert time.monotonic() < end and job["state"] != "failed", job
        time.sleep(0.05)


@pytest.mark.allow_hosts(["127.0.0.1"])
@pytest.mark.skipif(sys.platform == "win32", reason="a server is stopped by a signal that Windows has not")
def test_a_server_is_started_beside_other_work_and_stopped(client: TestClient, me: Clone) -> None:
    """It tells its address, answers there, and other work does not wait for it."""
    assert client.get("/api/voices/me/serve").json()["command"].endswith(f"serve {me.root}")
    client.post("/api/voices/me/serve", json={"port": 0})
    job = served(client, lambda job: "http://" in job["printed"])
    address = re.search(r"http://127\.0\.0\.1:\d+", job["printed"])
    assert address
    with urllib.request.urlopen(f"{address[0]}/health") as answer:
        assert orjson.loads(answer.read())["status"] == "ok"
    assert job["state"] == "running" and job["name"] == "Server of me"
    other = client.post("/api/voices/me/export", json={"to": "merged"}).json()
    assert other["state"] == "running"
    client.post(f"/api/jobs/{job['id']}/stop")
    assert served(client, lambda job: job["state"] in ("done", "stopped"))
    until(lambda: client.get(f"/api/jobs/{other['id']}").json()["state"] == "failed")  # a word chain has no weights
    assert client.post("/api/voices/me/serve", json={"port": 70_000}).status_code == 400


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_a_port_is_taken_once(client: TestClient) -> None:
    """By a server that was started here, which is named; by another program, in the words of the page."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        taken = client.post("/api/voices/me/serve", json={"port": port}).json()["id"]
        refused = client.post("/api/voices/me/serve", json={"port": port}).json()["error"]
        assert refused == {"what": f"Server of me has port {port}.", "do": "Stop it first, or type another Port."}
        until(lambda: client.get(f"/api/jobs/{taken}").json()["state"] == "failed")
    error = client.get(f"/api/jobs/{taken}").json()["error"]
    assert f"port {port}" in error["what"] and error["do"] == "Type another Port."
    client.delete("/api/jobs")
    assert taken not in [job["id"] for job in client.get("/api/jobs").json()]


def test_a_bots_settings_are_written_once_and_no_token_is_asked_for(client: TestClient, me: Clone) -> None:
    """What is wrong with them later is told."""
    before = client.get("/api/voices/me/discord").json()
    assert before["settings"] is None and before["variable"] == "DISCORD_TOKEN"
    path = Path(client.post("/api/voices/me/discord").json()["settings"])
    assert path == me.root / "discord.toml" and "exists already" in client.post("/api/voices/me/discord").text
    path.write_text("[answer]\nprobability = 7\n", encoding="utf-8")
    assert "line 2" in client.get("/api/voices/me/discord").json()["problem"]["what"]
    path.unlink()


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[list[str]]]:
    """The commands of jobs that are begun, none of which is."""
    words: list[list[str]] = []
    start = Jobs.add

    def note(jobs: Jobs, kind: str, arguments: list[str], *more: Any, **options: Any) -> Any:
        words.append(arguments)
        return start(jobs, kind, arguments, *more, **options)

    monkeypatch.setattr(Jobs, "start_next", lambda jobs: None)
    monkeypatch.setattr(Jobs, "add", note)
    yield words


def add_done_export(clone: Clone, result: dict[str, Any]) -> None:
    """An export of it that a job has made, with this result."""
    job = StudioFolder.make(clone.root.parent).jobs_path / f"20261129T2000{len(result)}-abcd"
    job.mkdir()
    about = {"kind": "export", "clone": "me", "arguments": ["export"], "made_at": "2026-11-29T20:00:00+00:00"}
    (job / "job.json").write_bytes(orjson.dumps(about))
    (job / "progress.jsonl").write_bytes(b'{"exit": 0}\n')
    (job / "result.json").write_bytes(orjson.dumps(result))


def test_an_export_is_begun_as_the_command_and_told_from_its_folder(
    client: TestClient, me: Clone, begun: list[list[str]]
) -> None:
    """With the sizes of its files; a kind that there is not is refused."""
    client.post("/api/voices/me/export", json={"to": "gguf", "precision": "q8_0"})
    client.post("/api/voices/me/export", json={"to": "mlx"})
    root = str(me.root)
    assert begun == [["export", root, "--to", "gguf", "--precision", "q8_0"], ["export", root, "--to", "mlx"]]
    assert client.post("/api/voices/me/export", json={"to": "png"}).status_code == 400
    folder = me.root / "export-prompt"
    folder.mkdir()
    (folder / "prompt.txt").write_bytes(b"1234")
    (folder / "export.json").write_bytes(orjson.dumps({"kind": "prompt", "files": ["prompt.txt"]}))
    add_done_export(me, {"folder": str(folder), "files": {"prompt.txt": 4}})
    told = client.get("/api/voices/me/export").json()
    assert told == [{"kind": "prompt", "folder": str(folder), "files": {"prompt.txt": 4}, "use": []}]
    add_done_export(me, {"folder": str(folder), "files": {"prompt.txt": 4}, "use": ["paste it"]})
    assert client.get("/api/voices/me/export").json() == [told[0] | {"use": ["paste it"]}]
