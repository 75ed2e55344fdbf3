"""A clone is let speak in held-out contexts, and what it says is measured; voices here are word chains."""

import io
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from rich.console import Console

from soundalike.clone import Clone
from soundalike.engines import load
from soundalike.engines.markov import MarkovEngine
from soundalike.errors import CloneError, RecipeError, TooLittleText
from soundalike.evaluation import bits_per_byte, compare_clones, reply_features
from soundalike.evaluation.adapter_selection import likeness_chooser
from soundalike.evaluation.advice import advice
from soundalike.evaluation.evaluate import evaluate
from soundalike.evaluation.evaluation_report import (
    BEFORE,
    CLONE,
    FULL,
    OTHERS,
    PROMPT,
    SAME,
    SHORT,
    YOU,
    EvaluationReport,
    estimate_of,
)
from soundalike.evaluation.evaluation_set import EvaluationSet
from soundalike.evaluation.held_out import (
    DialogueLine,
    conversations,
    count_unscored,
    held_out_scenes,
    mark_repeats,
    own_messages,
    own_windows,
    real_windows,
)
from soundalike.evaluation.replies import answer_scenes
from soundalike.evaluation.report_file import FILE, keep, load_all, load_best
from soundalike.evaluation.system_metrics import System, SystemMetrics, measure, measure_owner, two_sample_test
from soundalike.evaluation.voice_identity import IdentifiedVoice, identity
from soundalike.generation.prompted_model import ServerPrompt
from soundalike.generation.sampling import Sampling
from soundalike.generation.voice import Voice
from soundalike.metrics.distinctive_words import DistinctiveWord
from soundalike.metrics.stats import Estimate
from soundalike.metrics.windows import MessageWindows
from soundalike.plain import plain
from soundalike.training.packing import encode, pack
from soundalike.training.recipe import Recipe, Training
from tests.evaluation.chain_clone import chain_clone
from tests.frontends.server.running import running


@pytest.fixture(autouse=True)
def fast_judge(monkeypatch: pytest.MonkeyPatch) -> None:
    """A judge whose model finds all words alike: `test_judge` is about the real one, which takes seconds to read."""
    monkeypatch.setattr(reply_features, "JUDGE", "markov-1")


