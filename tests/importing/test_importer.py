"""From exports to a clone folder: everything is accounted for, and nothing is half-written."""

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import polars as pl
import pytest

from soundalike import sources
from soundalike.clone import Clone
from soundalike.errors import CloneError, ExportError, TooLittleText
from soundalike.importing.document_settings import SPLITS, DocumentSettings
from soundalike.importing.importer import OLDER_IMPORT, compare, run_import
from soundalike.importing.reading import ReadOptions
from soundalike.messages import Corpus
from tests.invented import Message, corpus, crowd

Export = Callable[..., None]


@pytest.fixture
def export(monkeypatch: pytest.MonkeyPatch) -> Export:
    """Puts messages where a source would read them."""

    def put(messages: list[Message], **counts: dict[str, int]) -> None:
        found = corpus(messages)
        found.read = {"messages": found.messages.height + sum(counts.get("skipped", {}).values())}
        found.skipped = {**counts.get("skipped", {}), **counts.get("ignored", {})}

        def read(_: list[Path], **_options: object) -> Corpus:
            return found

        monkeypatch.setattr(sources, "read", read)

    return put


def everything(folder: Path) -> dict[str, bytes]:
    """All that a folder holds, by name."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_an_import_writes_the_whole_folder(tmp_path: Path, export: Export) -> None:
    """Messages, names, documents, report and manifest, at their places."""
    export(crowd(3000))
    run_import(["package.zip"], tmp_path / "me")
    names = {f"documents/{split}.jsonl" for split in SPLITS} | {".gitignore", ".lock", "clone.toml", "import.json"}
    assert everything(tmp_path / "me").keys() == names | {"messages.parquet", "authors.parquet", "channels.parquet"}
    clone = Clone.open(tmp_path / "me")
    expected = corpus(crowd(3000)).messages.with_columns(pl.col("text").str.strip_chars())
    assert pl.read_parquet(clone.messages_path).equals(expected)
    assert clone.manifest()["clone"]["speaker"] == "sam"
    assert DocumentSettings(**clone.manifest()["documents"]).gap_minutes == 15


def test_every_message_read_is_accounted_for(tmp_path: Path, export: Export) -> None:
    """Read is kept and skipped; kept is in documents and left out; the files hold as many lines as they should."""
    talk = [*crowd(4000, authors=("me", "me", "a")), (1e6, "c9", "b", "alone here"), (2e6, "c9", "me", "")]
    export(talk, skipped={"messages with an attachment only": 7}, ignored={"files of activity": 2})
    report = run_import(["package.zip"], tmp_path / "me")
    assert report.read["messages"] == report.messages + sum(report.skipped.values()) == 4009
    assert report.messages == report.total("messages") + sum(report.left_out.values()) == 4002
    assert report.ignored == {"files of activity": 2} and report.mode == "dialogue"
    texts = [path.read_text() for path in (tmp_path / "me" / "documents").iterdir()]
    documents = [json.loads(line) for text in texts for line in text.splitlines()]
    assert len(documents) == report.total("documents")
    assert sum(document["text"].count("\n") for document in documents) == report.total("messages")
    assert sum(len(document["text"].encode()) for document in documents) == report.total("bytes")


def test_the_report_holds_no_text_and_no_name(tmp_path: Path, export: Export) -> None:
    """import.json can be shown to anyone."""
    export(crowd(3000, authors=("me", "a")))
    report = run_import(["package.zip"], tmp_path / "me")
    written = Clone.open(tmp_path / "me").import_path.read_text()
    assert json.loads(written) == asdict(report)
    assert not any(word in written for word in ("sam", "ana", "la la", "package.zip"))


def test_secrets_are_masked_before_anything_is_written(tmp_path: Path, export: Export) -> None:
    """Neither the messages nor the documents hold what was masked."""
    secret = "write to quill.penwright@example.org please"
    export([*crowd(3000), (1e6, "c0", "me", secret), (1e6 + 1, "c0", "a", secret)])  # other people's as the owner's
    report = run_import(["package.zip"], tmp_path / "me")
    assert sum(report.masked.values()) == 2
    frame = pl.read_parquet(tmp_path / "me" / "messages.parquet")
    assert not frame["text"].str.contains("penwright").any()
    assert not any(b"penwright" in data for data in everything(tmp_path / "me").values())


def test_what_is_masked_is_what_is_learned(tmp_path: Path, export: Export) -> None:
    """Invisible characters are removed before masking, so that they hide nothing; emoji keep their joiners."""
    export([*crowd(3000), (1e6, "c0", "me", "write quill\u200b@example.org \U0001f469\u200d\U0001f467 ")])
    run_import(["package.zip"], tmp_path / "me", options=ReadOptions(mask=("message 7",)))
    frame = pl.read_parquet(tmp_path / "me" / "messages.parquet")
    assert frame["text"][-1] == "write my email \U0001f469\u200d\U0001f467"
    assert not any(b"example.org" in data for data in everything(tmp_path / "me").values())
    assert not (frame["text"] == "message 7").any()


def test_too_little_text_leaves_nothing_behind(tmp_path: Path, export: Export) -> None:
    """Unless it is forced."""
    export(crowd(40))
    with pytest.raises(TooLittleText, match="Only 40 of your messages"):
        run_import(["package.zip"], tmp_path / "me")
    assert not (tmp_path / "me").exists()
    assert run_import(["package.zip"], tmp_path / "me", force=True).messages == 40


def test_an_export_without_messages_is_refused(tmp_path: Path, export: Export) -> None:
    """With one sentence, whatever the reason was."""
    export([])
    with pytest.raises(ExportError, match="not one message"):
        run_import(["package.zip"], tmp_path / "me")


def test_importing_again_adds_what_is_new_and_keeps_the_voice(tmp_path: Path, export: Export) -> None:
    """The adapter stays, and the report says that it was trained on other data; the same data is not other."""
    export(crowd(3000))
    run_import(["package.zip"], tmp_path / "me")
    clone = Clone.open(tmp_path / "me")
    with clone.locked("train"):
        clone.write({"adapter/adapter_model.safetensors": b"weights"})
        clone.record(training={"fingerprint": clone.fingerprint})
    assert OLDER_IMPORT not in run_import(["package.zip"], tmp_path / "me").notes
    export(crowd(3500))
    assert OLDER_IMPORT in run_import(["package.zip"], tmp_path / "me").notes
    assert (clone.adapter_path / "adapter_model.safetensors").read_bytes() == b"weights"
    assert clone.manifest()["training"]["fingerprint"] != clone.fingerprint
    report = run_import(["package.zip"], tmp_path / "me")
    assert report.notes[0] == "0 new messages; 3,500 were there already."
    assert report.read["messages"] == report.messages + sum(report.skipped.values()) == 7000
    assert pl.read_parquet(clone.messages_path).height == 3500


def test_importing_again_with_replace(tmp_path: Path, export: Export) -> None:
    """Takes the place of what was there."""
    export(crowd(3500))
    run_import(["package.zip"], tmp_path / "me")
    export(crowd(3000, seed=9))
    report = run_import(["package.zip"], tmp_path / "me", replace_held=True)
    assert report.messages == 3000 and pl.read_parquet(tmp_path / "me" / "messages.parquet").height == 3000


@pytest.fixture
def imported(tmp_path: Path, export: Export) -> Iterator[tuple[Path, dict[str, bytes]]]:
    """A clone folder, and everything in it."""
    export(crowd(3000))
    run_import(["package.zip"], tmp_path / "me")
    export(crowd(4000))
    yield tmp_path / "me", everything(tmp_path / "me") | {".lock": b""}


@pytest.mark.parametrize("cut", [KeyboardInterrupt, OSError(28, "No space left on device")])
def test_an_import_that_breaks_off_leaves_the_clone_before_it(
    imported: tuple[Path, dict[str, bytes]], monkeypatch: pytest.MonkeyPatch, cut: BaseException
) -> None:
    """Ctrl-C or a full disk while writing: every file is as it was."""
    folder, before = imported

    def fail(_: int) -> None:
        raise cut

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises((KeyboardInterrupt, CloneError)):
        run_import(["package.zip"], folder)
    assert everything(folder) | {".lock": b""} == before


def test_two_imports_at_once_are_one_too_many(imported: tuple[Path, dict[str, bytes]]) -> None:
    """The second gets an error, and changes nothing."""
    folder, before = imported
    with Clone.open(folder).locked("soundalike train"), pytest.raises(CloneError, match="in use .soundalike train"):
        run_import(["package.zip"], folder)
    assert everything(folder) | {".lock": b""} == before


def test_comparing_gaps_writes_nothing(tmp_path: Path, export: Export) -> None:
    """A row for each gap, longer gaps giving fewer documents."""
    export(crowd(2000))
    rows = compare(["package.zip"], [5, 15, 60])
    assert [row.gap_minutes for row in rows] == [5, 15, 60]
    assert rows[0].documents > rows[1].documents > rows[2].documents
    assert not list(tmp_path.iterdir())


def test_the_owners_list_is_masked_too(tmp_path: Path, export: Export) -> None:
    """Neither messages nor documents hold what was listed, and the report counts it, with the rules on and off."""
    export([*crowd(3000), (1.0, "c0", "me", "the soup of Mira Oak is cold")])
    for redacted in (True, False):
        options = ReadOptions(redacted=redacted, mask=("mira oak",))
        report = run_import(["package.zip"], tmp_path / str(redacted), options=options)
        assert report.masked["strings on your list"] == 1
        held = b"".join(data for name, data in everything(tmp_path / str(redacted)).items() if name.endswith("jsonl"))
        texts = pl.read_parquet(tmp_path / str(redacted) / "messages.parquet")["text"]
        assert b"Mira" not in held and b"the soup of something is cold" in held
        assert not texts.str.contains("Mira").any()
