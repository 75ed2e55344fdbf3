"""Forced choice: of four replies to a held-out context, does the voice itself find the real one the likeliest?

The three others are as long as the real one, nearly: replies of other people where the export has them, else of the
owner's to other contexts. Chance is one in four. It shows what the model knows, not what it says.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from soundalike.evaluation.evaluation_set import EvaluationSet
from soundalike.evaluation.held_out import DialogueLine, HeldOutScene
from soundalike.evaluation.line_scores import OnExcerpts, score_in_parts
from soundalike.evaluation.reply_surprisal import context_lines
from soundalike.generation.voice import Voice
from soundalike.metrics.stats import Estimate, mean
from soundalike.metrics.windows import MIN_WINDOWS

CHOICES = 4
NEAREST = 24  # replies of the likest length, of which the three others are drawn

Reply = Sequence[str]


@dataclass(frozen=True, slots=True)
class ForcedChoice:
    """The share of contexts in which the real reply is the likeliest, and the seconds that it took to find out."""

    correct: Estimate
    seconds: float


def forced_choice(
    voice: Voice, held_out: EvaluationSet, on_excerpts: OnExcerpts = lambda excerpts: None
) -> ForcedChoice | None:
    """Over the scenes with a context; None under MIN_WINDOWS of them, or where there are no other replies."""
    started = time.monotonic()
    scenes = [held_out.scenes[at] for at in held_out.with_context]
    questions = list(_questions(scenes, held_out.others_replies, held_out.seed))
    if len(questions) < MIN_WINDOWS:
        return None
    excerpts = [
        [
            *context_lines(voice.owner, scene.turns[0].history),
            *(DialogueLine(voice.owner, True, text) for text in reply),
        ]
        for scene, replies in questions
        for reply in replies
    ]
    scores = [
        sum(float(line.logprobs[line.starts >= -1].sum()) for line in lines)
        / sum(len(line.text.encode()) + 1 for line in lines)
        for lines in score_in_parts(voice, excerpts, None, on_excerpts)
    ]
    by_question = np.array(scores).reshape(-1, CHOICES)  # (questions, CHOICES), the real reply first
    best = by_question.max(axis=1, keepdims=True)
    ties = (by_question == best).sum(axis=1)
    right = (by_question[:, 0] == best[:, 0]) / ties
    groups = np.array([scene.group for scene, _ in questions], np.int64)
    return ForcedChoice(mean(right, groups, held_out.seed), time.monotonic() - started)


def _questions(
    scenes: Sequence[HeldOutScene], others: Sequence[tuple[int, Reply]], seed: int
) -> Iterator[tuple[HeldOutScene, list[Reply]]]:
    """Each scene with the real reply and three of `others`, (conversation, messages), of other conversations."""
    generator = np.random.default_rng(seed)
    sizes = np.array([_size(reply) for _, reply in others])
    for scene in scenes:
        real = scene.turns[0].real
        nearest = np.argsort(np.abs(sizes - _size(real)), kind="stable").tolist()
        others_there = [at for at in nearest if others[at][0] != scene.group and others[at][1] != real]
        allowed = [at for at in others_there if len(others[at][1]) == len(real)][:NEAREST]
        if len(allowed) >= CHOICES - 1:
            drawn = generator.choice(allowed, CHOICES - 1, replace=False).tolist()
            yield scene, [real, *(others[at][1] for at in drawn)]


def _size(reply: Reply) -> int:
    return sum(len(text.encode()) + 1 for text in reply)
