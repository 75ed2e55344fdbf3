"""Exports -> a clone folder: messages are read, masked, cut into documents, counted, and written all or none.

An import that is refused, fails or is interrupted leaves the folder as it was.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from datetime import UTC, datetime
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from secrets import token_hex
from typing import Any

import orjson
import polars as pl

from soundalike.clone.clone import MANIFEST, Clone, Sections
from soundalike.clone.folder import require_free_space
from soundalike.errors import CloneError, UsageError
from soundalike.importing.additions import add
from soundalike.importing.document_lines import jsonl
from soundalike.importing.document_settings import SPLITS, DocumentSettings
from soundalike.importing.documents import Documents, build
from soundalike.importing.gap_comparison import GapRow, compare_gaps
from soundalike.importing.invented_names import invent_names
from soundalike.importing.preflight import ImportReport, Lengths, refuse_too_little
from soundalike.importing.reading import ReadOptions, mask, read_exports
from soundalike.messages import FILES, ROWS, Corpus, add_counts
from soundalike.progress import OnProgress
from soundalike.pseudonyms import Pseudonyms

ANEW = "Under New voice, choose to read it anew from these exports alone."
WRITTEN = 2.6  # bytes on disk, in documents and Parquet, per byte of text: 1.5 times what was measured
OLDER_IMPORT = "the voice in this clone was trained on another import; train again to teach it this one."


def run_import(
    paths: Sequence[str | Path],
    out: str | Path,
    settings: DocumentSettings | None = None,
    on_progress: OnProgress | None = None,
    *,
    options: ReadOptions | None = None,
    force: bool = False,
    replace_held: bool = False,
) -> ImportReport:
    """Read exports into the clone folder `out` and return the import report, which import.json holds too.

    What is new is added to what the clone holds; with `replace_held` it takes the place of that.

    Raises `ExportError` for an export that cannot be read, `OwnerUnknown` if nothing tells who of its people the owner
    is and `me` of `options` names nobody, `TooLittleText` for too little text without `force`, and
    `CloneError` for a folder that cannot be written or is no clone. The folder then stays as it was.
    """
    settings, options = settings or DocumentSettings(), options or ReadOptions()
    clone = Clone.claim(out)
    with clone.locked("soundalike import"):
        held, extends = None if replace_held or not clone.exists else _held(clone), list[str]()
        pseudonyms = _pseudonyms(clone, options, held is not None)
        corpus, masked = read_exports(paths, options, on_progress, _owns(held, pseudonyms))
        corpus = invent_names(corpus, pseudonyms) if pseudonyms else corpus
        if held is not None:
            held, again = mask(held, options)  # a list of more strings to mask holds for all
            add_counts(masked, again)
            corpus = add(held, corpus)
            extends = [] if any(again.values()) else _extended(clone)
        require_free_space(clone.root, WRITTEN * int(corpus.messages["text"].str.len_bytes().sum()), "the import")
        with clone.replacing() as scratch:
            salt = pseudonyms.salt if pseudonyms else ""
            return fill(clone, scratch, corpus, masked, settings, force, salt, extends)


def _held(clone: Clone) -> Corpus:
    """What the clone holds from earlier imports; `CloneError` where that is damaged."""
    try:
        return Corpus(clone.messages(), clone.authors(), clone.channels())
    except CloneError as error:
        raise CloneError(error.what, "Import all of it anew, with --replace.", ANEW) from error


def _owns(held: Corpus | None, pseudonyms: Pseudonyms | None) -> Callable[[str], bool] | None:
    """Whether an author key of an export, as it stands there, is the owner's in what the clone holds."""
    if held is None:
        return None
    mine = set(held.authors.filter("me")["author"])
    return lambda key: (pseudonyms.key(key) if pseudonyms else key) in mine


def _extended(clone: Clone) -> list[str]:
    """The fingerprints of this clone's imports that one which only adds messages extends."""
    return [*clone.manifest().get("import", {}).get("extends", ()), clone.fingerprint]


def _pseudonyms(clone: Clone, options: ReadOptions, adds: bool) -> Pseudonyms | None:
    """The invented names of an import; one that `adds` to a clone goes on as that was begun.

    `UsageError` if invented names are asked for where the clone holds real ones.
    """
    kept = clone.pseudonyms() if clone.exists else None
    if adds and kept is None and options.pseudonyms:
        raise UsageError(
            f"The clone in {clone.root} holds real names.", "Add --replace to import all of it anew.", ANEW
        )
    if adds or not options.pseudonyms:
        return kept if adds else None
    return Pseudonyms(kept.salt if kept else token_hex(16))


def fill(
    clone: Clone,
    scratch: Path,
    corpus: Corpus,
    masked: dict[str, int],
    settings: DocumentSettings,
    force: bool,
    salt: str = "",
    extends: Sequence[str] = (),
) -> ImportReport:
    """Write all files of an import into `scratch`; `masked` are the counts of masks for the report.

    `salt` is what the corpus' invented names were made with; without it its names are real. `extends` are fingerprints
    of earlier imports of which everything is in the corpus.
    """
    with ThreadPoolExecutor(2) as pool:
        jobs = {
            clone.messages_path.name: pool.submit(_store, scratch, clone.messages_path.name, _parquet(corpus.messages))
        }
        documents = build(corpus, settings)
        for split in SPLITS:
            name = f"documents/{split}.jsonl"
            jobs[name] = pool.submit(_store, scratch, name, jsonl(documents, split))
        report = account(corpus, masked, documents, settings)
        if not force:
            refuse_too_little(report)
        for name, side in ((clone.authors_path.name, corpus.authors), (clone.channels_path.name, corpus.channels)):
            jobs[name] = pool.submit(_store, scratch, name, _parquet(side))
        hashes = {name: job.result() for name, job in jobs.items()}
    about = {"clone": {"speaker": documents.speaker, "mode": report.mode}, "documents": asdict(settings)}
    about |= {"pseudonyms": {"salt": salt}} if salt else {}
    return _write_manifest(clone, scratch, report, about, hashes, extends)


