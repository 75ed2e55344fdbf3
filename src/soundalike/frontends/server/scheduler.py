"""Continuous batching: a thread steps the engines, and requests join and leave between any two tokens.

A request is a `Ticket` with one or more utterances of one voice. It waits in a bounded queue until there is room for
all of them, speaks, and gives its places back when it is done or given up. The queue is ordered by when each is due,
which is the later the more tokens it costs: little work passes much work, but not for ever. What happens to a ticket
comes out as events on the asyncio loop that it was made on.
"""

import asyncio
import logging
import math
from bisect import insort
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from threading import Condition, Thread
from time import monotonic

from soundalike.frontends.server.errors import ApiError, Busy, failed, stopping
from soundalike.generation.batch import GenerationBatch
from soundalike.generation.batch_generator import SupportsGenerate
from soundalike.generation.reply_parser import ReplyLine
from soundalike.generation.request import GenerationRequest
from soundalike.generation.voice import Voice
from soundalike.training.recipe import Serving

log = logging.getLogger(__name__)
RECENT = 0.1  # weight of the last request in the running mean of seconds
SECONDS_A_TOKEN = 0.001  # by which a request may be passed by cheaper ones, for each token that it reads or draws
SPARED = 4  # one place in so many is for requests of one reply, as long as anybody speaks


@dataclass(frozen=True, slots=True)
class Event:
    """Lines of utterance `index` of a ticket that leave now, and whether they are its last."""

    index: int
    lines: Sequence[ReplyLine]
    done: bool


class Ticket:
    """One request; iterate over it for its events. A failure is raised as `ApiError`."""

    def __init__(self, voice: Voice, utterances: Sequence[GenerationRequest], eager: bool, cost: int) -> None:
        self.voice, self.utterances, self.eager = voice, utterances, eager
        self.key = id(voice)  # of its stage
        self.left, self.joined, self.first, self.failed = len(utterances), monotonic(), 0.0, False
        self.due = self.joined + cost * SECONDS_A_TOKEN
        self.loop, self._events = asyncio.get_running_loop(), asyncio.Queue[Event | ApiError]()

    def tell(self, event: Event | ApiError) -> None:
        """Hand an event over, on its loop; an error is the last."""
        self.failed = isinstance(event, ApiError)
        self._events.put_nowait(event)

    async def __aiter__(self) -> AsyncIterator[Event]:
        open_ = len(self.utterances)
        while open_:
            event = await self._events.get()
            if isinstance(event, ApiError):
                raise event
            open_ -= event.done
            yield event


def tell(told: Sequence[tuple[Ticket, Event | ApiError]]) -> None:
    """Hand events over from whichever thread, waking each loop once: a call for each would take longer than a token."""
    for loop in {ticket.loop for ticket, _ in told}:
        its = [(ticket, event) for ticket, event in told if ticket.loop is loop]
        if not loop.is_closed():
            loop.call_soon_threadsafe(_tell_all, its)


def _tell_all(told: Sequence[tuple[Ticket, Event | ApiError]]) -> None:
    for ticket, event in told:
        ticket.tell(event)


