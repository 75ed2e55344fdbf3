"""Would the owner speak here? What the voice learned of it, where its data has other people in it.

The model was taught whose line comes next as it was taught every other token, so it is asked for the probability of
`owner:` after the last line, and that is set against what it gives on average where somebody else has just spoken
in held-out conversations. Nothing is trained for it, and without other people there is nothing to ask.
"""

import math
from collections.abc import Iterator, Sequence
from random import Random
from statistics import fmean
from typing import TYPE_CHECKING

from soundalike.transcript import parse, render, speaker_names

if TYPE_CHECKING:
    from soundalike.clone import Clone
    from soundalike.voice import Voice

POINTS = 48  # held-out places at which the average is taken
FEWEST = 8
LINES = 8  # before each

History = Sequence[tuple[str, str]]


def would_speak(voice: "Voice", history: History) -> float:
    """The probability, under the raw model, that the next line is the owner's."""
    people = [voice.owner, *(name for name, _ in history)]
    names = speaker_names((name, name, name == voice.owner) for name in people)
    text = render([*((names[name], text) for name, text in history), (voice.owner, "")], end=False)
    head = len(text) - len(f"{voice.owner}:")
    return math.exp(sum(token.logprob for token in voice.score(text) if token.end > head))


def points(documents: Sequence[str], owner: str) -> Iterator[History]:
    """The places in transcripts where somebody else has just spoken, each with the lines before it."""
    for document in documents:
        turns = parse(document)
        for at, (name, _) in enumerate(turns[:-1]):
            if name != owner:
                yield turns[max(0, at + 1 - LINES) : at + 1]


class Eagerness:
    """A voice and how likely its owner is to speak on average, 0 to 1."""

    def __init__(self, voice: "Voice", usual: float) -> None:
        self._voice, self.usual = voice, usual

    @classmethod
    def of(cls, voice: "Voice", clone: "Clone") -> "Eagerness | None":
        """Measured on the clone's held-out conversations; None where they have not two sides, or no names."""
        import orjson

        if clone.manifest()["clone"].get("mode") != "dialogue" or not voice.tagged:
            return None
        lines = clone.documents_path("valid").read_bytes().splitlines()
        return cls.measured(voice, [orjson.loads(line)["text"] for line in lines])

    @classmethod
    def measured(cls, voice: "Voice", documents: Sequence[str]) -> "Eagerness | None":
        """Measured on transcripts; None where there are too few places."""
        places = list(points(documents, voice.owner))
        if len(places) < FEWEST:
            return None
        some = Random(0).sample(places, min(POINTS, len(places)))
        return cls(voice, fmean(would_speak(voice, place) for place in some))

    def of_history(self, history: History) -> float:
        """How much likelier than usual the owner is to speak next."""
        return would_speak(self._voice, history) / max(self.usual, 1e-9)
