"""Corrections over HTTP and on the page: kept, and heeded from the next reply on."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, expect

from soundalike.clone import Clone
from soundalike.frontends.server import served_models
from soundalike.frontends.server.api_errors import ApiError
from soundalike.frontends.server.feedback import keep_correction
from soundalike.frontends.server.schema import CorrectionRequest
from soundalike.generation.applied_corrections import AppliedCorrections
from soundalike.generation.sampling import Sampling
from soundalike.generation.voice import Voice
from soundalike.training.recipe import Serving
from tests.frontends.server.running import HI, Running, ada, running
from tests.generation.test_voice import engine

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])
CHAIN = "sam: hi\nada: {} it is then\nsam: so\n"


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    """The folder of a clone, for its corrections."""
    made = Clone.claim(tmp_path / "ada")
    with made.locked("test"):
        made.record(clone={"speaker": "ada"})
    return made


@pytest.fixture
def server(clone: Clone) -> Iterator[Running]:
    """Serves a voice with eight answers to "hi", which keeps its corrections in the folder."""
    taught = engine(*(CHAIN.format(word) for word in "abcdefgh"))
    corrections = AppliedCorrections(taught.tokenizer, True, clone)
    voice = Voice(taught, "ada", sampling=Sampling(dry_multiplier=0, seed=1), corrections=corrections)
    with running(voice) as server:
        yield server


def correct(server: Running, **body: Any) -> httpx.Response:
    return httpx.post(f"{server.address}/v1/corrections", json={"model": "ada", "messages": HI, **body}, timeout=60)


def test_a_rejected_reply_is_kept_and_not_given_again(server: Running, clone: Clone) -> None:
    """The same request gets another answer at once, and the file in the clone has the pair."""
    asked: dict[str, Any] = {"model": "ada", "messages": HI, "seed": 1}
    first = server.client.chat.completions.create(**asked).choices[0].message.content
    told = correct(server, rejected=first, chosen="hey\nwhat's up")
    assert told.json() == {"object": "correction", "model": "ada", "kept": 1}
    assert server.client.chat.completions.create(**asked).choices[0].message.content != first
    (kept,) = clone.corrections_path.read_text("utf-8").splitlines()
    assert '"chosen":["hey","what\'s up"]' in kept and '"history":[["sam","hi"]]' in kept


def test_what_cannot_be_kept_is_told(server: Running, clone: Clone) -> None:
    """No reply, no such model, or a clone that another process is writing to."""
    wrong = [correct(server), correct(server, rejected="x", model="eve")]
    with Clone.open(clone.root).locked("training"):
        wrong.append(correct(server, rejected="x"))
    assert [told.status_code for told in wrong] == [400, 404, 503]
    assert "in use (training" in wrong[2].json()["error"]["message"]
    assert not clone.corrections_path.exists()


def test_a_base_is_not_corrected() -> None:
    """It is like nobody."""
    served = {"markov": served_models.ServedModel("markov", ada(), "markov")}
    body = CorrectionRequest.model_validate({"model": "markov", "messages": HI, "rejected": "hey"})
    with pytest.raises(ApiError, match="is a base"):
        keep_correction(served, body)


def test_the_key_is_asked_for() -> None:
    """Nobody without it corrects anything."""
    voice = ada()
    with running(voice, key="a-long-random-text", serving=Serving()) as server:
        assert correct(server, rejected="hey").status_code == 401
    assert voice.corrections.kept == []


def test_the_page_has_buttons_for_it(chromium: Browser, server: Running, clone: Clone) -> None:
    """Not me: the reply is drawn anew. More like this: both are a pair. Before a reply they do nothing."""
    with chromium.new_context() as context:
        page = context.new_page()
        page.goto(server.address)
        expect(page.locator("#model option")).to_have_count(1)
        page.get_by_role("button", name="Not me").click()
        page.locator("#name").fill("sam")
        page.locator("#text").fill("hi")
        page.keyboard.press("Enter")
        said = page.locator(".bubble:not(.you)")
        expect(said).to_have_count(1)
        expect(page.locator("#log[aria-busy=false]")).to_be_attached()
        first = said.inner_text()
        page.get_by_role("button", name="Not me").click()
        expect(said).not_to_have_text(first)
        expect(page.locator("#log[aria-busy=false]")).to_be_attached()
        second = said.inner_text()
        page.get_by_role("button", name="More like this").click()
        expect(page.locator(".note")).to_have_text("kept: more like this")
    rejected, pair = AppliedCorrections(engine(CHAIN).tokenizer, True, clone).kept
    assert (rejected.rejected, rejected.chosen) == ([first], [])
    assert (pair.rejected, pair.chosen) == ([first], [second])
