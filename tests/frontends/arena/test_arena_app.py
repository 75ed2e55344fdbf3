"""Judging: nothing unreleased is shown, each pair is voted on once, and votes outlast a crash."""

from collections import Counter
from errno import ENOSPC
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from soundalike.clone import Clone
from soundalike.errors import CloneError
from soundalike.frontends.arena import arena_pairs, arena_votes
from soundalike.frontends.arena.arena_pairs import load_pairs
from soundalike.frontends.arena.arena_votes import ArenaVotes
from tests.frontends.arena.prepared import JUDGE, OWNER, client_of, joined, prepared, state_of


def next_of(client: TestClient, judge: str) -> Any:
    return client.get(f"/api/judge/{judge}/next", headers=JUDGE).json()


def vote(client: TestClient, judge: str, pair: str, choice: str = "first") -> int:
    body = {"judge": judge, "pair": pair, "choice": choice}
    return client.post("/api/judge/vote", headers=JUDGE, json=body).status_code


def release(client: TestClient, pair: str, released: bool) -> int:
    return client.post(f"/api/owner/pairs/{pair}", headers=OWNER, json={"released": released}).status_code


def test_nothing_is_shown_before_it_is_released(tmp_path: Path) -> None:
    """None is at first; then that one alone; taken back, it is shown to nobody any more, and takes no votes."""
    clone = prepared(tmp_path / "me", pairs=4)
    client = client_of(clone)
    judge = joined(client)
    assert next_of(client, judge) == {"pair": None, "score": {"votes": 0, "right": 0}}
    assert vote(client, judge, "pair2") == 404
    assert release(client, "pair2", True) == 200 and release(client, "pair9", True) == 404
    shown = next_of(client, judge)["pair"]
    assert (shown["pair"], shown["context"], shown["of"]) == ("pair2", [["ana", "question 2"]], 1)
    assert sorted([shown["first"], shown["second"]]) == [["clone 2", "no"], ["real 2", "so"]]
    assert shown.keys() == {"pair", "number", "of", "context", "first", "second"}
    assert [pair.id for pair in load_pairs(clone).released] == ["pair2"]  # type: ignore[union-attr]
    assert release(client, "pair2", False) == 200
    assert next_of(client, judge)["pair"] is None and vote(client, judge, "pair2") == 404


def test_every_answer_to_a_judge_holds_released_text_alone(tmp_path: Path) -> None:
    """Over a whole session, whatever is asked for."""
    client = client_of(prepared(tmp_path / "me", pairs=6, released=3))
    judge, told = joined(client), ""
    while (answer := client.get(f"/api/judge/{judge}/next", headers=JUDGE)).json()["pair"]:
        told += answer.text
        assert vote(client, judge, answer.json()["pair"]["pair"]) == 201
    for path in ("about", f"{judge}/next", "pairs", "results"):
        told += client.get(f"/api/judge/{path}", headers=JUDGE).text
    assert all(f"question {n}" in told for n in range(3))
    assert not any(f"{what} {n}" in told for n in range(3, 6) for what in ("question", "real", "clone"))


def test_each_pair_takes_one_vote_of_a_judge(tmp_path: Path) -> None:
    """A second is refused, after a restart too, and the judge goes on where they were."""
    clone = prepared(tmp_path / "me", pairs=3, released=3)
    client = client_of(clone)
    judge, other = joined(client), joined(client, False)
    pair = next_of(client, judge)["pair"]["pair"]
    assert (vote(client, judge, pair), vote(client, judge, pair, "second"), vote(client, other, pair)) == (
        201,
        409,
        201,
    )
    client = client_of(clone)
    assert vote(client, judge, pair, "second") == 409 and vote(client, "f" * 16, pair) == 403
    again = next_of(client, judge)["pair"]
    assert again["pair"] != pair and (again["number"], again["of"]) == (2, 3)
    assert len(ArenaVotes.read(clone.root / arena_votes.FILE).votes) == 2


