"""What of a request is wrong, as pydantic found it, in our words: one sentence, and one on what to do."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from soundalike.frontends.server.api_errors import ApiError
from soundalike.frontends.server.schema import FIELDS, UNSUPPORTED

Found = Mapping[str, Any]  # one of pydantic's errors: type, loc, msg, input, ctx

WANTED = {
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
SHOWN = 40  # characters of a wrong value that are told


def refused(errors: Sequence[Found]) -> ApiError:
    """The first setting that is wrong, told by the error that says most about it."""
    first = [error for error in errors if error["loc"][1:2] == errors[0]["loc"][1:2]]
    error = max(first, key=lambda one: (len(one["loc"]), not one["type"].endswith("_type")))
    where = _path(error["loc"][1:])
    what, do = _told(where, error)
    return ApiError(400, f"{what} {do}", "invalid", where or "body")


def _path(loc: Sequence[str | int]) -> str:
    """`messages[0].content`; what pydantic puts between to say which form of a value it tried is left out."""
    path = ""
    for part in loc:
        if isinstance(part, int):
            path += f"[{part}]"
        elif part in FIELDS:
            path += f".{part}" if path else part
    return path


def _told(where: str, error: Found) -> tuple[str, str]:
    name, kind = str(error["loc"][1]) if len(error["loc"]) > 1 else "", error["type"]
    if kind == "json_invalid":
        return f"The body is not JSON: {error['ctx']['error']}, at character {error['loc'][1]}.", "Mend it."
    if not where:
        missing = kind == "missing"
        return "The body is empty." if missing else "The body is not a JSON object.", 'Send one: {"model": ...}.'
    if name in UNSUPPORTED:
        return f"{name} is not supported here.", "Leave it out."
    if ".content" in where and where.endswith(".type") and kind != "missing":
        part = where.removesuffix(".type")
        return f"{part} is of the type {_shown(error['input'])}, and a voice reads text only.", "Leave it out."
    if kind == "missing":
        return f"{where} is missing.", "Send it."
    return f"{where} is {_shown(error['input'])}.", _wanted(error)


def _wanted(error: Found) -> str:
    wanted = WANTED.get(error["type"])
    return f"Give {wanted.format_map(error.get('ctx') or {})}." if wanted else f"{error['msg']}. Change it."


def _shown(value: object) -> str:
    """A value as short plain JSON; of a list only how long it is."""
    if isinstance(value, list):
        return f"a list of {len(value)}"
    if isinstance(value, dict):
        return "an object"
    shown = json.dumps(value, default=str)
    return shown if len(shown) <= SHOWN else f"{shown[:SHOWN]}..."
