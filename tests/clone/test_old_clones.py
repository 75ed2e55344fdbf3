"""A clone that version 0.1.0 made: every command of today reads it."""

import json
from pathlib import Path

import pytest

from soundalike.cli import main
from soundalike.clone import Clone
from soundalike.evaluation.evaluate import evaluate
from soundalike.generation.voice import Voice
from soundalike.plain import plain
from tests.clone.old import extract_old_clone


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """The clone folder as 0.1.0 left it."""
    return extract_old_clone(tmp_path / "me")


def run(*arguments: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One command; it must not end with an error."""
    monkeypatch.setattr("sys.argv", ["soundalike", *arguments])
    with pytest.raises(SystemExit) as end:
        main()
    assert not end.value.code


def test_it_opens_and_speaks(old: Path) -> None:
    """Its manifest names settings that are gone; its adapter has no recorded hashes."""
    sections = Clone.open(old).manifest()
    assert sections["clone"]["soundalike"] == "0.1.0" and sections["training"]["optimizer"] == "adamw"
    voice = Voice.load(old)
    assert voice.owner == "moth" and voice.window == 256
    assert any(voice.reply([("sam", text)]) for text in ("hey", "what are you up to?", "tell me something"))


def test_it_says_and_is_trained_further(
    old: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A second training keeps the old voice as an earlier version, which still speaks."""
    run("say", str(old), "hey", "--json", monkeypatch=monkeypatch)
    assert json.loads(capsys.readouterr().out)["text"].startswith("hey")
    run("train", str(old), "--base", "markov", "--iters", "2", "--fresh", monkeypatch=monkeypatch)
    (version,) = (old / "versions").iterdir()
    assert Voice.load(version).owner == "moth"
    assert Clone.open(old).manifest()["result"]["steps"] == 2


def test_it_is_evaluated_painted_and_audited(
    old: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The reports read its messages, its documents and its adapter."""
    assert plain(evaluate(old, brief=True))
    for command, written in (("portrait", "portrait.html"), ("audit", "audit.json")):
        run(command, str(old), "--json", monkeypatch=monkeypatch)
        assert (old / written).stat().st_size > 100, command
