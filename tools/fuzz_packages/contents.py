"""Damage to the files inside a package."""

import json
from collections.abc import Callable
from random import Random
from typing import Any

from tools.fuzz_packages.packages import Package, as_csv, as_json

Damage = Callable[[Random, Package], None]

LOSSLESS: dict[str, Damage] = {}  # after these every message must still be found
LOSSY: dict[str, Damage] = {}

_NOISE = [
    b"{",
    b"}",
    b"[",
    b'"',
    b",",
    b"\r",
    b"\n",
    b"\\",
    b"\0",
    b"\xff",
    b"null",
    b"NaN",
    b"9" * 400,
    b"\\ud800",
    b"~",
]
_COPIES = [
    "{stem} (1).{kind}",
    "{stem} - Copy.{kind}",
    "{stem} copy 2.{kind}",
    "{stem}(3).{kind}",
    "Copy of {stem}.{kind}",
]
_ODD: list[Any] = [
    None, "", 5, -1, 2**70, 1e300, True, [], {}, [[["deep"]]], {"a": 1}, "NaN", "0000-00-00 00:00:00",
    "10000-01-01 00:00:00", "9999-12-31 23:59:59", "\ud800", "\0", "x" * 5000, "7.54803E+17",
]  # fmt: skip


def _lossless(damage: Damage) -> Damage:
    LOSSLESS[damage.__name__.strip("_").replace("_", " ")] = damage
    return damage


def _lossy(damage: Damage) -> Damage:
    LOSSY[damage.__name__.strip("_").replace("_", " ")] = damage
    return damage


def _a_file(rng: Random, package: Package) -> str:
    return rng.choice([name for name in package.files if name in package.channels] or list(package.files))


def _rewritten(package: Package, name: str, rows: list[Any]) -> None:
    package.files[name] = as_csv(rows) if name.endswith(".csv") else json.dumps(rows).encode()


@_lossless
def _nothing(rng: Random, package: Package) -> None:
    """The package as Discord sends it."""


@_lossless
def _encoding(rng: Random, package: Package) -> None:
    encoding = rng.choice(["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be", "cp1252"])
    name = _a_file(rng, package)
    package.files[name] = package.files[name].decode().encode(encoding)


@_lossless
def _line_ends(rng: Random, package: Package) -> None:
    name = _a_file(rng, package)
    if name.endswith(".csv"):
        package.files[name] = package.files[name].replace(b"\r\n", rng.choice([b"\r", b"\n"]))


@_lossless
def _rounded_ids(rng: Random, package: Package) -> None:
    name = _a_file(rng, package)
    how: Callable[[int], Any] = rng.choice(
        [lambda id_: f"{id_:.5E}", lambda id_: int(float(id_)), lambda id_: f"{id_:.9E}"]
    )
    rows = [row | {"ID": how(row["ID"])} for row in package.channels[name]]
    package.files[name] = as_csv(rows) if name.endswith(".csv") else as_json(rows)


@_lossless
def _kept_both(rng: Random, package: Package) -> None:
    name = _a_file(rng, package)
    folder, _, file = name.rpartition("/")
    stem, _, kind = file.partition(".")
    copy = rng.choice(_COPIES).format(stem=stem, kind=kind)
    where = rng.choice([folder, f"{folder} (1)", f"{folder} 2"])
    package.files[f"{where}/{copy if where == folder else file}"] = package.files[name]
    if rng.random() < 0.3 and where == folder:
        del package.files[name]


@_lossless
def _shuffled_rows(rng: Random, package: Package) -> None:
    name = _a_file(rng, package)
    rows = list(package.channels[name])
    rng.shuffle(rows)
    package.files[name] = as_csv(rows) if name.endswith(".csv") else as_json(rows)


@_lossless
def _layout(rng: Random, package: Package) -> None:
    name = _a_file(rng, package)
    if name.endswith(".json"):
        package.files[name] = json.dumps(package.channels[name], indent=rng.choice([None, 1, 4])).encode()


