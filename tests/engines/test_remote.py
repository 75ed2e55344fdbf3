"""A voice whose model is a server: our own, mlx-lm's, llama.cpp's, and one that answers as it is told to."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from soundalike.clone.document import Document
from soundalike.engines import connect, llama
from soundalike.engines.address import KEY
from soundalike.engines.protocol import Engine
from soundalike.engines.remote import Characters, RemoteEngine
from soundalike.errors import EngineError
from soundalike.export import Trained
from soundalike.export.gguf import write_gguf
from soundalike.export.merged import write_merged
from soundalike.generation.batch_generator import generate, make_generator
from soundalike.generation.sampling import Sampling
from soundalike.generation.voice import Voice
from soundalike.machine import is_local
from soundalike.training.packing import encode, pack
from soundalike.training.recipe import Limits, Recipe, Training
from tests.engines.served import free_port, llama_cpp, mlx_lm, running
from tests.frontends.server.running import running as served_by_us

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

SCRIPT = "sam: hi\nada: hey\nada: i am so meta ✨\n"
GREEDY = Sampling(temperature=0, dry_multiplier=0)


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory) -> tuple[Engine, Trained]:
    """Pocket that has learned one script by heart, and its adapter."""
    folder = tmp_path_factory.mktemp("taught")
    engine = llama.load("pocket", None, Training(window=64))
    batch = pack(list(encode([Document(SCRIPT)], engine.tokenizer, 64)), 64, 0)
    while engine.step(batch, 2e-3) > 0.05:
        pass
    engine.save(folder)
    return engine, Trained("pocket", folder, "ada", True, 64, Recipe())


@pytest.fixture(scope="module", params=["ours", "mlx-lm", pytest.param("llama.cpp", marks=pytest.mark.slow)])
def url(
    request: pytest.FixtureRequest, taught: tuple[Engine, Trained], tmp_path_factory: pytest.TempPathFactory
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


def remote(url: str) -> RemoteEngine:
    engine = connect(url)
    assert isinstance(engine, RemoteEngine)
    return engine


def said(engine: Engine, prompts: list[str], sampling: Sampling = GREEDY, most: int = 60) -> list[str]:
    """What is drawn for each prompt, `|` where it ends by itself."""
    texts = [""] * len(prompts)
    begin = engine.tokenizer.begin
    for steps in generate(engine, [[begin, *engine.tokenizer.encode([p])[0]] for p in prompts], sampling, most):
        for step in steps:
            ended = step.token == engine.tokenizer.end
            texts[step.stream] += "|" if ended else engine.tokenizer.decode([step.token])
    return texts


def test_a_character_is_a_token() -> None:
    """Texts come back whole, emoji and all; beginning and end give nothing."""
    tokenizer = Characters()
    (tokens,), (spans,) = tokenizer.encode([SCRIPT]), tokenizer.spans([SCRIPT])
    assert tokenizer.decode([tokenizer.begin, *tokens, tokenizer.end]) == SCRIPT
    assert "".join(SCRIPT[start:end] for start, end in spans) == SCRIPT


def test_it_says_what_the_model_says_here(url: str, taught: tuple[Engine, Trained]) -> None:
    """The likeliest text, to the end that was learned, for several prompts at once; mlx-lm drops a first blank."""
    prompts = ["sam: hi\nada:", "sam: hi\nada: hey\nada: i am"]
    drawn = [text.removeprefix(" ") for text in said(remote(url), prompts)]
    assert drawn == ["hey\nada: i am so meta ✨\n|", "so meta ✨\n|"]
    assert list(map(len, said(remote(url), prompts, most=4))) == [4, 4]


def test_a_voice_speaks_through_it(url: str, taught: tuple[Engine, Trained]) -> None:
    """A burst of messages, and a text that is gone on with, as the same voice says them here."""
    there, here = (Voice(engine, "ada", True, 256, GREEDY, Limits(tokens=100)) for engine in (remote(url), taught[0]))
    assert there.reply([("sam", "hi")]) == here.reply([("sam", "hi")]) == ["hey", "i am so meta ✨"]
    going_on = ["".join(piece.text for piece in voice.complete("hey", 60).pieces) for voice in (there, here)]
    assert going_on[0].strip() == going_on[1].strip() != ""


def test_a_seed_repeats_and_streams_differ(url: str) -> None:
    """The same seed draws the same, and two streams of one prompt do not draw alike."""
    hot = Sampling(temperature=2.0, top_p=1.0, seed=4)
    first, again = (said(remote(url), ["sam: hi\nada:"] * 2, hot, 40) for _ in range(2))
    assert first == again and first[0] != first[1]


def test_replies_join_and_leave(url: str) -> None:
    """One that is given up draws no more, one that joins late says what it says alone."""
    engine = remote(url)
    speech = make_generator(engine)
    prompt = engine.tokenizer.encode(["sam: hi\nada:"])[0]
    (first,) = speech.join([prompt], GREEDY, 50)
    assert [step.stream for step in speech.step()] == [first]
    (late,) = speech.join([prompt], GREEDY, 4)
    speech.leave({first})
    drawn = ""
    while speech.running:
        steps = speech.step()
        assert [step.stream for step in steps] == [late]
        drawn += engine.tokenizer.decode([steps[0].token])
    assert drawn.strip().startswith("hey") and len(drawn) == 4


@pytest.mark.slow
def test_it_scores_where_the_server_does(taught: tuple[Engine, Trained], tmp_path: Path) -> None:
    """llama.cpp echoes a prompt with log-probabilities: their sum is our engine's; drawn characters carry theirs."""
    pytest.importorskip("llama_cpp.server.app")
    port, engine = free_port(), taught[0]
    with running(*llama_cpp(str(write_gguf(taught[1], tmp_path)), port)):
        elsewhere = remote(f"http://127.0.0.1:{port}/v1")
        there = Voice(elsewhere, "ada", True, 512).score(SCRIPT)
        here = Voice(engine, "ada", True, 512).score(SCRIPT)
        (step,) = next(generate(elsewhere, [elsewhere.tokenizer.encode(["sam: hi\nada:"])[0]], GREEDY, 9))
    assert sum(one.logprob for one in there) == pytest.approx(sum(one.logprob for one in here), abs=0.3)
    assert step.logprob == pytest.approx(0.0, abs=0.1)


