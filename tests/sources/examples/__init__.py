"""A small valid export for every source: a module of the source's name with `EXAMPLES`, found by listing the folder.

`EXAMPLES` maps the name of a layout (a ZIP, a folder, a newer version of the format ...) to a function that writes such
an export into an empty folder and returns its path. Each holds at least one message that is kept.
"""

import importlib
import pkgutil
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

Builder = Callable[[Path], Path]


def _modules() -> list[ModuleType]:
    return [importlib.import_module(f"{__name__}.{module.name}") for module in pkgutil.iter_modules(__path__)]


def all_examples() -> dict[str, Builder]:
    """`source/layout` -> the function that writes the example."""
    return {
        f"{module.__name__.rpartition('.')[2]}/{layout}": build
        for module in _modules()
        for layout, build in module.EXAMPLES.items()
    }
