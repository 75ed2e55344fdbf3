"""The training loop: budgets, resume, kill, Ctrl-C."""

import json
import math
import signal
import subprocess
import sys
from itertools import chain, islice, repeat
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import orjson
import pytest

from soundalike.clone import Clone
from soundalike.engines import llama, load
from soundalike.engines.protocol import Batch
from soundalike.errors import CloneError, TooLittleText
from soundalike.training.loop import ScoreAdapter, train
from soundalike.training.numerics import SETTINGS, Numerics
from soundalike.training.plan import plan_resumed
from soundalike.training.recipe import Training
from soundalike.training.schedule import StepBudget, batch_rows, next_checkpoint
from soundalike.training.status import AdapterScore, Progress

SHORT = Training(window=64, step_tokens=128, iters=24, learning_rate=5e-3, warmup_steps=4)


def clone_of(folder: Path, lines: int = 120, valid: int = 12) -> Clone:
    """A clone folder as an import leaves it, of an invented person with few opinions."""
    said = [f"bo: the soup is number {n % 7}\nbo: no because {n % 5} spoons\n" for n in range(lines + valid)]
    clone = Clone.claim(folder)
    rows = [orjson.dumps({"text": text}) + b"\n" for text in said]
    documents = {
        "documents/train.jsonl": b"".join(rows[:lines]),
        "documents/valid.jsonl": b"".join(rows[lines:]),
    }
    with clone.locked("testing"):
        clone.write({"clone.toml": clone.manifest_with(**{"import": {"fingerprint": "f"}}), **documents})
    return clone


def interrupted(progress: Progress) -> None:
    """As Ctrl-C does in the first step."""
    if progress.step:
        signal.raise_signal(signal.SIGINT)


@pytest.fixture(scope="module")
def uninterrupted(base: str, tmp_path_factory: pytest.TempPathFactory) -> list[float]:
    """Losses of a run that nothing disturbs."""
    clone = clone_of(tmp_path_factory.mktemp("whole") / "me")
    return train(llama.load(base, None, SHORT), clone, SHORT, base=base).progress.losses


def test_a_run_leaves_an_adapter_and_its_figures(base: str, tmp_path: Path) -> None:
    """Held-out bits fall, the best adapter is in the clone and gives them, the manifest tells, no checkpoint stays."""
    clone = clone_of(tmp_path / "me")
    outcome = train(llama.load(base, None, SHORT), clone, SHORT, base=base)
    result = clone.manifest()["result"]
    assert outcome.finished and outcome.progress.step == 24
    assert result["bits_per_byte"] < result["bits_per_byte_before"] - 0.5
    assert json.loads((clone.root / "training.json").read_text())["losses"] == outcome.progress.losses
    assert (clone.adapter_path / "adapter_model.safetensors").exists()
    assert list(clone.checkpoints_path.glob("*")) == []


def in_turn(choices: list[AdapterScore]) -> ScoreAdapter:
    """Says these, whatever it is asked about."""
    return lambda asked: choices.pop(0)


def test_the_caller_may_choose_the_adapter(base: str, tmp_path: Path) -> None:
    """The best by its measure stays, also where others cost fewer bits; one that recites only where all do."""
    for verdicts, best in (
        ([(0.2, False), (0.6, False), (0.9, True), (0.6, False), (0.5, False)], 1),
        ([(0.2, True), (0.6, True), (0.4, True), (0.3, True), (0.1, True)], 1),
        ([(0.9, True), (0.1, False), (0.9, True), (0.9, True), (0.9, True)], 1),
    ):
        clone = clone_of(tmp_path / str(verdicts)[:40])
        engine, choices = llama.load(base, None, SHORT), [AdapterScore(*verdict) for verdict in verdicts]
        seen = train(engine, clone, SHORT, base=base, score=in_turn(choices)).progress
        assert [(score, recites) for _, score, recites in seen.chosen] == verdicts
        assert seen.best == seen.valid[best + 1][1] != min(bits for _, bits in seen.valid)
        assert clone.manifest()["result"]["bits_per_byte"] == round(seen.best, 4)
        assert f"after step {seen.chosen[best][0]} was kept" in seen.summary()[-1]