@pytest.fixture(scope="module")
def me(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return chain_clone(tmp_path_factory.mktemp("clones") / "me")


def test_scenes_hold_what_stood_before(me: Path) -> None:
    """A window's turns end where somebody else speaks; all messages before a turn are its history."""
    chats, _ = conversations(Clone.open(me))
    assert [len(chats[split]) for split in ("train", "valid", "test")] == [176, 22, 22]
    played = held_out_scenes(chats["test"], 1000)
    assert len(played) == 44 and own_windows(chats["test"]).messages == real_windows(played).messages
    first, second = played[0], played[1]
    assert [len(turn.real) for turn in first.turns] == [2, 2]
    assert [len(turn.history) for turn in (*first.turns, *second.turns)] == [2, 6, 10, 14]
    assert first.turns[1].history[-1][0] == "ana" and first.turns[1].history[-3] == ("sam", first.turns[0].real[1])


def test_what_was_learned_word_for_word_is_not_scored() -> None:
    """A held-out message of five words that was learned stands in histories only, whoever reads its case and stops;
    shorter ones, other people's and learned ones themselves are as they were."""
    old, short, fresh = "the soup is on fire", "so it is", "a moth ate my scarf"
    said = [old, short, old.upper() + "!", *[fresh] * 4]
    chats = {
        "train": [[DialogueLine("sam", True, old), DialogueLine("sam", True, short)]],
        "valid": [],
        "test": [[*(DialogueLine("sam", True, text) for text in said), DialogueLine("ana", False, old)]],
    }
    (marked,) = mark_repeats(chats)["test"]
    assert [line.in_training for line in marked] == [True, False, True, *[False] * 5] and count_unscored([marked]) == 2
    (scene,) = held_out_scenes([marked], 10)
    assert [turn.real for turn in scene.turns] == [[short], [fresh] * 3]
    assert scene.turns[1].history == [("sam", text) for text in said[:3]]
    assert own_messages([marked]) == said and len(own_windows([marked])) == 1
    assert mark_repeats(chats)["train"] == chats["train"]


def test_a_voice_says_as_much_as_its_owner_did(me: Path) -> None:
    """Message for message in every turn, the same for the same seed."""
    chats, _ = conversations(Clone.open(me))
    voice, played = Voice.load(me), held_out_scenes(chats["test"], 20)
    one, two = (answer_scenes(voice, played, seeds) for seeds in ((1, 2), (1,)))
    assert one[0].messages == two[0].messages != one[1].messages
    assert np.mean([len(messages) == 4 for windows in one for messages in windows.messages]) > 0.9
    assert one[0].groups.tolist() == [scene.group for scene in played]


def test_a_full_evaluation(me: Path) -> None:
    """A chain that learned its owner is like them, salad less; every figure comes with its interval.

    Two rows are in no table: other people, and the same months, of which there is too little here.
    """
    calls: list[tuple[float, float]] = []
    report = evaluate(me, seeds=(1,), on_progress=lambda done, of: calls.append((done, of)))
    clone, salad = report.rows[CLONE], report.rows["word salad"]
    assert clone.likeness and salad.likeness and clone.likeness.low > salad.likeness.high
    assert clone.fooled and salad.fooled and clone.fooled.value >= salad.fooled.value
    assert report.forced_choice and report.forced_choice.correct.n >= 40 and report.forced_choice.seconds > 0
    assert {YOU, BEFORE, "parrot", "word chain, order 1", OTHERS} <= report.rows.keys()
    assert report.rows["parrot"].copying and report.rows["parrot"].copying.value == 1
    assert report.bits_per_byte["on"].high < report.bits_per_byte["off"].low
    assert report.about["scale"] == "1 other people of your chats"
    assert calls[-1][0] == calls[-1][1] and len(calls) > 20 and calls == sorted(calls)
    assert [done for done, of in calls if done == of] == [calls[-1][1]]  # all of it is planned: the end is told once
    kept = json.loads((me / FILE).read_text())[FULL]
    assert kept == plain(report)
    told = "\n".join([*report.headline(), *report.lines()])
    assert "fooled" in told and "bits a byte" in told and report.table().row_count == len(report.rows) - 2
    for figures in kept["rows"].values():  # no interval, no number
        for name, one in figures.items():
            if one is not None and name != "variety":
                assert one["low"] <= one["value"] <= one["high"] and one["n"] > 0, name


def test_the_short_check_agrees_with_the_full_figure(me: Path) -> None:
    """The same scenes on the same scale for the first seed alone: each figure lies within the other's interval.

    Both are kept, and the full one is the better whichever came last.
    """
    full, short = evaluate(me, seeds=(1, 2)), evaluate(me, brief=True)
    for needle in ("fooled", "likeness", "coherence", "copying", "repetition"):
        one, other = (getattr(report.rows[CLONE], needle) for report in (full, short))
        assert one.low <= other.value <= one.high and other.low <= one.value <= other.high, needle
    assert (short.about["windows"], short.about["seeds"]) == (full.about["windows"], 1)
    assert short.extent() == (
        "Short check: 44 windows, each four messages of yours that it has not read, answered once."
    )
    assert short.about["ceiling"] == full.about["ceiling"]
    assert estimate_of(plain(full), CLONE, "likeness") == Estimate(*plain(full.rows[CLONE].likeness).values())
    assert estimate_of(plain(full), OTHERS, "likeness") is None
    assert json.loads((me / FILE).read_text()).keys() == {FULL, SHORT}
    measured = load_best(Clone.open(me))
    assert measured.report == measured.full == plain(full) and not measured.stale


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_a_prompt_stands_beside_training(me: Path) -> None:
    """A chat model with a prompt answers the same scenes and gets a row; our own server stands in for a large one."""
    with running(Voice.load(me)) as server:
        report = evaluate(me, brief=True, prompt=ServerPrompt(f"{server.address}/v1", "You are sam."))
    prompt, clone = report.rows[PROMPT], report.rows[CLONE]
    assert prompt.fooled and prompt.likeness and clone.fooled and prompt.likeness.n == clone.likeness.n  # type: ignore[union-attr]
    assert list(report.rows)[1:3] == [CLONE, PROMPT] and report.legend()[-1].startswith("prompt ")
    assert "The row prompt is ada with a prompt of 12 characters." in report.lines()
    assert any("prompt" in sentence for sentence in advice(report).lines())
    assert json.loads((me / FILE).read_text())[SHORT]["rows"][PROMPT] == plain(prompt)


def test_a_figure_belongs_to_one_voice(tmp_path: Path) -> None:
    """After another training, or with other sampling settings, old figures are not shown, and then replaced."""
    clone = Clone.open(chain_clone(tmp_path / "me", dialogue=False))
    assert load_best(clone).report is None and not load_best(clone).stale
    evaluate(clone.root, brief=True)
    assert load_best(clone).report is not None and load_best(clone).full is None
    with clone.locked("test"):
        clone.record(sampling={"temperature": 0.5})
    assert load_best(clone).report is None and load_best(clone).stale
    before = identity(clone)
    (clone.adapter_path / "more").write_text("x", encoding="utf-8")
    assert identity(clone) == before | {"adapter": identity(clone)["adapter"]} != before
    evaluate(clone.root, split="valid", brief=True)
    assert json.loads((clone.root / FILE).read_text()).keys() == {"short, valid"}


def test_a_figure_is_of_the_voice_that_was_measured(tmp_path: Path) -> None:
    """A clone that changes while its voice answers: the report says which voice was loaded, and why it is not kept."""
    clone = Clone.open(chain_clone(tmp_path / "me", dialogue=False))
    loaded = identity(clone)

    def changing(done: float, of: float) -> None:
        if identity(clone) == loaded:
            with clone.locked("test"):
                clone.record(sampling={"temperature": 0.5}, result={"seconds": 9.0})

    report = evaluate(clone.root, brief=True, most=40, on_progress=changing)
    assert report.about["identity"] == loaded != identity(clone) and report.about["trained_seconds"] is None
    assert report.rows[CLONE].likeness and not (clone.root / FILE).exists()
    assert report.not_kept and report.not_kept.startswith(f"{clone.root} was changed in the meantime: recipe.")
    assert report.lines()[1] == f"Not kept in evaluation.json. {report.not_kept}"


def test_a_clone_in_use_loses_no_figure(tmp_path: Path) -> None:
    """The report says who has the folder; the file is written when it is free."""
    voice = IdentifiedVoice.load(chain_clone(tmp_path / "me", dialogue=False, chats=20))
    about = {"form": FULL, "split": "test", "identity": voice.identity}
    report = EvaluationReport(about, {})
    with voice.clone.locked("a training"):
        keep(report, voice)
    assert report.not_kept and "is in use (a training, process" in report.not_kept
    assert not (voice.clone.root / FILE).exists()
    kept = EvaluationReport(about, {})
    keep(kept, voice)
    assert kept.not_kept is None and load_best(voice.clone).report == plain(kept)


def test_the_table_fits_a_terminal(me: Path) -> None:
    """No cell is wrapped and none cut at 80 columns, with the widest figures too; every row is explained."""
    report = evaluate(me, brief=True)
    share = Estimate(0.021, 0.0012, 0.0987, 9)
    figures = replace(
        report.rows[CLONE],
        fooled=Estimate(0.5, 0.4, 0.6, 9),
        likeness=Estimate(1.04, 0.8, 1.2, 9),
        coherence=Estimate(0.95, 0.8, 1.0, 9),
        copying=share,
        repetition=share,
    )
    names = (SAME, BEFORE, "the base alone", "word chain, order 1", "word chain, order 2", "word salad")
    table = EvaluationReport(report.about, report.rows | dict.fromkeys(names, figures)).table()
    told = io.StringIO()
    Console(file=told, width=80).print(table)
    assert len(told.getvalue().splitlines()) == table.row_count + 1 and "…" not in told.getvalue()
    assert "104 [80, 120]" in told.getvalue() and "2.1 [0.1, 9.9]" in told.getvalue()
    assert max(map(len, report.legend())) <= 80
    legend = "\n".join(report.legend())
    assert all(
        name in legend
        for name in (
            "fooled",
            "likeness",
            "sense",
            "copying",
            "loops",
            "old lines",
            "word pairs",
            "word salad",
            "base alone",
        )
    )


def test_what_gives_it_away_is_quoted() -> None:
    """A mark such as a dash could else be read as an empty list."""
    report = EvaluationReport(
        {"form": FULL, "windows": 160, "seeds": 3, "left_out": 0}, dict.fromkeys((YOU, CLONE), SystemMetrics())
    )
    report.gives_it_away.words = [DistinctiveWord("-", -3.0, 0.0, 0.4), DistinctiveWord("so", -2.5, 0.1, 0.5)]
    assert report.lines()[-1] == "It says too seldom: “-”, “so”"


def test_an_export_of_own_lines_is_measured_against_strangers(tmp_path: Path) -> None:
    """The context is then the owner's own lines before."""
    report = evaluate(chain_clone(tmp_path / "me", dialogue=False), seeds=(1,), brief=True)
    assert report.about["scale"] == "20 strangers" and report.rows[CLONE].likeness is not None


def test_too_little_held_out_text_is_told(tmp_path: Path) -> None:
    """Under forty windows there is no figure, only a sentence."""
    with pytest.raises(TooLittleText, match="too little text"):
        evaluate(chain_clone(tmp_path / "me", chats=100))


def test_only_held_out_parts_can_be_evaluated(me: Path) -> None:
    """What was learned from says nothing."""
    with pytest.raises(RecipeError, match="train"):
        evaluate(me, split="train")


def test_a_clone_against_itself_shows_no_difference(me: Path) -> None:
    """To the last digit, the seeds being the same."""
    found = compare_clones.compare(me, me, seeds=(1,))
    assert set(found) >= {"likeness", "copying", "repetition"}
    likeness = found["likeness"].difference
    assert (likeness.low, likeness.value, likeness.high) == (0, 0, 0)
    assert all("no difference" in line for line in compare_clones.lines(found))


def test_the_better_of_two_is_found(me: Path, tmp_path: Path) -> None:
    """A chain that looks at two words beats one that looks at none, and other messages are no comparison."""
    worse = chain_clone(tmp_path / "worse", order=0)
    for pair, better in (((me, worse), "first"), ((worse, me), "second")):
        told = {line.split()[0]: line for line in compare_clones.lines(compare_clones.compare(*pair, seeds=(1,)))}
        assert f"the {better} is better" in told["likeness"]
    clone = Clone.open(worse)
    with clone.locked("test"):
        clone.record(hashes={"messages.parquet": "other"})
    with pytest.raises(CloneError, match="different messages"):
        compare_clones.compare(me, worse)


class Coin(MarkovEngine):
    """Gives every token the same chance, one in four."""

    def logprobs(self, tokens: Sequence[int]) -> NDArray[np.float32]:
        return np.array([0.0, *[np.log(0.25)] * (len(tokens) - 1)], np.float32)


def test_a_training_is_asked_how_alike_it_is(me: Path) -> None:
    """A chain that learned its owner is more alike than one that learned little, but recites; bits need no chooser."""
    clone = Clone.open(me)
    recipe = Recipe(training=Training(choose="likeness"), sampling=Voice.load(me).sampling)
    choose = likeness_chooser(clone, recipe)
    assert choose is not None and likeness_chooser(clone, Recipe()) is None
    little = load("markov-0")
    little.step(pack(list(encode(clone.documents("train")[:3], little.tokenizer, 256)), 256, 0), 0.0)
    good, poor = choose(load("markov-2", clone.adapter_path)), choose(little)
    assert good and poor and good.score > poor.score and good.recites and not poor.recites


def test_bits_are_counted_on_the_owners_words_alone() -> None:
    """Two bits a token, by hand: of `sam: go on` and its line's end, three tokens; the friend's line costs nothing."""
    voice = Voice(Coin(1), "sam")
    chats = [[DialogueLine("ana", False, "what now"), DialogueLine("sam", True, "go on")]]
    cost = bits_per_byte.measure(voice, chats)
    assert cost is not None
    assert cost.on.tolist() == pytest.approx([6.0]) and cost.size.tolist() == [6]
    assert cost.per_byte(cost.on).value == pytest.approx(1.0)
    assert bits_per_byte.measure(voice, [[DialogueLine("ana", False, "hi")]]) is None


def test_the_owner_is_not_tested_against_themselves(me: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No classifier is trained for the row of the real replies, and the other figures are those of any system."""
    chats, _ = conversations(Clone.open(me))
    held_out = EvaluationSet(chats, "test", "sam", 1000)
    monkeypatch.setattr("soundalike.evaluation.system_metrics.classifier_two_sample_test", lambda *tested, **_: None)
    like_any = measure(held_out, System("", [held_out.real]))
    monkeypatch.setattr("soundalike.evaluation.system_metrics.classifier_two_sample_test", None)
    owner = measure_owner(held_out)
    assert owner.auc is owner.likeness is owner.strict is None and owner.copying is not None
    assert replace(like_any, copying=owner.copying, copied_grams=owner.copied_grams) == owner


def test_reports_of_an_older_version_are_read(tmp_path: Path) -> None:
    """Three metrics had other names in evaluation.json; whatever else is in the file stays as it is."""
    clone = Clone.claim(tmp_path / "me")
    share = {"value": 0.5, "low": 0.4, "high": 0.6, "n": 9}
    old = {FULL: {"about": {}, "rows": {CLONE: {"sense": share, "area": share, "loops": None, "copying": share}}}}
    with clone.locked("test"):
        clone.record(clone={"speaker": "mo"})
        clone.write({FILE: json.dumps(old | {"note": 3}).encode()})
    found: dict[str, Any] = load_all(clone)
    assert found[FULL]["rows"][CLONE] == {"coherence": share, "auc": share, "repetition": None, "copying": share}
    assert found[FULL]["about"] == {} and found["note"] == 3


def test_what_a_contestant_leaves_out_is_not_tested(me: Path) -> None:
    """Scenes with too few messages are no windows; with too few windows there is no figure."""
    chats, _ = conversations(Clone.open(me))
    held_out = EvaluationSet(chats, "test", "sam", 1000)
    silent = MessageWindows([("hm",), *held_out.real.messages[1:]], held_out.real.groups)
    found = two_sample_test(held_out, System("", [silent]))
    assert found is not None and found.windows == 43
    assert two_sample_test(held_out, System("", [MessageWindows([()] * 44, held_out.real.groups)])) is None


def test_sampling_is_the_clones_own(me: Path) -> None:
    """What clone.toml says about speaking is what is measured."""
    assert Voice.load(me).sampling == Sampling(temperature=1.0, min_p=0.0, dry_multiplier=0.0)
