"""Forced choice, with word chains for which the right answer is known."""

from random import Random

import pytest

from soundalike.clone.document import Document
from soundalike.engines.markov import MarkovEngine
from soundalike.evaluation.evaluation_set import EvaluationSet
from soundalike.evaluation.forced_choice import forced_choice
from soundalike.evaluation.held_out import Conversation, DialogueLine
from soundalike.generation.voice import Voice
from soundalike.prompt_template import render
from soundalike.training.packing import encode, pack


def chat(rng: Random, dialogue: bool) -> Conversation:
    """Eight questions and answers, equally long; or the answers alone."""
    lines: Conversation = []
    for _ in range(8):
        lines += [DialogueLine("ana", False, f"ask me {rng.randrange(10, 99)}")] if dialogue else []
        lines.append(DialogueLine("sam", True, f"say no {rng.randrange(10, 99)}"))
    return lines


def held_out(dialogue: bool, conversations: int = 60) -> EvaluationSet:
    rng = Random(0)
    chats = [chat(rng, dialogue) for _ in range(conversations)]
    return EvaluationSet({"train": chats, "valid": [], "test": chats}, "test", "sam", 200)


def voice(scenes: EvaluationSet, conversations: list[Conversation]) -> Voice:
    """A word chain that learned these conversations."""
    engine = MarkovEngine(7)  # from one number to the next there are six tokens
    documents = [Document(render([(line.name, line.text) for line in one])) for one in conversations]
    engine.step(pack(list(encode(documents, engine.tokenizer, 256)), 256, seed=0), 0.0)
    return Voice(engine, scenes.owner, window=256)


def test_whoever_knows_the_owner_picks_the_owner() -> None:
    """The others are the friend's lines, as long as the owner's and unlike them. Without knowledge: one in four."""
    scenes, rng = held_out(dialogue=True), Random(0)
    knowing = voice(scenes, [chat(rng, dialogue=True) for _ in range(60)])
    found = forced_choice(knowing, scenes)
    assert found is not None and found.correct.value == 1 and found.correct.n >= 100
    with knowing.engine.adapter_off():
        chance = forced_choice(knowing, scenes)
    assert chance is not None and chance.correct.value == pytest.approx(0.25)


def test_own_lines_are_told_from_those_of_elsewhere() -> None:
    """A chain that read these talks knows which line followed which, here and not elsewhere."""
    scenes, rng = held_out(dialogue=False), Random(0)
    found = forced_choice(voice(scenes, [chat(rng, dialogue=False) for _ in range(60)]), scenes)
    assert found is not None and found.correct.low > 0.25


def test_too_few_contexts_give_no_figure() -> None:
    """Under forty."""
    scenes = held_out(dialogue=True, conversations=12)
    assert forced_choice(voice(scenes, [chat(Random(0), dialogue=True)]), scenes) is None
