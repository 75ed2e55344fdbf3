"""Damaged packages end in an exact account or in a sentence; and the tool that says so would see it if they did not."""

import time
from pathlib import Path
from random import Random

import pytest

from soundalike import sources
from soundalike.messages import Corpus
from tools.fuzz_packages import workers
from tools.fuzz_packages.__main__ import main
from tools.fuzz_packages.cases import FAULT, READ, REFUSED, Ending, run
from tools.fuzz_packages.containers import FOLDER_DAMAGE, ZIP_DAMAGE
from tools.fuzz_packages.contents import LOSSLESS, LOSSY
from tools.fuzz_packages.packages import invent


def test_damaged_packages(tmp_path: Path) -> None:
    """Packages damaged in nearly every way are each read with an exact account or refused in a sentence."""
    endings = [run(0, case, tmp_path / "case") for case in range(1, 301)]
    assert [ending for ending in endings if ending.how == FAULT] == []
    assert {ending.how for ending in endings} == {READ, REFUSED}
    kinds = {*LOSSLESS, *LOSSY, *ZIP_DAMAGE, *FOLDER_DAMAGE}
    assert len({ending.kind for ending in endings} & kinds) > len(kinds) - 3


def test_the_whole_import_too(tmp_path: Path) -> None:
    """Some of the packages go through the whole import, whose account is exact as well."""
    assert [run(seed, 0, tmp_path / "case").how for seed in range(2)].count(FAULT) == 0


def test_a_case_follows_from_its_number(tmp_path: Path) -> None:
    """What a seed and a number give today they give tomorrow."""
    assert invent(Random("1:2")) == invent(Random("1:2")) != invent(Random("1:3"))
    assert run(1, 2, tmp_path / "a") == run(1, 2, tmp_path / "b")


@pytest.mark.parametrize("fault", ["lost", "miscounted", "traceback"])
def test_faults_are_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    """A reader that loses messages, miscounts or falls over does not pass."""
    read = sources.read

    def worse(paths: list[Path]) -> Corpus:
        corpus = read(paths)
        if fault == "traceback":
            raise KeyError("messages")
        corpus.messages = corpus.messages.head(0 if fault == "lost" else corpus.messages.height)
        corpus.read["messages"] = 0 if fault == "lost" else corpus.read["messages"] + 1
        corpus.skipped = {} if fault == "lost" else corpus.skipped
        return corpus

    whole = next(case for case in range(1, 99) if run(0, case, tmp_path / "case").kind == "nothing")
    monkeypatch.setattr(sources, "read", worse)
    ending = run(0, whole, tmp_path / "case")
    assert ending.how == FAULT
    assert {"lost": "gone", "miscounted": "not accounted for", "traceback": "KeyError"}[fault] in ending.why


def _hang(seed: int, case: int, home: Path) -> Ending:
    if case == 1:
        time.sleep(600)
    return Ending(case, "nothing", READ)


def test_a_hang_is_a_fault() -> None:
    """A case that does not end is ended and counted, and those after it are run."""
    endings = sorted(workers.run_all(0, range(4), jobs=1, limit=2, run=_hang), key=lambda ending: ending.case)
    assert [(ending.case, ending.how) for ending in endings] == [(0, READ), (1, FAULT), (2, READ), (3, READ)]
    assert endings[1].why == "no end within 2 s"


def test_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    """The command prints a table of what became of each kind of damage, and ends with 0 where there was no fault."""
    assert main(["--cases", "6", "--first", "1", "--jobs", "1"]) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[0].split() == ["damage", "read", "refused", "fault"]
    assert told[-1].startswith("6 cases in ") and told[-1].endswith(": 0 faults")
