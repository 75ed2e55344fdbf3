"""Many utterances at once over one engine, each coming and going at any token.

Joins `GenerationRequest`, which knows what is wanted, and a `TokenGenerator`, which draws. Knows no text.
"""

from collections.abc import Collection, Sequence

from soundalike.engines.protocol import Engine
from soundalike.generation.batch_generator import make_generator
from soundalike.generation.request import GenerationRequest


class GenerationBatch:
    """Utterances being made side by side; another attempt at one takes the place of the attempt before it."""

    def __init__(self, engine: Engine) -> None:
        self._speech = make_generator(engine, patient=True)
        self._speaking: dict[int, GenerationRequest] = {}

    def __len__(self) -> int:
        return len(self._speaking)

    def begin(self, utterances: Sequence[GenerationRequest]) -> None:
        """Let these speak too, from the next step on."""
        if not utterances:
            return
        prompts, knobs, budgets = zip(*(utterance.attempt() for utterance in utterances), strict=True)
        numbers = self._speech.join(prompts, knobs, budgets, [utterance.likeliest for utterance in utterances])
        self._speaking |= zip(numbers, utterances, strict=True)

    def step(self) -> list[GenerationRequest]:
        """One token for each whose prompt has been read; gives those that are done."""
        steps = self._speech.step()
        self._speech.leave([step.stream for step in steps if self._speaking[step.stream].take(step)])
        running = set(self._speech.running)
        ended = [self._speaking.pop(step.stream) for step in steps if step.stream not in running]
        done, again = list[GenerationRequest](), list[GenerationRequest]()
        for utterance in ended:
            (done if utterance.close() else again).append(utterance)
        self.begin(again)
        return done

    def drop(self, utterances: Collection[GenerationRequest]) -> None:
        """Give these up; their place is free at once."""
        gone = [number for number, utterance in self._speaking.items() if utterance in utterances]
        self._speech.leave(gone)
        for number in gone:
            del self._speaking[number]
