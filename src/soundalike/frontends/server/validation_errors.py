"""Pydantic's validation errors in words: one sentence on what is wrong, and one on what to do."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from soundalike.frontends.server.api_errors import ApiError
from soundalike.frontends.server.schema import FIELDS, UNSUPPORTED

PydanticError = Mapping[str, Any]  # type, loc, msg, input, ctx

EXPECTED = {
    "greater_than": "a value above {gt}",
    "greater_than_equal": "a value of {ge} or more",
    "less_than": "a value below {lt}",
    "less_than_equal": "a value of at most {le}",
    "finite_number": "a finite number",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_parsing_size": "a smaller number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "string_type": "a text",
    "string_unicode": "a text of whole characters",
    "string_too_short": "a text of at least {min_length} character",
    "string_too_long": "a text of at most {max_length} characters",
    "list_type": "a list",
    "too_short": "at least {min_length}",
    "too_long": "at most {max_length}",
    "dict_type": "an object",
    "model_type": "an object",
    "model_attributes_type": "an object",
    "literal_error": "{expected}",
}
SHOWN = 40  # characters of a wrong value that the message shows


def to_api_error(errors: Sequence[PydanticError]) -> ApiError:
    """An `ApiError` for the first setting that is wrong, by the most specific of the errors about it."""
    first = [error for error in errors if error["loc"][1:2] == errors[0]["loc"][1:2]]
    error = max(first, key=lambda one: (len(one["loc"]), not one["type"].endswith("_type")))
    path = _path(error["loc"][1:])
    what, do = _sentences(path, error)
    return ApiError(400, f"{what} {do}", "invalid", path or "body")


def _path(loc: Sequence[str | int]) -> str:
    """`messages[0].content`, without the names by which pydantic says which form of a value it tried."""
    path = ""
    for part in loc:
        if isinstance(part, int):
            path += f"[{part}]"
        elif part in FIELDS:
            path += f".{part}" if path else part
    return path


def _sentences(path: str, error: PydanticError) -> tuple[str, str]:
    name, kind = str(error["loc"][1]) if len(error["loc"]) > 1 else "", error["type"]
    if kind == "json_invalid":
        return f"The body is not JSON: {error['ctx']['error']}, at character {error['loc'][1]}.", "Mend it."
    if not path:
        missing = kind == "missing"
        return "The body is empty." if missing else "The body is not a JSON object.", 'Send one: {"model": ...}.'
    if name in UNSUPPORTED:
        return f"{name} is not supported here.", "Leave it out."
    if ".content" in path and path.endswith(".type") and kind != "missing":
        part = path.removesuffix(".type")
        return f"{part} is of the type {_shown(error['input'])}, and a voice reads text only.", "Leave it out."
    if kind == "missing":
        return f"{path} is missing.", "Send it."
    return f"{path} is {_shown(error['input'])}.", _expected(error)


def _expected(error: PydanticError) -> str:
    expected = EXPECTED.get(error["type"])
    return f"Give {expected.format_map(error.get('ctx') or {})}." if expected else f"{error['msg']}. Change it."


def _shown(value: object) -> str:
    """A value as short JSON; of a list only its length."""
    if isinstance(value, list):
        return f"a list of {len(value)}"
    if isinstance(value, dict):
        return "an object"
    shown = json.dumps(value, default=str)
    return shown if len(shown) <= SHOWN else f"{shown[:SHOWN]}..."
