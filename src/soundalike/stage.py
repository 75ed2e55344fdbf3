"""Many utterances at once over one engine, each coming and going at any token.

Joins `Utterance`, which knows what is wanted, and a `Drawing`, which draws. Knows no text.
"""

from collections.abc import Collection, Sequence

from soundalike.engines import Engine
from soundalike.engines.speech import opened
from soundalike.utterance import Utterance


class Stage:
    """Utterances being made side by side; another attempt at one takes the place of the attempt before it."""

    def __init__(self, engine: Engine) -> None:
        self._speech = opened(engine, patient=True)
        self._speaking: dict[int, Utterance] = {}

    def __len__(self) -> int:
        return len(self._speaking)

    def begin(self, utterances: Sequence[Utterance]) -> None:
        """Let these speak too, from the next step on."""
        if not utterances:
            return
        prompts, knobs, budgets = zip(*(utterance.attempt() for utterance in utterances), strict=True)
        numbers = self._speech.join(prompts, knobs, budgets, [utterance.likeliest for utterance in utterances])
        self._speaking |= zip(numbers, utterances, strict=True)

    def step(self) -> list[Utterance]:
        """One token for each whose prompt has been read; gives those that are done."""
        steps = self._speech.step()
        self._speech.leave([step.stream for step in steps if self._speaking[step.stream].take(step)])
        running = set(self._speech.running)
        ended = [self._speaking.pop(step.stream) for step in steps if step.stream not in running]
        done, again = list[Utterance](), list[Utterance]()
        for utterance in ended:
            (done if utterance.close() else again).append(utterance)
        self.begin(again)
        return done

    def drop(self, utterances: Collection[Utterance]) -> None:
        """Give these up; their place is free at once."""
        gone = [number for number, utterance in self._speaking.items() if utterance in utterances]
        self._speech.leave(gone)
        for number in gone:
            del self._speaking[number]
