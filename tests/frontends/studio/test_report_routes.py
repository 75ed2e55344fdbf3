"""Reports over the studio's API: written by jobs, and told from their files."""

from collections.abc import Iterator

import orjson
import pytest
from starlette.testclient import TestClient

from soundalike.clone import Clone
from soundalike.evaluation.advice import Kind, advice
from soundalike.evaluation.evaluation_report import CLONE, FULL, SAME, SHORT, YOU, EvaluationReport
from soundalike.evaluation.report_file import save
from soundalike.evaluation.system_metrics import SystemMetrics
from soundalike.evaluation.voice_identity import identity
from soundalike.frontends.studio.job_record import Job
from soundalike.frontends.studio.jobs import Jobs
from soundalike.frontends.studio.studio_app import create
from soundalike.frontends.studio.studio_folder import StudioFolder
from soundalike.metrics.stats import Estimate
from soundalike.next_step import Frontend
from tests.frontends.studio.running_studio import BEARER, LOOPBACK_ADDRESS, TOKEN, trained


@pytest.fixture(scope="module")
def me(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """A trained voice in the folder of a studio."""
    return trained(tmp_path_factory.mktemp("studio") / "me")


@pytest.fixture
def client(me: Clone) -> Iterator[TestClient]:
    """Without its turns, so that no job is started by itself."""
    app = create(StudioFolder.make(me.root.parent), TOKEN)
    yield TestClient(app, base_url=LOOPBACK_ADDRESS, headers=BEARER)


def evaluated(clone: Clone, form: str = SHORT) -> EvaluationReport:
    """A report of invented figures, written as `evaluate` does."""
    about = {"form": form, "split": "test", "windows": 40, "seeds": 1, "left_out": 0, "scale": "9 strangers"}
    about |= {"folder": str(clone.root), "trained_seconds": 60.0, "identity": identity(clone)}
    about |= {"base": "pocket", "read": 0.3, "minutes": 7, "mode": "dialogue"}
    half = Estimate(0.4, 0.3, 0.5, 40)
    rows = {
        YOU: SystemMetrics(coherence=half, copying=half, repetition=half),
        SAME: SystemMetrics(fooled=half, likeness=half),
        CLONE: SystemMetrics(
            fooled=Estimate(0.4, 0.35, 0.45, 40), likeness=half, coherence=half, copying=half, repetition=half
        ),
        "parrot": SystemMetrics(fooled=Estimate(0.2, 0.1, 0.3, 40), likeness=Estimate(float("nan"), 0.1, 0.3, 40)),
    }
    bits = {"on": Estimate(1.86, 1.8, 1.9, 40)} if form == FULL else {}
    report = EvaluationReport(about, rows, bits)
    with clone.locked("a test"):
        save(clone, report)
    return report


def test_a_report_is_begun_as_the_command_of_its_name(
    client: TestClient, me: Clone, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its options, for the voice that is named; for one that is not there nothing begins."""
    begun: list[list[str]] = []
    add = Jobs.add

    def note(jobs: Jobs, kind: str, words: list[str], name: str) -> Job:
        begun.append(words)
        return add(jobs, kind, words, name)

    monkeypatch.setattr(Jobs, "start_next", lambda self: None)
    monkeypatch.setattr(Jobs, "add", note)
    root, for_studio = str(me.root), "--for-studio"
    assert client.post("/api/voices/me/portrait", json={"quotes": True}).json()["state"] == "queued"
    assert client.post("/api/voices/me/evaluate", json={}).json()["kind"] == "evaluate"
    assert client.post("/api/voices/me/audit", json={"canaries": False}).json()["clone"] == "me"
    assert begun == [["portrait", root, for_studio, "--quotes"], ["evaluate", root], ["audit", root, for_studio]]
    assert client.post("/api/voices/nobody/audit", json={}).status_code == 400 and len(begun) == 3


def test_nothing_is_told_before_a_report_was_written(client: TestClient, me: Clone) -> None:
    """Nulls, and no error."""
    told = {kind: client.get(f"/api/voices/me/{kind}").json() for kind in ("portrait", "evaluate", "audit")}
    assert told["portrait"] == {"page": None, "path": str(me.root / "portrait.html")}
    assert told["evaluate"] == {"stale": False, "report": None}
    path = str(me.root / "audit.html")
    assert told["audit"] == {"report": None, "stale": False, "page": None, "path": path, "strings": []}


def test_an_evaluation_is_told_in_the_sentences_of_the_command(client: TestClient, me: Clone) -> None:
    """From its file, with the advice; one of another voice is not told, and a damaged one is an error."""
    written = evaluated(me)
    told = client.get("/api/voices/me/evaluate").json()
    assert not told["stale"] and told["report"]["headline"] == written.headline()
    rows, legend = told["report"]["rows"], "\n".join(told["report"]["legend"])
    assert rows["old lines"] == ["20 [10, 30]", "-", "-", "-", "-"]
    assert {name for name in rows if name not in legend} == {"the voice"} and "you, same" in rows
    assert any("More minutes (under Training" in text for text in told["report"]["advice"])
    meaning = advice(written, Frontend.STUDIO)
    assert told["report"]["verdict"] == meaning.headline and told["report"]["advice"] == meaning.lines()
    assert told["report"]["findings"] == {kind.value: meaning.of(kind) for kind in Kind}
    assert told["report"]["extent"] == written.extent() not in told["report"]["lines"]
    kept = (me.root / "evaluation.json").read_bytes()
    damaged = orjson.loads(kept)
    damaged["short"]["rows"] = {"you": {"fooled": "often"}}
    (me.root / "evaluation.json").write_bytes(orjson.dumps(damaged))
    assert "not as it was written" in client.get("/api/voices/me/evaluate").json()["error"]["what"]
    (me.root / "evaluation.json").write_bytes(kept.replace(b'"adapter": "', b'"adapter": "0'))
    assert client.get("/api/voices/me/evaluate").json() == {"stale": True, "report": None}


def test_pages_are_given_as_they_were_written(client: TestClient, me: Clone) -> None:
    """The portrait, and of the audit the figures beside the page; an audit of another training is told to be stale."""
    (me.root / "portrait.html").write_text("<p>a portrait</p>", encoding="utf-8")
    (me.root / "audit.html").write_text("<p>strings</p>", encoding="utf-8")
    (me.root / "audit-strings.txt").write_text("soup\nmill lane\n", encoding="utf-8")
    report = {"verdict": "Keep it private.", "about": {"training": me.manifest()["result"]}}
    (me.root / "audit.json").write_bytes(orjson.dumps(report))
    assert client.get("/api/voices/me/portrait").json()["page"] == "<p>a portrait</p>"
    told = {"report": report, "stale": False, "page": "<p>strings</p>", "strings": ["soup", "mill lane"]}
    assert client.get("/api/voices/me/audit").json() == told | {"path": str(me.root / "audit.html")}
    (me.root / "audit.json").write_bytes(orjson.dumps(report | {"about": {"training": {}}}))
    assert client.get("/api/voices/me/audit").json()["stale"]


def test_a_voice_is_told_with_the_bits_of_its_full_evaluation(client: TestClient, me: Clone) -> None:
    """Once there is one of this voice; before that, with those of the check during its training."""
    (me.root / "evaluation.json").unlink(missing_ok=True)
    evaluated(me)
    told = client.get("/api/voices/me").json()["voice"]
    assert (told["bits_per_byte"], told["evaluated"]) == (2.5, False)
    assert told["standing"].startswith("A judge takes 40 of 100 of its replies for yours")
    evaluated(me, FULL)
    told = client.get("/api/voices/me").json()["voice"]
    assert (told["bits_per_byte"], told["evaluated"]) == (1.86, True)