class Scheduler:
    """Steps a stage for each voice.

    All that draw on this machine share a thread; each that another server draws for has its own, so that a slow
    server holds up nobody else.
    """

    def __init__(self, voices: Sequence[Voice], serving: Serving) -> None:
        self._serving = serving
        self._engines = {id(voice): voice.engine for voice in voices}
        self._stages = {key: GenerationBatch(engine) for key, engine in self._engines.items()}
        self._waiting: list[Ticket] = []  # by when they are due
        self._speaking: list[Ticket] = []
        self._gone: set[Ticket] = set()
        self._changed, self._open = Condition(), True
        self._seconds = 1.0  # that a request takes, a running mean
        elsewhere = [key for key, engine in self._engines.items() if isinstance(engine, SupportsGenerate)]
        lanes = [[key for key in self._engines if key not in elsewhere], *([key] for key in elsewhere)]
        self._threads = [
            Thread(target=self._run, args=(lane,), name="scheduler", daemon=True) for lane in lanes if lane
        ]
        for thread in self._threads:
            thread.start()

    @property
    def waiting(self) -> int:
        """Requests in the queue."""
        return len(self._waiting)

    @property
    def running(self) -> int:
        """Utterances being drawn."""
        return sum(map(len, self._stages.values()))

    def submit(self, voice: Voice, utterances: Sequence[GenerationRequest], eager: bool, cost: int = 0) -> Ticket:
        """A ticket for these; an `eager` one gets lines as they are cleared, any other all of them at the end.

        `cost` is how many tokens are read and drawn at most. Whoever submits also releases. `Busy` where the queue is
        full.
        """
        ticket = Ticket(voice, utterances, eager, cost)
        with self._changed:
            if not self._open:
                raise stopping()
            if self._room() < len(utterances) and len(self._waiting) >= self._serving.queue:
                raise Busy(self._patience())
            insort(self._waiting, ticket, key=lambda one: one.due)
            self._changed.notify_all()
        return ticket

    def release(self, ticket: Ticket) -> None:
        """Nothing more of this ticket is wanted; what it still holds is free before the next token."""
        with self._changed:
            self._gone.add(ticket)
            self._changed.notify_all()

    def close(self) -> None:
        """Answer what is left with an error, and stop."""
        with self._changed:
            self._open = False
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()
        tell([(ticket, stopping()) for ticket in (*self._waiting, *self._speaking)])

    def _room(self) -> int:
        """Places that nobody speaks or waits for."""
        return self._serving.streams - sum(ticket.left for ticket in (*self._speaking, *self._waiting))

    def _patience(self) -> int:
        """Seconds until those who wait now have had their turn, at least 1."""
        return max(1, math.ceil(self._seconds * (1 + len(self._waiting) / self._serving.streams)))

    def _run(self, lane: Sequence[int]) -> None:
        """One thread: the stages of `lane`."""
        while self._open:
            with self._changed:
                self._changed.wait_for(lambda: not self._open or self._has_work(lane))
                gone, arrived = self._departures(lane), self._arrivals(lane)
            for ticket in gone:
                self._stages[ticket.key].drop(ticket.utterances)
            for key in lane:
                self._step(key, [ticket for ticket in arrived if ticket.key == key])

    def _has_work(self, lane: Sequence[int]) -> bool:
        held = (*self._speaking, *self._gone)
        return any(ticket.key in lane for ticket in held) or any(self._admitted(lane))

    def _admitted(self, lane: Sequence[int]) -> Iterator[Ticket]:
        """Those of this lane in the queue for whom there is room when all before them have theirs.

        One for whom there is none is passed until it is due; then all others wait for it.
        """
        room, now = self._serving.streams - sum(ticket.left for ticket in self._speaking), monotonic()
        for ticket in self._waiting:
            if self._fits(len(ticket.utterances), room):
                room -= len(ticket.utterances)
                if ticket.key in lane:
                    yield ticket
            elif ticket.due <= now:
                return

    def _fits(self, count: int, room: int) -> bool:
        """Whether so many replies may begin: one where there is a place, several where they leave some to others."""
        most = self._serving.streams
        return count <= room and (count == 1 or room == most or room - count >= most // SPARED)

    def _departures(self, lane: Sequence[int]) -> list[Ticket]:
        gone = {ticket for ticket in self._gone if ticket.key in lane}
        self._gone -= gone
        self._waiting = [ticket for ticket in self._waiting if ticket not in gone]
        left = [ticket for ticket in self._speaking if ticket in gone]
        self._speaking = [ticket for ticket in self._speaking if ticket not in gone]
        if gone:
            self._changed.notify_all()  # another lane may have waited for the room
        return left

    def _arrivals(self, lane: Sequence[int]) -> list[Ticket]:
        arrived = list(self._admitted(lane))
        self._waiting = [ticket for ticket in self._waiting if ticket not in arrived]
        self._speaking += arrived
        return arrived

    def _step(self, key: int, arrived: Sequence[Ticket]) -> None:
        stage = self._stages[key]
        if not arrived and not len(stage):
            return
        try:
            for ticket in arrived:
                stage.begin(ticket.utterances)
            done = set(stage.step())
        except Exception:
            log.exception("a step failed; the requests that took part are answered with an error")
            self._give_up(key)
        else:
            self._deliver(key, done)

    def _spoken(self, key: int) -> list[Ticket]:
        with self._changed:
            return [ticket for ticket in self._speaking if ticket.key == key]

    def _give_up(self, key: int) -> None:
        lost = self._spoken(key)
        self._stages[key] = GenerationBatch(self._engines[key])
        tell([(ticket, failed()) for ticket in lost])
        self._end(lost)

    def _deliver(self, key: int, done: set[GenerationRequest]) -> None:
        spoken = self._spoken(key)
        tell(
            [
                (ticket, event)
                for ticket in spoken
                if ticket.eager or done
                for index, utterance in enumerate(ticket.utterances)
                if (event := self._leaving(ticket, index, utterance, utterance in done))
            ]
        )
        if done:
            self._end([ticket for ticket in spoken if not ticket.left])

    def _end(self, tickets: Sequence[Ticket]) -> None:
        """These have no more to say: their places are others'."""
        with self._changed:
            self._speaking = [ticket for ticket in self._speaking if ticket not in tickets]
            self._changed.notify_all()

    def _leaving(self, ticket: Ticket, index: int, utterance: GenerationRequest, done: bool) -> Event | None:
        if not done and (not ticket.eager or utterance.finish):
            return None
        if done:
            ticket.left -= 1
            if not ticket.left:
                self._seconds += RECENT * (monotonic() - ticket.joined - self._seconds)
        lines = utterance.leave()
        if not (lines or done):
            return None
        ticket.first = ticket.first or monotonic()
        return Event(index, lines, done)
