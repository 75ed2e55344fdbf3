"""Who may use the arena: judges with the key of their link, its owner with another, on this machine alone."""

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tests.frontends.arena.prepared import JUDGE, KEYS, OWNER, client_of, prepared

LAN, ELSEWHERE = "192.168.0.7", ("192.168.0.9", 50_000)


@pytest.fixture
def client(tmp_path: Path) -> TestClient:
    return client_of(prepared(tmp_path / "me"))


def test_each_key_opens_its_own_pages(client: TestClient) -> None:
    """Neither opens the other's, and no answer tells one."""
    assert client.get("/api/owner/pairs", headers=OWNER).status_code == 200
    assert client.get("/api/judge/about", headers=JUDGE).json() == {"owner": "mo"}
    refused = [
        {},
        {"Authorization": "Bearer judge-ke"},
        {"Authorization": KEYS.judge},
        {"Cookie": f"key={KEYS.judge}"},
        {"Authorization": f"Bearer {KEYS.judge}é"},
    ]
    for path, others in (("/api/owner/pairs", JUDGE), ("/api/owner/results", JUDGE), ("/api/judge/about", OWNER)):
        for headers in (others, *refused):
            sent = [(name.encode(), value.encode()) for name, value in headers.items()]
            answer = client.get(path, headers=sent)
            assert answer.status_code == 401 and not any(key in answer.text for key in (KEYS.owner, KEYS.judge))
    assert KEYS.owner not in repr(KEYS)


def test_the_owners_pages_open_on_this_machine_alone(tmp_path: Path) -> None:
    """With the right key from the network they are refused; judges are let in by the address in their link."""
    client = client_of(prepared(tmp_path / "me"), ELSEWHERE, (LAN,))
    there = {"Host": f"{LAN}:8000"}
    assert client.get("/api/owner/pairs", headers=OWNER | there).status_code == 403
    assert client.post("/api/owner/pairs/pair0", headers=OWNER | there, json={"released": True}).status_code == 403
    assert client.get("/api/judge/about", headers=JUDGE | there).status_code == 200
    assert client.get("/", headers=there).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:8000", "192.168.0.7:8000", ""])
def test_a_name_that_was_pointed_here_is_refused(client: TestClient, host: str) -> None:
    """DNS rebinding; and without --lan the address in the network is such a name too."""
    for path in ("/", "/api/judge/about"):
        assert client.get(path, headers=JUDGE | {"Host": host}).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "https://evil.example"}, {"Origin": "http://127.0.0.1:9000"}, {"Sec-Fetch-Site": "same-site"}],
)
def test_a_page_of_another_origin_is_refused_even_with_the_key(client: TestClient, headers: dict[str, str]) -> None:
    """It can neither join nor release, and no answer has a header that would let it read one."""
    calls = (("/api/judge/join", JUDGE, {"acquaintance": True}), ("/api/owner/pairs/pair0", OWNER, {"released": True}))
    for path, key, body in calls:
        answer = client.post(path, headers=key | headers, json=body)
        assert answer.status_code == 403
        assert not any(name.startswith("access-control") for name in answer.headers)


@pytest.mark.parametrize("path", ["/", "/arena.js", "/arena.css", "/dom.js", "/base.css", "/colours.css"])
def test_the_files_of_the_page_hold_nothing_of_anybody(client: TestClient, path: str) -> None:
    """They need no key, load nothing from elsewhere, and are kept nowhere."""
    answer = client.get(path)
    assert answer.status_code == 200 and "question" not in answer.text.replace("questions", "")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["referrer-policy"] == "no-referrer" and answer.headers["cache-control"] == "no-store"


def test_what_is_no_request_is_answered_in_words(client: TestClient) -> None:
    """Bodies that are none, unknown fields and ways out of the page's folder."""
    bodies: list[object] = [{}, {"acquaintance": "yes"}, {"acquaintance": True, "more": 1}, []]
    for body in bodies:
        answer = client.post("/api/judge/join", headers=JUDGE, json=body)
        assert answer.status_code == 400 and answer.json()["error"]["do"]
    assert client.get("/..%2farena_state.py").status_code == 404
    assert client.get("/api/judge/nobody/next", headers=JUDGE).status_code == 403
