"""Pages elsewhere may ask from a browser where their origin was named at the start, and no others."""

from collections.abc import Iterator

import httpx
import pytest

from soundalike.errors import UsageError
from soundalike.frontends.server.cors import parse_origins
from tests.frontends.server.running import HI, Running, ada, running

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])
OURS, OTHER = "https://chat.example", "https://evil.example"
ASKS = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,x-stainless-os"}
ALLOWED = "access-control-allow-origin"


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with running(ada(), key="open sesame", allowed=[OURS]) as server:
        yield server


def test_a_named_origin_may_ask(server: Running) -> None:
    """A browser asks first, without the key; whether or not it names a method."""
    for headers in (ASKS, {}):
        told = httpx.options(f"{server.address}/v1/models", headers={"Origin": OURS, **headers})
        assert (told.status_code, told.headers[ALLOWED]) == (200, OURS)
    assert "POST" in told.headers["access-control-allow-methods"] and "Origin" in told.headers["vary"]


def test_the_page_reads_answers_and_errors(server: Running) -> None:
    """Also that the key is missing."""
    headers = {"Origin": OURS, "Authorization": "Bearer open sesame"}
    body = {"model": "ada", "messages": HI}
    told = httpx.post(f"{server.address}/v1/chat/completions", json=body, headers=headers)
    assert (told.status_code, told.headers[ALLOWED]) == (200, OURS)
    told = httpx.get(f"{server.address}/v1/models", headers={"Origin": OURS})
    assert (told.status_code, told.headers[ALLOWED]) == (401, OURS)


def test_no_other_origin_may(server: Running) -> None:
    """It gets no permission, and its page cannot read an answer."""
    told = httpx.options(f"{server.address}/v1/models", headers={"Origin": OTHER, **ASKS})
    assert told.status_code == 403 and ALLOWED not in told.headers
    assert f"--allow-origin {OTHER}" in told.json()["error"]["message"]
    told = httpx.get(f"{server.address}/health", headers={"Origin": OTHER})
    assert told.status_code == 200 and ALLOWED not in told.headers


def test_without_a_name_no_page_may() -> None:
    """As long as nobody is named, no answer bears a word about origins."""
    with running(ada()) as server:
        told = httpx.options(f"{server.address}/v1/models", headers={"Origin": OURS, **ASKS})
        assert told.status_code == 405 and ALLOWED not in told.headers
        assert ALLOWED not in httpx.get(f"{server.address}/v1/models", headers={"Origin": OURS}).headers


def test_every_page_may_where_that_is_said() -> None:
    """By a star, and only so."""
    with running(ada(), allowed=["*"]) as server:
        assert httpx.get(f"{server.address}/v1/models", headers={"Origin": OTHER}).headers[ALLOWED] == "*"


def test_origins_are_checked_at_the_start() -> None:
    """A slash at the end and large letters are forgiven; an address with a path is no origin."""
    assert parse_origins(["HTTPS://Chat.Example/", "http://localhost:3000", "*"]) == [
        OURS,
        "http://localhost:3000",
        "*",
    ]
    for wrong in ("chat.example", "https://chat.example/page", "https://"):
        with pytest.raises(UsageError, match="is not an origin"):
            parse_origins([wrong])
