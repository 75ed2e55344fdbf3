"""Addresses of servers: what a person gives with `--at`, and that nobody else gives one."""

import io
import sys
from pathlib import Path

import pytest

from soundalike import cli, engines
from soundalike.clone import Clone
from soundalike.errors import BaseModelError, UsageError
from soundalike.generation.server_address import ServerAddress
from soundalike.generation.voice import Voice
from soundalike.messages import empty

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])


@pytest.mark.parametrize(
    ("given", "url", "model", "here"),
    [
        ("127.0.0.1:8080/v1", "http://127.0.0.1:8080/v1", "", True),
        ("localhost:8080/v1#ada", "http://localhost:8080/v1", "ada", True),
        ("[::1]:8080/v1", "http://[::1]:8080/v1", "", True),
        (" https://models.example/v1/ ", "https://models.example/v1", "", False),
        ("HTTP://192.168.1.7:8000/v1#a/b:c", "HTTP://192.168.1.7:8000/v1", "a/b:c", False),
    ],
)
def test_an_address_is_read(given: str, url: str, model: str, here: bool) -> None:
    """One of this machine's own needs no scheme; what stands after # is the model."""
    place = ServerAddress.parse(given)
    assert (place.url, place.model, place.here) == (url, model, here)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("models.example/v1", "does not say how to reach it. Put https:// before it"),
        ("192.168.1.7:8080/v1", "does not say how to reach it"),
        ("me", "does not say how to reach it"),
        ("", "does not say how to reach it"),
        ("sam:secret@models.example/v1", "address 'models.example/v1' does not say how to reach it"),
        ("ftp://127.0.0.1/v1", "cannot be reached by ftp://"),
        ("file:///etc/passwd", "is none"),
        ("http://", "is none"),
        ("http://127.0.0.1:port/v1", "is none"),
        ("http://127.0.0.1:99999/v1", "is none"),
        ("http://[::1/v1", "is none"),
        ("http://a..b/v1", "is none"),
        ("http://exa mple/v1", "is none"),
        ("http://example\\@127.0.0.1/v1", "is none"),
        ("http://127.0.0.1/v1?key=secret", r"with a \? in it"),
        ("http://sam:secret@127.0.0.1/v1", "Put the key into SOUNDALIKE_AT_KEY"),
        ("http://sam:secret@127.0.0.1:port/v1", "is none"),
    ],
)
def test_what_is_no_address_is_told_in_a_sentence(given: str, sentence: str) -> None:
    """And a password in it is not printed."""
    with pytest.raises(UsageError, match=sentence) as told:
        ServerAddress.parse(given)
    assert "secret" not in str(told.value)


def test_a_base_is_never_an_address() -> None:
    """Not of training either."""
    for base in ("http://127.0.0.1:1/v1", "HTTPS://models.example", "ftp://x"):
        with pytest.raises(BaseModelError, match="is an address, and nothing is sent to one that a clone names"):
            engines.engine_module_of(base)


def test_a_clone_cannot_name_a_server(tmp_path: Path) -> None:
    """A clone.toml from somebody else, whose base is an address, makes no voice: no word leaves."""
    clone = Clone.claim(tmp_path / "me")
    with clone.locked("test"):
        training = {"base": "http://127.0.0.1:1/v1#m", "window": 64}
        clone.record(clone={"speaker": "ada"}, documents={"tagged": True}, training=training)
        empty().write_parquet(clone.messages_path)
        clone.adapter_path.mkdir()
    with pytest.raises(BaseModelError, match="nothing is sent to one that a clone names"):
        Voice.load(tmp_path / "me")


@pytest.mark.parametrize("verb", ["say", "chat", "serve", "room"])
def test_the_address_is_printed_before_anything_is_said(
    tmp_path: Path, verb: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whole, with the scheme that was left out, on standard error; where nobody answers a sentence follows."""
    clone = Clone.claim(tmp_path / "me")
    with clone.locked("test"):
        clone.record(clone={"speaker": "ada"}, documents={"tagged": True})
        empty().write_parquet(clone.messages_path)
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    monkeypatch.setattr(sys, "argv", ["soundalike", verb, str(tmp_path / "me"), "--at", "127.0.0.1:1/v1"])
    with pytest.raises(SystemExit) as left:
        cli.main()
    told = capsys.readouterr()
    where, what = (told.err.index(part) for part in ("goes to http://127.0.0.1:1/v1", "No server answers"))
    assert left.value.code == 1 and where < what and not told.out
