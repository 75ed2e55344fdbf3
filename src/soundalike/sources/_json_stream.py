"""Reads one JSON file of any size at constant memory: the objects of one array in batches, and the values around it.

Only brackets outside strings are looked at to find where elements end; orjson parses them, a few thousand at a time.
Damage does not end the reading: an element that cannot be parsed is counted as lost, and reading goes on where the next
one begins.
"""

import re
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from soundalike.sources._json_brackets import Brackets, find_brackets, half_escape
from soundalike.sources._json_levels import SMALL, OpenContainer, OpenContainers, Path
from soundalike.sources._json_repair import PARSE_ERRORS, load_leniently, objects_in, repair_escapes, without_nesting

_STEP = 1 << 16  # bytes that are parsed at once, so few that what becomes of them fits into a processor's cache
LONGEST = 16 << 20  # bytes of an element; a longer one is lost
_SUSPICIOUS = 1 << 20  # bytes of an element from which on it is looked whether another begins in it
_OVERLAP = 1 << 10  # bytes; the beginning of an element is shorter
_BOM = b"\xef\xbb\xbf"
_BETWEEN = b" \t\r\n,"
_ARRAY_END = 0x5D
# What follows the end of an array in an object, as far as it was read; possessive, so that blanks take linear time.
_AFTER_ARRAY = re.compile(rb'\s*+(?:\}|,\s*+"[^"\\]*+"\s*+:|(?:,\s*+)?(?:"[^"]*+)?\Z)')


@dataclass(frozen=True, slots=True)
class StreamPart:
    """Some elements of the array at `path`, in order, and how many others were `lost` because they are damaged.

    `head` holds the small values of the object around the array, `root` those of the outermost object, as far as they
    had been read; large ones are null. The last part of such an object has no elements, `last` set and all of its head.
    Where the stream has a parser of its own, `parsed` is what it made of the elements, and `elements` is empty.
    """

    path: Path
    head: dict[str, Any]
    root: dict[str, Any]
    elements: list[Any]
    lost: int = 0
    last: bool = False
    parsed: Any = None


class _BeginningDamagedError(Exception):
    """The structure is broken before any array that is looked for."""


_Place = tuple[int, int]  # the number of the next bracket, the next byte
_Reading = Generator[StreamPart, None, _Place]


