"""A voice in the owner's place: scenes -> what it says there, as many messages a turn as the owner said."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from soundalike.evaluation.held_out import HeldOutScene
from soundalike.generation.voice import Voice
from soundalike.metrics.windows import MessageWindows

ROUNDS = 6  # how often a voice that says too few messages is asked again
ROUND_SEEDS = 1000
ROUND_SHARES = (0.5, 0.25, 0.125, 0.0625, 0.03125, 0.03125)  # of the work: about half of the turns want more each time

Said = list[list[list[str]]]  # scene -> turn -> messages


@dataclass(frozen=True, slots=True)
class SceneReplies:
    """What one voice said in all scenes, for each seed; `bursts` are the messages that its first replies had."""

    said: list[Said]
    bursts: list[int]

    def windows(self, played: Sequence[HeldOutScene]) -> list[MessageWindows]:
        """Its windows, one for each scene, for each seed; a turn in which it said too little is shorter."""
        groups = np.array([scene.group for scene in played], np.int64)
        return [
            MessageWindows([tuple(t for turn in turns for t in turn) for turns in said], groups) for said in self.said
        ]


def answer_scenes(
    voice: Voice,
    played: Sequence[HeldOutScene],
    seeds: Sequence[int],
    on_step: Callable[[float], None] = lambda done: None,
) -> SceneReplies:
    """Let `voice` answer every turn with its own sampling, once for each seed.

    It is asked again, with its own lines added, until it has said as many messages as the owner did, at most ROUNDS
    times; what it says beyond is cut. `on_step` hears how many scenes' worth of work was done since.
    """
    bursts: list[int] = []
    said = []
    for seed in seeds:
        said.append(_speak(voice, played, seed, bursts, on_step))
    return SceneReplies(said, bursts)


def _counted(on_step: Callable[[float], None], each: float, replies: int) -> None:
    on_step(replies * each)


def _speak(
    voice: Voice, played: Sequence[HeldOutScene], seed: int, bursts: list[int], on_step: Callable[[float], None]
) -> Said:
    turns = [turn for scene in played for turn in scene.turns]
    said: list[list[str]] = [[] for _ in turns]
    for number in range(ROUNDS):
        waiting = [at for at, turn in enumerate(turns) if len(said[at]) < len(turn.real)]
        histories = [[*turns[at].history, *((voice.owner, text) for text in said[at])] for at in waiting]
        each = len(played) * ROUND_SHARES[number] / max(1, len(waiting))
        sampling = replace(voice.sampling, seed=seed * ROUND_SEEDS + number)
        replies = voice.replies(histories, sampling, partial(_counted, on_step, each))
        for at, reply in zip(waiting, replies, strict=True):
            said[at] += reply
        bursts += map(len, replies) if number == 0 else ()
        on_step(len(played) * ROUND_SHARES[number] if not waiting else 0.0)
    left = iter([messages[: len(turn.real)] for messages, turn in zip(said, turns, strict=True)])
    return [[next(left) for _ in scene.turns] for scene in played]
