"""Schemathesis asks whatever the server's own description allows, and more, and holds every answer against it."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode

from tests.frontends.server.running import Running, ada, running

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with running(ada(limits=None)) as server:
        yield server


PLAIN = ("GET /v1/models", "GET /v1/models/{model}", "GET /health", "GET /metrics")
SPOKEN = ("POST /v1/chat/completions", "POST /v1/completions", "POST /v1/corrections")


@pytest.mark.parametrize(
    ("label", "mode"),
    [
        *((label, GenerationMode.POSITIVE) for label in (*PLAIN, *SPOKEN)),
        *((label, GenerationMode.NEGATIVE) for label in SPOKEN),
    ],
)
def test_every_answer_is_as_described(server: Running, label: str, mode: GenerationMode) -> None:
    """Status, headers and body, for requests as described and for others; nothing makes the server fail."""
    described: Any = schemathesis.openapi.from_dict(httpx.get(f"{server.address}/openapi.json").json())
    operations = {found.ok().label: found.ok() for found in described.get_all_operations()}
    assert len(operations) == 7

    @settings(max_examples=12, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(operations[label].as_strategy(generation_mode=mode))
    def ask(case: Any) -> None:
        if mode is GenerationMode.POSITIVE and label in SPOKEN:
            case.body["model"] = "ada"  # any other name is 404, and that alone would be tried
            for name in ("continue_final_message", "add_generation_prompt"):
                case.body.pop(name, None)  # whether they may be sent depends on the last message: no schema says that
            if label == "POST /v1/corrections":
                case.body["rejected"] = "that was not me"  # one of two replies has text: no schema says that
        case.call_and_validate(base_url=server.address, timeout=30)

    ask()
