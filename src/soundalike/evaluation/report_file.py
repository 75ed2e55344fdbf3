"""evaluation.json: what was measured of a clone, each report with the identity of the voice that it belongs to.

It holds the short check that `clone` ends with and the full evaluation beside each other, each under its own key. A
report of another adapter, base, recipe or import is dropped when the next one is written, and never shown.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import orjson

from soundalike.clone import Clone, integrity
from soundalike.errors import CloneError
from soundalike.evaluation.evaluation_report import FULL, SHORT, EvaluationReport
from soundalike.plain import plain

FILE = "evaluation.json"
SECTIONS = ("documents", "training", "sampling", "limits")  # of clone.toml: what the voice was made by and speaks by

Plain = dict[str, Any]


def identity(clone: Clone) -> dict[str, str]:
    """The voice that a report is of: hashes of the adapter, the recipe with its sampling, and the import; the base."""
    manifest = clone.manifest()
    made = {name: manifest[name] for name in SECTIONS if name in manifest}
    adapter = sha256()
    for path in sorted(path for path in clone.adapter_path.rglob("*") if path.is_file()):
        adapter.update(path.relative_to(clone.adapter_path).as_posix().encode())
        adapter.update(bytes.fromhex(integrity.digest(path)))
    return {
        "adapter": adapter.hexdigest()[:16],
        "base": str(manifest.get("training", {}).get("base", "")),
        "recipe": sha256(json.dumps(made, sort_keys=True, default=str).encode()).hexdigest()[:12],
        "fingerprint": clone.fingerprint,
    }


def _key(form: str, split: str) -> str:
    """The key of a report in the file."""
    return form if split == "test" else f"{form}, {split}"


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
    return clone.report(FILE) or {}


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