def test_it_cannot_learn() -> None:
    """Every verb of training is refused with the same two sentences."""
    engine = RemoteEngine("http://127.0.0.1:1/v1", "m")
    assert isinstance(engine, Engine)
    refused: list[Callable[[], Any]] = [engine.streams, engine.adapter_off, engine.state]
    for verb in refused:
        with pytest.raises(EngineError, match=r"can only speak\. Name a base on this machine"):
            verb()


def test_a_server_that_is_down_is_told_in_a_sentence() -> None:
    """Where it was looked for, and what to do."""
    port = free_port()
    with pytest.raises(EngineError, match=rf"No server answers at http://127.0.0.1:{port}/v1\. Start it"):
        RemoteEngine(f"http://127.0.0.1:{port}/v1", retries=0)


Answer = tuple[int, Any]


@contextmanager
def answering(answer: Callable[[str, dict[str, Any], str], Answer], location: str = "") -> Iterator[str]:
    """A server that answers (path, body, key) with (status, JSON); a list is streamed, a `location` pointed to."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.do_POST()

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or "{}")
            status, given = answer(self.path, body, self.headers.get("Authorization", ""))
            lines = [f"data: {json.dumps(chunk)}\n\n" for chunk in given] if isinstance(given, list) else None
            data = ("".join(lines) + "data: [DONE]\n\n" if lines else json.dumps(given)).encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/event-stream" if lines else "application/json")
            self.send_header("Content-Length", str(len(data)))
            if location:
                self.send_header("Location", location)
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *told: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/v1"
        finally:
            server.shutdown()
            thread.join()


def chunk(text: str, finish: str | None = None) -> dict[str, Any]:
    return {"choices": [{"text": text, "index": 0, "finish_reason": finish, "logprobs": None}]}


def test_a_server_that_knows_no_extras_is_asked_again_without() -> None:
    """Once for each setting that it refuses, and never again after."""
    asked = []

    def strict(path: str, body: dict[str, Any], key: str) -> Answer:
        asked.append(set(body) - {"model", "prompt", "max_tokens", "stream", "temperature", "top_p"})
        known = not asked[-1]
        return (200, [chunk("ok", "stop")]) if known else (400, {"error": {"message": "Unknown setting"}})

    with answering(strict) as url:
        engine = RemoteEngine(url, "m", retries=0)
        assert said(engine, ["a"]) == said(engine, ["b"]) == ["ok|"]
    assert asked == [{"logprobs", "min_p", "top_k"}, {"min_p", "top_k"}, set(), set()]


@pytest.mark.parametrize(
    ("status", "sentence"),
    [(401, f"asks for a key. Set {KEY}"), (404, "knows no model 'm'"), (503, "failed: .*Loading")],
)
def test_a_refusal_is_told_in_a_sentence(status: int, sentence: str) -> None:
    """A missing key, a missing model, a server in trouble."""
    with answering(lambda path, body, key: (status, {"error": {"message": "Loading"}})) as url:
        with pytest.raises(EngineError, match=sentence):
            said(RemoteEngine(url, "m", retries=0), ["a"])


def test_a_server_of_several_models_must_be_told_which() -> None:
    """They are named; an address with a name asks for nothing."""
    models = {"data": [{"id": name, "object": "model"} for name in ("ada", "bo")]}
    with answering(lambda path, body, key: (200, models)) as url:
        with pytest.raises(EngineError, match=r"has 2 models: ada, bo\. Name the one to speak"):
            RemoteEngine(url)
        assert remote(f"{url}#bo").model == "bo"


def test_a_key_is_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """The key of another service is never sent to this one."""
    monkeypatch.setenv("OPENAI_API_KEY", "theirs")
    keys = []

    def note(path: str, body: dict[str, Any], key: str) -> Answer:
        keys.append(key)
        return 200, [chunk("x", "stop")]

    with answering(note) as url:
        said(RemoteEngine(url, "m"), ["a"])
        monkeypatch.setenv(KEY, "mine")
        said(RemoteEngine(url, "m"), ["a"])
    assert keys == ["Bearer none", "Bearer mine"]


def test_the_key_that_clients_send_stays_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """What `serve` asks of others is no key for a server elsewhere."""
    monkeypatch.setenv("SOUNDALIKE_API_KEY", "inbound")
    keys = []

    def note(path: str, body: dict[str, Any], key: str) -> Answer:
        keys.append(key)
        return 200, [chunk("x", "stop")]

    with answering(note) as url:
        said(RemoteEngine(url, "m"), ["a"])
    assert keys == ["Bearer none"]


def test_what_is_said_follows_no_redirection() -> None:
    """A server cannot pass it on to an address that nobody was told of."""
    reached = []

    def note(path: str, body: dict[str, Any], key: str) -> Answer:
        reached.append(path)
        return 200, [chunk("x", "stop")]

    with answering(note) as elsewhere, answering(lambda path, body, key: (307, {}), elsewhere) as url:
        with pytest.raises(EngineError, match="sends us to another address"):
            said(RemoteEngine(url, "m", retries=0), ["a"])
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
                said(RemoteEngine(url, "m", timeout=0.2, retries=0), ["a"])
        finally:
            held.set()


def test_a_piece_of_many_tokens_tells_each_of_them() -> None:
    """A token's log-probability stands at its first character, also where several come at once, or one is not told."""
    told = {"tokens": ["\n", "hey", " you"], "token_logprobs": [-1.0, None, -3.0], "text_offset": [0, 1, 4]}
    one = chunk("\nada: hey you", "stop")
    one["choices"][0]["logprobs"] = told

    with answering(lambda path, body, key: (200, [one])) as url:
        engine = RemoteEngine(url, "m")
        steps = [step for (step,) in generate(engine, [[0]], GREEDY, 60)]
    text = engine.tokenizer.decode([step.token for step in steps])
    heard = {text[at:]: step.logprob for at, step in enumerate(steps[:-1]) if step.logprob}
    assert [(rest, logprob) for rest, logprob in heard.items() if logprob == logprob] == [
        ("\nada: hey you", -1.0),
        (" you", -3.0),
    ]
    assert np.isnan(heard["hey you"])


def test_random_streams_are_the_servers_seeds() -> None:
    """Each stream's seed follows from the sampling's and its number; without one none is sent."""
    seeds = []

    def note(path: str, body: dict[str, Any], key: str) -> Answer:
        seeds.append(body.get("seed"))
        return 200, [chunk("x", "stop")]

    with answering(note) as url:
        engine = RemoteEngine(url, "m")
        said(engine, ["a", "a"], Sampling(seed=7))
        said(engine, ["a"], replace(Sampling(seed=7), streams=(1,)))
        said(engine, ["a"], Sampling())
    assert seeds[0] != seeds[1] == seeds[2] and seeds[3] is None


def test_another_machine_is_known_from_this_one() -> None:
    """Loopback by name or number is here, everything else is not."""
    assert all(map(is_local, ("http://127.0.0.1:1/v1", "http://localhost/v1", "http://[::1]:8080/v1")))
    assert not any(map(is_local, ("https://api.example.org/v1", "http://192.168.1.7:8080/v1")))
