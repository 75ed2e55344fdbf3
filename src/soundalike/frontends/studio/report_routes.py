"""Reports on a voice over the API: portrait, evaluation and audit, written by jobs, read from the clone folder."""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.responses import Response

from soundalike.clone import Clone
from soundalike.clone.report_names import AUDIT, AUDIT_PAGE, AUDIT_STRINGS, PORTRAIT
from soundalike.evaluation.advice import Kind, advice
from soundalike.evaluation.evaluation_report import CLONE, HEADLINE, ROW_TITLES, EvaluationReport
from soundalike.evaluation.report_file import load_best
from soundalike.evaluation.saved_evaluation import best_report
from soundalike.frontends.local_page.answers import answer
from soundalike.frontends.studio.job_routes import job_summary
from soundalike.frontends.studio.jobs import Jobs
from soundalike.frontends.studio.studio_folder import StudioFolder
from soundalike.next_step import Frontend

ROWS = ROW_TITLES | {CLONE: "the voice"}  # as the legend and the rest of the page call them
FOR_STUDIO = "--for-studio"  # names sections of the page in place of commands


class PortraitBody(BaseModel):
    """Whether lines of the owner's are quoted."""

    quotes: bool = False


class AuditBody(BaseModel):
    """Whether a second training with made-up secrets is made."""

    canaries: bool = False


def router(folder: StudioFolder, jobs: Jobs) -> APIRouter:
    """The routes under /api/voices/NAME of reports: POST writes one anew, as a job, and GET reads the last one."""
    routes = APIRouter(prefix="/voices/{name}")

    def begin(kind: str, name: str, *options: str) -> Response:
        clone = folder.clone(name)
        return answer(job_summary(jobs.add(kind, [kind, str(clone.root), *options], name)))

    @routes.post("/portrait")
    def make_portrait(name: str, body: PortraitBody) -> Response:
        """Write portrait.html."""
        return begin("portrait", name, FOR_STUDIO, *(["--quotes"] if body.quotes else []))

    @routes.get("/portrait")
    def portrait(name: str) -> Response:
        """The page as it was written, or null, and its path."""
        clone = folder.clone(name)
        return answer({"page": _page(clone, PORTRAIT), "path": str(clone.root / PORTRAIT)})

    @routes.post("/evaluate")
    def make_evaluation(name: str) -> Response:
        """Measure it on held-out conversations."""
        return begin("evaluate", name)

    @routes.get("/evaluate")
    def evaluation(name: str) -> Response:
        """The evaluation of the voice as it is now, in tables and sentences, or null; `stale` if one is of another."""
        clone = folder.clone(name)
        report = best_report(clone)
        return answer({"stale": load_best(clone).stale, "report": report and _told(report)})

    @routes.post("/audit")
    def make_audit(name: str, body: AuditBody) -> Response:
        """Look for private text that could be extracted."""
        return begin("audit", name, FOR_STUDIO, *(["--canaries"] if body.canaries else []))

    @routes.get("/audit")
    def audit(name: str) -> Response:
        """The report without strings, the page with them and its path, those that the voice names, and whether all of
        it is of the voice as it is now; or nulls."""
        clone = folder.clone(name)
        report = clone.report(AUDIT)
        stale = report is not None and _is_stale(clone, report)
        strings = (_page(clone, AUDIT_STRINGS) or "").splitlines()
        page, path = _page(clone, AUDIT_PAGE), str(clone.root / AUDIT_PAGE)
        return answer({"report": report, "stale": stale, "page": page, "path": path, "strings": strings})

    return routes


def _page(clone: Clone, name: str) -> str | None:
    path = clone.root / name
    return path.read_text("utf-8") if path.is_file() else None


def _told(report: EvaluationReport) -> dict[str, Any]:
    meaning = advice(report, Frontend.STUDIO)
    return {
        "verdict": meaning.headline,
        "findings": {kind.value: meaning.of(kind) for kind in Kind},
        "steps": meaning.steps,
        "evidence": meaning.evidence,
        "extent": report.extent(),
        "headline": report.headline(),
        "columns": list(HEADLINE.values()),
        "rows": {ROWS.get(name, name): cells for name, cells in report.cells().items()},
        "legend": report.legend(),
        "lines": report.lines()[1:],
        "advice": meaning.lines(),
    }


def _is_stale(clone: Clone, report: dict[str, Any]) -> bool:
    """Whether an audit is of another training."""
    return bool(report["about"]["training"] != clone.manifest().get("result", {}))
