"""An arena of an invented owner, with pairs as a preparation leaves them."""

from collections.abc import Sequence
from pathlib import Path

from starlette.testclient import TestClient

from soundalike.clone import Clone
from soundalike.evaluation.voice_identity import identity
from soundalike.frontends.arena.arena_access import ArenaKeys
from soundalike.frontends.arena.arena_app import create
from soundalike.frontends.arena.arena_pairs import ArenaPair, ArenaPairs, save_pairs
from soundalike.frontends.arena.arena_state import ArenaState

KEYS = ArenaKeys(owner="owner-key", judge="judge-key")
OWNER, JUDGE = ({"Authorization": f"Bearer {key}"} for key in (KEYS.owner, KEYS.judge))
HERE = ("127.0.0.1", 50_000)


LONG = [
    ("ana", "https://example.org/" + "a" * 86),
    *[("bo", "so it went on and on, as it does in the evening " * 4)] * 7,
]


def prepared(folder: Path, pairs: int = 6, released: int = 0, before: Sequence[tuple[str, str]] = ()) -> Clone:
    """A clone of mo with so many pairs, the first of which are released; lines `before` stand in every context."""
    clone = Clone.claim(folder)
    with clone.locked("test"):
        clone.record(clone={"speaker": "mo"}, **{"import": {"fingerprint": "f"}})
    made = [
        ArenaPair(
            f"pair{n}", [*before, ("ana", f"question {n}")], [f"real {n}", "so"], [f"clone {n}", "no"], n < released
        )
        for n in range(pairs)
    ]
    save_pairs(clone, ArenaPairs("mo", identity(clone), "a secret", made))
    return clone


def state_of(clone: Clone) -> ArenaState:
    """The state of a server that starts now."""
    from soundalike.frontends.arena.arena_pairs import load_pairs

    pairs = load_pairs(clone)
    assert pairs is not None
    return ArenaState(clone, pairs)


def client_of(clone: Clone, client: tuple[str, int] = HERE, hosts: tuple[str, ...] = ()) -> TestClient:
    """A client of a server that starts now, from the address `client`."""
    return TestClient(create(state_of(clone), KEYS, hosts), base_url="http://127.0.0.1:8000", client=client)


def joined(client: TestClient, acquaintance: bool = True) -> str:
    """The id of a new judge."""
    return str(client.post("/api/judge/join", headers=JUDGE, json={"acquaintance": acquaintance}).json()["id"])