class JsonStream:
    """Iterates over the parts of all arrays at `paths` in UTF-8 `chunks`, which are taken from the start at each pass.

    `opening` is a regular expression for the beginning of an element, up to a key that no object inside an element
    begins with; it serves to find the next element after damage. After the last part `found` says whether there was
    such an array, `complete` whether the file ended as JSON does, `mended` whether anything was damaged.

    `parse` may make something better than a list of a JSON array of undamaged elements; None if it cannot.
    """

    def __init__(
        self,
        chunks: Iterable[bytes],
        paths: Sequence[Path],
        opening: str,
        parse: Callable[[bytes], Any] | None = None,
    ) -> None:
        self.found = self.complete = self.mended = False
        self._chunks, self._paths, self._parse = chunks, paths, parse
        self._opening, self._opening_bytes = re.compile(opening), re.compile(opening.encode())
        keys = "|".join({re.escape(path[-1]) for path in paths if "*" in path})
        self._array_key = re.compile(rb'"(?:%s)"\s*:\s*\[' % keys.encode()) if keys else None
        self._start(searching=False)

    def __iter__(self) -> Iterator[StreamPart]:
        self.found = self.complete = self.mended = False
        self._start(searching=False)
        try:
            yield from self._pass()
        except _BeginningDamagedError:
            self.mended = True  # nothing was yielded yet: below, arrays are searched from the start
        if not self.found:  # its beginning may be damaged
            self._start(searching=True)
            yield from self._pass()

    def _start(self, searching: bool) -> None:
        self._levels = OpenContainers(self._paths)
        self._path = self._paths[0]
        self._searching = self._rootless = searching
        self._in_array = self._in_string = self._damaged = False
        self._skipped = 0  # the nesting inside a value that is left out

    def _pass(self) -> Iterator[StreamPart]:
        rest, first = b"", True
        for chunk in self._chunks:
            chunk = chunk.removeprefix(_BOM) if first else chunk
            first = first and not chunk
            start = 0
            while start < len(chunk):
                step = max(_STEP, len(rest))  # so that what waits for its end is not read again too often
                raw, start = rest + chunk[start : start + step], start + step
                whole = raw[: len(raw) - half_escape(raw)]
                rest = (yield from self._read(whole)) + raw[len(whole) :]
        if self._in_array and rest.strip(_BETWEEN):
            lost = int(not self._opening_bytes.search(rest))
            yield from self._salvage(rest, lost)
        for level in reversed(self._levels.open):
            if level.arrays:
                yield StreamPart(self._path, level.values(), self._levels.root(), [], last=True)

    def _read(self, raw: bytes) -> Generator[StreamPart, None, bytes]:
        """Read as much of `raw` as is possible without what follows; its result is the rest."""
        while True:
            if self._searching:
                raw = raw[(yield from self._search(raw)) :]
                if self._searching:
                    return raw
            brackets = find_brackets(raw, self._in_string)
            self._damaged = False
            end = yield from self._follow(brackets)
            self._in_string = bool(self._skipped) and brackets.in_string and not self._damaged
            raw = raw[end:]
            if not self._damaged:
                return raw

    def _follow(self, brackets: Brackets) -> Generator[StreamPart, None, int]:
        """Follow the structure through all brackets, or up to damage; its result is the place reached."""
        number = at = 0
        while number < len(brackets.at) and not self._damaged:
            if self._skipped:
                number, at = self._skip(brackets)
            elif self._in_array:
                number, at = yield from self._elements(brackets, number, at)
            else:
                number, at = yield from self._step(brackets, number, at)
        if self._damaged:
            return at
        if self._skipped:
            return len(brackets.raw)
        if len(brackets.raw) - at > LONGEST:
            if self._in_array:
                yield self._part([], 1)
            self._damage(at)
            return len(brackets.raw) - _OVERLAP
        return at

    def _skip(self, brackets: Brackets) -> _Place:
        """Go to the end of a value that began earlier and is left out."""
        end = brackets.first_below(1 - self._skipped, 0)
        if end is None:
            self._skipped += int(brackets.depth[-1])
            return len(brackets.at), len(brackets.raw)
        self._skipped = 0
        return end + 1, int(brackets.at[end]) + 1

    def _step(self, brackets: Brackets, number: int, at: int) -> _Reading:
        """Enter or leave a container outside the array, or pass over one."""
        place = int(brackets.at[number])
        between = brackets.raw[at:place]
        if brackets.depth[number] < brackets.before(number):
            return (yield from self._leave(brackets, number, between))
        key = None if self._rootless else self._levels.key_of(between)
        if key is None:
            return self._damage(at)
        path, is_array = self._levels.path_to(key), brackets.raw[place] == 0x5B
        level = self._levels.open[-1] if self._levels.open else OpenContainer("", True)
        if path in self._paths and is_array:
            level.add(between + b"null")
            level.arrays += 1
            self.found = self._in_array = True
            self._path = path
        elif path not in self._paths and self._levels.leads_on(path):
            level.add(between + b"null")
            self._levels.open.append(OpenContainer(key, is_array))
        else:
            return self._pass_over(brackets, number, at, level)
        return number + 1, place + 1

    def _pass_over(self, brackets: Brackets, number: int, at: int, level: OpenContainer) -> _Place:
        """Keep a value of `level` if it is small, else leave it out."""
        place, before = int(brackets.at[number]), brackets.before(number)
        end = brackets.first_below(before + 1, number)
        if end is not None:
            after = int(brackets.at[end]) + 1
            level.add(brackets.raw[at:place])
            level.add(brackets.raw[place:after])
            return end + 1, after
        if len(brackets.raw) - place > SMALL:
            level.add(brackets.raw[at:place] + b"null")
            self._skipped = int(brackets.depth[-1]) - before
            return len(brackets.at), len(brackets.raw)
        return len(brackets.at), at  # its end may follow

    def _leave(self, brackets: Brackets, number: int, between: bytes) -> _Reading:
        place = int(brackets.at[number])
        if not self._levels.open:
            return (number + 1, place + 1) if self._rootless else self._damage(place + 1)
        level = self._levels.open[-1]
        if (brackets.raw[place] == _ARRAY_END) != level.is_array:
            return self._damage(place + 1)
        level.add(between)
        if level.arrays:
            yield StreamPart(self._path, level.values(), self._levels.root(), [], last=True)
        self._levels.open.pop()
        self.complete = self._rootless = self._rootless or not self._levels.open
        return number + 1, place + 1

    def _elements(self, brackets: Brackets, number: int, at: int) -> _Reading:
        """All elements that end in these brackets."""
        base = brackets.before(number)
        end = brackets.first_below(base, number)
        closings = number + np.flatnonzero(brackets.depth[number:end] == base)
        if end is None and not len(closings):
            return (yield from self._wait(brackets, at))
        upto = int(brackets.at[end] if end is not None else brackets.at[closings[-1]] + 1)
        try:
            body = repair_escapes(brackets.raw[at:upto].strip(_BETWEEN))
            array = b"[" + body + b"]"
            parsed = self._parse(array) if body and self._parse else None
            elements = orjson.loads(array) if parsed is None else []
        except orjson.JSONDecodeError:
            place = yield from self._one_by_one(brackets, number, at, upto, closings)
            if place is not None:
                return place
            if end is not None and not _AFTER_ARRAY.match(brackets.raw, upto + 1):
                return self._damage(upto + 1)  # the bracket stands in a string: a quote before it is damaged
        else:
            if elements or parsed is not None:
                yield self._part(elements, parsed=parsed)
        if end is None:
            return len(brackets.at), upto
        self._in_array = False
        if brackets.raw[upto] != _ARRAY_END:
            return self._damage(upto + 1)
        self.complete = self._rootless = self._rootless or not self._levels.open
        return end + 1, upto + 1

    def _wait(self, brackets: Brackets, at: int) -> _Reading:
        """Nothing ends here: more bytes are needed, or a lost quote hides where elements end."""
        resume = self._last_opening(brackets.raw, at + 1) if len(brackets.raw) - at > _SUSPICIOUS else None
        if resume is None:
            return len(brackets.at), at
        yield from self._salvage(brackets.raw[at:resume])
        self._damaged = True
        return len(brackets.at), resume

    def _one_by_one(
        self, brackets: Brackets, number: int, at: int, upto: int, closings: NDArray[np.int64]
    ) -> Generator[StreamPart, None, _Place | None]:
        """Elements that could not be parsed together; a place if their structure is damaged and was left behind."""
        elements: list[Any] = []
        self.mended, lost, hopeless = True, 0, False
        for closing in closings.tolist():
            start, end = int(brackets.at[number]), int(brackets.at[closing]) + 1
            more, missing = _scalars(brackets.raw[at:start])
            lost += missing
            elements += more
            try:
                elements.append(load_leniently(brackets.raw[start:end]))
            except PARSE_ERRORS:
                resume = None if hopeless else self._last_opening(brackets.raw, start + 1)
                if resume is not None:
                    yield self._part(elements, lost)
                    yield from self._salvage(brackets.raw[start:resume])
                    self._damaged = True
                    return len(brackets.at), resume
                hopeless, lost = True, lost + 1
            number, at = closing + 1, end
        more, missing = _scalars(brackets.raw[at:upto])
        yield self._part(elements + more, lost + missing)
        return None

    def _damage(self, at: int) -> _Place:
        """The structure is broken from `at` on: look for the next element there."""
        if not self.found and not self._searching:
            raise _BeginningDamagedError
        self._damaged = self._searching = self.mended = True
        self._in_array = False
        return 0, at

    def _search(self, raw: bytes) -> Generator[StreamPart, None, int]:
        """Look for elements; go on with the last one that begins in `raw`, which may not end in it."""
        resume = self._last_opening(raw, 0)
        if resume is None:
            return max(0, len(raw) - _OVERLAP)
        yield from self._salvage(raw[:resume])
        self._searching = False
        self.found = self._in_array = True
        return resume

    def _last_opening(self, raw: bytes, start: int) -> int | None:
        places = deque((found.start() for found in self._opening_bytes.finditer(raw, start)), maxlen=1)
        return places[0] if places else None

    def _salvage(self, raw: bytes, lost: int = 0) -> Iterator[StreamPart]:
        """The elements in `raw`, each found by its beginning, also those of further arrays."""
        self.mended, start = True, 0
        for key in self._array_key.finditer(raw) if self._array_key else ():
            yield self._salvaged(raw[start : key.start()])
            around = OpenContainer(
                "*", False, bytearray(raw[raw.rfind(b"{", 0, key.start()) + 1 : key.start()]), arrays=1
            )
            if self._levels.open and self._levels.open[-1].arrays:
                yield StreamPart(self._path, self._levels.head(), self._levels.root(), [], last=True)
                self._levels.open.pop()
            self._levels.open.append(around)
            start = key.end()
        yield self._salvaged(raw[start:], lost)

    def _salvaged(self, raw: bytes, lost: int = 0) -> StreamPart:
        found = list(objects_in(repair_escapes(raw).decode("utf-8", "replace"), self._opening))
        elements = [element for element in found if element is not None]
        return self._part(elements, lost + len(found) - len(elements))

    def _part(self, elements: list[Any], lost: int = 0, parsed: Any = None) -> StreamPart:
        if any(type(element) is list for element in elements):  # a bracket too many: elements are objects
            self.mended, elements = True, list(without_nesting(elements))
        return StreamPart(self._path, self._levels.head(), self._levels.root(), elements, lost, parsed=parsed)


def _scalars(between: bytes) -> tuple[list[Any], int]:
    """Elements without brackets, which stand between others; or that one is lost, if they cannot be parsed."""
    inside = between.strip(_BETWEEN)
    if not inside:
        return [], 0
    try:
        return list(orjson.loads(b"[" + inside + b"]")), 0
    except orjson.JSONDecodeError:
        return [], 1
