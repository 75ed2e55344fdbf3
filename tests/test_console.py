"""Consoles of every encoding: a command works to its end, and what cannot be shown is replaced."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from soundalike.console import accept_every_character, make_console, spinner
from tests.short_export import shorten

Console = Callable[..., subprocess.CompletedProcess[bytes]]


@pytest.fixture(scope="module")
def me(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an invented person's package, too short to be evaluated."""
    folder = tmp_path_factory.mktemp("consoles")
    shorten(folder / "package.zip", 8)
    return folder


@pytest.fixture
def run(me: Path) -> Console:
    """Runs soundalike in a process whose standard streams have an encoding."""

    def run(encoding: str, *words: str, typed: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        environment = {**os.environ, "PYTHONIOENCODING": encoding}
        command = [sys.executable, "-m", "soundalike.cli", *words]
        return subprocess.run(command, cwd=me, env=environment, input=typed, capture_output=True, check=False)

    return run


@pytest.mark.parametrize("encoding", ["cp1252", "cp437", "ascii", "utf-8"])
def test_a_whole_command_works_on_every_console(run: Console, encoding: str) -> None:
    """From the import's bars to the invented conversation, also into a file; and JSON stays JSON."""
    done = run(encoding, "clone", "package.zip", "--out", encoding, "--base", "markov", "--iters", "3")
    assert done.returncode == 0, done.stderr
    printed = done.stdout.decode(encoding)
    assert "Talk to it: soundalike chat" in printed and ("█" in printed) is (encoding in ("cp437", "utf-8"))
    said = run(encoding, "say", encoding, "café 😀", "--json")
    assert json.loads(said.stdout.decode(encoding))["text"].startswith("café 😀")


def test_what_is_typed_in_another_encoding_is_read(run: Console) -> None:
    """Bytes that the console's encoding does not know become a mark, in a chat as in a text from standard input."""
    assert run("utf-8", "clone", "package.zip", "--out", "typed", "--base", "markov", "--iters", "3").returncode == 0
    for verb in ("chat", "say"):
        done = run("ascii", verb, "typed", typed=b"caf\xe9?\n")
        assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(b"caf")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full is there on Linux alone")
@pytest.mark.parametrize("words", [["doctor"], ["doctor", "--json"], ["--help"]])
def test_a_full_disk_under_what_is_printed_is_one_sentence(words: list[str]) -> None:
    """Whoever sends it to a file reads what to do, and no traceback."""
    with open("/dev/full", "w", encoding="utf-8") as full:
        command = [sys.executable, "-m", "soundalike.cli", *words]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2
    assert (
        done.stderr.splitlines()[-1]
        == "The disk is full: what is printed could not be written. Make room and try again."
    )


def test_bars_and_quotes_have_plain_forms(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a bar of text is made of is still a bar; an emoji is a question mark."""
    file = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(file, "ascii"))
    accept_every_character()
    print("███▌ “it’s” – … 😀", end="", flush=True)
    assert file.getvalue() == b'#### "it\'s" - ... ?'


def test_a_spinner_that_the_console_can_show() -> None:
    """Braille dots are for Unicode."""
    ascii_only, unicode = (make_console(io.TextIOWrapper(io.BytesIO(), name)) for name in ("ascii", "utf-8"))
    assert (spinner(ascii_only), spinner(unicode)) == ("line", "dots")
