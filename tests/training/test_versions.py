"""A voice that is there is never replaced without a question, and what is replaced is kept whole."""

import signal
from pathlib import Path

import pytest

from soundalike.clone import Clone
from soundalike.errors import CloneError, RecipeError
from soundalike.generation.voice import Voice
from soundalike.training.plan import plan_resumed, plan_training
from soundalike.training.status import Succession, TrainingResult
from soundalike.training.train_clone import train_clone
from soundalike.training.versions import KEPT, clone_at, require_settled, roll_back, succession
from tests.training.test_loop import clone_of

LEFT_BY_OTHERS = (
    *("evaluation.json", "portrait.html", "audit.json", "audit.html", "audit-strings.txt"),
    "export-gguf/me.gguf",
)


def taught(clone: Clone, steps: int, becomes: Succession | None = None) -> TrainingResult:
    """Train a word chain for so many steps: the more of them, the better it knows the held-out text."""
    return train_clone(clone, plan_training(clone, "markov", {"iters": steps}).recipe, succession=becomes)


@pytest.fixture
def me(tmp_path: Path) -> Clone:
    """A clone with a voice, and with all that other commands leave beside one."""
    clone = clone_of(tmp_path / "me")
    with clone.locked("test"):
        about = {"speaker": "bo", "mode": "dialogue"}
        clone.record(clone=about, documents={"tagged": True}, limits={"copied_words": 0, "quoted_words": 0})
    taught(clone, 3)
    with clone.locked("test"):
        clone.write({name: b"of the first voice" for name in LEFT_BY_OTHERS})
    return clone


def everything(folder: Path) -> dict[str, bytes]:
    """All files of a folder but its lock, by name."""
    found = {str(path.relative_to(folder)): path for path in folder.rglob("*") if path.is_file()}
    return {name: path.read_bytes() for name, path in found.items() if not name.endswith(".lock")}


def voice_of(clone: Clone) -> dict[str, bytes]:
    """The adapter's files."""
    return everything(clone.adapter_path)


def stopped(clone: Clone, becomes: Succession | None = None) -> None:
    """Leave a training half done, as Ctrl-C does."""
    recipe = plan_training(clone, "markov", {"iters": 10}).recipe
    stop = lambda progress: signal.raise_signal(signal.SIGINT) if progress.step == 6 else None  # noqa: E731
    assert not train_clone(clone, recipe, succession=becomes, on_step=stop).finished


def test_a_voice_is_not_replaced_without_a_question(me: Clone) -> None:
    """Neither by the command line's check nor by the function that trains; the sentence names what can be asked for."""
    before = everything(me.root)
    with pytest.raises(CloneError, match=r"already, which costs .* bits a byte; nothing.*--keep-better.*--fresh"):
        succession(me)
    with pytest.raises(CloneError, match="has a voice already"):
        taught(me, 5)
    assert everything(me.root) == before


def test_a_fresh_voice_leaves_nothing_of_the_old_one_beside_it(me: Clone) -> None:
    """Portrait, audit, evaluation and exports go with the voice that they are about, which still speaks."""
    old, manifest = voice_of(me), me.manifest()
    result = taught(me, 5, succession(me, fresh=True))
    assert not any((me.root / name).exists() for name in (*LEFT_BY_OTHERS, "candidate", "checkpoints"))
    assert voice_of(me) != old and me.manifest()["result"]["steps"] == 5
    version = Clone.open(me.versions_path / "1")
    assert voice_of(version) == old and version.manifest() == manifest
    assert all((version.root / name).read_bytes() == b"of the first voice" for name in LEFT_BY_OTHERS)
    assert result.settled and result.settled.endswith("is kept as version 1.") and result.version == version.root
    assert Voice.load(version.root).reply([("ana", "is there soup?")])


@pytest.mark.parametrize(("steps", "replaced"), [(12, True), (1, False)])
def test_the_better_of_two_is_the_voice(me: Clone, steps: int, replaced: bool) -> None:
    """By the bits a byte of the same held-out text; the other is a version, with what belongs to it."""
    old, steps_before = voice_of(me), me.manifest()["result"]["steps"]
    told = taught(me, steps, succession(me, keep_better=True)).settled or ""
    version = Clone.open(me.versions_path / "1")
    assert (voice_of(version if replaced else me) == old) and voice_of(me) != voice_of(version)
    assert me.manifest()["result"]["steps"] == (steps if replaced else steps_before)
    assert version.manifest()["result"]["steps"] == (steps_before if replaced else steps)
    assert (me.root / "portrait.html").exists() != replaced == (version.root / "portrait.html").exists()
    assert told.startswith("The new voice is in place" if replaced else "The voice before stays")
    assert not me.candidate_path.exists() and not me.run_path.exists()