def test_a_vote_is_read_as_it_was_meant(tmp_path: Path) -> None:
    """Whoever always finds the real reply fools nobody; the sides that were shown are kept with the votes."""
    clone = prepared(tmp_path / "me", pairs=6, released=6)
    client = client_of(clone)
    judge = joined(client)
    while pair := next_of(client, judge)["pair"]:
        real_first = pair["first"][0].startswith("real")
        vote(client, judge, pair["pair"], "first" if real_first else "second")
        kept = ArenaVotes.read(clone.root / arena_votes.FILE).votes[judge, pair["pair"]]
        assert kept.clone_first != real_first and not kept.fooled
    assert next_of(client, judge)["score"] == {"votes": 6, "right": 6}
    found = client.get("/api/owner/results", headers=OWNER).json()
    assert found["groups"]["acquaintances"]["fooled"]["value"] == 0 and found["groups"]["strangers"]["fooled"] is None


def test_order_and_sides_differ_between_judges_and_not_between_looks(tmp_path: Path) -> None:
    """Each side has about half of all, and looking again shows the same."""
    clone = prepared(tmp_path / "me", pairs=5, released=5)
    state, firsts, sides = state_of(clone), Counter[str](), Counter[str]()
    for _ in range(60):
        judge = state.join(True).id
        shown, again = state.next_pair(judge), state_of(clone).next_pair(judge)
        assert shown is not None and shown == again
        firsts[shown.pair] += 1
        sides[shown.first[0].split()[0]] += 1
    assert len(firsts) == 5 and 15 <= sides["real"] <= 45


def test_what_a_killed_process_left_behind_costs_no_vote(tmp_path: Path) -> None:
    """A line without its end is cut off; a damaged one in the middle is named."""
    clone = prepared(tmp_path / "me", released=2)
    client = client_of(clone)
    judge = joined(client)
    file = clone.root / arena_votes.FILE
    whole = file.read_bytes()
    file.write_bytes(whole + b'{"judge":"')
    assert vote(client_of(clone), judge, "pair0") == 201
    assert len(ArenaVotes.read(file).votes) == 1 and file.read_bytes().startswith(
        whole + b'{"judge":"' + judge.encode()
    )
    for damaged in (b"{}\n", b"[1]\n", b"\xff\n"):
        file.write_bytes(damaged + whole)
        with pytest.raises(CloneError, match="line 1, is damaged"):
            ArenaVotes.read(file)


def test_a_full_disk_keeps_no_half_of_a_vote(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The judge is told, may vote again when there is room, and the file is as it was."""
    clone = prepared(tmp_path / "me", released=2)
    client = client_of(clone)
    judge = joined(client)
    whole = (clone.root / arena_votes.FILE).read_bytes()

    def full(handle: int) -> None:
        raise OSError(ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("os.fsync", full)
        assert vote(client, judge, "pair0") == 507
    assert (clone.root / arena_votes.FILE).read_bytes() == whole
    assert vote(client, judge, "pair0") == 201 and len(ArenaVotes.read(clone.root / arena_votes.FILE).votes) == 1


def test_what_was_removed_is_shown_no_more(tmp_path: Path) -> None:
    """`forget` deletes the pairs under a server that runs: it then neither shows nor keeps anything."""
    clone = prepared(tmp_path / "me", released=2)
    client = client_of(clone)
    judge = joined(client)
    with clone.locked("test"):
        clone.remove([arena_pairs.FILE, arena_votes.FILE])
    for answer in (
        client.get(f"/api/judge/{judge}/next", headers=JUDGE),
        client.get("/api/owner/pairs", headers=OWNER),
        client.post("/api/owner/pairs/pair1", headers=OWNER, json={"released": True}),
        client.post("/api/judge/join", headers=JUDGE, json={"acquaintance": True}),
    ):
        assert answer.status_code == 410 and "question" not in answer.text
    assert vote(client, judge, "pair0") == 410 and not list(clone.root.glob("arena*"))


def test_a_folder_in_use_releases_nothing(tmp_path: Path) -> None:
    """The owner is told by whom, and what was on disk holds on."""
    clone = prepared(tmp_path / "me")
    client = client_of(clone)
    with Clone.open(clone.root).locked("a training"):
        answer = client.post("/api/owner/pairs/pair1", headers=OWNER, json={"released": True})
    assert answer.status_code == 400 and "a training" in answer.json()["error"]["what"]
    assert next_of(client, joined(client))["pair"] is None
