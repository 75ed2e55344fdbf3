"""The tool that damages exports of every source: some cases of each, and that a fault is told."""

from pathlib import Path
from random import Random

import pytest

from soundalike import sources
from soundalike.messages import Corpus, empty
from soundalike.sources._author_names import People
from tools.fuzz_packages.cases import FAULT, READ, REFUSED
from tools.fuzz_sources.__main__ import main
from tools.fuzz_sources.cases import run
from tools.fuzz_sources.damage import DAMAGE


@pytest.mark.parametrize("name", [source.NAME for source in sources.list_sources()])
def test_each_source(tmp_path: Path, name: str) -> None:
    """Damaged exports of each source end in messages with an exact account or in a sentence."""
    endings = [run(0, case, tmp_path / "case", name) for case in range(12)]
    assert not [ending.why for ending in endings if ending.how == FAULT]
    assert {ending.how for ending in endings} <= {READ, REFUSED}


def test_every_damage_changes_something() -> None:
    """Each way to damage files changes those of an export in some of a few tries, but the one that is none."""
    whole = b'{"messages": [{"id": "1", "text": "hello"}, {"id": "2"}, 3]}\n'
    files = {"a.json": whole, "b/c.txt": b"[1.1.24, 12:00] x: y\n"}
    for how, damage in DAMAGE.items():
        changed = False
        for seed in range(30):
            damaged = dict(files)
            damage(Random(seed), damaged)
            changed |= damaged != files
        assert changed == (how != "nothing"), how


def test_a_lost_row_is_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An account that does not sum is told, with the example."""
    lossy = Corpus(empty(), read={"messages": 1})
    monkeypatch.setattr(sources, "survey", lambda paths: (lossy, People.of(lossy)))
    ending = run(0, 0, tmp_path / "case", "slack")
    assert ending.how == FAULT and "not accounted for" in ending.why and "slack" in ending.why


def test_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    """The command prints a table and ends with 0 where there was no fault."""
    assert main(["--cases", "4", "--jobs", "1", "--source", "slack", "--limit", "60"]) == 0
    assert capsys.readouterr().out.splitlines()[-1].endswith(": 0 faults")
