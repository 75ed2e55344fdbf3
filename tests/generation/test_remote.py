"""A voice whose model is on a server: our own, mlx-lm's, llama.cpp's, and one that answers as a test wants it."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from soundalike.clone.document import Document
from soundalike.engines import llama
from soundalike.engines.protocol import Engine
from soundalike.errors import EngineError
from soundalike.export import ExportSource
from soundalike.export.gguf import write_gguf
from soundalike.export.merged import write_merged
from soundalike.generation.batch import run
from soundalike.generation.remote import EstimatedTokenizer, RemoteBatch, RemoteModel, explained, read_tokens
from soundalike.generation.request import GenerationRequest, TokenRequest
from soundalike.generation.sampling import Sampling
from soundalike.generation.server_address import KEY
from soundalike.generation.voice import Voice
from soundalike.machine import is_local
from soundalike.training.packing import encode, pack
from soundalike.training.recipe import Limits, Recipe, Training
from tests.frontends.server.running import running as served_by_us
from tests.generation.fake_completions import Answer, answering, chunk
from tests.generation.other_servers import free_port, llama_cpp, mlx_lm, running

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

SCRIPT = "sam: hi\nada: hey\nada: i am so meta ✨\n"
GREEDY = Sampling(temperature=0, dry_multiplier=0)
HOT = Sampling(temperature=2.0, top_p=1.0, seed=4)
HISTORY = [("sam", "hi")]


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory) -> tuple[Engine, ExportSource]:
    """Pocket that has learned one script by heart, and its adapter."""
    folder = tmp_path_factory.mktemp("taught")
    engine = llama.load("pocket", None, Training(window=64))
    batch = pack(list(encode([Document(SCRIPT)], engine.tokenizer, 64)), 64, 0)
    while engine.step(batch, 2e-3) > 0.05:
        pass
    engine.save(folder)
    return engine, ExportSource("pocket", folder, "ada", True, 64, Recipe())


@pytest.fixture(scope="module", params=["ours", "mlx-lm", pytest.param("llama.cpp", marks=pytest.mark.slow)])
def url(
    request: pytest.FixtureRequest, taught: tuple[Engine, ExportSource], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The address of a server of what was taught."""
    folder, port = tmp_path_factory.mktemp("served"), free_port()
    if request.param == "ours":
        with served_by_us(Voice(taught[0], "ada", True, 256, limits=Limits(tokens=60))) as server:
            yield f"{server.address}/v1"
        return
    if request.param == "mlx-lm":
        pytest.importorskip("mlx_lm")
        write_merged(taught[1], folder)
        command = mlx_lm(str(folder), port)
    else:
        pytest.importorskip("llama_cpp.server.app")
        command = llama_cpp(str(write_gguf(taught[1], folder)), port)
    with running(*command):
        yield f"http://127.0.0.1:{port}/v1"


def said(model: RemoteModel, prompts: Sequence[str], sampling: Sampling = GREEDY, most: int = 60) -> list[str]:
    """What the server generates for each prompt, `|` where it ends by itself."""
    ids = model.tokenizer.encode(prompts)
    streams = list(sampling.streams or range(len(prompts)))
    responses = [
        model.complete(TokenRequest(prompt, replace(sampling, streams=(stream,)), most))
        for prompt, stream in zip(ids, streams, strict=True)
    ]
    with explained(model.url, model.model):
        tokens = [list(islice(read_tokens(response, 0), most)) for response in responses]
    for response in responses:
        response.close()
    return ["".join("|" if token.ends else token.text for token in of_one) for of_one in tokens]


def remote_voice(url: str, **settings: Any) -> Voice:
    return Voice(RemoteModel.connect(url), "ada", True, 256, **{"sampling": GREEDY} | settings)