def test_without_an_answer_bits_choose(base: str, tmp_path: Path) -> None:
    """Where there is too little text to ask about, it is as if nobody had been asked."""
    engine = llama.load(base, None, SHORT)
    seen = train(engine, clone_of(tmp_path / "me"), SHORT, base=base, score=lambda asked: None).progress
    assert seen.best == min(bits for step, bits in seen.valid if step) and not seen.chosen


def test_replay_is_read_but_not_what_held_out_text_is_measured_on(base: str, tmp_path: Path) -> None:
    """Half as much small talk again makes half as many more steps of an epoch; what stands before them is the same."""
    once = SHORT.model_copy(update={"iters": None, "epochs": 1.0})
    runs = [
        train(llama.load(base, None, training), clone_of(tmp_path / str(n)), training, base=base).progress
        for n, training in enumerate((once, once.model_copy(update={"replay": 1 / 3})))
    ]
    alone, beside = runs
    assert beside.useful_tokens == pytest.approx(1.5 * alone.useful_tokens, rel=0.15)
    assert beside.valid[0] == alone.valid[0]


def test_ctrl_c_saves_and_resume_has_the_same_losses(base: str, tmp_path: Path, uninterrupted: list[float]) -> None:
    """A stop after 10 steps and a fresh process's engine change no loss by a bit."""
    clone = clone_of(tmp_path / "me")

    def stop_at_ten(progress: Progress) -> None:
        if progress.step == 10:
            signal.raise_signal(signal.SIGINT)

    first = train(llama.load(base, None, SHORT), clone, SHORT, base=base, on_step=stop_at_ten)
    assert not first.finished and first.progress.step == 10
    second = train(llama.load(base, None, SHORT), clone, SHORT, base=base, resume=True)
    assert second.finished and second.progress.losses == uninterrupted


def test_a_stop_before_the_first_step_saves_at_once(base: str, tmp_path: Path, uninterrupted: list[float]) -> None:
    """The first evaluation may take long; whoever stops during it does not wait for a step as well."""
    clone = clone_of(tmp_path / "me")
    first = train(
        llama.load(base, None, SHORT),
        clone,
        SHORT,
        base=base,
        on_step=lambda progress: signal.raise_signal(signal.SIGINT),
    )
    assert not first.finished and first.progress.step == 0 and first.signal == signal.SIGINT
    second = train(llama.load(base, None, SHORT), clone, SHORT, base=base, resume=True)
    assert second.finished and second.progress.losses == uninterrupted


def test_a_resumed_run_has_the_same_losses_in_either_type(base: str, tmp_path: Path, dtype: str) -> None:
    """Through the checkpoint's files, bit by bit; and the two types do not have the same losses."""
    short = SHORT.model_copy(update={"iters": 6})
    whole = train(llama.load(base, None, short), clone_of(tmp_path / "whole"), short, base=base).progress.losses

    def stop_at_three(progress: Progress) -> None:
        if progress.step == 3:
            signal.raise_signal(signal.SIGINT)

    clone = clone_of(tmp_path / "me")
    assert not train(llama.load(base, None, short), clone, short, base=base, on_step=stop_at_three).finished
    engine = llama.load(base, None, short)
    assert engine.numerics.compute == dtype
    assert train(engine, clone, short, base=base, resume=True).progress.losses == whole
    plain = llama.load(base, None, short, Numerics("fp32", "fp32", ""))
    others = train(plain, clone_of(tmp_path / "plain"), short, base=base).progress.losses
    assert (others == whole) == (dtype == "fp32") and others == pytest.approx(whole, rel=1e-2)


