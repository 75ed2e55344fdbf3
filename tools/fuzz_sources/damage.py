"""Ways to damage the files of an export: bytes, encodings, JSON values of other types, nesting, repeats, names."""

import json
from collections.abc import Callable
from copy import deepcopy
from random import Random
from typing import Any

Files = dict[str, bytes]
Damage = Callable[[Random, Files], None]

DAMAGE: dict[str, Damage] = {}

_NOISE = [
    b"{", b"}", b"[", b"]", b'"', b",", b":", b"\r", b"\n", b"\\", b"\0", b"\xff", b"null", b"NaN", b"9" * 400,
    b"\\ud800", b"\\x1b", b"<", b">", b"\xe2\x80\x8e", b"\t", b"12/13/23, 9:25 PM - ", b"[13.06.23, 21:25:15] ",
]  # fmt: skip
_ODD: list[Any] = [
    None, "", 5, -1, 2**70, -(2**63), 1e300, True, [], {}, [[["deep"]]], {"a": 1}, [None], "NaN", "0000-00-00 00:00:00",
    "9999-12-31T23:59:59+14:00", "\ud800", "\0", "x" * 5000, "7.54803E+17", "99999999999999999999", "-5", "1" * 5000,
    "٣", "²", 1.5, "1.5e400",
]  # fmt: skip
_ENCODINGS = ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"]
_FILES = [b"", b" ", b"hello world", b"PK\3\4", b"\xff\xfe", b"[]", b"{}", b"null", b"\0" * 50, bytes(range(256))]


def _damage(how: Damage) -> Damage:
    DAMAGE[how.__name__.strip("_").replace("_", " ")] = how
    return how


def _a_file(rng: Random, files: Files) -> str:
    return rng.choice(sorted(files))


@_damage
def _nothing(rng: Random, files: Files) -> None:
    """The export as it is written."""


@_damage
def _bytes_changed(rng: Random, files: Files) -> None:
    name = _a_file(rng, files)
    raw = bytearray(files[name])
    for _ in range(rng.randint(1, 8) if raw else 0):
        raw[rng.randrange(len(raw))] = rng.choice([rng.randrange(256), *b'"\\{}[],:'])
    files[name] = bytes(raw)


@_damage
def _noise_put_in(rng: Random, files: Files) -> None:
    name = _a_file(rng, files)
    raw = files[name]
    for _ in range(rng.randint(1, 6)):
        at = rng.randrange(len(raw) + 1)
        raw = raw[:at] + rng.choice(_NOISE) + raw[at + rng.choice([0, 0, 1, 20]) :]
    files[name] = raw


@_damage
def _cut_off(rng: Random, files: Files) -> None:
    name = _a_file(rng, files)
    start = rng.choice([0, 0, 0, rng.randrange(40)])
    files[name] = files[name][start : rng.randrange(len(files[name]) + 1)]


@_damage
def _encoding(rng: Random, files: Files) -> None:
    name = _a_file(rng, files)
    try:
        text = files[name].decode()
    except UnicodeDecodeError:
        return
    files[name] = text.encode(rng.choice(_ENCODINGS), "replace")


@_damage
def _line_ends(rng: Random, files: Files) -> None:
    name = _a_file(rng, files)
    files[name] = files[name].replace(b"\r\n", b"\n").replace(b"\n", rng.choice([b"\r\n", b"\r", b"\n\n", b" \n", b""]))


@_damage
def _odd_values(rng: Random, files: Files) -> None:
    """Values of JSON become others, keys vanish or come twice."""

    def change(value: Any) -> None:
        for _ in range(rng.randint(1, 4)):
            _change(rng, value)

    _with_json(rng, files, change)


@_damage
def _deep_nesting(rng: Random, files: Files) -> None:
    depth, (a, b) = (
        rng.choice([10, 900, 1100, 3000, 50_000]),
        rng.choice([(b"[", b"]"), (b'{"a":', b"}"), (b"<a>", b"")]),
    )
    nested = a * depth + b"1" + b * rng.choice([depth, depth, 0])
    name = _a_file(rng, files)
    places = [at for at, byte in enumerate(files[name]) if byte in b":,>\n"] or [0]
    at = rng.choice(places) + 1
    files[name] = files[name][:at] + nested + files[name][at + rng.choice([0, 0, 5]) :]


@_damage
def _repeated(rng: Random, files: Files) -> None:
    """A stretch of a file comes many times."""
    name = _a_file(rng, files)
    raw = files[name]
    start = rng.randrange(len(raw) + 1)
    piece = raw[start : start + rng.choice([1, 20, 300, 3000])]
    files[name] = raw[:start] + piece * rng.choice([2, 5, 300 if len(piece) < 400 else 5]) + raw[start:]


@_damage
def _another_file(rng: Random, files: Files) -> None:
    files[_a_file(rng, files)] = rng.choice(_FILES) * rng.choice([1, 1, 40])


@_damage
def _files_gone(rng: Random, files: Files) -> None:
    for name in rng.sample(sorted(files), rng.randrange(len(files))):
        del files[name]


@_damage
def _renamed(rng: Random, files: Files) -> None:
    """Names and folders change, as where somebody unpacked, sorted or copied them."""
    name = _a_file(rng, files)
    raw = files.pop(name) if rng.random() < 0.5 else files[name]
    last = name.rpartition("/")[2]
    files[
        rng.choice([last, f"a/{name}", f"{name} (1)", f"copy of {last}", last.upper(), f"x/y/{last}", f"é/{last}"])
    ] = raw


@_damage
def _shuffled(rng: Random, files: Files) -> None:
    """Lists of JSON are in another order."""

    def change(value: Any) -> None:
        for inner in _lists(value):
            rng.shuffle(inner)

    _with_json(rng, files, change)


def _with_json(rng: Random, files: Files, change: Callable[[Any], None]) -> None:
    name = _a_file(rng, files)
    lines = name.endswith(("jsonl", "ndjson"))
    try:
        value = [json.loads(line) for line in files[name].splitlines()] if lines else json.loads(files[name])
    except (ValueError, RecursionError):
        return
    if not isinstance(value, dict | list):
        return
    change(value)
    if lines:
        files[name] = b"\n".join(json.dumps(line).encode() for line in value)
    else:
        files[name] = json.dumps(value, indent=rng.choice([None, 1, 4]), ensure_ascii=True).encode()


def _lists(value: Any) -> list[list[Any]]:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    found = [value] if isinstance(value, list) else []
    return found + [each for one in inner for each in _lists(one)]


def _change(rng: Random, value: Any) -> None:
    """Go down to a random place and change what is there."""
    while True:
        keys: list[Any] = list(value) if isinstance(value, dict) else list(range(len(value)))
        if not keys:
            return
        key = rng.choice(keys)
        if isinstance(value[key], dict | list) and value[key] and rng.random() < 0.8:
            value = value[key]
            continue
        what = rng.random()
        if what < 0.7:
            value[key] = deepcopy(rng.choice(_ODD))  # a list among them would be changed for all later cases
        elif what < 0.85 or not isinstance(value, list):
            del value[key]
        else:
            value.insert(key, value[key])
        return
