"""A voice learns from corrections, and nothing is changed where that would cost something else."""

import shutil
from pathlib import Path

import numpy as np
import orjson
import pytest

from soundalike.cli import main
from soundalike.clone import Clone
from soundalike.clone.corrections import Correction, append
from soundalike.clone.document import Document
from soundalike.engines import load
from soundalike.errors import CloneError, TooLittleText, UsageError
from soundalike.evaluation import adapter_selection
from soundalike.training import preference
from soundalike.training import train_corrections as corrections_training
from soundalike.training.loop import train
from soundalike.training.packing import encode, pack
from soundalike.training.preference import PreferencePair, learn, margins
from soundalike.training.recipe import Training
from soundalike.training.status import AdapterScore
from soundalike.training.train_corrections import train_corrections
from tests.training.test_loop import SHORT, clone_of
from tests.training.test_versions import everything, taught

WINDOW = 64
FAST = Training(window=WINDOW, step_tokens=128, learning_rate=0.1)
HISTORY = [("ana", "is there soup?")]


def correction(number: int) -> Correction:
    """Of a person who does not end lines with "lol"."""
    return Correction.now(HISTORY, [f"no, {number} spoons lol"], [f"no, {number} spoons"])


def corrected(clone: Clone, count: int = 10) -> Clone:
    for number in range(count):
        append(clone, correction(number))
    return clone


