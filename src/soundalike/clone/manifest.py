"""clone.toml as it is read: tables with the types that others count on, each mistake told with its place.

A key that is missing is told when somebody asks for it; a key that is not known here is kept as it is, since whoever
wrote it knows. What a recipe or a document means is for others to check.
"""

from pathlib import Path
from typing import Any

from soundalike import toml
from soundalike.errors import CloneError

ANEW = "Put back the one that was written, or import into a new folder."
NUMBER = (int, float)
TYPES: dict[str, dict[str, type | tuple[type, ...]]] = {
    "clone": {"format": int, "soundalike": str, "speaker": str, "mode": str},
    "import": {"at": str, "fingerprint": str},
    "documents": {
        "gap_minutes": NUMBER,
        "max_run": int,
        "window_bytes": int,
        "others_weight": NUMBER,
        "tagged": bool,
        "shares": list,
    },
    "hashes": {},
    "training": {"base": str, "window": int},
    "result": {"steps": int, "fingerprint": str, "bits_per_byte": NUMBER, "adapter": dict},
    "sampling": {},
    "limits": {},
    "estimate": {},
}
"""Tables that soundalike writes, and the types of those of their values that are read."""


class Table(dict[str, Any]):
    """A table of a clone.toml in which a key that is missing is the person's to hear of."""

    def __init__(self, values: dict[str, Any], name: str) -> None:
        super().__init__(values)
        self.name = name

    def __missing__(self, key: str) -> Any:
        raise CloneError(f"{self.name} has no {key}.", "Put it back, or import and train again.")


def read(path: Path) -> Table:
    """The tables of the clone.toml at `path`; `CloneError` where it is damaged."""
    tables = toml.parse(toml.read_text(path, CloneError, ANEW), path, CloneError, ANEW)
    for name, kinds in TYPES.items():
        table = tables.get(name, {})
        if not isinstance(table, dict):
            raise CloneError(f"{path} is damaged: [{name}] is no table.", ANEW)
        for key, kind in kinds.items():
            _demand(path, f"[{name}] {key}", table.get(key), kind)
        if name in tables:
            tables[name] = Table(table, f"[{name}] in {path}")
    _check_values(path, tables)
    return Table(tables, str(path))


def _check_values(path: Path, tables: dict[str, Any]) -> None:
    """What a type alone does not say."""
    hashes = {**tables.get("hashes", {}), **tables.get("result", {}).get("adapter", {})}
    for key, value in hashes.items():
        _demand(path, f"the hash of {key}", value, str)
    window = tables.get("training", {}).get("window", 1)
    if not 0 < window <= 1 << 20:
        raise CloneError(f"{path} is damaged: [training] window is {window}.", ANEW)


def _demand(path: Path, where: str, value: object, kind: type | tuple[type, ...]) -> None:
    """`CloneError` where a value is there and of another type; true and false are no numbers."""
    right = value is None or (isinstance(value, kind) and (kind is bool or not isinstance(value, bool)))
    if not right:
        raise CloneError(f"{path} is damaged: {where} is {str(value)[:60]!r}.", ANEW)
