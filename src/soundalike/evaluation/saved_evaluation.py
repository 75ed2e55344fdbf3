"""A report of evaluation.json as the object that wrote it, so that it is told in the same sentences again."""

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError

from soundalike.clone import Clone
from soundalike.errors import CloneError
from soundalike.evaluation.evaluation_report import EvaluationReport
from soundalike.evaluation.report_file import FILE, load_best

_REPORT = TypeAdapter(EvaluationReport)


def best_report(clone: Clone) -> EvaluationReport | None:
    """The full evaluation of the voice as it is now, else its short check, else None; `CloneError` if it is damaged."""
    saved = load_best(clone).report
    if saved is None:
        return None
    try:
        return _REPORT.validate_python(_without_unknown(saved))
    except ValidationError as error:
        what = f"{clone.root / FILE} is not as it was written: {error.errors()[0]['msg']}."
        raise CloneError(what, "Evaluate the voice again.") from error


def _without_unknown(value: Any) -> Any:
    """Estimates that were not finite, which JSON does not hold, as None or left out."""
    if not isinstance(value, Mapping):
        return [_without_unknown(one) for one in value] if isinstance(value, list) else value
    if {"value", "low", "high", "n"} == set(value):
        return None if None in value.values() else value
    return {name: _without_unknown(one) for name, one in value.items()}
