"""Detects that bots in a channel talk in circles; independent of any model, because no model is a reliable guard.

Every message counts, the bot's own included, before any filter: with counters behind the filters, or reset by the bot's
own reply, loops ran for dozens of lines elsewhere. A person's message ends every suspicion at once; waiting alone only
delays the next loop. The time is an argument, in seconds.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

from pydantic import BaseModel, ConfigDict, Field

from soundalike.generation.guards import repeats_line

REMEMBERED = 64  # messages of a channel


class LoopLimits(BaseModel):
    """How long bots may go on among themselves."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    room_turns: int = Field(default=12, ge=1)
    """After so many messages of bots in a row nobody answers a bot until a person writes."""
    pair_turns: int = Field(default=10, ge=2)
    """After so many messages between the same two bots ..."""
    pair_seconds: float = Field(default=60.0, gt=0)
    """... within so many seconds, they pause."""
    cooldown: float = Field(default=300.0, ge=0)
    """How long they pause, in seconds."""
    alternations: int = Field(default=6, ge=2, le=40)
    """After so many turns of A, B, A, B, with nobody else between, neither is answered."""


@dataclass(frozen=True, slots=True)
class MessageInChannel:
    """One message in a channel of Discord, or in a room of voices; `at` in seconds."""

    id: str
    author: str
    bot: bool
    text: str
    at: float


class LoopGuard:
    """Watches one channel for the bot `me`."""

    def __init__(self, me: str) -> None:
        self.me = me
        self._since_person: deque[MessageInChannel] = deque(maxlen=REMEMBERED)
        self._bots_in_a_row = 0
        self._paused: dict[str, float] = {}

    def count(self, message: MessageInChannel, limits: LoopLimits) -> None:
        """Count a message of anybody; a person's ends every pause."""
        if not message.bot:
            self._since_person.clear()
            self._paused.clear()
            self._bots_in_a_row = 0
            return
        self._since_person.append(message)
        self._bots_in_a_row += 1
        if self._too_many_between(message, limits):
            self._paused[self._partner(message)] = message.at + limits.cooldown

    def refusal(self, message: MessageInChannel, limits: LoopLimits) -> str | None:
        """Why `message`, the last one, gets no answer from `me`; None where it may. A person may always get one."""
        if not message.bot:
            return None
        if self._bots_in_a_row >= limits.room_turns:
            return "bots went on too long without a person"
        if self._paused.get(message.author, 0.0) > message.at:
            return "two bots talked too much"
        if self._alternates(limits.alternations):
            return "two bots took turns too often"
        return "a bot repeats what was said" if self._repeats(message) else None

    def _partner(self, message: MessageInChannel) -> str:
        """The other bot of a pair with `me`: the author, or, where that is `me`, the bot that wrote before."""
        if message.author != self.me:
            return message.author
        return next((one.author for one in reversed(self._since_person) if one.author != self.me), self.me)

    def _too_many_between(self, message: MessageInChannel, limits: LoopLimits) -> bool:
        pair = {self.me, self._partner(message)}
        authors = [
            one.author
            for one in self._since_person
            if one.author in pair and message.at - one.at <= limits.pair_seconds
        ]
        return len(authors) >= limits.pair_turns and len(set(authors)) == len(pair) == 2

    def _alternates(self, turns: int) -> bool:
        """Whether the last turns went A, B, A, B; a burst of one bot is one turn."""
        order: list[str] = []
        for message in self._since_person:
            if order[-1:] != [message.author]:
                order.append(message.author)
        last = order[-turns:]
        return len(last) == turns and len(set(last)) == 2

    def _repeats(self, message: MessageInChannel) -> bool:
        """Whether any bot has lately written the same text."""
        before = [one.text for one in takewhile(lambda one: one.id != message.id, self._since_person)]
        return repeats_line(message.text, before)


def without_repeats(lines: Sequence[str], earlier: Sequence[str]) -> list[str]:
    """The `lines` that repeat neither a line of `earlier`, the same speaker's, nor each other."""
    fresh: list[str] = []
    for line in lines:
        if line.strip() and not repeats_line(line, [*earlier, *fresh]):
            fresh.append(line)
    return fresh