@pytest.mark.parametrize("text", [SCRIPT, "", "  two  spaces\n\n"])
def test_the_length_of_a_prompt_is_estimated_and_its_text_kept(text: str) -> None:
    """Three characters are a token; texts come back whole, emoji and all."""
    tokenizer = EstimatedTokenizer()
    (tokens,), (spans,) = tokenizer.encode([text]), tokenizer.spans([text])
    assert tokenizer.decode([tokenizer.begin, *tokens]) == text and len(tokens) == -(-len(text) // 3)
    assert "".join(text[start:end] for start, end in spans) == text
    assert all(0 <= token < tokenizer.size for token in tokens)


def test_it_says_what_the_model_says_here(url: str) -> None:
    """The likeliest text, to the end that was learned, for several prompts at once; mlx-lm drops a first blank."""
    prompts = ["sam: hi\nada:", "sam: hi\nada: hey\nada: i am"]
    texts = [text.removeprefix(" ") for text in said(RemoteModel.connect(url), prompts)]
    assert [text.rstrip("|").rstrip() for text in texts] == ["hey\nada: i am so meta ✨", "so meta ✨"]
    assert all(text.endswith("|") for text in texts)


def test_a_voice_speaks_through_it(url: str, taught: tuple[Engine, ExportSource]) -> None:
    """A burst of messages, and a text that is continued, as the same voice says them here."""
    here = Voice(taught[0], "ada", True, 256, GREEDY)
    there = remote_voice(url)
    assert there.reply(HISTORY) == here.reply(HISTORY) == ["hey", "i am so meta ✨"]
    texts = ["".join(token.text for token in voice.complete("hey", 60).tokens) for voice in (there, here)]
    assert texts[0].strip() == texts[1].strip() != ""


def test_lengths_are_counted_in_tokens(url: str) -> None:
    """No reply has more of the server's tokens than it was allowed."""
    for most in (1, 3):
        request = remote_voice(url).request(HISTORY, max_tokens=most)
        assert list(run(remote_voice(url).model, [request]))[-1] == [request]
        assert 0 < request.token_count <= most and len(" ".join(request.texts)) <= 5 * most


def test_a_seed_repeats_and_streams_differ(url: str) -> None:
    """The same seed draws the same, two streams of one prompt draw differently, and one alone as beside others."""
    model = RemoteModel.connect(url)
    first, again = (said(model, ["sam: hi\nada:"] * 2, HOT, 40) for _ in range(2))
    assert first == again and first[0] != first[1]
    assert said(model, ["sam: hi\nada:"], replace(HOT, streams=(1,)), 40) == first[1:]


def test_replies_join_and_leave(url: str) -> None:
    """One that is removed gets no more tokens, one that joins late says what it says alone."""
    voice = remote_voice(url)
    assert isinstance(voice.model, RemoteModel)
    batch, first, late = RemoteBatch(voice.model), voice.request(HISTORY), voice.request(HISTORY)
    batch.add([first])
    assert batch.step() == [] and first.token_count == 1 == len(batch)
    batch.add([late])
    batch.remove([first])
    done = list[GenerationRequest]()
    while len(batch):
        done += batch.step()
    late.release()
    assert done == [late] and first.token_count == 1 and late.texts == ["hey", "i am so meta ✨"]


@pytest.mark.slow
def test_it_scores_where_the_server_does(taught: tuple[Engine, ExportSource], tmp_path: Path) -> None:
    """llama.cpp echoes a prompt with log-probabilities: their sum is our engine's; generated tokens carry theirs."""
    pytest.importorskip("llama_cpp.server.app")
    port = free_port()
    with running(*llama_cpp(str(write_gguf(taught[1], tmp_path)), port)):
        elsewhere = remote_voice(f"http://127.0.0.1:{port}/v1")
        there, here = elsewhere.score(SCRIPT), Voice(taught[0], "ada", True, 512).score(SCRIPT)
        token = next(elsewhere.complete("", 9).tokens)
    assert "".join(SCRIPT[one.start : one.end] for one in there) == SCRIPT
    assert sum(one.logprob for one in there) == pytest.approx(sum(one.logprob for one in here), abs=0.3)
    assert -9 < token.logprob <= 0


def test_a_server_that_does_not_score_is_named() -> None:
    """The error says which server does."""
    with answering(lambda path, body, key: (200, {"choices": [{"text": "hi you", "index": 0}]})) as url:
        with pytest.raises(EngineError, match=r"does not say how likely a text is\. Ask one that echoes"):
            remote_voice(f"{url}#m").score("hi")


def test_it_has_no_engine() -> None:
    """Whatever learns or measures is refused with two sentences."""
    with pytest.raises(EngineError, match=r"can only speak\. Name a base on this machine"):
        _ = Voice(RemoteModel("http://127.0.0.1:1/v1", "m"), "ada").engine


def test_it_draws_one_candidate() -> None:
    """Most servers do not say how likely a text is, by which the best of several is chosen."""
    voice = Voice(RemoteModel("http://127.0.0.1:1/v1", "m"), "ada", sampling=Sampling(best_of=4))
    assert voice.request([("sam", "hi")]).candidates == 1


def test_a_server_that_is_down_is_told_in_a_sentence() -> None:
    """Where it was looked for, and what to do."""
    port = free_port()
    with pytest.raises(EngineError, match=rf"No server answers at http://127.0.0.1:{port}/v1\. Start it"):
        RemoteModel(f"http://127.0.0.1:{port}/v1", retries=0)


def test_a_server_that_knows_no_extras_is_asked_again_without(caplog: pytest.LogCaptureFixture) -> None:
    """Once for each setting that it refuses, and never again after; the log says so once."""
    asked = []

    def strict(path: str, body: dict[str, Any], key: str) -> Answer:
        asked.append(set(body) - {"model", "prompt", "max_tokens", "stream", "temperature", "top_p"})
        known = not asked[-1]
        return (200, [chunk("ok", "stop")]) if known else (400, {"error": {"message": "Unknown setting"}})

    with answering(strict) as url:
        model = RemoteModel(url, "m", retries=0)
        assert said(model, ["a"]) == said(model, ["b"]) == ["ok|"]
    assert asked == [{"logprobs", "min_p", "top_k"}, {"min_p", "top_k"}, set(), set()]
    assert [record.getMessage() for record in caplog.records if record.name.startswith("soundalike")] == [
        f"The server at {url} is asked with neither min_p, top_k nor logprobs: it refused more."
    ]


def test_a_prompt_that_is_refused_takes_no_setting_away(caplog: pytest.LogCaptureFixture) -> None:
    """One that is too long is refused with every setting, the next is asked with all of them; a 500 is no refusal."""
    asked: list[tuple[str, bool, bool]] = []
    answers = {"long": 400, "odd": 500, "fine": 200}

    def answer(path: str, body: dict[str, Any], key: str) -> Answer:
        asked.append((body["prompt"], "min_p" in body, "logprobs" in body))
        status = answers[body["prompt"]]
        return (200, [chunk("ok", "stop")]) if status == 200 else (status, {"error": {"message": "No"}})

    with answering(answer) as url:
        model = RemoteModel(url, "m", retries=0)
        for prompt in ("long", "odd"):
            with pytest.raises(EngineError, match="failed: .*No"):
                said(model, [prompt])
        assert said(model, ["fine"]) == ["ok|"]
    long = [("long", True, True), ("long", True, False), ("long", False, False)]
    assert asked == [*long, ("odd", True, True), ("fine", True, True)]
    assert not [record for record in caplog.records if record.name.startswith("soundalike")]


@pytest.mark.parametrize(
    ("status", "sentence"),
    [(401, f"asks for a key. Set {KEY}"), (404, "knows no model 'm'"), (503, "failed: .*Loading")],
)
def test_a_refusal_is_told_in_a_sentence(status: int, sentence: str) -> None:
    """A missing key, a missing model, a server in trouble."""
    with answering(lambda path, body, key: (status, {"error": {"message": "Loading"}})) as url:
        with pytest.raises(EngineError, match=sentence):
            said(RemoteModel(url, "m", retries=0), ["a"])


def test_a_server_of_several_models_must_be_told_which() -> None:
    """They are named; an address with a name asks for nothing."""
    models = {"data": [{"id": name, "object": "model"} for name in ("ada", "bo")]}
    with answering(lambda path, body, key: (200, models)) as url:
        with pytest.raises(EngineError, match=r"has 2 models: ada, bo\. Name the one to speak"):
            RemoteModel(url)
        assert RemoteModel.connect(f"{url}#bo").model == "bo"


def test_a_key_is_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """The key of another service is never sent to this one."""
    monkeypatch.setenv("OPENAI_API_KEY", "theirs")
    keys = []

    def note(path: str, body: dict[str, Any], key: str) -> Answer:
        keys.append(key)
        return 200, [chunk("x", "stop")]

    with answering(note) as url:
        said(RemoteModel(url, "m"), ["a"])
        monkeypatch.setenv(KEY, "mine")
        said(RemoteModel(url, "m"), ["a"])
    assert keys == ["Bearer none", "Bearer mine"]


def test_the_key_that_clients_send_stays_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """What `serve` asks of others is no key for a server elsewhere."""
    monkeypatch.setenv("SOUNDALIKE_API_KEY", "inbound")
    keys = []

    def note(path: str, body: dict[str, Any], key: str) -> Answer:
        keys.append(key)
        return 200, [chunk("x", "stop")]

    with answering(note) as url:
        said(RemoteModel(url, "m"), ["a"])
    assert keys == ["Bearer none"]


def test_what_is_said_follows_no_redirection() -> None:
    """A server cannot redirect to an address that was not announced."""
    reached = []

    def note(path: str, body: dict[str, Any], key: str) -> Answer:
        reached.append(path)
        return 200, [chunk("x", "stop")]

    with answering(note) as elsewhere, answering(lambda path, body, key: (307, {}), elsewhere) as url:
        with pytest.raises(EngineError, match="sends us to another address"):
            said(RemoteModel(url, "m", retries=0), ["a"])
    assert not reached


def test_an_unanswering_server_is_given_up() -> None:
    """After the time that was allowed, with a sentence."""
    held = threading.Event()

    def slow(path: str, body: dict[str, Any], key: str) -> Answer:
        held.wait()
        return 200, {}

    with answering(slow) as url:
        try:
            with pytest.raises(EngineError, match="did not answer in time"):
                said(RemoteModel(url, "m", timeout=0.2, retries=0), ["a"])
        finally:
            held.set()


def test_a_piece_of_many_tokens_is_taken_apart() -> None:
    """Each token has its text, its log-probability and the likeliest ones, also if several come at once."""
    logprobs: dict[str, Any] = {"tokens": ["\n", "hey", " you"], "token_logprobs": [-1.0, None, -3.0]}
    logprobs["top_logprobs"] = [{"\n": -1.0, "!": -2.0}, None, {" you": -3.0}]
    one = chunk("\nada: hey you", "stop")
    one["choices"][0]["logprobs"] = logprobs
    with answering(lambda path, body, key: (200, [one])) as url:
        model = RemoteModel(url, "m")  # kept: without it its connections are closed, the one that is read too
        response = model.complete(TokenRequest([0], GREEDY, 60))
        first, second, third, end = read_tokens(response, 1)
    assert (first.text, first.logprob, first.top_logprobs) == ("\nada: ", -1.0, (("\n", -1.0),))
    assert second.text == "hey" and np.isnan(second.logprob) and third.text == " you" and end.ends


def test_random_streams_are_the_servers_seeds() -> None:
    """Each stream's seed follows from the sampling's and its number; without one none is sent."""
    seeds = []

    def note(path: str, body: dict[str, Any], key: str) -> Answer:
        seeds.append(body.get("seed"))
        return 200, [chunk("x", "stop")]

    with answering(note) as url:
        model = RemoteModel(url, "m")
        said(model, ["a", "a"], Sampling(seed=7))
        said(model, ["a"], replace(Sampling(seed=7), streams=(1,)))
        said(model, ["a"], Sampling())
    assert seeds[0] != seeds[1] == seeds[2] and seeds[3] is None


def test_another_machine_is_known_from_this_one() -> None:
    """Loopback by name or number is here, everything else is not."""
    assert all(map(is_local, ("http://127.0.0.1:1/v1", "http://localhost/v1", "http://[::1]:8080/v1")))
    assert not any(map(is_local, ("https://api.example.org/v1", "http://192.168.1.7:8080/v1")))
