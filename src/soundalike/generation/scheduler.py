"""Continuous batching for asyncio: requests join and leave the batches of one or more models between any two tokens.

    async with Scheduler([voice]) as scheduler:
        reply = await scheduler.reply(voice, history)

A `Ticket` holds requests that were submitted together. It waits in a bounded queue until there is room for all of them,
joins the batch of its model, and frees its places when it is done or released. The queue is ordered by the time of
submission plus a delay for each token that a ticket may read or draw: cheap tickets pass expensive ones, but not for
ever.
"""

import asyncio
import logging
import math
from bisect import insort
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Condition, Thread
from time import monotonic
from types import TracebackType

from soundalike.errors import SoundalikeError
from soundalike.generation.batch import make_batch
from soundalike.generation.remote import RemoteModel
from soundalike.generation.request import GenerationRequest, Reply
from soundalike.generation.sampling import Sampling
from soundalike.generation.ticket import Event, ModelFailed, QueueFull, SchedulerClosed, Ticket, deliver
from soundalike.generation.voice import History, Voice

log = logging.getLogger(__name__)
SMOOTHING = 0.1  # weight of the newest ticket in the running mean of seconds per ticket
SHARED = 4  # one place in so many is kept for tickets of a single request while anything is running


class Scheduler:
    """Steps a batch for each model of `voices` on threads of its own; its methods are for asyncio loops.

    All models of this machine share one thread, each model behind a server has its own: a slow server delays nobody
    else. At most `streams` texts are generated side by side, the candidates of a request each, but at least one
    ticket's; at most `queue` tickets wait.
    """

    def __init__(self, voices: Sequence[Voice], streams: int = 64, queue: int = 256) -> None:
        self.changed = Condition()  # notified when tickets are submitted, released or done
        self._streams, self._queue = streams, queue
        self._models = {id(voice.model): voice.model for voice in voices}
        self._batches = {key: make_batch(model) for key, model in self._models.items()}
        self._waiting: list[Ticket] = []  # in the order in which they are due
        self._running: list[Ticket] = []
        self._released: set[Ticket] = set()
        self._open, self._mean_seconds = True, 1.0
        remote = [key for key, model in self._models.items() if isinstance(model, RemoteModel)]
        groups = [[key for key in self._models if key not in remote], *([key] for key in remote)]
        self._threads = [
            Thread(target=self._run, args=(models,), name="scheduler", daemon=True) for models in groups if models
        ]
        for thread in self._threads:
            thread.start()

    @property
    def waiting(self) -> int:
        """Tickets in the queue."""
        return len(self._waiting)

    @property
    def running(self) -> int:
        """Requests in the batches."""
        return sum(map(len, self._batches.values()))

    async def __aenter__(self) -> "Scheduler":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self.close)

    async def reply(self, voice: Voice, history: History, sampling: Sampling | None = None) -> Reply:
        """The owner's next messages, as `Voice.reply` returns them; a cancelled call frees its place.

        Raises `QueueFull`, `SchedulerClosed`, `ModelFailed`, or the `SoundalikeError` that the model raised. The prompt
        is built on a thread, since that takes milliseconds.
        """
        request = await asyncio.to_thread(voice.request, history, sampling)
        ticket = self.submit([request])
        try:
            async for _ in ticket:
                pass
        finally:
            self.release(ticket)
        voice.interventions.add(request.interventions)
        return Reply(request)

    def submit(self, requests: Sequence[GenerationRequest], stream: bool = False) -> Ticket:
        """Queue requests of one model. Whoever submits a ticket also releases it.

        With `stream` lines are released as the guards clear them, else all of a request when it is done. Raises
        `QueueFull` and `SchedulerClosed`.
        """
        ticket = Ticket(requests, stream)
        with self.changed:
            if not self._open:
                raise SchedulerClosed
            if self._free_places() < ticket.places and len(self._waiting) >= self._queue:
                raise QueueFull(self._seconds_to_wait())
            insort(self._waiting, ticket, key=lambda one: one.due)
            self.changed.notify_all()
        return ticket

    def release(self, ticket: Ticket) -> None:
        """Give up what is unfinished of a ticket; its places are free before the next token."""
        with self.changed:
            self._released.add(ticket)
            self.changed.notify_all()

    def close(self) -> None:
        """Stop the threads; tickets that are not done fail with `SchedulerClosed`. Blocks until the step is over."""
        self._stop()
        for thread in self._threads:
            thread.join()

    def _stop(self) -> None:
        with self.changed:
            self._open = False
            self.changed.notify_all()

    def _free_places(self) -> int:
        return self._streams - sum(ticket.places for ticket in (*self._running, *self._waiting))

    def _seconds_to_wait(self) -> int:
        """Seconds until the tickets that wait now are expected to be done, at least 1."""
        return max(1, math.ceil(self._mean_seconds * (1 + len(self._waiting) / self._streams)))

    def _run(self, models: Sequence[int]) -> None:
        """The loop of one thread: a step of the batch of each of its models, again and again.

        Whatever ends it, the scheduler takes no more tickets then, and those of these models fail.
        """
        try:
            while self._open:
                with self.changed:
                    self.changed.wait_for(lambda: not self._open or self._has_work(models))
                    leaving, joining = self._take_released(models), self._take_admitted(models)
                for model in models:
                    self._guarded_step(model, *(_of_model(model, tickets) for tickets in (leaving, joining)))
        except Exception:
            log.exception("The scheduler failed, and closes.")
        finally:
            self._stop()
            held = [ticket for ticket in (*self._waiting, *self._running) if ticket.model in models]
            deliver([(ticket, SchedulerClosed()) for ticket in held])

    def _has_work(self, models: Sequence[int]) -> bool:
        held = (*self._running, *self._released)
        return any(ticket.model in models for ticket in held) or any(self._admitted(models))

    def _admitted(self, models: Sequence[int]) -> Iterator[Ticket]:
        """Tickets in the queue that fit when those before them have their places.

        One that does not fit is passed by others until it is due; from then on all others wait for it.
        """
        room, now = self._streams - sum(ticket.places for ticket in self._running), monotonic()
        for ticket in self._waiting:
            if self._fits(ticket, room):
                room -= ticket.places
                if ticket.model in models:
                    yield ticket
            elif ticket.due <= now:
                return

    def _fits(self, ticket: Ticket, room: int) -> bool:
        """A single request needs its places; several must leave some to others. If nothing runs every ticket fits."""
        left = room - ticket.places
        return room == self._streams or (left >= 0 and (len(ticket.requests) == 1 or left >= self._streams // SHARED))

    def _take_released(self, models: Sequence[int]) -> list[Ticket]:
        released = {ticket for ticket in self._released if ticket.model in models}
        self._released -= released
        self._waiting = [ticket for ticket in self._waiting if ticket not in released]
        leaving = [ticket for ticket in self._running if ticket in released]
        self._running = [ticket for ticket in self._running if ticket not in released]
        if released:
            self.changed.notify_all()  # another thread may wait for these places
        return leaving

    def _take_admitted(self, models: Sequence[int]) -> list[Ticket]:
        joining = list(self._admitted(models))
        self._waiting = [ticket for ticket in self._waiting if ticket not in joining]
        self._running += joining
        return joining

    def _guarded_step(self, model: int, leaving: Sequence[Ticket], joining: Sequence[Ticket]) -> None:
        try:
            self._step(model, leaving, joining)
        except SoundalikeError as error:
            self._fail(model, error)  # for the callers to report
        except Exception:
            log.exception("A step failed, and every request that took part with it.")
            self._fail(model, ModelFailed())

    def _step(self, model: int, leaving: Sequence[Ticket], joining: Sequence[Ticket]) -> None:
        batch = self._batches[model]
        for ticket in leaving:
            batch.remove(ticket.requests)
        for ticket in joining:
            batch.add(ticket.requests)
        if len(batch):
            self._deliver(model, set(batch.step()))

    def _tickets_of(self, model: int) -> list[Ticket]:
        with self.changed:
            return _of_model(model, self._running)

    def _fail(self, model: int, error: SoundalikeError) -> None:
        """Fail the running tickets of a model, close what they have open, and start it afresh."""
        tickets = self._tickets_of(model)
        deliver([(ticket, error) for ticket in tickets])
        self._finish(tickets)
        for request in (request for ticket in tickets for request in ticket.requests):
            with _logged("A request of a failed step could not be closed."):
                self._batches[model].remove([request])
        with _logged("The model cannot start afresh."):
            self._batches[model] = make_batch(self._models[model])

    def _deliver(self, model: int, done: set[GenerationRequest]) -> None:
        tickets = self._tickets_of(model)
        deliver(
            [
                (ticket, event)
                for ticket in tickets
                if ticket.stream or done
                for index, request in enumerate(ticket.requests)
                if (event := self._event(ticket, index, request, request in done))
            ]
        )
        if done:
            self._finish([ticket for ticket in tickets if not ticket.unfinished])

    def _finish(self, tickets: Sequence[Ticket]) -> None:
        """Free the places of tickets that are done."""
        with self.changed:
            self._running = [ticket for ticket in self._running if ticket not in tickets]
            self.changed.notify_all()

    def _event(self, ticket: Ticket, index: int, request: GenerationRequest, done: bool) -> Event | None:
        if not done and (not ticket.stream or request.finish_reason):
            return None
        if done:
            ticket.unfinished -= 1
            ticket.places -= request.candidates
            if not ticket.unfinished:
                self._mean_seconds += SMOOTHING * (monotonic() - ticket.submitted - self._mean_seconds)
        lines = request.release()
        if not (lines or done):
            return None
        ticket.first_output = ticket.first_output or monotonic()
        return Event(index, lines, done)


def _of_model(model: int, tickets: Sequence[Ticket]) -> list[Ticket]:
    return [ticket for ticket in tickets if ticket.model == model]


@contextmanager
def _logged(what: str) -> Iterator[None]:
    """Log an exception, with the sentence `what`, instead of raising it."""
    try:
        yield
    except Exception:
        log.exception(what)
