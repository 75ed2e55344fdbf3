"""One case: an example export, damaged and read, and what is wrong with how that ended."""

import shutil
import traceback
import zipfile
from pathlib import Path
from random import Random

from soundalike import sources
from soundalike.errors import ExportError, OwnerUnknown
from soundalike.messages import Corpus, merge
from soundalike.sources._open_tree import open_tree
from tests.sources.examples import all_examples
from tools.fuzz_packages.cases import FAULT, READ, REFUSED, Ending, Wrong, check_account, check_frame
from tools.fuzz_sources.damage import DAMAGE, Files


def run(seed: int, case: int, home: Path, source: str = "") -> Ending:
    """Build, damage, read and judge one case; everything about it follows from `seed`, `case` and `source`."""
    rng = Random(f"{seed}:{case}:{source}")
    shutil.rmtree(home, ignore_errors=True)
    (home / "example").mkdir(parents=True)
    examples = {name: build for name, build in all_examples().items() if name.startswith(source)}
    name = rng.choice(sorted(examples))
    kind = f"{name.partition('/')[0]}: {'nothing'}"
    try:
        kind, path = _damaged(rng, name, examples[name](home / "example"), home / "damaged")
        _judge(path)
    except ExportError as error:
        if not error.what.strip() or not error.do.strip():
            return Ending(case, kind, FAULT, f"refused without a sentence or advice: {error}")
        return Ending(case, kind, REFUSED)
    except Wrong as wrong:
        return Ending(case, kind, FAULT, f"{name}: {wrong}")
    except Exception:
        return Ending(case, kind, FAULT, f"{name}: {traceback.format_exc(limit=-6)}")
    return Ending(case, kind, READ)


def _damaged(rng: Random, name: str, path: Path, target: Path) -> tuple[str, Path]:
    """The kind of damage, and the export with it, as a folder, a ZIP or a file."""
    how = rng.choice(sorted(DAMAGE))
    files = _files(path)
    DAMAGE[how](rng, files)
    for _ in range(rng.choice([0, 0, 0, 1, 2])):
        if files:
            rng.choice(list(DAMAGE.values()))(rng, files)
    return f"{name.partition('/')[0]}: {how}", _written(path, files, target)


def _files(path: Path) -> Files:
    if path.is_dir():
        return {str(file.relative_to(path)): file.read_bytes() for file in path.rglob("*") if file.is_file()}
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            return {name: archive.read(name) for name in archive.namelist() if not name.endswith("/")}
    return {path.name: path.read_bytes()}


def _written(path: Path, files: Files, target: Path) -> Path:
    target.mkdir()
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(target / path.name, "w") as archive:
            for name, raw in files.items():
                archive.writestr(name, raw)
        return target / path.name
    for name, raw in files.items():
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        (target / name).write_bytes(raw)
    return target / next(iter(files)) if path.is_file() and len(files) == 1 else target


def _judge(path: Path) -> None:
    """Read all batches as the import does; without knowing the owner, reading ends when they are merged."""
    try:
        corpus = sources.read([path])
    except OwnerUnknown:
        corpus = _merged(path)
    check_account(corpus)
    check_frame(corpus.messages)
    for frame in (corpus.authors, corpus.channels):
        frame.write_ndjson()
        if frame.get_columns()[0].is_duplicated().any() or frame.get_columns()[0].null_count():
            raise Wrong(f"keys are missing or come twice: {frame}")
    unknown = set(corpus.messages["author"]) - set(corpus.authors["author"])
    if unknown or set(corpus.messages["channel"]) - set(corpus.channels["channel"]):
        raise Wrong(f"authors or channels of messages are in no frame: {sorted(unknown)[:3]}")


def _merged(path: Path) -> Corpus:
    with open_tree(path) as tree:
        source = next(source for source in sources.list_sources() if source.recognise(tree))
        return merge(source.read(tree, lambda done, total: None))
