"""One case: an example export, damaged and read, and what is wrong with how that ended."""

import functools
import shutil
import tempfile
import traceback
import zipfile
from dataclasses import dataclass
from pathlib import Path
from random import Random

from soundalike import sources
from soundalike.errors import ExportError, OwnerUnknown
from soundalike.sources import _owner
from tests.sources.examples import all_examples
from tools.fuzz_packages.cases import FAULT, READ, REFUSED, Ending, Wrong, check_account, check_frame
from tools.fuzz_sources.damage import DAMAGE, Files


@dataclass(frozen=True, slots=True)
class _Example:
    """An export in memory: its own name and its files'; `files` has one entry if it is a file itself."""

    name: str
    is_zip: bool
    is_file: bool
    files: Files

    def write(self, files: Files, target: Path) -> Path:
        """Write the export with other files into an empty folder; returns the path that is read."""
        if self.is_zip:
            with zipfile.ZipFile(target / self.name, "w") as archive:
                for name, raw in files.items():
                    archive.writestr(name, raw)
            return target / self.name
        for name, raw in files.items():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            (target / name).write_bytes(raw)
        return target / next(iter(files)) if self.is_file and len(files) == 1 else target


@functools.cache
def _example(name: str) -> _Example:
    """The example of that name: it is built once in a process, since cases differ only in their damage."""
    with tempfile.TemporaryDirectory() as folder:
        path = all_examples()[name](Path(folder))
        return _Example(path.name, zipfile.is_zipfile(path), path.is_file(), _files(path))


def run(seed: int, case: int, home: Path, source: str = "") -> Ending:
    """Damage, read and judge one case; everything about it follows from `seed`, `case` and `source`."""
    rng = Random(f"{seed}:{case}:{source}")
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir()
    name = rng.choice(sorted(name for name in all_examples() if name.startswith(source)))
    kind = name.partition("/")[0]
    try:
        how, files = _damaged(rng, _example(name).files)
        kind = f"{kind}: {how}"
        _judge(_example(name).write(files, home))
    except ExportError as error:
        if not error.what.strip() or not error.do.strip():
            return Ending(case, kind, FAULT, f"refused without a sentence or advice: {error}")
        return Ending(case, kind, REFUSED)
    except Wrong as wrong:
        return Ending(case, kind, FAULT, f"{name}: {wrong}")
    except Exception:
        return Ending(case, kind, FAULT, f"{name}: {traceback.format_exc(limit=-6)}")
    return Ending(case, kind, READ)


def _damaged(rng: Random, files: Files) -> tuple[str, Files]:
    """The kind of damage, and the files with it."""
    how = rng.choice(sorted(DAMAGE))
    files = dict(files)
    DAMAGE[how](rng, files)
    for _ in range(rng.choice([0, 0, 0, 1, 2])):
        if files:
            rng.choice(list(DAMAGE.values()))(rng, files)
    return how, files


def _files(path: Path) -> Files:
    if path.is_dir():
        return {str(file.relative_to(path)): file.read_bytes() for file in sorted(path.rglob("*")) if file.is_file()}
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            return {name: archive.read(name) for name in archive.namelist() if not name.endswith("/")}
    return {path.name: path.read_bytes()}


def _judge(path: Path) -> None:
    """Read all batches as the import does, and name the owner where the export tells who that is."""
    corpus, _ = sources.survey([path])
    try:
        corpus = _owner.mark(corpus)
    except OwnerUnknown as error:
        if not error.what.strip() or not error.do.strip():
            raise Wrong(f"the owner is asked for without a sentence or advice: {error}") from error
    check_account(corpus)
    check_frame(corpus.messages)
    for frame in (corpus.authors, corpus.channels):
        keys = frame.get_columns()[0].to_list()
        if None in keys or len(set(keys)) < len(keys):
            raise Wrong(f"keys are missing or come twice: {frame}")
    unknown = set(corpus.messages["author"]) - set(corpus.authors["author"])
    if unknown or set(corpus.messages["channel"]) - set(corpus.channels["channel"]):
        raise Wrong(f"authors or channels of messages are in no frame: {sorted(unknown)[:3]}")