@_lossless
def _descriptions(rng: Random, package: Package) -> None:
    name = rng.choice([name for name in package.files if name not in package.channels])
    package.files[name] = rng.choice(
        [b"", b"{", b"[]", b"\xff\xfe{", b"null", b"[" * 5000, b'{"id": 1e400}', b"\0" * 9]
    )


@_lossy
def _bytes_flipped(rng: Random, package: Package) -> None:
    name = rng.choice(list(package.files))
    raw = bytearray(package.files[name])
    for _ in range(rng.randint(1, 8) if raw else 0):
        raw[rng.randrange(len(raw))] = rng.randrange(256)
    package.files[name] = bytes(raw)


@_lossy
def _noise_put_in(rng: Random, package: Package) -> None:
    name = _a_file(rng, package)
    raw = package.files[name]
    for _ in range(rng.randint(1, 6)):
        at = rng.randrange(len(raw) + 1)
        raw = raw[:at] + rng.choice(_NOISE) + raw[at + rng.choice([0, 0, 1, 20]) :]
    package.files[name] = raw


@_lossy
def _file_cut_off(rng: Random, package: Package) -> None:
    name = rng.choice(list(package.files))
    package.files[name] = package.files[name][: rng.randrange(len(package.files[name]) + 1)]


@_lossy
def _odd_values(rng: Random, package: Package) -> None:
    name = _a_file(rng, package)
    rows = [dict(row) for row in package.channels.get(name, [])]
    for _ in range(rng.randint(1, 5) if rows else 0):
        row = rng.choice(rows)
        key = rng.choice(list(row) or ["ID"])
        row[key] = rng.choice(_ODD)
        if rng.random() < 0.2:
            del row[key]
    _rewritten(
        package,
        name,
        [{key: _spelled(value) for key, value in row.items()} for row in rows] if name.endswith("v") else rows,
    )


def _spelled(value: Any) -> Any:
    """Half a surrogate pair cannot be written into a CSV."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value


@_lossy
def _other_rows(rng: Random, package: Package) -> None:
    name = _a_file(rng, package)
    if name.endswith(".json"):
        odd: list[Any] = [None, 7, "x", [], {}, [[1]], {"id": {}}, {"ID": []}, {"CONTENTS": "up"}, True, -0.0]
        rows: list[Any] = [*package.channels.get(name, []), *rng.choices(odd, k=rng.randint(1, 5))]
        rng.shuffle(rows)
        package.files[name] = json.dumps(rng.choice([rows, rows, {"messages": rows}, {"ID": 5, "rows": rows}])).encode()


@_lossy
def _deep_nesting(rng: Random, package: Package) -> None:
    name = _a_file(rng, package)
    if name.endswith(".json"):
        depth, (a, b) = rng.choice([10, 1000, 1023, 3000, 20_000]), rng.choice([(b"[", b"]"), (b'{"a":', b"}")])
        nested = a * depth + b"1" + b * rng.choice([depth, depth, 0])
        at = rng.choice([b'"Contents"', b'"ID"', b'"Timestamp"', b'"Attachments"', b'"x"'])
        package.files[name] = b'[{"ID": 5, "Timestamp": "2020-01-01 00:00:00", %s: %s}, {"ID": 6}]' % (at, nested)


@_lossy
def _another_file(rng: Random, package: Package) -> None:
    raw = rng.choice([b"", b" ", b"hello world", b"PK\3\4", b"\xff\xfe", b"[]", b"{}", b"\0" * 50, bytes(range(256))])
    package.files[_a_file(rng, package)] = raw * rng.choice([1, 1, 40])


@_lossy
def _files_gone(rng: Random, package: Package) -> None:
    for name in rng.sample(list(package.files), rng.randint(1, len(package.files))):
        if len(package.files) > 1:
            del package.files[name]


@_lossy
def _repeated_rows(rng: Random, package: Package) -> None:
    name = _a_file(rng, package)
    rows = package.channels.get(name, [])
    _rewritten(package, name, [*rows, *rng.choices(rows, k=3)] if rows else [])
