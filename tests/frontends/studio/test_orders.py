"""What is chosen on the page becomes the words of a command."""

import sys
from datetime import date
from pathlib import Path

import orjson
import pytest
from starlette.testclient import TestClient

from soundalike.clone import corrections
from soundalike.frontends.studio.import_routes import ImportOrder
from soundalike.frontends.studio.jobs import Jobs
from soundalike.frontends.studio.studio_app import create
from soundalike.frontends.studio.studio_folder import StudioFolder
from soundalike.frontends.studio.training_routes import TrainingOrder
from tests.importing.test_preflight import report
from tests.training.test_loop import clone_of

BEARER = {"Authorization": "Bearer open-sesame"}


@pytest.fixture
def folder(tmp_path: Path) -> StudioFolder:
    return StudioFolder.make(tmp_path)


@pytest.fixture
def client(folder: StudioFolder, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    """A studio whose jobs are not started."""
    monkeypatch.setattr(Jobs, "start_next", lambda jobs: None)
    return TestClient(create(folder, "open-sesame"), base_url="http://127.0.0.1:8000", headers=BEARER)


def test_an_import_says_who_one_is_and_what_is_chosen() -> None:
    """By keys, each behind its option, so that none is taken for an option itself, with no wildcards; both days are
    read whole."""
    order = ImportOrder(
        preview="p",
        voice="me",
        me=["-x", "signal:9"],
        people=["17"],
        channels=["whatsapp:*mum*"],
        pseudonyms=True,
        into="replace",
    )
    assert order.arguments(["/tmp/package.zip"], Path("/voices/me")) == [
        *("import", "/tmp/package.zip", f"--out={Path('/voices/me')}", "--me=-x", "--also=signal:9"),
        *("--without=person:17", "--without=channel:whatsapp:[*]mum[*]", "--pseudonyms", "--replace"),
    ]
    order = ImportOrder(
        preview="p", voice="me", chosen="only", people=["17"], first=date(2023, 5, 1), last=date(2024, 2, 29)
    )
    assert order.arguments(["/a"], Path("/me"))[3:] == [
        *("--only=person:17", "--only=after:2023-05-01", "--only=before:2024-03-01")
    ]
    assert ImportOrder(preview="p", voice="me").arguments(["/a"], Path("/me")) == [
        "import",
        "/a",
        f"--out={Path('/me')}",
    ]


def test_a_training_says_its_base_its_time_and_what_becomes_of_a_voice() -> None:
    """Without minutes the command chooses them."""
    assert TrainingOrder(base="pocket", minutes=2, succession="keep-better").arguments("/me") == [
        *("train", "/me", "--base=pocket", "--minutes=2.0", "--keep-better", "--evaluate")
    ]
    assert TrainingOrder(base="pocket").arguments("/me") == ["train", "/me", "--base=pocket", "--evaluate"]


def test_a_voice_learns_from_its_corrections(client: TestClient, folder: StudioFolder) -> None:
    """The page is told how many there are and how many it takes."""
    clone = clone_of(folder.clones_path / "me")
    corrections.append(clone, corrections.Correction.now([("sam", "hey")], ["a boat"], ["no boats"]))
    assert client.get("/api/voices/me").json()["corrections"] == {"kept": 1, "fewest": 4}
    started = client.post("/api/training/me/corrections").json()
    assert started["kind"] == "correct" and started["clone"] == "me"
    (job,) = Jobs(folder.jobs_path, folder.clones_path).all()
    assert job.arguments == ["train", str(clone.root), "--corrections", "--json"]


def test_an_import_reads_what_its_preview_looked_through(client: TestClient, folder: StudioFolder) -> None:
    """A path on this machine, absolute or in the folder of the voices, and the invented person's export."""
    (folder.clones_path / "chat.txt").touch()
    preview = client.post("/api/previews", json={"paths": ["chat.txt"], "example": True}).json()
    assert preview["subject"] == "chat.txt, the export of an invented person"
    started = client.post("/api/imports", json={"preview": preview["id"], "voice": "me"}).json()
    assert started["kind"] == "import" and started["clone"] == "me"
    _, job = Jobs(folder.jobs_path, folder.clones_path).all()
    assert job.arguments[1] == str(folder.clones_path / "chat.txt") and job.arguments[2].endswith("package.zip")


def test_a_new_voice_does_not_add_to_one_that_is_there(client: TestClient, folder: StudioFolder) -> None:
    """Its name is taken, which is said; adding to it has to be chosen."""
    clone_of(folder.clones_path / "me")
    preview = client.post("/api/previews", json={"example": True}).json()["id"]
    refused = client.post("/api/imports", json={"preview": preview, "voice": "me"})
    assert refused.status_code == 400 and refused.json()["error"]["what"] == "There is a voice named me already."
    for into in ("add", "replace"):
        assert client.post("/api/imports", json={"preview": preview, "voice": "me", "into": into}).status_code == 200


def test_looking_through_again_forgets_what_was_looked_through_before(client: TestClient, folder: StudioFolder) -> None:
    """The page shows one list, and an old failure beside a new list is none."""
    (folder.clones_path / "notes.txt").touch()
    jobs = Jobs(folder.jobs_path, folder.clones_path)
    jobs.stop(client.post("/api/previews", json={"paths": ['"notes.txt"']}).json()["id"])
    (first,) = jobs.all()
    assert first.state == "stopped" and first.arguments[2] == str(folder.clones_path / "notes.txt")
    again = client.post("/api/previews", json={"example": True}).json()
    assert [job.id for job in jobs.all()] == [again["id"]]


@pytest.mark.parametrize(
    ("path", "body", "what"),
    [
        ("previews", {}, "No export was chosen."),
        ("previews", {"paths": ["~nobody/none.zip"]}, "There is no file or folder"),
        ("previews", {"uploads": ["abc"]}, "This export is not here any more."),
        ("imports", {"preview": "..", "voice": "me"}, "There is no such work."),
        ("training/nobody", {"base": "pocket"}, "There is no clone at"),
        ("training/nobody", {"base": "pocket", "minutes": 0}, "minutes: Input should be greater than 0"),
        ("training/nobody", {"base": ""}, "base: String should have at least 1 character"),
        ("bases", {"base": "--help"}, "base: String should match pattern"),
    ],
)
def test_what_cannot_be_done_is_said(client: TestClient, path: str, body: dict[str, object], what: str) -> None:
    """Before any work begins."""
    answer = client.post(f"/api/{path}", json=body)
    assert answer.status_code == 400 and answer.json()["error"]["what"].startswith(what)
    assert client.get("/api/jobs").json() == []


@pytest.mark.parametrize("minutes", ["-1", "0", "nan", "inf", "soon"])
def test_a_time_that_is_none_is_refused(client: TestClient, minutes: str) -> None:
    """Where it is asked what a base takes."""
    assert client.get(f"/api/training/me?minutes={minutes}").status_code == 400


@pytest.mark.skipif(sys.platform == "win32", reason="no device files")
def test_a_device_is_no_export(client: TestClient) -> None:
    """It is refused without being opened."""
    answer = client.post("/api/previews", json={"paths": ["/dev/zero"]})
    assert answer.status_code == 400 and "is a device" in answer.json()["error"]["what"]


def test_the_report_of_an_import_comes_with_what_it_means(client: TestClient, folder: StudioFolder) -> None:
    """Shares for the picture, the sentences of the command, and its warnings; without a report, what to do."""
    clone = clone_of(folder.clones_path / "me")
    assert client.get("/api/imports/me").json()["error"]["do"] == "Read the exports again."
    with clone.locked("a test"):
        clone.write({"import.json": orjson.dumps(report())})
    found = client.get("/api/imports/me").json()
    assert found["lengths"]["columns"] == ["single messages", "conversations"]
    assert found["lengths"]["rows"]["1"] == [0.25, 0.0] and found["report"]["masked"] == {"link": 4}
    assert found["meaning"].startswith("Half of your messages")
    assert any("only your own lines" in note for note in found["notes"])
