"""What the bot knows while it runs: a small file that survives restarts, recent messages, outcomes.

Times are arguments, in seconds; nothing here waits. Only ids are written to disk, never text of a message.
"""

import asyncio
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from soundalike.clone.folder import disk_errors
from soundalike.errors import CloneError
from soundalike.frontends.discord.message import IncomingMessage
from soundalike.frontends.discord.settings import write_private

STATE_FILE = "discord-memory.json"

CHANNELS = 256  # whose messages are kept; the channel without news for longest is forgotten first
MESSAGES = 200  # kept of each channel
TEXT_CHARACTERS = 2_000  # kept of each message: as long as a bot may send

ANSWERED, MERGED, SILENT = "answered", "part of a burst", "chose to be silent"
DELETED, OPTED_OUT, BROKEN_OFF = "deleted", "opted out", "broken off"
QUEUE_FULL, TOO_OLD = "the line was full", "waited too long"
NOT_IN_TIME, MODEL_AWAY = "not ready in time", "the model was away"
PERSON_LIMIT, CHANNEL_LIMIT, TOTAL_LIMIT = "too often for one person", "too often for one channel", "too often in all"
PAUSED, FORBIDDEN, REFUSED = "Discord asked for a pause", "not permitted to write there", "Discord failed to take it"
FAILED = "went wrong"
DROPPED = (
    *(QUEUE_FULL, TOO_OLD, NOT_IN_TIME, MODEL_AWAY, PERSON_LIMIT, CHANNEL_LIMIT, TOTAL_LIMIT),
    *(PAUSED, FORBIDDEN, REFUSED, FAILED),
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Clock:
    """Time as the bot gets it: `now` never goes back, `wall` is since 1970, `sleep` waits."""

    now: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


class BotState(BaseModel):
    """What survives a restart: ids of people and channels, and times of identifications, in seconds since 1970."""

    model_config = ConfigDict(extra="forbid")

    opted_out: set[str] = Field(default_factory=set)
    introduced: set[str] = Field(default_factory=set)
    """Channels in which the bot has said what it is."""
    hushed: bool = False
    identified: list[float] = Field(default_factory=list)


class StateFile:
    """The state on disk. Change `now`, then `save`; `CloneError` where the file is damaged or cannot be written."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.now = self._read()

    def _read(self) -> BotState:
        if not self.path.exists():
            return BotState()
        with disk_errors(self.path, "read"):
            try:
                return BotState.model_validate_json(self.path.read_bytes())
            except ValidationError as error:
                do = "It holds who opted out: repair it, or delete it and ask them again."
                raise CloneError(f"{self.path} is damaged: {error.errors()[0]['msg']}.", do) from error

    def save(self) -> None:
        """Write `now`."""
        with disk_errors(self.path):
            write_private(self.path, self.now.model_dump_json(indent=1))


def store(values: OrderedDict[str, T], key: str, value: T, most: int) -> T:
    """Store `value` as the most recent of at most `most`, dropping the least recent, and return it."""
    values[key] = value
    values.move_to_end(key)
    if len(values) > most:
        values.popitem(last=False)
    return value


class RecentMessages:
    """The last messages of each channel, in memory only."""

    def __init__(self) -> None:
        self._channels: OrderedDict[str, deque[IncomingMessage]] = OrderedDict()

    def __len__(self) -> int:
        return sum(map(len, self._channels.values()))

    def __contains__(self, channel: str) -> bool:
        return channel in self._channels

    def add(self, message: IncomingMessage) -> None:
        """Keep a message, once, in the order of ids."""
        message = _shortened(message)
        known = self._channels.get(message.channel, deque[IncomingMessage](maxlen=MESSAGES))
        store(self._channels, message.channel, known, CHANNELS)
        if not known or int(known[-1].id) < int(message.id):
            known.append(message)
        elif all(earlier.id != message.id for earlier in known):
            self._replace(message.channel, sorted([*known, message], key=lambda one: int(one.id)))

    def edit(self, channel: str, id_: str, text: str) -> None:
        """A message was changed."""
        self._replace(channel, [_shortened(one.edited(id_, text)) for one in self.last(channel)])

    def delete(self, channel: str, id_: str) -> None:
        """A message was deleted: it is forgotten, also where others replied to it."""
        self._replace(channel, [one.without_quoted(id_=id_) for one in self.last(channel) if one.id != id_])

    def forget(self, channel: str) -> int:
        """Forget a channel; returns how many messages were known."""
        return len(self._channels.pop(channel, ()))

    def forget_person(self, author: str) -> None:
        """Forget everything that one person wrote, also where others replied to it."""
        for channel in self._channels:
            kept = [one.without_quoted(author=author) for one in self.last(channel) if one.author != author]
            self._replace(channel, kept)

    def _replace(self, channel: str, messages: Iterable[IncomingMessage]) -> None:
        if channel in self._channels:
            self._channels[channel] = deque(messages, maxlen=MESSAGES)

    def last(self, channel: str, count: int = MESSAGES) -> list[IncomingMessage]:
        """The last messages of a channel, oldest first."""
        return list(self._channels.get(channel, ()))[-count:]

    def own_line(self, channel: str, id_: str) -> str | None:
        """The text of a message that the bot wrote there; None if it wrote none of that id, or it is no longer kept."""
        return next((one.text for one in self.last(channel) if one.own and one.id == id_), None)

    def own_lines(self, channel: str) -> list[str]:
        """What the bot wrote there, oldest first."""
        return [message.text for message in self._channels.get(channel, ()) if message.own]


def _shortened(message: IncomingMessage) -> IncomingMessage:
    text = message.text
    return message if len(text) <= TEXT_CHARACTERS else replace(message, text=text[:TEXT_CHARACTERS])


class OutcomeCounts:
    """How many messages were received, and what became of them: each one has exactly one outcome.

    `on_outcome`, where given, gets every message with its outcome: a dry run shows them.
    """

    def __init__(self, on_outcome: Callable[[IncomingMessage, str], None] | None = None) -> None:
        self.received = 0
        self.outcomes: Counter[str] = Counter()
        self.on_outcome = on_outcome

    def record(self, message: IncomingMessage, outcome: str) -> None:
        """Count what became of a message."""
        self.outcomes[outcome] += 1
        if self.on_outcome is not None:
            self.on_outcome(message, outcome)

    @property
    def pending(self) -> int:
        """Messages without an outcome so far: in an open burst, in the queue, or being answered."""
        return self.received - self.outcomes.total()

    @property
    def dropped(self) -> int:
        """Answers that were lost for want of room, time, a model, or Discord."""
        return sum(self.outcomes[outcome] for outcome in DROPPED)
