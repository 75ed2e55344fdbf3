"""A voice in the owner's place: scenes -> what it writes there, as many messages a turn as the owner wrote."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Protocol

import numpy as np

from soundalike.evaluation.held_out import HeldOutScene
from soundalike.generation.prompt import Turn
from soundalike.generation.sampling import Sampling
from soundalike.metrics.windows import MessageWindows
from soundalike.progress import OnProgress

ROUND_SEEDS = 1000
# Answered for all seeds before the next ones: their prompts begin alike, and an engine that keeps prefixes reads such
# beginnings once. For more scenes than these it would not keep them until the next round.
SCENES_AT_ONCE, SEEDS_APART = 16, 1000
# Of the work, in each round: a voice that writes too few messages is asked again, as about half of the turns want.
ROUND_SHARES = (0.5, 0.25, 0.125, 0.0625, 0.03125, 0.03125)

OnScenes = Callable[[float], None]  # scenes' worth of work done since the last call


class Replier(Protocol):
    """Whoever can be put in the owner's place: a `Voice`, or a `PromptedModel`."""

    @property
    def owner(self) -> str:
        """The name under which histories hold the owner's lines."""

    @property
    def sampling(self) -> Sampling:
        """How it samples."""

    def replies(
        self,
        histories: Sequence[Sequence[Turn]],
        sampling: Sampling | Sequence[Sampling] | None = None,
        on_done: Callable[[int], None] = ...,
    ) -> Sequence[Sequence[str]]:
        """The owner's next messages after each history; `sampling` is one for all or one for each."""


class SceneProgress:
    """Adds up the scenes that were answered, for one progress bar over several calls of `answer_scenes`."""

    def __init__(self, on_progress: OnProgress, total: int) -> None:
        self._on_progress, self._total, self._done = on_progress, total, 0.0

    def add(self, scenes: float) -> None:
        """Report so many scenes more; the sum is rounded, so that it ends at the total."""
        self._done += scenes
        self._on_progress(round(self._done, 6), self._total)


def answer_scenes(
    voice: Replier, scenes: Sequence[HeldOutScene], seeds: Sequence[int], on_scenes: OnScenes = lambda scenes: None
) -> list[MessageWindows]:
    """Let `voice` answer every turn with its own sampling: for each seed a window per scene.

    It is asked again, with its own lines added, until it has written as many messages as the owner did, at most once
    per entry of ROUND_SHARES; what it writes beyond is cut, and a turn in which it wrote too little is shorter.
    """
    groups = np.array([scene.group for scene in scenes], np.int64)
    answers: list[list[tuple[str, ...]]] = [[] for _ in seeds]
    for first in range(0, len(scenes), SCENES_AT_ONCE):
        part = scenes[first : first + SCENES_AT_ONCE]
        written = _answer(voice, part, [seed + first * SEEDS_APART for seed in seeds], on_scenes)
        for of_seed, more in zip(answers, written, strict=True):
            of_seed += more
    return [MessageWindows(of_seed, groups) for of_seed in answers]


def _answer(
    voice: Replier, scenes: Sequence[HeldOutScene], seeds: Sequence[int], on_scenes: OnScenes
) -> list[list[tuple[str, ...]]]:
    """For each seed the messages in each scene; those of all seeds are generated side by side."""
    asked = [(seed, turn) for seed in seeds for scene in scenes for turn in scene.turns]
    texts: list[list[str]] = [[] for _ in asked]
    for number, share in enumerate(ROUND_SHARES):
        waiting = [at for at, (_, turn) in enumerate(asked) if len(texts[at]) < len(turn.real)]
        histories = [[*asked[at][1].history, *((voice.owner, text) for text in texts[at])] for at in waiting]
        samplings = [replace(voice.sampling, seed=asked[at][0] * ROUND_SEEDS + number) for at in waiting]
        work = len(scenes) * len(seeds) * share
        replies = voice.replies(histories, samplings, partial(_count, on_scenes, work / max(1, len(waiting))))
        for at, reply in zip(waiting, replies, strict=True):
            texts[at] += reply
        on_scenes(0.0 if waiting else work)
    by_turn = iter([messages[: len(turn.real)] for messages, (_, turn) in zip(texts, asked, strict=True)])
    return [[tuple(text for _ in scene.turns for text in next(by_turn)) for scene in scenes] for _ in seeds]


def _count(on_scenes: OnScenes, each: float, replies: int) -> None:
    on_scenes(replies * each)
