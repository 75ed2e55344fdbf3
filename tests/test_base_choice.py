"""The benchmark of what to learn from: four ways a base, each imported, learned and measured."""

import sys
from pathlib import Path

import pytest

from benchmarks import base_choice
from benchmarks.base_choice import REPLIES, SHOWN, Way, learned, ways
from soundalike.demo import EXPORT
from tests.engines import tiny


def test_every_base_learns_four_ways() -> None:
    """Conversations or single messages, with names or without; so does an instruct model, and its chat format too."""
    found = list(ways(["a", "b"], ["a-it"]))
    assert len(found) == len({way.name for way in found}) == 13
    assert found[-2].name == "a-it, instruct, single messages, no names"
    assert found[-1].name == "a-it, instruct, conversations, its chat format"


def test_a_way_is_learned_and_measured(tmp_path: Path) -> None:
    """Bits, lengths beside the owner's, and replies, which have more messages after conversations."""
    grouped, single = (learned([EXPORT], Way("markov", way, True), 30, tmp_path / str(way)) for way in (True, False))
    for found in (grouped, single):
        assert 0.5 < found.bits < 6 and found.owner == sorted(found.owner) and found.said == sorted(found.said)
        assert found.owner[2] > 1 and found.said[-1] > 0 and found.distance >= 0
        assert len(found.samples) == SHOWN <= REPLIES and 0 <= found.empty <= 1
    assert grouped.messages > single.messages


def test_base_and_instruct_are_set_side_by_side(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A tiny random base beside another as its twin: a row for each way, the owner's lengths, and samples of each."""
    base, twin = (tiny.base(tmp_path / name, seed, max_positions=256) for seed, name in enumerate(("base", "twin")))
    monkeypatch.setattr(base_choice, "ways", lambda bases, twins: list(ways(bases, twins))[3:8:4])
    monkeypatch.setattr(base_choice, "REPLIES", SHOWN)
    words = ["base_choice", str(EXPORT), "--base", str(base), "--instruct", str(twin), "--iters", "1"]
    monkeypatch.setattr(sys, "argv", words)
    base_choice.main()
    told = capsys.readouterr().out
    assert "base, single messages, no names" in told
    assert "twin, instruct, single messages, no names" in told
    assert "the owner" in told and told.count("hey ->") == 2
