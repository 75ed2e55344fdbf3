"""The command itself, in a process of its own, from a clone folder to a goodbye at Ctrl-C."""

import asyncio
import os
import signal
import sys
from pathlib import Path
from random import Random

import pytest

from soundalike.clone import Clone
from soundalike.demo import EXPORT
from soundalike.errors import CloneError, UsageError
from soundalike.frontends.discord.run import invitation, known_names, pace_of, run
from soundalike.frontends.discord.settings import initialise
from soundalike.importing.document_settings import DocumentSettings
from soundalike.importing.importer import run_import
from soundalike.training.plan import plan_training
from soundalike.training.train_clone import train_clone
from tests.frontends.discord.fake import FakeDiscord
from tests.frontends.discord.payloads import Person
from tests.frontends.discord.rig import live

ROOT = Path(__file__).parents[3]
DRIVER = "import sys; from tests.frontends.discord.fake import point_at; point_at(sys.argv.pop(1)); " + (
    "from soundalike.cli import main; main()"
)


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A word chain that talks like the demo's person, with a new discord.toml."""
    folder = tmp_path_factory.mktemp("home")
    run_import([EXPORT], folder / "me", DocumentSettings())
    made = Clone.open(folder / "me")
    train_clone(made, plan_training(made, "markov", {"iters": 20}).recipe)
    initialise(made.root)
    return made.root


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_the_command_answers_and_leaves_at_ctrl_c(clone: Path) -> None:
    """It logs in, prints its invitation, is let into a channel, answers in the owner's style, and says goodbye."""

    async def scenario(fake: FakeDiscord) -> None:
        env = {**os.environ, "DISCORD_TOKEN": fake.accounts[0].token, "PYTHONPATH": f"{ROOT}:{ROOT / 'src'}"}
        command = (sys.executable, "-c", DRIVER, fake.base, "discord", str(clone))
        process = await asyncio.create_subprocess_exec(*command, env=env, stderr=asyncio.subprocess.PIPE)
        try:
            await fake.until(lambda: bool(fake.sessions))
            await fake.command(fake.owner, "soundalike here")
            await fake.say(Person("ana"), "hey, what are you up to?", mentions=[fake.me])
            first, *_ = await fake.replies(2)
            process.send_signal(signal.SIGINT)
            _, log = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
        assert "I am a model in the style of" in first and fake.goodbyes == [1000]
        assert process.returncode == 0, log.decode()
        assert "oauth2/authorize" in log.decode().replace("\n", "") and fake.accounts[0].token not in log.decode()

    live(scenario)


def test_without_a_token_it_says_where_to_get_one(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And which variable it reads."""
    monkeypatch.delenv("DISCORD_TOKEN", raising=False)
    with pytest.raises(UsageError, match="DISCORD_TOKEN") as error:
        run(clone)
    assert "Reset Token" in error.value.do


def test_without_settings_it_says_how_to_write_them(clone: Path, tmp_path: Path) -> None:
    """One command."""
    (clone / "discord.toml").rename(tmp_path / "aside")
    try:
        with pytest.raises(CloneError, match="--init"):
            run(clone)
    finally:
        (tmp_path / "aside").rename(clone / "discord.toml")


def test_what_the_clone_knows_of_people_and_pace(clone: Path) -> None:
    """A package has its owner only, and enough bursts to fit how fast they type."""
    made = Clone.open(clone)
    assert known_names(made) == {}
    assert 0.3 < pace_of(made).seconds("x" * 30, Random(0)) < 30


def test_the_invitation_asks_for_what_is_needed() -> None:
    """Two scopes, four permissions."""
    assert invitation(12).endswith("client_id=12&scope=bot+applications.commands&permissions=274877975552")
