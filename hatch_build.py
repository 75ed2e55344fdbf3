"""Compiles the package's C files into its wheel, so that whoever installs it needs no compiler.

Without a compiler the wheel is one for every machine, where the C files are compiled at first use if that is possible.
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from packaging.tags import sys_tags

SOURCES = ("soundalike/engines/fused.c",)


class CompiledFiles(BuildHookInterface[Any]):
    """Adds the libraries of SOURCES, and names the wheel after the kind of machine that they are for."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called by hatchling before it collects the files of a wheel; `version` is `editable` for `pip install -e`."""
        if self.target_name != "wheel" or version == "editable":
            return
        root = Path(self.root) / "src"
        sys.path.insert(0, str(root))
        from soundalike import native

        self._folder = TemporaryDirectory()  # deleted with this object, when the wheel is written
        for name in SOURCES:
            for library in native.build_portable(root / name, Path(self._folder.name)):
                build_data["force_include"][str(library)] = str(Path(name).with_name(library.name))
        if not build_data["force_include"]:
            self.app.display_warning("No C compiler: the wheel holds no compiled libraries.")
            return
        platform = next(tag.platform for tag in sys_tags() if "manylinux" not in tag.platform)
        build_data |= {"pure_python": False, "tag": f"py3-none-{platform}"}
