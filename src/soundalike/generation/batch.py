"""Generates many texts in one batch on an engine; they may join and leave after any token.

`BatchGenerator` works on token ids: logits of an engine's streams in, drawn tokens out. `GenerationBatch` runs the
attempts of requests on it.
"""

import collections.abc
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from soundalike.engines.chunked_prefill import PrefillQueue
from soundalike.engines.protocol import Engine
from soundalike.generation.best_of import Candidates, DrawnTokens, choose
from soundalike.generation.detokenizer import Detokenizer, word_continuation
from soundalike.generation.remote import RemoteBatch, RemoteModel
from soundalike.generation.reply_parser import TokenText
from soundalike.generation.request import GenerationRequest, Generator, TokenRequest, close_attempts
from soundalike.generation.sampling import Floats, Sampler, Sampling

Model = Engine | RemoteModel


class Step(NamedTuple):
    """One token drawn for one stream.

    `logprob` is its natural-log probability under the model before any sampling rule. `top_logprobs` are the
    (token, logprob) of the likeliest tokens, best first, as many as were requested.
    """

    stream: int
    token: int
    logprob: float
    top_logprobs: tuple[tuple[int, float], ...] = ()


class BatchGenerator:
    """Draws tokens for many streams on one engine; a stream takes part from `join` until it ends or leaves.

    With `chunked_prefill` running streams go on while prompts are read, else `join` reads them all at once.
    """

    def __init__(self, engine: Engine, chunked_prefill: bool = False) -> None:
        self._streams, self._end = engine.streams(), engine.tokenizer.end
        self._sampler, self._joined = Sampler(word_continuation(engine.tokenizer)), 0
        self._prefill = PrefillQueue(self._streams) if chunked_prefill else None
        self._unread: dict[int, TokenRequest] = {}  # streams whose prompt is being read
        self._cancelled: set[int] = set()  # those of them that are to leave once it has been read
        self._remaining: dict[int, int] = {}  # running stream -> tokens it may still draw, in the order of the rows
        self._top_logprobs: dict[int, int] = {}  # running stream -> how many are reported, where any are
        self._drawn: list[int] = []  # the last token of each running stream, which the engine has not read

    @property
    def running(self) -> list[int]:
        """The streams that have not ended."""
        return [*self._remaining, *(stream for stream in self._unread if stream not in self._cancelled)]

    def join(self, requests: Sequence[TokenRequest]) -> list[int]:
        """Continue these sequences too; returns the number of each stream, counted from 0.

        A request draws from the first random stream of its sampling.
        """
        streams = list(range(self._joined, self._joined + len(requests)))
        self._joined += len(requests)
        self._unread |= zip(streams, requests, strict=True)
        prompts = [request.prompt for request in requests]
        if self._prefill:
            self._prefill.add(streams, prompts)
        elif requests:
            self._read_drawn()
            self._streams.join(prompts)
            self._start(streams)
        return streams

    def _start(self, streams: Sequence[int]) -> None:
        """The prompts of these streams have been read; their rows are the last."""
        for stream in streams:
            request = self._unread.pop(stream)
            self._sampler.join(stream, request.prompt, request.sampling, request.bias)
            self._remaining[stream] = request.max_tokens
            if request.top_logprobs:
                self._top_logprobs[stream] = request.top_logprobs

    def _read_prompts(self) -> None:
        if self._prefill and self._unread and (streams := self._prefill.process()):
            self._start(streams)
            self.leave(self._cancelled.intersection(streams))
            self._cancelled.difference_update(streams)

    def leave(self, streams: Collection[int]) -> None:
        """Give up these streams; their places are free at once. Those that have ended already are ignored."""
        if self._prefill and (unread := [stream for stream in streams if stream in self._unread]):
            self._cancelled.update(self._prefill.cancel(unread))
            for stream in set(unread) - self._cancelled:
                del self._unread[stream]
        leaving = {stream for stream in streams if stream in self._remaining}
        if not leaving:
            return
        rows = [row for row, stream in enumerate(self._remaining) if stream not in leaving]
        for stream in leaving:
            del self._remaining[stream]
            self._top_logprobs.pop(stream, None)
            self._sampler.leave(stream)
        self._drawn = [self._drawn[row] for row in rows] if self._drawn else []
        self._streams.keep(rows)

    def step(self) -> list[Step]:
        """One token for every stream whose prompt has been read.

        A stream ends with the end-of-text token, which is reported, with its last allowed token, or when the engine has
        no place left for it.
        """
        self._read_drawn()
        self._read_prompts()
        if not self._remaining:
            return []
        streams, logits, logsumexp = list(self._remaining), self._streams.logits, self._streams.logsumexp
        tokens, logprobs = self._sampler.draw(logits, logsumexp, streams)
        tops = [self._top(stream, logits[row], float(logsumexp[row])) for row, stream in enumerate(streams)]
        steps = [Step(*step) for step in zip(streams, tokens.tolist(), logprobs.tolist(), tops, strict=True)]
        self._drawn = [step.token for step in steps]
        ended = {streams[row] for row in self._streams.exhausted}
        for step in steps:
            self._remaining[step.stream] -= 1
            if step.token == self._end or not self._remaining[step.stream]:
                ended.add(step.stream)
        self.leave(ended)
        return steps

    def _top(self, stream: int, logits: Floats, logsumexp: float) -> tuple[tuple[int, float], ...]:
        if stream not in self._top_logprobs:
            return ()
        count = min(self._top_logprobs[stream], logits.size)
        top = logits.argpartition(-count)[-count:]
        return tuple((int(token), float(logits[token]) - logsumexp) for token in top[(-logits[top]).argsort()])

    def _read_drawn(self) -> None:
        """Let the engine read the last tokens: only when they are to be continued, so that nothing is read in vain."""
        if self._drawn:
            self._streams.advance(self._drawn)
            self._drawn = []


