"""Who may come in, and with how much."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import openai
import pytest

from soundalike.clone import Clone
from soundalike.errors import UsageError
from soundalike.frontends.server import KEY, bind, is_loopback, serve, served_models
from soundalike.frontends.server.page_files import PAGE_FILES
from soundalike.messages import empty
from soundalike.training.recipe import Serving
from tests.frontends.server.running import HI, SCRIPTS, Running, ada, running
from tests.generation.test_voice import engine

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])
SECRET = "a-long-random-text"


@pytest.fixture(scope="module")
def free() -> Iterator[Running]:
    with running(ada(), serving=Serving(body_bytes=2_000)) as server:
        yield server


@pytest.fixture(scope="module")
def locked() -> Iterator[Running]:
    with running(ada(), key=SECRET) as server:
        yield server


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


@pytest.mark.parametrize("path", ["/v1/models", "/metrics", "/openapi.json", "/nowhere"])
@pytest.mark.parametrize("given", ["", "Bearer", "Bearer wrong", f"Bearer {SECRET}x", "Basic abc", "Bearer \u00e9"])
def test_without_the_key_nothing_is_told(locked: Running, path: str, given: str) -> None:
    """Neither a list nor a figure, nor whether there is such a page."""
    answer = httpx.get(f"{locked.address}{path}", headers={b"Authorization": given.encode()})
    assert code(answer) == (401, "invalid_api_key") and answer.headers["www-authenticate"] == "Bearer"


def test_with_the_key_all_is_as_without_one(locked: Running, caplog: pytest.LogCaptureFixture) -> None:
    """The official client sends it; whether the server lives, and the page that asks for the key, are for everybody."""
    assert [model.id for model in locked.client.models.list().data] == ["ada"]
    with pytest.raises(openai.AuthenticationError) as told:
        locked.client.with_options(api_key="wrong").chat.completions.create(model="ada", messages=HI)
    assert SECRET not in str(told.value) + caplog.text
    assert all(httpx.get(f"{locked.address}{path}").status_code == 200 for path in ("/health", *PAGE_FILES))


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "[::2]:80", ""])
def test_a_page_from_elsewhere_cannot_reach_the_voice(free: Running, host: str) -> None:
    """A name that was made to point to this machine is not answered, not even with the page."""
    for path in ("/v1/models", "/"):
        assert code(httpx.get(f"{free.address}{path}", headers={"Host": host})) == (403, "host_not_allowed")


def test_a_container_is_told_what_lifts_the_bound(free: Running) -> None:
    """Its name for this machine is none of ours; with a key any name is answered."""
    answer = httpx.get(f"{free.address}/v1/models", headers={"Host": "host.docker.internal:8080"})
    assert code(answer) == (403, "host_not_allowed")
    assert f"start it with {KEY} set and send that key" in answer.json()["error"]["message"]


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8080", "127.0.0.1", "[::1]:8080"])
def test_loopback_names_are_answered(free: Running, host: str) -> None:
    """With whatever port."""
    assert httpx.get(f"{free.address}/health", headers={"Host": host}).status_code == 200


def test_a_body_too_large_is_refused_before_it_is_read(free: Running) -> None:
    """By its announced length, and as it comes where none is announced."""
    kind, url = {"Content-Type": "application/json"}, f"{free.address}/v1/completions"
    assert httpx.post(url, content=b" " * 3_000, headers=kind).status_code == 413
    assert httpx.post(url, content=iter([b" " * 1_500] * 3), headers=kind).status_code == 413


@pytest.mark.parametrize("kind", ["Application/JSON", "application/json; charset=utf-8", "APPLICATION/JSON;charset=x"])
def test_a_media_type_has_no_case(free: Running, kind: str) -> None:
    """Nor has the name of the way in which a key is sent, see below."""
    body = {"model": "ada", "prompt": "the sea"}
    answer = httpx.post(f"{free.address}/v1/completions", content=json.dumps(body), headers={"Content-Type": kind})
    assert answer.status_code == 200


@pytest.mark.parametrize("scheme", ["bearer", "BEARER", "Bearer "])
def test_the_scheme_of_a_key_has_no_case(locked: Running, scheme: str) -> None:
    """RFC 9110, 11.1."""
    given = {"Authorization": f"{scheme} {SECRET}"}
    assert httpx.get(f"{locked.address}/v1/models", headers=given).status_code == 200


@pytest.mark.parametrize("path", ["/", "/health", "/v1/models", "/metrics"])
def test_head_is_get_without_its_body(free: Running, path: str) -> None:
    """The same status and headers."""
    head, whole = httpx.head(f"{free.address}{path}"), httpx.get(f"{free.address}{path}")
    assert (head.status_code, head.content, head.headers["content-type"]) == (200, b"", whole.headers["content-type"])
    assert httpx.head(f"{free.address}/v1/completions").status_code == 405


def test_an_address_that_is_none_is_told_those_that_are(free: Running) -> None:
    """A client that asks for embeddings learns what there is."""
    told = httpx.get(f"{free.address}/v1/embeddings").json()["error"]["message"]
    assert told.startswith("There is nothing at '/v1/embeddings'.") and "POST /v1/chat/completions" in told
    told = httpx.get(f"{free.address}/v1/completions").json()["error"]["message"]
    assert told == "GET is not answered at /v1/completions. Use POST."


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b'{"model": "ada", }', "The body is not JSON: "),
        (b"", "The body is empty."),
        (b"[]", "The body is not a JSON object."),
        (b'{"model": "\xff"}', "The body cannot be read as JSON."),
        (b'{"a":' * 100_000, "The body cannot be read as JSON."),
        (b'{"messages": []}', "model is missing."),
    ],
)
def test_a_broken_body_is_told_in_a_sentence(locked: Running, body: bytes, told: str) -> None:
    """What is wrong, and what to do."""
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {SECRET}"}
    answer = httpx.post(f"{locked.address}/v1/chat/completions", content=body, headers=headers)
    assert answer.status_code == 400 and answer.json()["error"]["message"].startswith(told)


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_only_json_is_read(free: Running, kind: str) -> None:
    """A form on a page elsewhere can send the others without asking."""
    answer = httpx.post(f"{free.address}/v1/completions", content=b"{}", headers={"Content-Type": kind})
    assert code(answer) == (415, "not_json")


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/nowhere", None, 404),
        ("GET", "/v1/completions", None, 405),
        ("POST", "/v1/completions", b"{", 400),
        ("POST", "/v1/completions", b"[]", 400),
        ("POST", "/v1/completions", b'{"model": "ada", "prompt": [1, 2]}', 400),
        ("POST", "/v1/completions", b"\xff\xfe", 400),
    ],
)
def test_every_error_has_the_same_shape(free: Running, method: str, path: str, body: bytes | None, status: int) -> None:
    """OpenAI's: message, type, param, code."""
    kind = {"Content-Type": "application/json"}
    answer = httpx.request(method, f"{free.address}{path}", content=body, headers=kind)
    assert answer.status_code == status
    assert answer.json()["error"].keys() == {"message", "type", "param", "code"}


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.org"])
def test_an_address_that_others_reach_needs_a_key(tmp_path: Path, host: str) -> None:
    """The error comes before anything is loaded."""
    with pytest.raises(UsageError, match=f"Others can reach {host}.*Set {KEY}"):
        serve([tmp_path / "me"], host, 0, None, Serving())
    assert not is_loopback(host) and all(map(is_loopback, ("127.0.0.1", "localhost", "::1", "127.3.2.1")))


