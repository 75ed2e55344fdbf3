"""Talking over the studio's API: replies, corrections, rooms, and when a voice is loaded."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from soundalike.clone import Clone, corrections
from soundalike.errors import CloneError
from soundalike.frontends.studio import loaded_voices
from soundalike.frontends.studio.loaded_voices import LoadedVoices
from soundalike.frontends.studio.studio_app import create
from soundalike.frontends.studio.studio_folder import StudioFolder
from tests.frontends.studio.running_studio import BEARER, LOOPBACK_ADDRESS, TOKEN, trained
from tests.training.test_loop import clone_of

HELLO = [{"name": "kim", "text": "hello there"}]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two trained voices and one that was only imported."""
    root = tmp_path_factory.mktemp("studio")
    trained(root / "ada")
    trained(root / "bo")
    clone_of(root / "new")
    return root


@pytest.fixture(scope="module")
def client(root: Path) -> Iterator[TestClient]:
    with TestClient(create(StudioFolder.make(root), TOKEN), base_url=LOOPBACK_ADDRESS, headers=BEARER) as client:
        yield client


def events(client: TestClient, path: str, body: dict[str, Any]) -> list[dict[str, Any]]:
    """What a reply's stream tells."""
    answer = client.post(f"/api/{path}", json=body)
    assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/event-stream")
    return [json.loads(part.removeprefix("data: ")) for part in answer.text.split("\n\n") if part]


def test_a_reply_comes_as_lines_and_ends_with_what_the_guards_did(client: TestClient) -> None:
    """At temperature 0 the same lines have the same reply; what its guards did is told in a sentence."""
    assert client.post("/api/voices/ada/wake").json()["temperature"] == 1.0
    body = {"lines": HELLO, "temperature": 0}
    *lines, last = events(client, "voices/ada/reply", body)
    text = "".join(line["text"] for line in lines)
    assert text and last["done"] and last["finish"] in ("stop", "length", "content_filter")
    assert last["guards"].startswith("Guards: ") if last["interventions"] else last["guards"] == ""
    assert "".join(line.get("text", "") for line in events(client, "voices/ada/reply", body)) == text


def test_the_best_of_several_comes_when_it_is_chosen(client: TestClient) -> None:
    """Whole lines alone, as nothing may be shown that is not kept."""
    assert client.post("/api/voices/ada/wake").json()["best_of"] == 1
    *lines, last = events(client, "voices/ada/reply", {"lines": HELLO, "best_of": 3})
    assert last["done"] and not any(line.get("continues") for line in lines)


def test_a_correction_is_kept_in_the_clone_and_holds_in_the_next_reply(client: TestClient, root: Path) -> None:
    """A rejected line is not said again to the same lines; the voice is not loaded anew for it."""
    body = {"lines": HELLO, "temperature": 0}
    said = "".join(line.get("text", "") for line in events(client, "voices/bo/reply", body))
    answer = client.post(
        "/api/voices/bo/corrections", json={"lines": HELLO, "rejected": [said], "chosen": ["calm sea"]}
    )
    assert answer.json() == {"kept": 1}
    assert [one.chosen for one in corrections.read(Clone.open(root / "bo"))] == [["calm sea"]]
    assert "".join(line.get("text", "") for line in events(client, "voices/bo/reply", body)) != said
    nothing = client.post("/api/voices/bo/corrections", json={"lines": HELLO})
    assert nothing.status_code == 400 and nothing.json()["error"]["what"] == "There is no reply to correct."


def test_voices_talk_in_a_room_until_it_is_the_persons_turn(client: TestClient) -> None:
    """Two voices of one owner are numbered, a person of that name too; they stop by themselves."""
    body = {"voices": ["ada", "bo"], "lines": [], "name": "Sam", "text": "hello you two"}
    first, *lines, last = events(client, "room", body)
    assert first == {"names": ["sam", "sam 2"], "person": "Sam 3"} and last == {"done": True}
    assert any("text" in line for line in lines) and {line["name"] for line in lines} <= set(first["names"])
    alone = client.post("/api/room", json=body | {"voices": ["ada", "new"]})
    assert alone.status_code == 400 and "has not been trained yet" in alone.json()["error"]["what"]


@pytest.mark.parametrize(
    "body",
    [
        {"lines": []},
        {"lines": HELLO, "temperature": 3},
        {"lines": HELLO, "best_of": 0},
        {"lines": [{"text": "x" * 20_001}]},
        {},
    ],
)
def test_what_no_conversation_is_is_refused(client: TestClient, body: dict[str, Any]) -> None:
    """In two sentences, before a voice is asked."""
    answer = client.post("/api/voices/ada/reply", json=body)
    assert answer.status_code == 400 and answer.json()["error"]["do"]


def test_a_voice_is_loaded_once_anew_after_a_training_and_unloaded_when_idle(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is in use stays until it is released; one that cannot be loaded leaves nothing behind."""
    monkeypatch.setattr(loaded_voices, "IDLE", 5.0)
    now = [0.0]

    async def use() -> None:
        voices = LoadedVoices(StudioFolder.make(root), lambda: now[0])
        first, again = await voices.acquire("ada"), await voices.acquire("ada")
        assert first is again
        clone = Clone.open(root / "ada")
        with clone.locked("a test"):
            clone.record(result={**clone.manifest()["result"], "seconds": 2.0})  # as another training does
        after = await voices.acquire("ada")
        assert after is not first and voices.names == ["ada"]
        assert await first.scheduler.reply(first.voice, [("kim", "hello")]) is not None
        for loaded in (first, again, after):
            voices.release(loaded)
        await voices.unload_idle()
        assert voices.names == ["ada"]
        now[0] = 6.0
        await voices.unload_idle()
        assert voices.names == []
        with pytest.raises(CloneError, match="not been trained"):
            await voices.acquire("new")
        await voices.close()

    asyncio.run(use())
