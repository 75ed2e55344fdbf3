"""One case: a package invented, damaged and imported, and what is wrong with how that ended."""

import shutil
import traceback
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

import polars as pl

from soundalike import sources
from soundalike.errors import SoundalikeError
from soundalike.importing.importer import run_import
from soundalike.messages import ROWS, SCHEMA, Corpus
from tools.fuzz_packages.containers import FOLDER_DAMAGE, ZIP_DAMAGE, write_folder, write_zip, zipped
from tools.fuzz_packages.contents import LOSSLESS, LOSSY
from tools.fuzz_packages.packages import invent

WHOLE_EVERY = 200  # cases, one of which goes through the whole import and not the reading alone

READ, REFUSED, FAULT = "read", "refused", "fault"


@dataclass(frozen=True, slots=True)
class Ending:
    """How a case ended: READ, REFUSED or FAULT; a fault with what is wrong."""

    case: int
    kind: str
    how: str
    why: str = ""


def run(seed: int, case: int, home: Path) -> Ending:
    """Invent, damage, import and judge one case; everything about it follows from `seed` and `case`."""
    rng = Random(f"{seed}:{case}")
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    kind, path, expected = _made(rng, home)
    try:
        _judge(path, home, expected, whole=case % WHOLE_EVERY == 0)
    except SoundalikeError as error:
        if expected is not None or not error.do:
            return Ending(case, kind, FAULT, f"refused for no reason, or without advice: {error}")
        return Ending(case, kind, REFUSED)
    except Wrong as wrong:
        return Ending(case, kind, FAULT, str(wrong))
    except Exception:
        return Ending(case, kind, FAULT, traceback.format_exc(limit=-6))
    return Ending(case, kind, READ)


class Wrong(Exception):
    """The account is not exact, or a message is lost."""


def _made(rng: Random, home: Path) -> tuple[str, Path, list[str] | None]:
    """The damaged package on disk, the name of the damage, and the texts that must be found, where none may be lost."""
    package = invent(rng)
    expected = package.texts()
    as_folder = rng.random() < 0.15
    container: dict[str, Callable[..., object]] = {**FOLDER_DAMAGE} if as_folder else {**ZIP_DAMAGE}
    where = rng.choice(["lossless", "lossy", "container"])
    kinds = {"lossless": list(LOSSLESS), "lossy": list(LOSSY), "container": list(container)}
    kind = rng.choice(kinds[where])
    if where == "lossless":
        LOSSLESS[kind](rng, package)
        if kind != "encoding" and rng.random() < 0.2:
            LOSSLESS["encoding"](rng, package)
    if where == "lossy":
        LOSSY[kind](rng, package)
        for _ in range(rng.randrange(3)):
            rng.choice(list(LOSSY.values()))(rng, package)
    if as_folder:
        path = write_folder(home / "package", package.files)
        if where == "container":
            FOLDER_DAMAGE[kind](rng, path)
    else:
        raw = zipped(package.files, rng.choice([zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED]))
        raw = ZIP_DAMAGE[kind](rng, raw) if where == "container" else raw
        name = rng.choice(["package.zip", "package.zip.001"]) if kind == "ZIP: split" else "package.zip"
        path = write_zip(home / name, raw)
    return kind, path, expected if where == "lossless" else None


def _judge(path: Path, home: Path, expected: list[str] | None, whole: bool) -> None:
    corpus = sources.read([path])
    check_account(corpus)
    check_frame(corpus.messages)
    if expected is not None and sorted(corpus.messages["text"]) != expected:
        missing = set(expected) - set(corpus.messages["text"])
        raise Wrong(f"{len(expected)} messages became {corpus.messages.height}; gone: {sorted(missing)[:3]}")
    if whole and corpus.messages.height:
        report = run_import([path], home / "clone", force=True)
        if report.read[ROWS] != report.messages + sum(report.skipped.values()):
            raise Wrong(f"the import's account is off: {report.read} {report.messages} {report.skipped}")


def check_account(corpus: Corpus) -> None:
    """Raise Wrong if rows or files are neither kept nor counted."""
    if corpus.unaccounted or corpus.unaccounted_files:
        off = f"{corpus.unaccounted} rows and {corpus.unaccounted_files} files"
        raise Wrong(f"{off} not accounted for: {corpus.read} {corpus.skipped}")
    if min([*corpus.read.values(), *corpus.skipped.values()], default=0) < 0:
        raise Wrong(f"a count is below zero: {corpus.read} {corpus.skipped}")


def check_frame(messages: pl.DataFrame) -> None:
    """Raise Wrong if the frame is not as promised."""
    if messages.schema != pl.Schema(SCHEMA):
        raise Wrong(f"the frame is another: {messages.schema}")
    if (
        not messages["id"].is_unique().all()
        or messages.select("id", "sent_at", "text").null_count().sum_horizontal()[0]
    ):
        raise Wrong("ids are not unique, or something is missing")
    if not messages.equals(messages.sort("sent_at", "id")):
        raise Wrong("the messages are not sorted")
    messages["sent_at"].to_list()  # within Python's years
    messages.write_ndjson()  # all texts can be written
