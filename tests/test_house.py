"""One word for one thing: names of classes and modules, held by a test so that they stay so."""

import ast
from collections import defaultdict
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


def test_no_module_name_is_used_in_two_rooms() -> None:
    """A file is found by its name alone."""
    places = defaultdict(list)
    for path in PACKAGE.rglob("*.py"):
        if path.stem not in SAME_ROLE:
            places[path.stem].append(str(path.relative_to(PACKAGE)))
    assert {name: found for name, found in places.items() if len(found) > 1} == {}