RUN = """
import sys, os, signal
from pathlib import Path
from soundalike.training import loop, schedule
from soundalike.clone import Clone
from soundalike.engines import llama, load
from soundalike.training.recipe import Training
base, folder, resume, at = sys.argv[1], sys.argv[2], sys.argv[3] == "1", int(sys.argv[4])
training = Training.model_validate_json(sys.argv[5])
schedule.CHECKPOINT_SECONDS = float(sys.argv[6])
def die(progress):
    print(progress.step, flush=True)
    if progress.step == at:
        os.kill(os.getpid(), signal.SIGKILL)
engine, clone, sections = llama.load(base, None, training), Clone.open(folder), {"training": {"window": 64}}
loop.train(engine, clone, training, base=base, resume=resume, on_step=die, sections=sections)
"""


def command(base: str, clone: Clone, resume: str, at: int, training: Training, every: str) -> list[str]:
    """A process that trains, and kills itself after step `at`."""
    return [sys.executable, "-c", RUN, base, str(clone.root), resume, str(at), training.model_dump_json(), every]


def test_a_killed_run_goes_on_where_its_checkpoint_was(base: str, tmp_path: Path, uninterrupted: list[float]) -> None:
    """kill -9 twice, resumed in fresh processes: the losses are those of the run that nothing disturbed."""
    clone = clone_of(tmp_path / "me")
    for resume, at, expected in (("0", 7, -9), ("1", 15, -9), ("1", 99, 0)):
        given = command(base, clone, resume, at, SHORT, "0")
        assert subprocess.run(given, check=False).returncode == expected
    assert json.loads((clone.root / "training.json").read_text())["losses"] == uninterrupted


def test_a_killed_run_leaves_the_voice_of_its_best_adapter(base: str, tmp_path: Path) -> None:
    """Adapter and manifest come together: both are there after the first evaluation, and the run can go on."""
    clone = clone_of(tmp_path / "me")
    assert subprocess.run(command(base, clone, "0", 3, SHORT, "99"), check=False).returncode == -9
    assert not clone.adapter_path.exists() and "training" not in clone.manifest()
    assert subprocess.run(command(base, clone, "0", 12, SHORT, "0"), check=False).returncode == -9
    sections = clone.manifest()
    assert clone.adapter_path.exists() and sections["training"] == {"window": 64} and sections["result"]["steps"] == 10
    assert clone.run_path.exists()


@pytest.mark.parametrize(
    ("writing", "times"),
    [(0.1, [5, 10, 20, 65, 110]), (1.5, [5, 20, 65, 110]), (9.0, [5, 50, 95, 140])],
)
def test_the_first_checkpoints_come_soon(writing: float, times: list[float]) -> None:
    """A kill after ten seconds loses at most five; later ones, or on a disk that is slow, are at most 45 s apart."""
    found = [next_checkpoint(0.0, 0.0)]
    while len(found) < len(times):
        found.append(next_checkpoint(found[-1], writing))
    assert found == times


