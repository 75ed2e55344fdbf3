"""Drawing tokens from an engine's streams, which may join and leave at any token.

Joins what a model believes (`Streams`) and how a token is chosen (`Sampler`), and counts who still speaks. It
knows token ids, never text.
"""

from collections.abc import Collection, Generator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

from soundalike.engines.chunked_prefill import PrefillQueue
from soundalike.engines.protocol import Engine
from soundalike.generation.sampling import Sampler, Sampling
from soundalike.generation.word_continuation import letters_of


@dataclass(frozen=True, slots=True)
class Step:
    """One token drawn for one stream.

    `stream` is the stream's number, `token` the id drawn, `logprob` its natural-log probability under the
    model before any sampling rule touched it; `likeliest` are as many (token, logprob) as were asked for, best first.
    """

    stream: int
    token: int
    logprob: float
    likeliest: tuple[tuple[int, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Wish:
    """What one stream was asked for: its prompt, its knobs, its most tokens, how many of the likeliest are told."""

    prompt: Sequence[int]
    sampling: Sampling
    max_tokens: int
    likeliest: int


class BatchGenerator:
    """Many replies being drawn at once over one engine; a stream takes part from `join` until it ends or leaves.

    A `patient` one lets those that run draw on while prompts are read, and draws for those whose prompt has been read.
    """

    def __init__(self, engine: Engine, patient: bool = False) -> None:
        self._streams, self._end = engine.streams(), engine.tokenizer.end
        self._reading = PrefillQueue(self._streams) if patient else None
        self._wishes: dict[int, Wish] = {}  # of streams whose prompt is being read
        self._given_up: set[int] = set()  # those of them that nobody wants any more
        self._sampler, self._joined = Sampler(letters_of(engine.tokenizer)), 0
        self._left: dict[int, int] = {}  # running stream -> tokens it may still draw, in the order of the rows
        self._asked: dict[int, int] = {}  # running stream -> how many of the likeliest tokens are told with each
        self._waiting: list[int] = []  # each running stream's last token, which the model has not read

    @property
    def running(self) -> list[int]:
        """The streams that have not ended."""
        return [*self._left, *(number for number in self._wishes if number not in self._given_up)]

    def join(
        self,
        prompts: Sequence[Sequence[int]],
        sampling: Sampling | Sequence[Sampling],
        max_tokens: int | Sequence[int],
        likeliest: int | Sequence[int] = 0,
    ) -> list[int]:
        """Go on with these prompts too, each for at most `max_tokens`; gives their numbers, counted from 0.

        With one `sampling` prompt i draws from its random stream i; where each has its own, from that one's first.
        """
        if not prompts or max_tokens == 0:
            return []
        numbers = list(range(self._joined, self._joined + len(prompts)))
        self._joined += len(prompts)
        asked = zip(
            prompts, knobs(sampling, len(prompts)), each(max_tokens, numbers), each(likeliest, numbers), strict=True
        )
        self._wishes |= {number: Wish(*wish) for number, wish in zip(numbers, asked, strict=True)}
        if self._reading:
            self._reading.add(numbers, prompts)
        else:
            self._advance()
            self._streams.join(prompts)
            self._begin(numbers)
        return numbers

    def _begin(self, numbers: Sequence[int]) -> None:
        """The prompts of these have become streams."""
        wishes = {number: self._wishes.pop(number) for number in numbers}
        self._sampler.join(
            numbers, [wish.prompt for wish in wishes.values()], [wish.sampling for wish in wishes.values()]
        )
        self._left |= {number: wish.max_tokens for number, wish in wishes.items()}
        self._asked |= {number: wish.likeliest for number, wish in wishes.items() if wish.likeliest}

    def _read(self) -> None:
        """Let those that wait be read for a while, in front of nobody."""
        if self._reading and self._wishes and (joined := self._reading.process()):
            self._begin(joined)
            self.leave(self._given_up.intersection(joined))
            self._given_up.difference_update(joined)

    def leave(self, streams: Collection[int]) -> None:
        """Give these streams up; their place is free at once. Those that have ended already are passed over."""
        if self._reading and (waiting := [stream for stream in streams if stream in self._wishes]):
            self._given_up.update(self._reading.cancel(waiting))
            self._wishes = {n: wish for n, wish in self._wishes.items() if n not in waiting or n in self._given_up}
        gone = [stream for stream in streams if stream in self._left]
        if not gone:
            return
        rows = [row for row, stream in enumerate(self._left) if stream not in gone]
        for stream in gone:
            del self._left[stream]
            self._asked.pop(stream, None)
            self._sampler.leave(stream)
        self._waiting = [self._waiting[row] for row in rows] if self._waiting else []
        self._streams.keep(rows)

    def step(self) -> list[Step]:
        """One token for every running stream; one ends with the end-of-text token, which is given, or its last.

        None for those whose prompt is still being read.
        """
        self._advance()
        self._read()
        if not self._left:
            return []
        numbers = list(self._left)
        tokens, logprobs = self._sampler.draw(self._streams.logits, self._streams.logsumexp, numbers)
        told = [self._likeliest(row, stream) for row, stream in enumerate(numbers)]
        drawn = [Step(*step) for step in zip(numbers, tokens.tolist(), logprobs.tolist(), told, strict=True)]
        self._waiting = [step.token for step in drawn]
        exhausted = {numbers[row] for row in self._streams.exhausted}
        for stream in numbers:
            self._left[stream] -= 1
        self.leave(
            [s.stream for s in drawn if s.token == self._end or s.stream in exhausted or not self._left[s.stream]]
        )
        return drawn

    def _likeliest(self, row: int, stream: int) -> tuple[tuple[int, float], ...]:
        if stream not in self._asked:
            return ()
        logits, mass = self._streams.logits[row], float(self._streams.logsumexp[row])
        asked = min(self._asked[stream], logits.size)
        best = logits.argpartition(-asked)[-asked:]
        return tuple((int(token), float(logits[token]) - mass) for token in best[(-logits[best]).argsort()])

    def _advance(self) -> None:
        """Let the model read what was drawn: not before it is asked to go on, so that nothing is read for nobody."""
        if self._waiting:
            self._streams.advance(self._waiting)
            self._waiting = []


def each(value: int | Sequence[int], numbers: Sequence[int]) -> Sequence[int]:
    """One value for each of `numbers`, where one is given for all or every one has its own."""
    return [value] * len(numbers) if isinstance(value, int) else value


def knobs(sampling: Sampling | Sequence[Sampling], count: int) -> list[Sampling]:
    """The knobs of each of `count` streams; of one for all, stream i draws from its random stream i."""
    if not isinstance(sampling, Sampling):
        return list(sampling)
    return [replace(sampling, streams=(stream,)) for stream in (sampling.streams or range(count))[:count]]


class TokenGenerator(Protocol):
    """Replies being drawn, as `BatchGenerator` draws them."""

    @property
    def running(self) -> list[int]:
        """The streams that have not ended."""

    def join(
        self,
        prompts: Sequence[Sequence[int]],
        sampling: Sampling | Sequence[Sampling],
        max_tokens: int | Sequence[int],
        likeliest: int | Sequence[int] = 0,
    ) -> list[int]:
        """Go on with these prompts too; gives their numbers."""

    def leave(self, streams: Collection[int]) -> None:
        """Give these streams up."""

    def step(self) -> list[Step]:
        """One token for every running stream that has read its prompt."""


@runtime_checkable
class SupportsGenerate(Protocol):
    """An engine that keeps its logits to itself: a model behind a server."""

    def speech(self) -> TokenGenerator:
        """No replies yet."""


def make_generator(engine: Engine, patient: bool = False) -> TokenGenerator:
    """Where the engine's replies are drawn: with our sampler, or where it draws them itself."""
    return engine.speech() if isinstance(engine, SupportsGenerate) else BatchGenerator(engine, patient)


def generate(
    engine: Engine, prompts: Sequence[Sequence[int]], sampling: Sampling, max_tokens: int
) -> Generator[list[Step], Collection[int] | None, None]:
    """Continue many prompts at once; stream i is prompt i.

    Each item holds one Step for every stream still running. A stream ends after `max_tokens`, after it has drawn
    the end-of-text token (which is given), or when the caller sends its index into the generator:
    `stream.send({index, ...})` stops those streams at once and frees their place.
    """
    speech = make_generator(engine)
    speech.join(prompts, sampling, max_tokens)
    while speech.running:
        speech.leave((yield speech.step()) or ())
