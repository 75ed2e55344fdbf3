"""Dataclasses as plain values, for JSON: objects with a key per field, figures rounded."""

from dataclasses import fields, is_dataclass
from typing import Any

import orjson

DIGITS = 4
OPTIONS = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_SERIALIZE_NUMPY


def plain(value: Any) -> Any:
    """`value` as it reads from JSON, NaN and infinity as None; `TypeError` for what JSON does not hold.

    A float field of a dataclass is rounded to DIGITS, or to the `digits` in the metadata of its field.
    """
    return orjson.loads(orjson.dumps(value, default=_object, option=OPTIONS))


def _object(value: Any) -> dict[str, Any]:
    if not is_dataclass(value) or isinstance(value, type):
        raise TypeError(f"{type(value).__name__} is not a plain value")
    return {one.name: _rounded(getattr(value, one.name), one.metadata.get("digits", DIGITS)) for one in fields(value)}


def _rounded(value: Any, digits: int) -> Any:
    return round(value, digits) if isinstance(value, float) else value
