"""Going back, forgetting and deleting over the studio's API."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from soundalike.clone import Clone
from soundalike.frontends.studio.jobs import Jobs
from soundalike.frontends.studio.removal import DELETED
from soundalike.frontends.studio.studio_app import create
from soundalike.frontends.studio.studio_folder import StudioFolder
from tests.frontends.studio.running_studio import BEARER, LOOPBACK_ADDRESS, TOKEN, trained


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trained voice, to be copied."""
    return trained(tmp_path_factory.mktemp("voice") / "me").root


@pytest.fixture
def root(original: Path, tmp_path: Path) -> Path:
    """A folder with that voice."""
    shutil.copytree(original, tmp_path / "voices" / "me")
    return tmp_path / "voices"


@pytest.fixture
def client(root: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    """A studio in which no work is ever started."""
    monkeypatch.setattr(Jobs, "start_next", lambda jobs: None)
    app = create(StudioFolder.make(root), TOKEN)
    with TestClient(app, base_url=LOOPBACK_ADDRESS, headers=BEARER) as client:
        yield client


def test_the_voice_before_is_taken_and_this_one_kept(client: TestClient, root: Path) -> None:
    """As `rollback` does; without an earlier one its error is told."""
    assert client.get("/api/voices/me/versions").json() == []
    assert "has no earlier voice" in client.post("/api/voices/me/rollback").json()["error"]["what"]
    me = Clone.open(root / "me")
    shutil.copytree(me.root, me.root / "versions" / "1")
    with me.locked("a test"):
        me.record(result={**me.manifest()["result"], "bits_per_byte": 2.2})
    (version,) = client.get("/api/voices/me/versions").json()
    assert version["number"] == "1" and version["voice"]["bits_per_byte"] == 2.5
    assert client.post("/api/voices/me/rollback").json() == {"kept": str(me.versions_path / "1")}
    assert me.manifest()["result"]["bits_per_byte"] == 2.5


def test_what_would_be_forgotten_is_counted_before_it_is(client: TestClient, root: Path) -> None:
    """By person, channel and day; the job is the command with exactly these names; nothing changes before."""
    people = client.get("/api/voices/me/people").json()
    (loud,) = people["people"]
    (channel,) = people["channels"]
    body = {"people": [loud["key"]]}
    told = client.post("/api/voices/me/forget/preview", json=body).json()
    assert told["messages"] == loud["messages"] and told["own"] == 0 and told["of"] == channel["messages"]
    job = client.post("/api/voices/me/forget", json=body | {"before": "1971", "retrain": True}).json()
    words = Jobs(root / ".soundalike-studio" / "jobs", root).find(job["id"]).arguments
    assert words == ["forget", str(root / "me"), f"--person={loud['key']}", "--before=1971", "--retrain", "--json"]
    everything = client.post("/api/voices/me/forget/preview", json={"channels": [channel["key"]]})
    assert everything.status_code == 400 and "None of your messages" in everything.json()["error"]["what"]
    assert "names nothing" in client.post("/api/voices/me/forget/preview", json={"people": [""]}).text
    assert "Nothing to forget" in client.post("/api/voices/me/forget/preview", json={}).text


def test_strings_are_masked_by_the_command_that_reads_them_from_its_input(client: TestClient, root: Path) -> None:
    """What would be masked is counted before; the strings are in no word of the command, which trains anew."""
    (root / "me" / "audit-strings.txt").write_text("soup\n", encoding="utf-8")
    word = Clone.open(root / "me").messages()["text"][0].split()[0].strip(".,!?")
    told = client.post("/api/voices/me/mask/preview", json={"strings": [word]}).json()
    assert told["masked"] > 0 == told["messages"] and told["entries"] == ["audit-strings.txt"]
    assert "None of these" in client.post("/api/voices/me/mask/preview", json={"strings": ["zxqv"]}).text
    assert client.post("/api/voices/me/mask", json={"strings": []}).status_code == 400
    job = client.post("/api/voices/me/mask", json={"strings": [word, "two\nlines"]}).json()
    folder = root / ".soundalike-studio" / "jobs"
    words = Jobs(folder, root).find(job["id"]).arguments
    assert words == ["forget", str(root / "me"), "--mask=-", "--retrain", "--json"]
    assert (folder / job["id"] / "input.bin").read_text("utf-8") == f"{word}\ntwo lines\n"
    client.post(f"/api/jobs/{job['id']}/stop")
    assert not (folder / job["id"] / "input.bin").exists()


def test_a_voice_is_deleted_after_its_name_was_typed(client: TestClient, root: Path) -> None:
    """With what is known of ended work on it; while work waits or goes on, and under another name, it stays."""
    reply = client.post("/api/voices/me/reply", json={"lines": [{"name": "kim", "text": "hello"}]})
    assert reply.status_code == 200  # so that it is loaded
    for wrong in ("", "ME", "voices"):
        assert client.delete(f"/api/voices/me?confirm={wrong}").status_code == 400
    job = client.post("/api/voices/me/audit", json={}).json()
    assert client.delete("/api/voices/me?confirm=me").json()["error"]["what"] == "Audit of me is queued."
    client.post(f"/api/jobs/{job['id']}/stop")
    (root / "other").mkdir()
    assert client.delete("/api/voices/other?confirm=other").status_code == 400  # it is no voice
    assert client.delete("/api/voices/me?confirm=me").json() == {}
    assert sorted(path.name for path in root.iterdir()) == [".soundalike-studio", "other"]
    assert client.get("/api/jobs").json() == []
    assert not list((root / ".soundalike-studio").glob(f"{DELETED}*"))


def test_everything_is_deleted_after_the_folders_name_was_typed(client: TestClient, root: Path) -> None:
    """Voices, uploads and work; what somebody else has put into the folder stays, and the studio goes on."""
    (root / "notes.txt").write_text("mine", encoding="utf-8")
    (root / ".soundalike-studio" / "uploads" / "export.zip").write_bytes(b"zip")
    found = client.get("/api/everything").json()
    assert found["name"] == "voices" and found["voices"] == ["me"] and found["uploads"] == 1 and found["bytes"] > 1000
    assert client.delete("/api/everything?confirm=me").status_code == 400 and (root / "me").exists()
    job = client.post("/api/voices/me/audit", json={}).json()
    assert client.delete("/api/everything?confirm=voices").status_code == 400
    client.post(f"/api/jobs/{job['id']}/stop")
    assert client.delete("/api/everything?confirm=voices").json() == {}
    assert sorted(path.name for path in root.iterdir()) == [".soundalike-studio", "notes.txt"]
    assert client.get("/api/everything").json() == found | {"voices": [], "jobs": 0, "uploads": 0, "bytes": 2}
    assert client.get("/api/voices").json()["voices"] == []


def test_a_deletion_that_was_cut_off_is_finished_at_the_next_start(root: Path) -> None:
    """What had been moved aside is gone; a voice that is a link to elsewhere is left alone."""
    folder = StudioFolder.make(root)
    shutil.copytree(root / "me", folder.root / f"{DELETED}0123abcd")
    (root / "linked").symlink_to(root / "me")
    with TestClient(create(folder, TOKEN), base_url=LOOPBACK_ADDRESS, headers=BEARER) as client:
        assert not list(folder.root.glob(f"{DELETED}*"))
        assert "is a link" in client.delete("/api/voices/linked?confirm=linked").json()["error"]["what"]
    assert (root / "me" / "clone.toml").exists()
