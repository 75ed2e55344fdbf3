"""`--at`: a clone's folder says how a voice speaks, a server's model what it says, whoever it talks to."""

import asyncio
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from soundalike import cli
from soundalike.clone import Clone
from soundalike.errors import UsageError
from soundalike.frontends import model_addresses
from soundalike.frontends.discord.run import answerer_of
from soundalike.frontends.discord.settings import SettingsFile, initialise
from soundalike.frontends.server import served_models
from soundalike.messages import empty
from tests.frontends.server.running import HI, Running, ada, running

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])
ELSEWHERE = "https://models.example/v1"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A clone that was never trained: its model is elsewhere."""
    clone = Clone.claim(tmp_path / "me")
    with clone.locked("test"):
        sampling = {"temperature": 0.0, "dry_multiplier": 0.0}
        clone.record(clone={"speaker": "ada"}, documents={"tagged": True}, sampling=sampling)
        empty().write_parquet(clone.messages_path)
    return tmp_path / "me"


@pytest.fixture(scope="module")
def there() -> Iterator[Running]:
    with running(ada(), ada("friend: hi\nada: i am the other one\nfriend: hm\n")) as server:
        yield server


def test_one_address_is_for_all_and_several_are_for_each() -> None:
    """In the order of the clones; any other number is an error."""
    clones = [Path("a"), Path("b")]
    assert model_addresses(clones, []) == [None, None] and model_addresses(clones, ["x"]) == ["x", "x"]
    assert model_addresses(clones, ["x", "y"]) == ["x", "y"]
    with pytest.raises(UsageError, match=r"2 clones and 3 addresses\. Give one --at for all"):
        model_addresses(clones, ["x", "y", "z"])


def test_a_server_before_a_server(there: Running, folder: Path) -> None:
    """What it answers is what the other's model says, which is chosen after the #; of its base nobody knows."""
    at = [f"{there.address}/v1#{name}" for name in ("ada", "ada-2")]
    said = []
    for place in at:
        with running(served_models.load([folder], at=[place])["me"].voice) as here:
            made = here.client.chat.completions.create(model="ada", messages=HI)
            friend = here.client.chat.completions.create(model="ada", messages=[{"role": "user", "content": "hi"}])
            said.append((made.choices[0].message.content, friend.choices[0].message.content))
    assert said[0] == ("hey\nwhat's up", "hello you") and said[1][1] == "i am the other one"
    with pytest.raises(UsageError, match="--with-base"):
        served_models.load([folder], with_base=True, at=at[:1])


def test_the_bot_speaks_through_a_server(there: Running, folder: Path) -> None:
    """`--at` goes before what discord.toml names."""
    initialise(folder)
    path = folder / "discord.toml"
    path.write_text(path.read_text().replace('url = ""', 'url = "http://127.0.0.1:1/v1"'))

    async def scenario() -> list[str]:
        answerer = await answerer_of(Clone.open(folder), SettingsFile(path), f"{there.address}/v1#ada")
        try:
            return await answerer.reply([("sam", "hi")])
        finally:
            await answerer.close()

    assert asyncio.run(scenario()) == ["hey", "what's up"]


def test_another_machine_is_told_of_by_every_verb(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Before anything is sent to it, in the terminal and in the bot's log."""
    given: dict[str, Any] = {}

    def noted(verb: str) -> Callable[..., None]:
        return lambda *all, **named: given.update({verb: all})

    monkeypatch.setattr("soundalike.frontends.server.serve", noted("serve"))
    monkeypatch.setattr("soundalike.frontends.room.room", noted("room"))
    monkeypatch.setattr("soundalike.frontends.discord.run.run", noted("discord"))
    monkeypatch.setattr("soundalike.generation.voice.Voice.load", lambda *given: given)
    for verb, *more in (["serve"], ["room", str(folder), "--at", f"{ELSEWHERE}#b"]):
        monkeypatch.setattr(sys, "argv", ["soundalike", verb, str(folder), *more, "--at", ELSEWHERE])
        with pytest.raises(SystemExit):
            cli.main()
        assert f"What is said goes to {ELSEWHERE}: another machine." in capsys.readouterr().err
    assert given["serve"][-2:] == ([ELSEWHERE], ())
    assert given["room"][0] == [(folder, f"{ELSEWHERE}#b"), (folder, ELSEWHERE)]
    monkeypatch.setattr(sys, "argv", ["soundalike", "discord", str(folder), "--at", ELSEWHERE])
    with pytest.raises(SystemExit):
        cli.main()
    assert given["discord"][-1] == ELSEWHERE
    initialise(folder)
    asyncio.run(answerer_of(Clone.open(folder), SettingsFile(folder / "discord.toml"), ELSEWHERE))
    assert f"goes to {ELSEWHERE}, another machine" in caplog.text
