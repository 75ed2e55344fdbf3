"""Reads clone.toml and checks the types of the values that the package reads; an error names the table and key.

A missing key raises when it is looked up. Unknown keys are kept as they are. Ranges of settings are checked by the
recipe, not here.
"""

from pathlib import Path
from typing import Any

from soundalike import toml
from soundalike.errors import CloneError

ANEW = "Put back the one that was written, or import into a new folder."
NUMBER = (int, float)
TYPES: dict[str, dict[str, type | tuple[type, ...]]] = {
    "clone": {"format": int, "soundalike": str, "speaker": str, "mode": str},
    "import": {"at": str, "fingerprint": str, "extends": list},
    "documents": {
        "gap_minutes": NUMBER,
        "max_run": int,
        "window_bytes": int,
        "others_weight": NUMBER,
        "near_lines": int,
        "tagged": bool,
        "shares": list,
    },
    "hashes": {},
    "training": {"base": str, "window": int},
    "result": {"steps": int, "fingerprint": str, "bits_per_byte": NUMBER, "epochs": NUMBER, "adapter": dict},
    "sampling": {},
    "limits": {},
    "estimate": {"tokens_per_second": NUMBER},
    "pseudonyms": {"salt": str},
    "corrections": {"sha256": str},
}
"""Table -> key -> accepted types, for the values that are read."""


class ManifestTable(dict[str, Any]):
    """A table of clone.toml; looking up a missing key raises `CloneError`."""

    def __init__(self, values: dict[str, Any], name: str) -> None:
        super().__init__(values)
        self.name = name

    def __missing__(self, key: str) -> Any:
        raise CloneError(f"{self.name} has no {key}.", "Put it back, or import and train again.")


def read(path: Path) -> ManifestTable:
    """The tables of the clone.toml at `path`; `CloneError` if it is damaged."""
    tables = toml.parse(toml.read_text(path, CloneError, ANEW), path, CloneError, ANEW)
    for name, kinds in TYPES.items():
        table = tables.get(name, {})
        if not isinstance(table, dict):
            raise CloneError(f"{path} is damaged: [{name}] is no table.", ANEW)
        for key, kind in kinds.items():
            _check_type(path, f"[{name}] {key}", table.get(key), kind)
        if name in tables:
            tables[name] = ManifestTable(table, f"[{name}] in {path}")
    _check_values(path, tables)
    return ManifestTable(tables, str(path))


def _check_values(path: Path, tables: dict[str, Any]) -> None:
    """Checks beyond types: hashes are strings, the window is a sensible number of tokens."""
    hashes = {**tables.get("hashes", {}), **tables.get("result", {}).get("adapter", {})}
    for key, value in hashes.items():
        _check_type(path, f"the hash of {key}", value, str)
    window = tables.get("training", {}).get("window", 1)
    if not 0 < window <= 1 << 20:
        raise CloneError(f"{path} is damaged: [training] window is {window}.", ANEW)


def _check_type(path: Path, where: str, value: object, kind: type | tuple[type, ...]) -> None:
    """`CloneError` if a value is present and of another type; booleans do not count as numbers."""
    right = value is None or (isinstance(value, kind) and (kind is bool or not isinstance(value, bool)))
    if not right:
        raise CloneError(f"{path} is damaged: {where} is {str(value)[:60]!r}.", ANEW)
