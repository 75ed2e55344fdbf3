"""Data packages as a ZIP, as a folder, and with CSV files as until 2024."""

from pathlib import Path

from tests.sources.examples import Builder
from tests.sources.packages import GENERAL, as_csv, message, package, without, write_folder, write_zip


def _with_csv(folder: Path) -> Path:
    files = without(package(), f"c{GENERAL}/messages")
    files[f"Messages/c{GENERAL}/messages.csv"] = as_csv([message(0, "hello pond"), message(2, "so, quiet")])
    return write_zip(folder / "package.zip", files)


EXAMPLES: dict[str, Builder] = {
    "zip": lambda folder: write_zip(folder / "package.zip", package()),
    "folder": lambda folder: write_folder(folder / "package", package()),
    "csv": _with_csv,
}
