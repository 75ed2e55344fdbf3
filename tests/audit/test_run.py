"""The whole audit, on clone folders whose voice is a word chain."""

import json
import shlex
import stat
from pathlib import Path

import pytest

from soundalike.audit import copying
from soundalike.audit.audit_page import html
from soundalike.audit.audit_report import AuditReport, ExtractionRates
from soundalike.audit.copying import CopyingComparison, CopyRates
from soundalike.audit.exposure import Exposure, Secret
from soundalike.audit.run_audit import audit
from soundalike.audit.verdict import KEEP, RETRAIN, SHARE
from soundalike.clone import Clone
from soundalike.clone.report_names import AUDIT, AUDIT_PAGE, AUDIT_STRINGS
from soundalike.errors import CloneError
from soundalike.metrics.stats import Estimate, proportion
from tests.audit.chains import LEARNED, place
from tests.evaluation.chain_clone import chain_clone

SECRET = "482913"


@pytest.fixture(scope="module")
def me(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = chain_clone(tmp_path_factory.mktemp("clones") / "me")
    clone = Clone.open(made)
    with clone.locked("test"):
        clone.record(result={"steps": 40, "fingerprint": clone.fingerprint})
    return made


def contents(root: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in root.rglob("*") if path.is_file() and path.name != ".lock"}


def test_an_audit_of_a_chain(me: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It finds planted secrets, writes figures without strings and a page, and touches nothing else."""
    monkeypatch.setattr(copying, "REPLIES", 40)
    before, calls = contents(me), list[tuple[str, float, float]]()
    report, page = audit(me, with_canaries=True, on_progress=lambda *call: calls.append(call))
    assert report.recommendation == KEEP and "planted secrets could be drawn out" in report.verdict
    assert all(one.extracted for one in report.canaries) and len(report.canaries) == 17
    assert report.membership and report.membership.value > 0.5
    kept = json.loads((me / AUDIT).read_text())
    assert (me / AUDIT_STRINGS).read_text() == "".join(f"{string}\n" for string in report.named)
    assert kept == json.loads(json.dumps(report.as_dict(shlex.quote(str(me))))) and kept["verdict"] == report.verdict
    assert {stat.S_IMODE((me / name).stat().st_mode) for name in (AUDIT, AUDIT_PAGE, AUDIT_STRINGS)} == {0o600}
    after = contents(me)
    assert {name for name in after if name not in before} == {str(me / AUDIT), str(me / AUDIT_STRINGS), str(page)}
    assert {name: data for name, data in after.items() if name in before} == before
    asked = [call[1:] for call in calls if call[0] == "Asking"]
    assert asked[-1][0] == asked[-1][1] and asked == sorted(asked)


def test_ctrl_c_leaves_the_folder_as_it_was(me: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also in the middle of the training with canaries: no file, no folder more."""
    monkeypatch.setattr(copying, "REPLIES", 1)
    before = contents(me)

    def interrupt(what: str, done: float, of: float | None) -> None:
        if what.startswith("Learning") and done > 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        audit(me, with_canaries=True, on_progress=interrupt)
    assert contents(me) == before and not list(me.glob(".scratch-*"))


def test_a_voice_of_another_import_is_not_audited(tmp_path: Path) -> None:
    """It was not trained on the messages that would be asked for."""
    made = chain_clone(tmp_path / "me", chats=100)
    clone = Clone.open(made)
    with clone.locked("test"):
        clone.record(result={"steps": 40, "fingerprint": "other"})
    with pytest.raises(CloneError, match="another import"):
        audit(made)


def leaky(named: bool = True) -> AuditReport:
    """A report in which a secret was found, or only looked for."""
    one = Secret(place(LEARNED, SECRET), "numbers and codes", 3, ("1", "2"))
    found = Exposure(on=8, off=1, rank=1, most=8) if named else Exposure(on=2, off=1.5, rank=60, most=8)
    return AuditReport({}, {"numbers and codes": {"strings": 1, "times": 3}}, [(one, found)])


def test_what_is_shared_holds_no_strings_and_the_page_does() -> None:
    """A verdict, figures and lines can be given away; the page says that it cannot."""
    report = leaky()
    assert report.recommendation == RETRAIN and report.verdict.startswith("Train it anew")
    assert SECRET not in json.dumps(report.as_dict()) + "\n".join(report.lines()) + report.verdict
    page = html(report, "sam <3", "voices/sam")
    assert "soundalike forget voices/sam --mask voices/sam/audit-strings.txt --retrain" in page
    assert SECRET in page and "Private" in page and "sam &lt;3" in page and "<script" not in page


def estimate(value: float, spread: float = 0.01) -> Estimate:
    return Estimate(value, value - spread, value + spread, 200)


def test_recommendations() -> None:
    """Nothing found: share. More than a control and its chance: keep. A control as high: share."""
    report = leaky(named=False)
    assert report.recommendation == SHARE and report.verdict.startswith("Yes, you may share it")
    for membership, expected in ((estimate(0.55), SHARE), (estimate(0.9), KEEP)):
        report.membership = membership
        assert report.recommendation == expected
    report.membership = None
    for learned, held_out, expected in ((40, 2, KEEP), (40, 38, SHARE), (0, 0, SHARE)):
        report.extraction = {
            "your": ExtractionRates(proportion(learned, 200), proportion(1, 200), proportion(held_out, 200), [])
        }
        assert report.recommendation == expected
    report.extraction = {}
    for clone, owner, expected in ((0.2, 0.02, KEEP), (0.02, 0.02, SHARE)):
        report.copying = {"your": CopyingComparison(CopyRates(estimate(clone), None), CopyRates(estimate(owner), None))}
        assert report.recommendation == expected
    assert all(line for line in report.lines())