def test_the_last_three_versions_are_kept(me: Clone) -> None:
    """Numbers go on, the oldest goes away."""
    for steps in range(4, 4 + KEPT + 1):
        taught(me, steps, "replace")
    kept = sorted(path.name for path in me.versions_path.iterdir())
    assert kept == ["2", "3", "4"]
    assert [Clone.open(me.versions_path / name).manifest()["result"]["steps"] for name in kept] == [4, 5, 6]


def test_training_over_a_voice_leaves_it_alone_until_the_end(me: Clone) -> None:
    """Stopped half-way, the voice and all that belongs to it are as they were; going on swaps it at the end."""
    old = everything(me.root)
    stopped(me, "replace")
    now = everything(me.root)
    assert old == {name: now[name] for name in old}
    assert train_clone(me, plan_resumed(me).recipe, resume=True).settled
    assert me.manifest()["result"]["steps"] == 10 and (me.versions_path / "1").is_dir()


def test_a_training_that_was_cut_off_is_not_dropped_without_a_question(tmp_path: Path) -> None:
    """The sentence says where it stands and names both ways on; each of them then works."""
    clone = clone_of(tmp_path / "me")
    stopped(clone)
    for asked in ({}, {"keep_better": True}):
        with pytest.raises(CloneError, match=r"cut off after step 6 of 10.*--resume.*--fresh"):
            succession(clone, **asked)
    assert succession(clone, resume=True) == "first"
    assert succession(clone, fresh=True) == "replace"  # what it learned so far speaks, and becomes a version
    taught(clone, 2, "replace")
    assert not clone.run_path.exists() and clone.manifest()["result"]["steps"] == 2


def test_what_there_is_nothing_to_ask_about(tmp_path: Path) -> None:
    """A first training needs no option and is hindered by none; two options that contradict each other are an error."""
    assert clone_at(tmp_path / "me") is None
    for asked in ({}, {"fresh": True}, {"keep_better": True}):
        require_settled(None, **asked)
        assert succession(clone_of(tmp_path / "me"), **asked) == "first"
    with pytest.raises(CloneError, match="nothing to resume"):
        require_settled(None, resume=True)
    with pytest.raises(RecipeError, match="--resume goes on"):
        require_settled(None, resume=True, fresh=True)


def test_a_folder_of_the_first_version_still_speaks_and_trains(me: Clone) -> None:
    """It has no versions and a checkpoint that does not say what it becomes: that goes on as it would have then."""
    stopped(me, "first")
    about = me.run_path.read_text(encoding="utf-8")
    me.run_path.write_text(about.replace(', "succession": "first"', ""), encoding="utf-8")
    assert succession(me, resume=True) == "first"
    assert train_clone(me, plan_resumed(me).recipe, resume=True).finished
    assert Voice.load(me.root).window and not me.versions_path.exists()


def test_a_checkpoint_of_an_older_version_says_fresh(me: Clone) -> None:
    """That was the word for a voice that replaces the present one."""
    stopped(me, "replace")
    about = me.run_path.read_text(encoding="utf-8")
    me.run_path.write_text(about.replace('"succession": "replace"', '"succession": "fresh"'), encoding="utf-8")
    assert succession(me, resume=True) == "replace"


def test_rolling_back(me: Clone) -> None:
    """The voice before is in place with its files, the other is kept, and going back twice ends where it began."""
    with pytest.raises(CloneError, match="has no earlier voice"):
        roll_back(me)
    first = voice_of(me)
    taught(me, 5, "replace")
    second, steps = voice_of(me), me.manifest()["result"]["steps"]
    assert first != second
    kept = roll_back(me)
    assert voice_of(me) == first and (me.root / "portrait.html").read_bytes() == b"of the first voice"
    assert me.manifest()["result"]["steps"] != steps and me.intact_adapter()
    assert voice_of(Clone(kept)) == second and not (kept / "portrait.html").exists()
    roll_back(me)
    assert voice_of(me) == second and me.manifest()["result"]["steps"] == steps
    assert [path.name for path in me.versions_path.iterdir()] == ["1"] and Voice.load(me.root)
