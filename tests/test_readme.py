"""Every command that the README shows, run as it stands."""

import os
import re
import shlex
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from soundalike.clone import Clone
from soundalike.training.plan import plan_training
from soundalike.training.train_clone import train_clone
from tests.short_export import shorten

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS, CELLS = r"^```sh\n(?P<block>.*?)^```", r"^\| `(?P<cell>soundalike [^`]+)`"
FOUND = re.finditer(f"{BLOCKS}|{CELLS}", README, re.MULTILINE | re.DOTALL)
SHOWN = [match["block"] or match["cell"] for match in FOUND]
COMMANDS = list(dict.fromkeys(line.split("  #")[0].strip() for shown in SHOWN for line in shown.splitlines()))


def interrupted(folder: Path) -> None:
    """Leave a checkpoint behind, as Ctrl-C in training does."""
    clone = Clone.open(folder)
    recipe = plan_training(clone, None, {"iters": 2}).recipe
    train_clone(
        clone, recipe, on_step=lambda progress: signal.raise_signal(signal.SIGINT) if progress.step == 1 else None
    )


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a package in it, as the reader has: just long enough for a figure of everything."""
    folder = tmp_path_factory.mktemp("reader")
    shorten(folder / "package.zip", 3)
    return folder


def test_the_readme_has_the_commands_it_should() -> None:
    """The verbs of this version are all shown, and nothing is that does not exist."""
    verbs = {command.split()[1] for command in COMMANDS if command.startswith("soundalike ")}
    assert verbs == {
        "base",
        "import",
        "clone",
        "say",
        "chat",
        "train",
        "export",
        "discord",
        "serve",
        "studio",
        "room",
        "portrait",
        "audit",
        "doctor",
        "evaluate",
        "arena",
    }


@pytest.mark.allow_hosts(["127.0.0.1"])
@pytest.mark.parametrize("command", [c for c in COMMANDS if c.startswith("soundalike ")])
def test_a_command_of_the_readme_runs(command: str, home: Path) -> None:
    """In the README's order, in one folder; a budget in minutes becomes two steps so that the test is short."""
    if "--resume" in command:
        interrupted(home / "me")
    words = shlex.split(re.sub(r"--minutes \d+", "--iters 2", command))
    given = [sys.executable, "-m", "soundalike.cli", *words[1:]]
    if words[1] in ("serve", "studio", "arena"):
        serves([*given, "--port", "0"], home, "/health" if words[1] == "serve" else "/")
        return
    environment = os.environ | {"PIP_NO_INDEX": "1"}
    done = subprocess.run(
        given, cwd=home, env=environment, input="hello\n/quit\n", capture_output=True, text=True, check=False
    )
    if words[1] == "base":  # how it fetches: tests/engines/test_smollm2.py
        assert done.returncode == 2 and "could not be fetched" in done.stderr
        return
    if words[1] == "discord" and "--init" not in words:  # how it runs with a token: tests/frontends/discord
        assert done.returncode == 2 and "DISCORD_TOKEN" in done.stderr
        return
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


def serves(given: list[str], home: Path, path: str) -> None:
    """It tells its address when it listens, answers there, and ends at Ctrl-C; but for a bar it prints nothing more."""
    with subprocess.Popen(given, cwd=home, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        assert server.stdout and server.stderr
        told = next(filter(None, (re.search(r"http://\S+:\d+", line) for line in server.stdout)), None)
        assert told, server.stderr.read()
        with urllib.request.urlopen(f"{told[0]}{path}") as answer:
            assert answer.status == 200
        server.send_signal(signal.SIGINT)
        assert server.wait() == 0 and re.fullmatch(r"(Answering .*\n)*", server.stderr.read())


@pytest.mark.parametrize("command", [c for c in COMMANDS if c.startswith("make ")])
def test_make_knows_what_the_readme_asks_of_it(command: str) -> None:
    """Each target exists; `make -n` says what it would do without doing it."""
    done = subprocess.run([*shlex.split(command), "-n"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_setup_says_how_long_it_takes_and_what_comes_next() -> None:
    """First what is installed, last the demo, the studio, and the commands."""
    said = subprocess.run(["make", "-Bn", "setup"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    first, *_, demo, studio, commands = [line for line in said.splitlines() if line.startswith("echo")]
    assert "1.5 GB" in first and "some minutes" in first and "PIP_EXTRA_INDEX_URL=https://" in said
    assert "make demo" in demo and "soundalike studio --folder voices" in studio and "soundalike clone" in commands
