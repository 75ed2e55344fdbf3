"""Tickets of the scheduler: requests submitted together, and the events by which their lines come back."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from time import monotonic

from soundalike.errors import EngineError, SoundalikeError
from soundalike.generation.reply_parser import ReplyLine
from soundalike.generation.request import GenerationRequest

DELAY_PER_TOKEN = 0.001  # seconds by which cheaper tickets may pass one, for each token that it reads or draws


class QueueFull(SoundalikeError):
    """The queue has no room for another ticket; `seconds` is when to try again."""

    def __init__(self, seconds: int) -> None:
        self.seconds = seconds
        super().__init__("Too many requests are waiting.", f"Try again in {seconds} seconds.")


class SchedulerClosed(SoundalikeError):
    """The scheduler was closed before the ticket was done."""

    def __init__(self) -> None:
        super().__init__("The program is stopping.", "Try again when it is back.")


class ModelFailed(EngineError):
    """A step of the model raised an error of a library or of ours; its type and text are in the log only."""

    def __init__(self) -> None:
        super().__init__("The model failed.", "The log says how.")


@dataclass(frozen=True, slots=True)
class Event:
    """Lines of a ticket's request `index` that are released now; `done` says that they are its last."""

    index: int
    lines: Sequence[ReplyLine]
    done: bool


class Ticket:
    """Requests submitted together. Iterate over it for their events; a failure is raised as `SoundalikeError`.

    `submitted` and `first_output` are moments of `time.monotonic`, the latter 0 before the first event; `unfinished`
    counts requests that are not done, `places` the streams that they take.
    """

    def __init__(self, requests: Sequence[GenerationRequest], stream: bool) -> None:
        self.requests, self.stream = requests, stream
        self.model = id(requests[0].model)
        self.submitted, self.first_output, self.failed = monotonic(), 0.0, False
        self.unfinished, self.places = len(requests), sum(request.candidates for request in requests)
        cost = sum(len(request.prompt) + request.max_tokens * request.candidates for request in requests)
        self.due = self.submitted + cost * DELAY_PER_TOKEN
        self.loop, self._events = asyncio.get_running_loop(), asyncio.Queue[Event | SoundalikeError]()

    def put(self, event: Event | SoundalikeError) -> None:
        """Deliver an event; called on the ticket's own loop. An error is the last."""
        self.failed = isinstance(event, SoundalikeError)
        self._events.put_nowait(event)

    async def __aiter__(self) -> AsyncIterator[Event]:
        unfinished = len(self.requests)
        while unfinished:
            event = await self._events.get()
            if isinstance(event, SoundalikeError):
                raise event
            unfinished -= event.done
            yield event


Delivery = tuple[Ticket, Event | SoundalikeError]


def deliver(deliveries: Sequence[Delivery]) -> None:
    """Deliver events from any thread, waking each loop once: a call for each event would take longer than a token."""
    for loop in {ticket.loop for ticket, _ in deliveries}:
        mine = [(ticket, event) for ticket, event in deliveries if ticket.loop is loop]
        try:
            loop.call_soon_threadsafe(_put_all, mine)
        except RuntimeError:
            if not loop.is_closed():  # else nobody waits there any more
                raise


def _put_all(deliveries: Sequence[Delivery]) -> None:
    for ticket, event in deliveries:
        ticket.put(event)