@pytest.fixture(scope="module")
def trained(base: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone whose voice was trained a little, with ten corrections."""
    clone = clone_of(tmp_path_factory.mktemp("trained") / "me")
    with clone.locked("test"):
        clone.record(clone={"speaker": "bo", "mode": "dialogue"}, documents={"tagged": True})
    sections = {"training": {"base": base, **SHORT.model_dump()}}
    train(load(base, None, SHORT), clone, SHORT, base=base, sections=sections)
    return corrected(clone).root


@pytest.fixture
def me(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Clone:
    """A copy of it, which learns fast."""
    monkeypatch.setattr(preference, "RATE", 2.0)
    return Clone.open(shutil.copytree(trained, tmp_path / "me"))


def test_chosen_replies_become_likelier_and_rejected_ones_less(base: str) -> None:
    """Of pairs, and of a reply that was rejected or chosen alone; the same each time."""
    alone = Correction.now(HISTORY, ["omg omg omg"], []), Correction.now(HISTORY, [], ["yes, bring bread"])
    kept, found, steps = [correction(1), correction(2), *alone], [], list[tuple[int, int]]()
    for _ in range(2):
        engine = load(base, None, FAST)
        pairs = [PreferencePair.of(one, "bo", True, engine.tokenizer, WINDOW) for one in kept]
        texts = [f"ana: is there soup?\nbo: {line}\n" for one in kept for line in (*one.rejected, *one.chosen)]
        own = pack(list(encode(list(map(Document, texts)), engine.tokenizer, WINDOW)), WINDOW, 0)
        for _ in range(20):
            engine.step(own, 2e-2)
        before = margins(engine, pairs, WINDOW)
        losses = learn(engine, pairs, own, FAST, lambda *step: steps.append(step))
        after = margins(engine, pairs, WINDOW)
        assert (after > before).all()
        found.append((losses, after.tolist()))
    assert found[0] == found[1] and steps == 2 * [(0, 2), (1, 2), (2, 2)]


def test_only_the_reply_is_learned(base: str) -> None:
    """What stood before it has no weight, and of a history longer than the window the end stays."""
    tokenizer = load(base).tokenizer
    long = Correction.now([("ana", "soup " * 30), ("bo", "hm"), *HISTORY], ["no lol", "never"], ["no"])
    pair = PreferencePair.of(long, "bo", True, tokenizer, WINDOW)
    for part, reply in ((pair.rejected, " no lol\nbo: never\n"), (pair.chosen, " no\n")):
        assert part and len(part.tokens) <= WINDOW and part.tokens[0] == tokenizer.begin
        learned = part.weights > 0
        assert tokenizer.decode(part.tokens[learned].tolist()) == reply
        assert tokenizer.decode(part.tokens[~learned].tolist()).endswith("bo: hm\nana: is there soup?\nbo:")
    alone = PreferencePair.of(long, "bo", False, tokenizer, WINDOW).chosen
    assert alone and tokenizer.decode(alone.tokens[alone.weights > 0].tolist()) == "no\n"
    assert np.isclose(margins(load(base), [PreferencePair(None, None)], WINDOW), 0)


def test_the_new_voice_takes_the_place_of_the_one_before(me: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where corrections that it did not see moved too; the one before is a version, with its own figures."""
    monkeypatch.setattr(corrections_training, "DEARER", 2.0)  # so few steps have not taught the text yet
    before, steps = me.manifest()["result"], list[tuple[int, int]]()
    found = train_corrections(me, on_step=lambda *step: steps.append(step))
    assert (found.pairs, found.held_out) == (8, 2) and steps[-1] == (4, 4)
    assert found.after.learned > found.before.learned and found.after.held_out > found.before.held_out
    after = me.manifest()["result"]
    assert after["corrections"] == 8 and after["steps"] == before["steps"] and after["adapter"] != before["adapter"]
    assert me.intact_adapter() and (me.root / "training.json").exists() and not me.candidate_path.exists()
    assert Clone.open(me.versions_path / "1").manifest()["result"] == before
    assert found.lines()[0].endswith("kept as version 1.") and "learned from 8 corrections" in found.lines()[1]


def likened(score: float, spread: float) -> AdapterScore:
    """A likeness with draws evenly spread around it."""
    return AdapterScore(score, draws=tuple((score + np.linspace(-spread, spread, 101)).tolist()))


@pytest.mark.parametrize(
    ("scores", "dearer", "why"),
    [
        ([None, None], 0.5, "predict your own words worse"),
        ([AdapterScore(0.5), AdapterScore(0.6, recites=True)], 9.0, "recite"),
        ([likened(0.5, 0.02), likened(0.3, 0.02)], 9.0, "less like you"),
    ],
)
def test_what_costs_something_else_is_not_taken(
    me: Clone, monkeypatch: pytest.MonkeyPatch, scores: list[AdapterScore | None], dearer: float, why: str
) -> None:
    """Own words, copying, likeness: nothing in the folder changes, and the reason is told."""
    monkeypatch.setattr(corrections_training, "DEARER", dearer)
    before = everything(me.root)
    found = train_corrections(me, score=lambda engine: scores.pop(0))
    assert why in found.stays and found.lines()[0] == found.stays
    assert everything(me.root) == before


def test_likeness_may_fall_by_what_chance_explains(me: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    """A short check of few windows gives 30 instead of 45 % now and then: the new voice stays."""
    monkeypatch.setattr(corrections_training, "DEARER", 9.0)
    scores = [likened(0.45, 0.2), likened(0.3, -0.2)]
    found = train_corrections(me, score=lambda engine: scores.pop(0))
    assert found.stays.startswith("The new voice is in place")
    assert found.lines()[-1].endswith("likeness is 30%, before 45%: the change lies between -53 and +23 points.")
    assert found.as_dict()["after"]["score"] == {"score": 0.3, "recites": False}


def test_the_command_tells_how_it_ended(
    me: Clone, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As JSON with --json; other options of `train` do not go with it."""
    monkeypatch.setattr(adapter_selection, "likeness_of_corrected", lambda clone: None)
    for options, code in ((["--json"], 0), (["--minutes", "3"], 2)):
        monkeypatch.setattr("sys.argv", ["soundalike", "train", str(me.root), "--corrections", *options])
        with pytest.raises(SystemExit) as end:
            main()
        assert (end.value.code or 0) == code
    told = capsys.readouterr()
    assert orjson.loads(told.out)["pairs"] == 8
    assert "--corrections takes no --minutes" in told.err


def test_what_cannot_be_corrected(me: Clone, tmp_path: Path) -> None:
    """No voice, too few corrections, text that the voice has not read, and an engine without weights."""
    bare = corrected(clone_of(tmp_path / "bare"))
    with pytest.raises(CloneError, match="has no voice"):
        train_corrections(bare)
    with bare.locked("test"):
        bare.record(clone={"speaker": "bo"}, documents={"tagged": True})
    taught(bare, 2)
    with pytest.raises(UsageError, match="counts words"):
        train_corrections(bare)
    me.corrections_path.unlink()
    with pytest.raises(TooLittleText, match="has 3 corrections, and fewer than 4"):
        train_corrections(corrected(me, 3))
    with me.locked("test"):
        me.record(**{"import": {"fingerprint": "newer"}})
    with pytest.raises(CloneError, match="has not read all"):
        train_corrections(me)