def generate(
    engine: Engine, prompts: Sequence[Sequence[int]], sampling: Sampling, max_tokens: int
) -> collections.abc.Generator[list[Step], Collection[int] | None, None]:
    """Continue many prompts at once; stream i is prompt i, and draws from the i-th random stream of `sampling`.

    Each item holds one Step for every stream that still runs. A stream ends after `max_tokens`, after the end-of-text
    token (which is reported), or when the caller sends its index into the generator: `steps.send({index, ...})`.
    """
    numbers = (sampling.streams or range(len(prompts)))[: len(prompts) if max_tokens else 0]
    samplings = [replace(sampling, streams=(number,)) for number in numbers]
    batch = BatchGenerator(engine)
    batch.join([TokenRequest(*pair, max_tokens) for pair in zip(prompts, samplings, strict=False)])
    while batch.running:
        batch.leave((yield batch.step()) or ())


class _Attempt(NamedTuple):
    """A request's attempt on a stream."""

    request: GenerationRequest
    detokenizer: Detokenizer
    drawn: DrawnTokens


class GenerationBatch:
    """Requests that an engine generates side by side; a `Generator`.

    A request with several candidates has a stream for each.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine, self._tokenizer = engine, engine.tokenizer
        self._generator = BatchGenerator(engine, chunked_prefill=True)
        self._running: dict[int, _Attempt] = {}  # by stream
        self._candidates: dict[GenerationRequest, Candidates] = {}  # by each copy of a request that is not done

    def __len__(self) -> int:
        alone = sum(attempt.request not in self._candidates for attempt in self._running.values())
        return alone + len(set(self._candidates.values()))

    def add(self, requests: Sequence[GenerationRequest]) -> None:
        """Generate these too, from the next step on."""
        several = [Candidates(request) for request in requests if request.candidates > 1]
        self._candidates |= {copy: one for one in several for copy in one.copies}
        alone = [request for request in requests if request.candidates == 1]
        self._start([*alone, *(copy for one in several for copy in one.copies)])

    def _start(self, requests: Sequence[GenerationRequest]) -> None:
        attempts = [request.start() for request in requests]
        streams = self._generator.join(attempts)
        for stream, request, attempt in zip(streams, requests, attempts, strict=True):
            self._running[stream] = _Attempt(request, Detokenizer(self._tokenizer, attempt.prompt), DrawnTokens())

    def step(self) -> list[GenerationRequest]:
        """One token for each request whose prompt has been read; returns those that are done."""
        steps = self._generator.step()
        self._generator.leave([step.stream for step in steps if self._take(step)])
        running = set(self._generator.running)
        ended = [self._running.pop(step.stream) for step in steps if step.stream not in running]
        drawn = {attempt.request: attempt.drawn for attempt in ended}
        done, again = close_attempts(list(drawn))
        self._start(again)
        return self._whole({request: drawn[request] for request in done})

    def _whole(self, done: dict[GenerationRequest, DrawnTokens]) -> list[GenerationRequest]:
        """The requests that are done with these: those without other candidates, and the best of those with some."""
        alone, several = list[GenerationRequest](), list[Candidates]()
        for request, drawn in done.items():
            if (one := self._candidates.get(request)) is None:
                alone.append(request)
                continue
            one.drawn[request] = drawn
            if one.done:
                several.append(one)
        choose(self._engine, several)
        self._forget(several)
        return [*alone, *(one.request for one in several)]

    def _take(self, step: Step) -> bool:
        """Feed a token to its request; True if that needs no more."""
        request, detokenizer, drawn = self._running[step.stream]
        drawn.ids.append(step.token)
        drawn.logprobs.append(step.logprob)
        if step.token == self._tokenizer.end:
            return request.add(TokenText("", step.logprob, ends=True))
        top = tuple((self._tokenizer.decode([token]), logprob) for token, logprob in step.top_logprobs)
        return request.add(TokenText(detokenizer.add(step.token), step.logprob, top))

    def remove(self, requests: Collection[GenerationRequest]) -> None:
        """Give these up; their places are free at once."""
        several = [one for one in set(self._candidates.values()) if one.request in requests]
        given_up = {*requests, *(copy for one in several for copy in one.copies)}
        leaving = [stream for stream, attempt in self._running.items() if attempt.request in given_up]
        self._generator.leave(leaving)
        for stream in leaving:
            del self._running[stream]
        for one in several:
            one.request.count(one.copies)
        self._forget(several)

    def _forget(self, several: Collection[Candidates]) -> None:
        for copy in (copy for one in several for copy in one.copies):
            del self._candidates[copy]


def make_batch(model: Model) -> Generator:
    """An empty batch of the model's."""
    return RemoteBatch(model) if isinstance(model, RemoteModel) else GenerationBatch(model)


def run(model: Model, requests: Sequence[GenerationRequest], at_once: int = 1) -> Iterator[list[GenerationRequest]]:
    """Generate requests in the calling thread; yields the requests that each step finished.

    At most `at_once` streams run side by side, candidates included, but at least one request's.
    """
    batch, waiting = make_batch(model), list(requests)
    at_once = max(1, at_once // max((request.candidates for request in requests), default=1))
    try:
        while waiting or len(batch):
            room = at_once - len(batch)
            batch.add(waiting[:room])
            waiting = waiting[room:]
            yield batch.step()
    finally:
        batch.remove(requests)
