"""The benchmark of what to learn from: four ways a base, each imported, learned and measured."""

from pathlib import Path

from benchmarks.base_choice import REPLIES, SHOWN, Way, learned, ways
from soundalike.demo import write_package


def test_every_base_learns_four_ways() -> None:
    """Conversations or single messages, with names or without."""
    found = list(ways(["a", "b"]))
    assert len(found) == len({way.name for way in found}) == 8


def test_a_way_is_learned_and_measured(tmp_path: Path) -> None:
    """Bits, lengths beside the owner's, and replies, which have more messages after conversations."""
    package = write_package(tmp_path / "package.zip")
    grouped, single = (learned([package], Way("markov", way, True), 30, tmp_path / str(way)) for way in (True, False))
    for found in (grouped, single):
        assert 0.5 < found.bits < 6 and found.owner_mean > 1 and found.mean > 0 and found.distance >= 0
        assert len(found.samples) == SHOWN <= REPLIES and 0 <= found.empty <= 1
    assert grouped.messages > single.messages