def _write_manifest(
    clone: Clone, scratch: Path, report: ImportReport, about: Sections, hashes: dict[str, str], extends: Sequence[str]
) -> ImportReport:
    """Write report and manifest. A voice trained on other documents is kept, and a note says that it is older."""
    fingerprint = sha256("".join(hashes[f"documents/{split}.jsonl"] for split in SPLITS).encode()).hexdigest()[:16]
    if clone.adapter_path.exists() and clone.fingerprint != fingerprint:
        report = replace(report, notes=[*report.notes, OLDER_IMPORT])
    imported = {"at": _now(), "fingerprint": fingerprint, **_counts(report)}
    if earlier := [one for one in dict.fromkeys(extends) if one != fingerprint]:
        imported["extends"] = earlier
    outdated: Sections = {"pseudonyms": {}} if clone.exists and "pseudonyms" in clone.manifest() else {}
    sections: Sections = {**outdated, **about, "import": imported, "hashes": hashes}
    written = orjson.dumps(report, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    (scratch / clone.import_path.name).write_bytes(written)
    (scratch / MANIFEST).write_bytes(clone.manifest_with(**sections))
    return report


def _store(folder: Path, name: str, chunks: Iterable[memoryview]) -> str:
    """Write a file and return its SHA-256."""
    path, digest = folder / name, sha256()
    path.parent.mkdir(exist_ok=True)
    with path.open("wb") as file:
        for chunk in chunks:
            file.write(chunk)
            digest.update(chunk)
    return digest.hexdigest()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _counts(report: ImportReport) -> dict[str, Any]:
    totals = {what: report.total(what) for what in ("documents", "bytes")}
    return {"messages": report.messages, "conversations": report.conversations, "words": report.words, **totals}


def compare(
    paths: Sequence[str | Path],
    gaps: Sequence[float],
    settings: DocumentSettings | None = None,
    on_progress: OnProgress | None = None,
    *,
    options: ReadOptions | None = None,
) -> list[GapRow]:
    """What documents several gaps (minutes) would give for these exports; writes nothing."""
    corpus, _ = read_exports(paths, options or ReadOptions(), on_progress)
    return compare_gaps(corpus, gaps, settings or DocumentSettings())


def account(corpus: Corpus, masked: dict[str, int], documents: Documents, settings: DocumentSettings) -> ImportReport:
    """The import report of a corpus, its masks and its documents."""
    messages = corpus.messages
    first, last = messages.select(pl.col("sent_at").min().alias("first"), pl.col("sent_at").max().alias("last")).row(0)
    return ImportReport(
        formats=messages["source"].unique().sort().to_list(),
        read=corpus.read,
        skipped={reason: count for reason, count in corpus.skipped.items() if reason.startswith(ROWS)},
        ignored={reason: count for reason, count in corpus.skipped.items() if not reason.startswith((ROWS, FILES))},
        messages=messages.height,
        mine=int(messages["me"].sum()),
        masked=masked,
        mode="dialogue" if documents.dialogue else "monologue",
        channels=_channels(corpus),
        people=messages.filter(~pl.col("me"))["author"].n_unique() + bool(messages["me"].any()),
        first=first and first.date().isoformat(),
        last=last and last.date().isoformat(),
        gap_minutes=settings.gap_minutes,
        conversations=documents.conversations.height,
        splits={split: _sizes(documents, split) for split in SPLITS},
        left_out=documents.left_out,
        words=int(documents.words.sum()),
        typed_bytes=documents.own_bytes,
        message_words=Lengths.of(documents.words),
        conversation_words=Lengths.of(documents.conversations["words"]),
        notes=list(corpus.notes),
        skipped_files={reason: count for reason, count in corpus.skipped.items() if reason.startswith(FILES)},
    )


def _channels(corpus: Corpus) -> dict[str, int]:
    """The number of channels with messages, by kind."""
    used = corpus.messages.select("channel").unique().join(corpus.channels, on="channel", how="left")
    kinds = used.select(pl.col("kind").fill_null("unknown")).to_series().value_counts(sort=True)
    return dict(kinds.iter_rows())


def _sizes(documents: Documents, split: str) -> dict[str, int]:
    part = documents.frame.filter(pl.col("split") == split)
    return {"documents": part.height, "messages": int(part["messages"].sum()), "bytes": int(part["bytes"].sum())}


def _parquet(frame: pl.DataFrame) -> Iterator[memoryview]:
    """The frame as one Parquet file, made in memory, so that a full disk fails in `_store`."""
    data = BytesIO()
    frame.write_parquet(data, compression_level=1, statistics=False)  # as small, in two thirds of the time
    yield data.getbuffer()