@pytest.fixture
def clones(tmp_path: Path) -> list[Path]:
    """Two clones over one base, each in a folder called me."""
    folders = [tmp_path / "a" / "me", tmp_path / "b" / "me", tmp_path / "you"]
    for folder in folders:
        clone = Clone.claim(folder)
        with clone.locked("test"):
            about = {"base": "markov", "window": 128}
            clone.record(clone={"speaker": "ada"}, documents={"tagged": True}, training=about)
            engine(*SCRIPTS).save(clone.adapter_path)
            empty().write_parquet(clone.messages_path)
    return folders


def test_clones_are_called_as_their_folders(clones: list[Path]) -> None:
    """With `with_base` their common base is served too, once; two of one name are an error."""
    served = served_models.load(clones[1:], with_base=True)
    assert {name: one.as_model()["parent"] for name, one in served.items()} == {
        "me": "markov",
        "you": "markov",
        "markov": None,
    }
    with pytest.raises(UsageError, match="Two voices would be called me"):
        served_models.load(clones)


def test_a_port_that_is_taken_is_told(clones: list[Path], free: Running) -> None:
    """With what to do, and no traceback."""
    with pytest.raises(UsageError, match="Cannot listen at 127.0.0.1.*Give another --port"):
        serve(clones[:1], "127.0.0.1", int(free.address.rpartition(":")[2]), None, Serving())


def test_what_is_sent_leaves_at_once() -> None:
    """A connection does not wait for the packet before to be acknowledged: that alone cost a stream 40 ms."""
    with bind("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()):
        taken, _ = listener.accept()
        with taken:
            assert taken.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
