"""A voice in the owner's place: scenes -> what it says there, as many messages a turn as the owner said."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from soundalike.evaluation.scenes import Scene
from soundalike.likeness.windows import Windows
from soundalike.voice import Voice

ROUNDS = 6  # how often a voice that says too few messages is asked again
ROUND_SEEDS = 1000

Said = list[list[list[str]]]  # scene -> turn -> messages


@dataclass(frozen=True, slots=True)
class Spoken:
    """What one voice said in all scenes, for each seed; `bursts` are the messages that its first replies had."""

    said: list[Said]
    bursts: list[int]

    def windows(self, played: Sequence[Scene]) -> list[Windows]:
        """Its windows, one for each scene, for each seed; a turn in which it said too little is shorter."""
        groups = np.array([scene.group for scene in played], np.int64)
        return [Windows([tuple(t for turn in turns for t in turn) for turns in said], groups) for said in self.said]


def speak(
    voice: Voice, played: Sequence[Scene], seeds: Sequence[int], on_step: Callable[[int], None] = lambda done: None
) -> Spoken:
    """Let `voice` answer every turn with its own sampling, once for each seed.

    It is asked again, with its own lines added, until it has said as many messages as the owner did, at most ROUNDS
    times; what it says beyond is cut. `on_step` hears how many scenes are done since.
    """
    bursts: list[int] = []
    said = []
    for seed in seeds:
        said.append(_speak(voice, played, seed, bursts))
        on_step(len(played))
    return Spoken(said, bursts)


def _speak(voice: Voice, played: Sequence[Scene], seed: int, bursts: list[int]) -> Said:
    turns = [turn for scene in played for turn in scene.turns]
    said: list[list[str]] = [[] for _ in turns]
    for number in range(ROUNDS):
        waiting = [at for at, turn in enumerate(turns) if len(said[at]) < len(turn.real)]
        histories = [[*turns[at].history, *((voice.owner, text) for text in said[at])] for at in waiting]
        replies = voice.replies(histories, replace(voice.sampling, seed=seed * ROUND_SEEDS + number))
        for at, reply in zip(waiting, replies, strict=True):
            said[at] += reply
        bursts += map(len, replies) if number == 0 else ()
    left = iter([messages[: len(turn.real)] for messages, turn in zip(said, turns, strict=True)])
    return [[next(left) for _ in scene.turns] for scene in played]
