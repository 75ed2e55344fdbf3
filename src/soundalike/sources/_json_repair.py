r"""Decodes JSON that a strict parser refuses, and finds objects in damaged text.

Known damage: raw control characters inside strings, trailing commas, missing commas between objects, open quotes, a
bracket too many, a truncated end, and `\x1b`, which Telegram writes for control characters and JSON does not have.
"""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

import orjson

_LENIENT = json.JSONDecoder(strict=False)
_TRAILING_COMMA = re.compile(r",\s*\}[\s,\]]*$")
_ESCAPES = re.compile(rb'\\(?:x([0-9A-Fa-f]{2})|u[0-9A-Fa-f]{4}|["\\/bfnrt])')
PARSE_ERRORS = (ValueError, RecursionError)  # ValueError also for numbers of thousands of digits


def repair_escapes(raw: bytes) -> bytes:
    r"""Spell `\x1b` as `\u001b`; anything else stays as it is."""
    return _ESCAPES.sub(lambda found: rb"\u00" + found[1] if found[1] else found[0], raw) if b"\\x" in raw else raw


def load_leniently(raw: bytes) -> Any:
    """The value of `raw`, which may hold raw control characters and `\\xNN`. Raises one of PARSE_ERRORS."""
    try:
        return orjson.loads(repair_escapes(raw))
    except orjson.JSONDecodeError:
        return json.loads(repair_escapes(raw).decode("utf-8", "replace"), strict=False)


def objects_in(text: str, opening: re.Pattern[str]) -> Iterator[Any]:
    """What is decoded at each place where `opening`, the beginning of an object, matches; None where nothing can be.

    An object ends at the latest where the next one begins.
    """
    place = opening.search(text)
    while place:
        following = opening.search(text, place.end())
        yield _one_object(text[place.start() : following.start() if following else None])
        place = following


def without_nesting(elements: Iterable[Any]) -> Iterator[Any]:
    """The elements of all arrays among `elements`, however deep, and what is no array as it is."""
    waiting = [iter(elements)]
    while waiting:
        for element in waiting[-1]:
            if isinstance(element, list):
                waiting.append(iter(element))
                break
            yield element
        else:
            waiting.pop()


def _one_object(part: str) -> object:
    for attempt in (part, _TRAILING_COMMA.sub("}", part)):
        try:
            return _LENIENT.raw_decode(attempt)[0]
        except PARSE_ERRORS:
            continue
    return None
