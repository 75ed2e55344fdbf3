"""evaluation.json: what was measured of a clone, each report with the identity of the voice that it belongs to.

It holds the short check that `clone` ends with and the full evaluation beside each other, each under its own key. A
report of another adapter, base, recipe or import is dropped when the next one is written, and never shown.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from soundalike.clone import Clone
from soundalike.clone.report_names import EVALUATION
from soundalike.errors import CloneError
from soundalike.evaluation.evaluation_report import FULL, SHORT, EvaluationReport
from soundalike.evaluation.voice_identity import IdentifiedVoice, identity
from soundalike.plain import plain

FILE = EVALUATION
OLDER_NAMES = {"sense": "coherence", "area": "auc", "loops": "repetition"}  # of metrics, until 0.2.0

Plain = dict[str, Any]


def _key(form: str, split: str) -> str:
    """The key of a report in the file."""
    return form if split == "test" else f"{form}, {split}"


def keep(report: EvaluationReport, measured: IdentifiedVoice) -> None:
    """Write a report of `measured`; where its clone is in use, has changed or has no room, set `not_kept` instead."""
    try:
        with measured.clone.locked("soundalike evaluate"):
            measured.require_unchanged()
            save(measured.clone, report)
    except CloneError as error:
        report.not_kept = str(error)


def save(clone: Clone, report: EvaluationReport) -> None:
    """Write a report beside the others of the same voice; the folder must be locked."""
    about = report.about
    try:
        others = load_all(clone)
    except CloneError:  # what cannot be read is replaced
        others = {}
    same = {key: one for key, one in others.items() if _about(one).get("identity") == about["identity"]}
    kept = same | {_key(about["form"], about["split"]): plain(report)}
    clone.write({FILE: orjson.dumps(kept, option=orjson.OPT_INDENT_2)})


def load_all(clone: Clone) -> dict[str, Plain]:
    """All reports by name, none where there is no file; `CloneError` where it is damaged."""
    return {key: _with_present_names(report) for key, report in (clone.report(FILE) or {}).items()}


def _with_present_names(report: Any) -> Any:
    """A report of an older version with the metrics of its rows under the names that they have now."""
    rows = report.get("rows") if isinstance(report, dict) else None
    if not isinstance(rows, dict):
        return report
    named = {
        system: {OLDER_NAMES.get(name, name): one for name, one in row.items()} if isinstance(row, dict) else row
        for system, row in rows.items()
    }
    return {**report, "rows": named}


@dataclass(frozen=True, slots=True)
class SavedReport:
    """The best report of the voice as it is now, or None; `stale` where there are only reports of another one."""

    report: Plain | None
    stale: bool

    @property
    def full(self) -> Plain | None:
        """The report if it is the full one."""
        return self.report if self.report and self.report["about"]["form"] == FULL else None


def load_best(clone: Clone) -> SavedReport:
    """The full evaluation of the voice as it is now, else its short check."""
    found = load_all(clone)
    own = identity(clone) if found else {}
    present = {key: one for key, one in found.items() if _about(one).get("identity") == own}
    return SavedReport(present.get(FULL) or present.get(SHORT), bool(found) and not present)


def _about(report: object) -> Mapping[str, Any]:
    about = report.get("about") if isinstance(report, dict) else None
    return about if isinstance(about, dict) else {}
