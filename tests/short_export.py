"""The demo's export cut short, for tests of commands whose time grows with the text."""

import json
import zipfile
from pathlib import Path

from soundalike.demo import EXPORT


def shorten(target: Path, share: int) -> Path:
    """Write a package with the last `1 / share` of every channel's messages; everything else as it is."""
    with zipfile.ZipFile(EXPORT) as whole, zipfile.ZipFile(target, "w") as short:
        for name in whole.namelist():
            held = whole.read(name)
            if name.endswith("/messages.json"):
                rows = json.loads(held)  # the newest first
                held = json.dumps(rows[: len(rows) // share]).encode()
            short.writestr(name, held)
    return target