@pytest.mark.slow
def test_ten_kills_at_random_moments_change_no_loss(base: str, tmp_path: Path) -> None:
    """A run of two thousand steps, killed by its parent ten times, ends with the losses of one that was left alone.

    A life lasts 60 to 180 steps, so that ten of them fit into the run on every machine.
    """
    long, rng = SHORT.model_copy(update={"iters": 2_000}), Random(7)
    whole = train(llama.load(base, None, long), clone_of(tmp_path / "whole"), long, base=base).progress
    clone = clone_of(tmp_path / "killed")
    for _ in range(10):
        given = command(base, clone, "1" if clone.run_path.exists() else "0", -1, long, "0.5")
        with subprocess.Popen(given, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            assert len(list(islice(process.stdout, rng.randint(60, 180)))) >= 60
            process.kill()
        assert process.returncode == -signal.SIGKILL
    assert subprocess.run(command(base, clone, "1", -1, long, "0.5"), check=False, capture_output=True).returncode == 0
    assert json.loads((clone.root / "training.json").read_text(encoding="utf-8"))["losses"] == whole.losses


def test_minutes_become_steps_once_some_were_timed(base: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At a step every two seconds of a made-up clock, a budget of two minutes gives about 57 steps."""
    ticks = iter(np.arange(0.0, 1e6, 1.0))
    training = SHORT.model_copy(update={"iters": None, "minutes": 2.0})
    engine = llama.load(base, None, training)
    monkeypatch.setattr("soundalike.training.loop.time.perf_counter", lambda: float(next(ticks)))
    outcome = train(engine, clone_of(tmp_path / "me"), training, base=base)
    assert outcome.progress.step == outcome.progress.steps
    assert 110 <= outcome.progress.step <= 116


def test_minutes_end_with_their_epochs() -> None:
    """A hundred steps fit into the time; two epochs of 24 windows at four a step are 12, and what was read stays."""
    training = Training(minutes=1.0, epochs=2.0, step_tokens=256, window=64)
    for minutes, at, steps in ((1.0, 4, 12), (0.1, 4, 10), (1.0, 14, 14)):
        budget = StepBudget(training.model_copy(update={"minutes": minutes}), windows=24)
        assert budget.planned is None
        budget.stepped(Progress(step=1, seconds=0.57))
        assert budget.fit(Progress(step=at, seconds=0.57 * at)) == steps
    assert StepBudget(Training(minutes=1.0, step_tokens=256, window=64), 24).fit(Progress(step=4, seconds=2.28)) == 100


def test_before_its_steps_are_known_a_training_of_minutes_is_as_far_as_its_time() -> None:
    """At the pace until now; once they are planned, those count."""
    assert Progress(step=2, seconds=15.0).expected_steps(1.0) == 8
    assert Progress(step=2, steps=20, seconds=15.0).expected_steps(1.0) == 20
    assert Progress().expected_steps(1.0) is None and Progress(step=2, seconds=15.0).expected_steps(None) is None


@pytest.mark.parametrize(("first", "steps"), [(80.0, 12), (100.0, 1)])
def test_a_slow_first_step_is_no_measure_of_the_others(
    first: float, steps: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 85.5 seconds for steps what it leaves is spent at the pace of the others, and even it alone gives a voice."""
    clock, lasts = [0.0], chain([first], repeat(0.5))
    engine = load("markov-2")
    learn = engine.step

    def step(batch: Batch, rate: float) -> float:
        clock[0] += next(lasts)
        return learn(batch, rate)

    def now() -> float:
        clock[0] += 1e-6
        return clock[0]

    monkeypatch.setattr(engine, "step", step)
    monkeypatch.setattr("soundalike.training.loop.time.perf_counter", now)
    monkeypatch.setattr("soundalike.training.schedule.next_checkpoint", lambda last, writing: 0.0)
    training = SHORT.model_copy(update={"iters": None, "minutes": 1.5})
    outcome = train(engine, clone_of(tmp_path / "me"), training, base="markov-2")
    assert (outcome.progress.step, outcome.progress.steps) == (steps, steps)
    assert math.isfinite(outcome.progress.best)


def test_every_epoch_reads_every_window_once() -> None:
    """Batches of three over seven windows: each lap of seven places is a permutation, and laps differ."""
    places = np.concatenate([batch_rows(step, 3, 7, seed=5) for step in range(7)])
    laps = places.reshape(3, 7)
    assert all(sorted(lap) == list(range(7)) for lap in laps.tolist())
    assert len({tuple(lap) for lap in laps.tolist()}) == 3


def test_resume_refuses_what_does_not_fit(base: str, tmp_path: Path) -> None:
    """Without a checkpoint, or with other settings, the error says what to do instead."""
    clone = clone_of(tmp_path / "me")
    engine = llama.load(base, None, SHORT)
    with pytest.raises(CloneError, match="nothing to resume"):
        train(engine, clone, SHORT, base=base, resume=True)
    train(engine, clone, SHORT, base=base, on_step=interrupted)
    other = SHORT.model_copy(update={"learning_rate": 1e-4})
    with pytest.raises(CloneError, match="other settings"):
        train(engine, clone, other, base=base, resume=True)


def test_a_checkpoint_knows_the_number_types_of_its_run(
    base: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They stand in it as they were computed, and a run in others is refused by name."""
    clone = clone_of(tmp_path / "me")
    train(llama.load(base, None, SHORT), clone, SHORT, base=base, on_step=interrupted)
    told = json.loads(clone.run_path.read_text(encoding="utf-8"))["identity"]["training"]
    assert (told["precision"], told["compute_dtype"]) == ("fp32", "fp32")
    monkeypatch.setenv("SOUNDALIKE_DTYPE", "bf16")
    with pytest.raises(CloneError, match="computed in fp32 over fp32 weights, and this run computes in bf16 over fp32"):
        train(llama.load(base, None, SHORT), clone, SHORT, base=base, resume=True)
    recorded = Training(**told)
    assert train(llama.load(base, None, recorded), clone, recorded, base=base, resume=True).finished


@pytest.mark.parametrize(
    "older",
    [
        {},
        {"precision": "auto"},
        {"precision": "auto", "compute_dtype": "auto"},
        {"optimizer": "adamw", "muon_scale": 10},
    ],
)
def test_a_checkpoint_of_an_older_version_goes_on(
    base: str, tmp_path: Path, older: dict[str, Any], uninterrupted: list[float]
) -> None:
    """It names no number types, or settings that are gone: it continues in the present types, with the same losses."""
    clone = clone_of(tmp_path / "me")
    train(llama.load(base, None, SHORT), clone, SHORT, base=base, on_step=interrupted)
    assert not plan_resumed(clone).notes
    about = json.loads(clone.run_path.read_text(encoding="utf-8"))
    kept = {name: value for name, value in about["identity"]["training"].items() if name not in SETTINGS}
    about["identity"]["training"] = kept | older
    clone.run_path.write_text(json.dumps(about), encoding="utf-8")
    resumed = plan_resumed(clone)
    training = resumed.recipe.training
    outcome = train(llama.load(base, None, training), clone, training, base=base, resume=True)
    assert outcome.finished and outcome.progress.losses == uninterrupted
    assert resumed.notes[0].startswith("The checkpoint does not say in which number types it was computed")


def test_nothing_to_learn_from_is_said(base: str, tmp_path: Path) -> None:
    """An empty split is too little text, not a crash."""
    with pytest.raises(TooLittleText):
        train(llama.load(base, None, SHORT), clone_of(tmp_path / "a", lines=0), SHORT, base=base)


def test_without_a_later_conversation_the_learned_ones_are_measured(base: str, tmp_path: Path) -> None:
    """As after an import with --force: training gives a voice, and the figure says what it was measured on."""
    short = SHORT.model_copy(update={"iters": 5})
    outcome = train(llama.load(base, None, short), clone_of(tmp_path / "b", valid=0), short, base=base)
    told = " ".join(outcome.progress.summary())
    assert outcome.finished and "words that it learned cost" in told and "held-out" not in told


def test_how_much_of_the_text_was_read_is_said(base: str, tmp_path: Path) -> None:
    """A budget that ends before the text does says so in a sentence, and one that does not, does not."""
    for budget, told in (({"iters": 4}, True), ({"iters": None, "epochs": 1.0}, False)):
        asked = SHORT.model_copy(update=budget)
        seen = train(llama.load(base, None, asked), clone_of(tmp_path / str(told)), asked, base=base).progress
        assert any("of your text once; more minutes help" in line for line in seen.summary()) == told
        assert seen.read >= 0.95 or told and 0 < seen.read < 0.5
