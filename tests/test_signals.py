"""Ctrl-C, `kill` and a terminal that is closed: each ends a command tidily, with the exit code that shells expect."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from soundalike.signals import deferred_interrupt, exit_on_signals, obey_watcher, stop_signal
from tests.sources.examples.imessage import ROWS, write_database
from tests.sources.packages import write_zip
from tests.training.test_loop import clone_of

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has neither SIGTERM nor SIGHUP to send")

# Says when it has begun to learn, as the parent cannot see a bar that is not drawn on a terminal.
TRAINING = """
import signal, sys
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # `nohup make test` lets all its children ignore it
from soundalike.training import loop
from soundalike.cli import main
advance = loop.TrainingRun.advance
def advance_and_report(run):
    advance(run)
    if run.progress.step == 2:
        print("learning", flush=True)
loop.TrainingRun.advance = advance_and_report
sys.argv = ["soundalike", *sys.argv[1:]]
main()
"""


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_training_that_is_stopped_saves(sent: signal.Signals, code: int, tmp_path: Path) -> None:
    """A real process: it tells how to go on, and leaves a checkpoint and nothing half written."""
    clone = clone_of(tmp_path / "me")
    given = [sys.executable, "-c", TRAINING, "train", str(clone.root), "--base", "markov", "--iters", "100000"]
    with subprocess.Popen(given, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout and process.stderr
        assert any(line == "learning\n" for line in process.stdout)
        process.send_signal(sent)
        said = process.stderr.read()
        assert process.wait() == code, said
    assert f"Continue with: soundalike train {clone.root} --resume" in said and "Traceback" not in said
    assert clone.run_path.exists() and not list(clone.root.glob(".scratch*"))


# Waits, with private copies on the disk, until the parent ends it.
READING = """
import signal, sys, tempfile
signal.signal(signal.SIGHUP, signal.SIG_DFL)
from pathlib import Path
from soundalike.cli import main
from soundalike.sources._imessage_database import MessagesDatabase
def read_people(database):
    print(sum(path.is_file() for path in Path(tempfile.gettempdir()).rglob("*")), flush=True)
    sys.stdin.read()
MessagesDatabase.read_people = read_people
sys.argv = ["soundalike", "import", *sys.argv[1:]]
main()
"""


@pytest.mark.parametrize(("sent", "option"), [(signal.SIGTERM, ["--preview"]), (signal.SIGHUP, ["--gap", "5m,15m"])])
def test_a_reading_that_is_killed_leaves_no_copy(sent: signal.Signals, option: list[str], tmp_path: Path) -> None:
    """Copies of a database, and of an export within an export, are taken away, though nothing is written elsewhere."""
    database = write_database(tmp_path / "chat.db", ROWS).read_bytes()
    inner = write_zip(tmp_path / "inner.zip", {"chat.db": database}).read_bytes()
    export = write_zip(tmp_path / "export.zip", {"inner.zip": inner})
    copies = tmp_path / "temporary"
    copies.mkdir()
    given = [sys.executable, "-c", READING, str(export), *option]
    environment = {**os.environ, "TMPDIR": str(copies)}
    pipe = subprocess.PIPE
    with subprocess.Popen(given, stdin=pipe, stdout=pipe, env=environment, text=True) as process:
        assert process.stdout and process.stdout.readline() == "2\n"
        process.send_signal(sent)
        assert process.wait() == 128 + sent and list(copies.iterdir()) == []


def test_the_first_signal_is_noted_and_the_second_acts() -> None:
    """As it would have without anybody noting the first."""
    with pytest.raises(KeyboardInterrupt), deferred_interrupt() as stopped:
        assert stopped() == 0
        signal.raise_signal(signal.SIGINT)
        assert stopped() == signal.SIGINT
        signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_windows_stops_another_process_by_ctrl_break(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which it takes for Ctrl-C: a training notes it, all else is interrupted. SIGUSR1 stands for it here."""
    assert stop_signal() == signal.SIGINT
    monkeypatch.setattr(signal, "CTRL_BREAK_EVENT", 1, raising=False)
    monkeypatch.setattr(signal, "SIGBREAK", signal.SIGUSR1, raising=False)
    assert stop_signal() == 1
    before = {one: signal.getsignal(one) for one in (signal.SIGUSR1, signal.SIGTSTP)}
    try:
        obey_watcher()
        with deferred_interrupt() as stopped:
            signal.raise_signal(signal.SIGUSR1)
            assert stopped() == signal.SIGUSR1
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGUSR1)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def test_what_is_ignored_stays_ignored() -> None:
    """Under `nohup` a terminal that is closed ends nothing."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with deferred_interrupt() as stopped, exit_on_signals():
            signal.raise_signal(signal.SIGHUP)
            assert stopped() == 0
    finally:
        signal.signal(signal.SIGHUP, before)


def test_kill_unwinds_what_is_not_training() -> None:
    """As Ctrl-C does; the same signal again does not break the clean-up off."""
    with pytest.raises(SystemExit) as end, exit_on_signals():
        try:
            signal.raise_signal(signal.SIGTERM)
        finally:
            signal.raise_signal(signal.SIGTERM)
    assert end.value.code == 143 and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
