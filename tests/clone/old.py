"""A clone folder that version 0.1.0 made: an invented person's, over a word chain."""

from pathlib import Path
from zipfile import ZipFile

ARCHIVE = Path(__file__).parent / "data" / "clone-0.1.0.zip"


def extract_old_clone(folder: Path) -> Path:
    """Write it to `folder`."""
    with ZipFile(ARCHIVE) as archive:
        archive.extractall(folder)
    return folder
