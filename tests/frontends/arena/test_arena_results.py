"""The arithmetic of results, with answers known beforehand."""

import json
import sys
from pathlib import Path

import pytest

from soundalike import cli
from soundalike.errors import CloneError, UsageError
from soundalike.frontends.arena import local_address, read_results
from soundalike.frontends.arena.arena_pairs import ArenaPair, ArenaPairs
from soundalike.frontends.arena.arena_results import ACQUAINTANCES, ALL, STRANGERS, ArenaResults, results
from soundalike.frontends.arena.arena_votes import ArenaJudge, ArenaVote, ArenaVotes
from soundalike.metrics.stats import Estimate
from soundalike.plain import plain
from tests.frontends.arena.prepared import prepared

VOICE = {"adapter": "now"}
PAIRS = ArenaPairs(
    "mo", VOICE, "a secret", [ArenaPair(f"p{n}", [("ana", "hm")], ["a"], ["b"], released=n < 12) for n in range(20)]
)


def counted(fooled: dict[str, int], friends: set[str], of: int = 20, voice: str = "now") -> ArenaResults:
    """Judges who voted on `of` pairs each, and were fooled by so many of them."""
    votes = ArenaVotes(Path("none"))
    for judge, times in fooled.items():
        votes.judges[judge] = ArenaJudge(judge, judge in friends, "")
        for n in range(of):
            votes.votes[judge, f"p{n}"] = ArenaVote(judge, f"p{n}", n % 2 == 0, n < times, voice, "")
    return results(PAIRS, votes)


def test_a_single_judge_has_wilsons_interval() -> None:
    """Seven of twenty are 35 % with 18 to 57 (Wilson 1927); nobody at all has no figure."""
    found = counted({"a": 7}, {"a"})
    fooled = found.groups[ACQUAINTANCES].fooled
    assert fooled is not None and (fooled.value, fooled.n) == (0.35, 20)
    assert (round(fooled.low, 3), round(fooled.high, 3)) == (0.181, 0.567)
    assert found.groups[STRANGERS].fooled is None and found.groups[ALL].fooled == fooled and found.pairs == 12


def test_acquaintances_and_strangers_are_counted_apart() -> None:
    """Shares of votes, with the numbers of judges."""
    found = counted({"a": 2, "b": 4, "c": 15}, {"a", "b"})
    assert [(group.judges, group.votes) for group in found.groups.values()] == [(3, 60), (2, 40), (1, 20)]
    shares = [group.fooled.value for group in found.groups.values() if group.fooled]
    assert shares == pytest.approx([21 / 60, 6 / 40, 15 / 20])
    lines = "\n".join(found.lines())
    assert "15 % [7" in lines and "40 votes of 2 judges" in lines and "20 votes of 1 judge\n" in lines
    assert "44 %" in lines and "25 %" in lines and "IMPersona" in lines


def test_judges_who_disagree_widen_the_interval() -> None:
    """Where one is always fooled and another never, votes of one judge tell little more than one of them."""
    split = counted({"a": 20, "b": 0, "c": 20, "d": 0}, set()).groups[ALL].fooled
    alike = counted({"a": 10, "b": 10, "c": 10, "d": 10}, set()).groups[ALL].fooled
    assert split is not None and alike is not None and split.value == alike.value == 0.5
    assert split.high - split.low > 0.8 and alike.high - alike.low < 0.25


def test_votes_on_an_earlier_voice_are_told_and_not_counted() -> None:
    """What was judged then is another voice."""
    found = counted({"a": 7}, {"a"}, voice="before")
    assert found.groups[ALL].votes == 0 and found.other_voices == 20
    assert "20 votes on earlier voices are not counted." in found.lines()


def test_results_are_plain_data_and_need_pairs(tmp_path: Path) -> None:
    """They stand as JSON beside the machine's figure; a clone without pairs has a sentence."""
    clone = prepared(tmp_path / "me", released=2)
    found = json.loads(json.dumps(plain(read_results(clone.root))))
    assert found["owner"] == "mo" and found["pairs"] == 2 and found["machine"] is None
    assert [one["percent"] for one in found["published"]] == [44, 25]
    machine = ArenaResults("mo", 2, {}, Estimate(0.21, 0.1, 0.3, 160), 0).lines()
    assert any("the judge of `evaluate`" in line and "21 % [10, 30]" in line for line in machine)
    with clone.locked("test"):
        clone.record(sampling={"temperature": 0.5})
    with pytest.raises(CloneError, match="soundalike arena"):
        read_results(clone.root)


def test_the_command_prints_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """For people and, with --json alone, for programs; nothing is served."""
    clone = prepared(tmp_path / "me", released=2)
    told = []
    for option in ("--results", "--json"):
        monkeypatch.setattr(sys, "argv", ["soundalike", "arena", str(clone.root), option])
        with pytest.raises(SystemExit) as end:
            cli.main()
        assert not end.value.code
        told.append(capsys.readouterr().out)
    assert "strangers" in told[0] and "0 votes of 0 judges" in told[0]
    assert json.loads(told[1]) == plain(read_results(clone.root))


class Route:
    """A socket that would leave this machine from `address`."""

    def __init__(self, address: str) -> None:
        self.address = address

    def __call__(self, *kind: object) -> "Route":
        return self

    def __enter__(self) -> "Route":
        return self

    def __exit__(self, *error: object) -> None:
        """Nothing to close."""

    def connect(self, where: object) -> None:
        if not self.address:
            raise OSError("Network is unreachable")

    def getsockname(self) -> tuple[str, int]:
        return self.address, 1


def test_only_a_local_network_is_served() -> None:
    """An address of the open internet is refused, and so is none."""
    assert address_by(Route("192.168.0.7")) == "192.168.0.7"
    for address, why in (
        ("8.8.8.8", "not one of a local network"),
        ("127.0.0.1", "local network"),
        ("", "in no network"),
    ):
        with pytest.raises(UsageError, match=why):
            address_by(Route(address))


def address_by(route: Route) -> str:
    """The address found through `route`. Undone here: after the test pytest-socket's own guard would be put back."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("socket.socket", route)
        return local_address()
