"""A chat model with a prompt in the owner's place: what it is sent, and what becomes of its answers."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from soundalike.errors import EngineError, UsageError
from soundalike.generation.prompted_model import (
    GO_ON,
    PromptedModel,
    ServerPrompt,
    chat_messages,
    read_prompt,
    reply_lines,
)
from soundalike.generation.remote import RemoteModel
from soundalike.generation.sampling import Sampling
from tests.frontends.server.running import Running, ada, running
from tests.generation.fake_completions import Answer, answering

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])
HISTORY = [("mo", "hey"), ("ana", "what now"), ("bo", "yes what"), ("mo", "soup"), ("mo", "again")]


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with running(ada()) as server:
        yield server


def test_a_history_becomes_turns_that_alternate() -> None:
    """From the user to the user, with names before other people's lines; where nobody answered it goes on."""
    assert chat_messages(HISTORY, "mo") == [
        {"role": "user", "content": GO_ON},
        {"role": "assistant", "content": "hey"},
        {"role": "user", "content": "ana: what now\nbo: yes what"},
        {"role": "assistant", "content": "soup\nagain"},
        {"role": "user", "content": GO_ON},
    ]
    assert chat_messages([], "mo") == [{"role": "user", "content": GO_ON}]
    assert chat_messages(HISTORY[1:3], "mo") == [{"role": "user", "content": "ana: what now\nbo: yes what"}]


def test_an_answer_becomes_messages() -> None:
    """One a line, without blank ones and without the owner's name."""
    assert reply_lines("Mo: soup\n\n  again \nmo : so: it is", "mo") == ["soup", "again", "so: it is"]
    assert reply_lines(" \n", "mo") == []


def test_our_own_server_answers_like_any_other(server: Running) -> None:
    """A reply to each history, in their order, counted as they come."""
    model = PromptedModel.connect(ServerPrompt(f"{server.address}/v1", "You are ada."), "ada")
    counted: list[int] = []
    said = model.replies([[("sam", "hi")], [("sam", "sam: hi")], []], Sampling(seed=1), counted.append)
    assert len(said) == 3 and counted == [1, 1, 1] and all(isinstance(line, str) for reply in said for line in reply)
    assert model.about["model"] == "ada" and model.about["characters"] == 12


def test_it_is_asked_with_the_prompt_and_what_the_server_takes() -> None:
    """The seed decides; a server that does not know one name of the limit is asked by the other, once."""
    asked: list[dict[str, Any]] = []

    def answer(path: str, body: dict[str, Any], key: str) -> Answer:
        if path.endswith("/models"):
            return 200, {"object": "list", "data": [{"id": "large", "object": "model", "created": 0, "owned_by": "x"}]}
        asked.append(body)
        if "max_tokens" in body:
            return 400, {"error": {"message": "use max_completion_tokens"}}
        return 200, {"choices": [{"index": 0, "message": {"role": "assistant", "content": "mo: hi\nthere"}}]}

    with answering(answer) as address:
        model = PromptedModel.connect(ServerPrompt(address, "You are mo."), "mo")
        first = model.replies([[("ana", "hello")]], Sampling(seed=3))
        again = model.replies([[("ana", "hello")]], Sampling(seed=3))
    assert first == again == [["hi", "there"]]
    refused, probe, taken, second = asked
    assert "max_tokens" in refused and "max_completion_tokens" in probe and "max_completion_tokens" in taken
    assert probe["messages"][1:] == [{"role": "user", "content": GO_ON}]
    assert taken == second and isinstance(taken["seed"], int)
    assert taken["messages"][0] == {"role": "system", "content": "You are mo."}
    assert taken["messages"][1:] == [{"role": "user", "content": "ana: hello"}]


def test_a_server_that_fails_is_told_of() -> None:
    """With what it says, not with a traceback; before anything is measured, if it fails from the beginning."""

    def answer(path: str, body: dict[str, Any], key: str) -> Answer:
        return 422, {"error": {"message": "too long"}}

    with answering(answer) as address:
        with pytest.raises(EngineError, match=r"failed: .*too long"):
            PromptedModel.connect(ServerPrompt(f"{address}#large", "You are mo."), "mo")
        model = PromptedModel(RemoteModel.connect(f"{address}#large"), "You are mo.", "mo")
        with pytest.raises(EngineError, match=r"failed: .*too long"):
            model.replies([[("ana", "hello")]] * 20, Sampling(seed=3))


@pytest.mark.parametrize("status", [400, 500])
def test_a_failure_leaves_replies_limited(status: int) -> None:
    """After a request that was refused for its length, or after a server's fault, every other has a limit of tokens."""
    asked: list[dict[str, Any]] = []

    def answer(path: str, body: dict[str, Any], key: str) -> Answer:
        asked.append(body)
        if body["messages"][-1]["content"] == "ana: bad":
            return status, {"error": {"message": "no"}}
        return 200, {"choices": [{"index": 0, "message": {"role": "assistant", "content": "hi"}}]}

    with answering(answer) as address:
        model = PromptedModel(RemoteModel(address, "large", retries=0), "You are mo.", "mo")
        with pytest.raises(EngineError):
            model.replies([[("ana", "bad")]])
        assert model.replies([[("ana", "good")]]) == [["hi"]]
    assert asked[-1]["max_tokens"] == 300
    assert len(asked) == (4 if status == 400 else 2)


def test_a_prompt_is_a_text(tmp_path: Path) -> None:
    """Neither missing, nor empty, nor a film, nor bytes."""
    file = tmp_path / "prompt.md"
    for content, why in ((b" \n", "is empty"), (b"x" * 300_000, "no prompt"), (b"\xff\xfe", "cannot be read")):
        file.write_bytes(content)
        with pytest.raises(UsageError, match=why):
            read_prompt(file)
    with pytest.raises(UsageError, match="no file"):
        read_prompt(tmp_path / "other.md")
    file.write_text("You are mo. 😀\n", encoding="utf-8")
    assert read_prompt(file) == "You are mo. 😀"
