"""The voices of the folder over the API: what each is, and what there is about it."""

from pathlib import Path
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from soundalike.clone import Clone, corrections
from soundalike.clone.report_names import AUDIT, EVALUATION, PORTRAIT
from soundalike.errors import CloneError
from soundalike.evaluation.evaluation_report import CLONE, estimate_of
from soundalike.evaluation.guidance import standing
from soundalike.evaluation.report_file import SavedReport, load_best
from soundalike.frontends.local_page.answers import answer
from soundalike.frontends.studio.jobs import Jobs
from soundalike.frontends.studio.studio_folder import StudioFolder
from soundalike.training import checkpoint
from soundalike.training.train_corrections import MIN_CORRECTIONS

REPORTS = {"portrait": PORTRAIT, "evaluation": EVALUATION, "audit": AUDIT}


def router(folder: StudioFolder, jobs: Jobs) -> APIRouter:
    """The routes under /api/voices."""
    routes = APIRouter(prefix="/voices")

    def in_training() -> set[str | None]:
        """The names of those that are being trained, or wait for that."""
        return {job.clone for job in jobs.all() if job.kind == "train" and job.goes_on}

    @routes.get("")
    def every() -> Response:
        """Every clone in the folder, by name; of one that cannot be read, what is wrong with it."""
        trained = in_training()
        found = [_readable_summary(path) | {"training": path.name in trained} for path in folder.clone_folders()]
        return answer({"folder": str(folder.clones_path), "voices": found})

    @routes.get("/{name}")
    def one(name: str) -> Response:
        """One clone, with the report of its import and how many corrections it has beside how many training needs."""
        clone = folder.clone(name)
        kept = len(corrections.merged(corrections.read(clone)))
        more = {
            "training": name in in_training(),
            "import_report": clone.report(clone.import_path.name),
            "corrections": {"kept": kept, "fewest": MIN_CORRECTIONS},
        }
        return answer(clone_summary(clone) | more)

    return routes


def clone_summary(clone: Clone) -> dict[str, Any]:
    """What the page shows of a clone in a list."""
    sections = clone.manifest()
    about, imported = sections["clone"], sections["import"]
    return {
        "name": clone.root.name,
        "owner": about.get("speaker"),
        "mode": about.get("mode"),
        "imported": {name: imported.get(name) for name in ("at", "messages", "conversations", "words", "bytes")},
        "voice": _voice(clone) if clone.has_voice else None,
        "cut_off": _cut_off(clone),
        "reports": [kind for kind, name in REPORTS.items() if (clone.root / name).is_file()],
        "versions": sorted(int(path.name) for path in clone.versions_path.glob("*") if path.name.isdecimal()),
    }


def _readable_summary(path: Path) -> dict[str, Any]:
    try:
        return clone_summary(Clone.open(path))
    except CloneError as error:
        return {"name": path.name, "error": {"what": error.what, "do": error.do}}


def _voice(clone: Clone) -> dict[str, Any]:
    """The voice of a clone; its bits per byte are those of its evaluation, where it was `evaluated` in full.

    `standing` is how close its evaluation or short check found it, in a sentence; None without one of this voice.
    """
    sections, saved = clone.manifest(), _evaluation(clone)
    result, evaluated = sections.get("result", {}), _bits(saved)
    fooled = saved and saved.report and estimate_of(saved.report, CLONE, "fooled")
    return {
        "base": sections["training"]["base"],
        "is_older": result.get("fingerprint", clone.fingerprint) != clone.fingerprint,
        "bits_per_byte": result.get("bits_per_byte") if evaluated is None else evaluated,
        "evaluated": evaluated is not None,
        "standing": standing(fooled) if fooled else None,
        "seconds": result.get("seconds"),
    }


def _evaluation(clone: Clone) -> SavedReport | None:
    """The evaluation of the voice as it is now; None where the file is damaged, which its own section tells."""
    try:
        return load_best(clone)
    except CloneError:
        return None


def _bits(saved: SavedReport | None) -> float | None:
    """Bits per byte of a full evaluation; None without one."""
    full = saved and saved.full
    measured = full and full.get("bits_per_byte", {}).get("on")
    return measured["value"] if measured else None


def _cut_off(clone: Clone) -> dict[str, Any] | None:
    """How far the training came that was cut off, if one was, and that a running one has saved."""
    if not clone.run_path.exists():
        return None
    saved = checkpoint.read(clone)
    return {"step": saved.progress.step, "steps": saved.progress.steps, "base": saved.identity.base}
