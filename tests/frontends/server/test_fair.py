"""One request of 900 kB and sixteen replies, on the base that comes with us: others are answered meanwhile."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from soundalike.engines import load
from soundalike.generation.voice import Voice
from tests.frontends.server.running import Running, running

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])
TEXT = " ".join(f"word {number} of a long text that nobody reads to its end" for number in range(17_000))[:900_000]
SOON = 5.0  # seconds, on a busy machine; before, it was half a minute on an idle one


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with running(Voice(load("pocket"), "ada")) as server:
        yield server


def first_text(server: Running, path: str, body: dict[str, Any]) -> float:
    """Seconds until the first words of a stream, or until its end where there are none."""
    began = time.monotonic()
    with httpx.stream("POST", f"{server.address}{path}", json=body | {"stream": True}, timeout=120) as told:
        assert told.status_code == 200
        for line in told.iter_lines():
            if line.startswith("data: {"):
                choice = (json.loads(line[6:])["choices"] or [{}])[0]
                if choice.get("text") or choice.get("delta", {}).get("content"):
                    break
    return time.monotonic() - began


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("/v1/chat/completions", {"messages": [{"role": "user", "content": TEXT}]}),
        (
            "/v1/chat/completions",
            {"messages": [{"role": "assistant", "content": TEXT}], "continue_final_message": True},
        ),
        (
            "/v1/chat/completions",
            {"messages": [{"role": "user", "name": f"sam{at}", "content": TEXT[at:][:450]} for at in range(1_900)]},
        ),
        ("/v1/completions", {"prompt": TEXT}),
        ("/v1/completions", {"prompt": f"sam: {TEXT}\nada: well"}),
    ],
    ids=["message", "begun", "messages", "text", "transcript"],
)
def test_a_long_prompt_with_many_replies_holds_up_nobody(server: Running, path: str, asked: dict[str, Any]) -> None:
    """Whoever says hey while it is read and answered has the first words soon."""
    hey = {"model": "ada", "messages": [{"role": "user", "content": "hey"}], "seed": 1}
    with ThreadPoolExecutor(1) as pool:
        much = pool.submit(first_text, server, path, {"model": "ada", "n": 16, "max_tokens": 16, **asked})
        waits = [first_text(server, "/v1/chat/completions", hey) for _ in range(3)]
        assert much.result(timeout=120) < 60
    assert max(waits) < SOON
