"""What the judge reads, and what it finds out, with pocket as the model that never saw the owner."""

from random import Random

import numpy as np
import pytest

from soundalike.engines import load
from soundalike.evaluation.evaluation_set import EvaluationSet
from soundalike.evaluation.held_out import Conversation, DialogueLine, HeldOutScene, HeldOutTurn
from soundalike.evaluation.judge import judge_months_before, judge_same_months, judge_systems
from soundalike.evaluation.reply_features import ReplyReader
from soundalike.evaluation.reply_surprisal import reply_surprisals
from soundalike.evaluation.system_metrics import System
from soundalike.generation.voice import Voice
from soundalike.metrics import baselines
from soundalike.metrics.windows import MessageWindows
from soundalike.pocket.dialogues import draw_conversation

NAMES = ("sam", "ana")


@pytest.fixture(scope="module")
def judge() -> Voice:
    return Voice(load("pocket"), NAMES[0])


def conversation(rng: Random) -> Conversation:
    """Small talk of two until one has four messages."""
    lines: Conversation = []
    while len(lines) < 9:
        lines += [DialogueLine(NAMES[who % 2], who % 2 == 0, text) for who, text in draw_conversation(rng)]
    return lines


@pytest.fixture(scope="module")
def held_out() -> EvaluationSet:
    """Conversations of the same months; their lines belong together."""
    rng = Random(1)
    chats = [conversation(rng) for _ in range(430)]
    return EvaluationSet({"train": chats[:300], "valid": chats[300:380], "test": chats[380:]}, "test", "sam", 50)


def test_a_message_costs_what_the_model_says_in_its_context(judge: Voice) -> None:
    """The same words as `Voice.score` has, summed by word; the end of the line apart, the names not counted."""
    scene = HeldOutScene([HeldOutTurn([("ana", "how was the train?")], ["late again", "as ever"])], 0)
    ((found, second),), _ = reply_surprisals(judge, [scene], [windows("late again", "as ever"), windows("zz")])
    context = "ana: how was the train?\nsam:"
    with judge.engine.adapter_off():
        scored = judge.score(f"{context} late again\n")
    own = [-one.logprob for one in scored if one.start >= len(context)]
    assert found.text == pytest.approx(sum(own[:-1]), rel=1e-3) and found.end == pytest.approx(own[-1], rel=1e-2)
    assert found.words.sum() == pytest.approx(found.text) and len(found.words) == 2
    assert found.size == len("late again\n") and second.size == len("as ever\n")


def windows(*messages: str) -> MessageWindows:
    return MessageWindows([messages], np.zeros(1, np.int64))


def test_messages_answer_turn_by_turn() -> None:
    """As many as the owner wrote in each turn; a window that ends early leaves turns out."""
    turns = [HeldOutTurn([("ana", "a")], ["1", "2"]), HeldOutTurn([("ana", "b")], ["3"])]
    scene = HeldOutScene(turns, 0)
    assert scene.answers(("x", "y", "z")) == [(turns[0], ("x", "y")), (turns[1], ("z",))]
    assert scene.answers(("x",)) == [(turns[0], ("x",))] and scene.answers(()) == []


def test_what_an_odd_reply_costs(judge: Voice) -> None:
    """Words in disorder cost the model more than the same words in order, and so does another context."""
    history = [("ana", "do you want to come over for dinner tonight?")]
    scene = HeldOutScene([HeldOutTurn(history, ["yes"])], 0)
    replies = ("yes i would love to come over for dinner", "dinner over would i to love yes for come")
    ((sense,),), ((disorder,),) = reply_surprisals(judge, [scene], [windows(reply) for reply in replies])
    assert disorder.text > 1.3 * sense.text and max(disorder.words) > max(sense.words)


def exchanged(message: str, rng: Random) -> str:
    """The message with two of its words in each other's place."""
    words = message.split(" ")
    one, other = rng.sample(range(len(words)), 2) if len(words) > 1 else (0, 0)
    words[one], words[other] = words[other], words[one]
    return " ".join(words)


def test_what_cannot_read_is_found_out(held_out: EvaluationSet) -> None:
    """A parrot by what its lines do not answer, salad and exchanged words by their order; the owner is even odds."""
    rng, real = Random(2), held_out.real
    two = MessageWindows([tuple(exchanged(text, rng) for text in one) for one in real.messages], real.groups)
    systems = [
        System("real", [real]),
        System("parrot", [baselines.answer(baselines.random_message(held_out.learned), real)]),
        System("exchanged", [two]),
        System("salad", [baselines.answer(baselines.word_salad(held_out.learned), real)]),
    ]
    calls = list[float]()
    reader = ReplyReader(held_out)
    found, owner = judge_systems(reader, systems, calls.append)
    shares = {name: result.estimate for name, result in found.items() if result}
    assert sum(calls) == len(held_out.scenes)
    assert shares["real"].value == 0.5
    assert shares["parrot"].high < 0.4 and shares["exchanged"].high < 0.4 and shares["salad"].high < 0.15
    before = judge_months_before(reader, owner)
    assert before is not None and before.estimate.low <= 0.5 <= before.estimate.high
    same = judge_same_months(held_out, owner)
    assert same is None or same.estimate.low <= 0.5 <= same.estimate.high
