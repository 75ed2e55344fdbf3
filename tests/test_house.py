"""One word for one thing: names of classes and modules, held by a test so that they stay so."""

import ast
from collections import defaultdict
from itertools import takewhile
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "soundalike"
SAME_ROLE = {"__init__", "__main__"}  # every package and program has one


def test_no_two_classes_share_a_name() -> None:
    """A traceback or a search for a class leads to one place."""
    places = defaultdict(list)
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef):
                places[node.name].append(str(path.relative_to(PACKAGE)))
    assert {name: found for name, found in places.items() if len(found) > 1} == {}


def test_no_module_name_is_used_in_two_layers() -> None:
    """A file is found by its name alone."""
    places = defaultdict(list)
    for path in PACKAGE.rglob("*.py"):
        if path.stem not in SAME_ROLE:
            places[path.stem].append(str(path.relative_to(PACKAGE)))
    assert {name: found for name, found in places.items() if len(found) > 1} == {}


def test_no_private_module_of_another_package_is_used() -> None:
    """A module whose name begins with an underscore may change without a look at the rest of the code."""
    found = []
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("soundalike."):
                parts = [*(node.module or "").split("."), *(name.name for name in node.names)]
                before = [*takewhile(lambda one: not is_private(one), parts)]
                if len(before) < len(parts) and not path.is_relative_to(PACKAGE.parent.joinpath(*before)):
                    found.append(f"{path.relative_to(PACKAGE)}: {node.module}")
    assert found == []


def is_private(name: str) -> bool:
    """Whether a name begins with one underscore."""
    return name.startswith("_") and not name.startswith("__")
