"""Whether bots in a room have begun to talk in circles. Outside every model, because no model is a guard.

Every message counts, the bot's own included, before anything is filtered: counters that sat after the filters,
or that a bot's own reply set back, are why loops ran for dozens of lines elsewhere. What a person says ends every
suspicion at once; time alone only delays the next loop. The time is an argument, in seconds.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

from pydantic import BaseModel, ConfigDict, Field

from soundalike.generation.guards import repeats_line

REMEMBERED = 64  # messages a room


class LoopLimits(BaseModel):
    """How long bots may go on among themselves."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    room_turns: int = Field(default=12, ge=1)
    """So many messages of bots in a row, then nobody answers a bot until a person speaks."""
    pair_turns: int = Field(default=10, ge=2)
    """So many messages between the same two bots ..."""
    pair_seconds: float = Field(default=60.0, gt=0)
    """... within so many seconds, then they pause."""
    cooldown: float = Field(default=300.0, ge=0)
    """How long they pause, in seconds."""
    alternations: int = Field(default=6, ge=2, le=40)
    """So many turns of A and B and A and B, with nobody else between."""


@dataclass(frozen=True, slots=True)
class RoomMessage:
    """One message in a room."""

    id: str
    author: str
    bot: bool
    text: str
    at: float


class LoopGuard:
    """One room, seen by the bot `me`."""

    def __init__(self, me: str) -> None:
        self.me = me
        self._since_person: deque[RoomMessage] = deque(maxlen=REMEMBERED)
        self._bots_in_a_row = 0
        self._paused: dict[str, float] = {}

    def count(self, said: RoomMessage, limits: LoopLimits) -> None:
        """Take in a message of anybody. A person's ends every pause."""
        if not said.bot:
            self._since_person.clear()
            self._paused.clear()
            self._bots_in_a_row = 0
            return
        self._since_person.append(said)
        self._bots_in_a_row += 1
        if self._too_many_between(said, limits):
            self._paused[self._partner(said)] = said.at + limits.cooldown

    def refusal(self, said: RoomMessage, limits: LoopLimits) -> str | None:
        """Why `said`, the last message, gets no answer from `me`; None where it may. A person may always get one."""
        if not said.bot:
            return None
        if self._bots_in_a_row >= limits.room_turns:
            return "bots went on too long without a person"
        if self._paused.get(said.author, 0.0) > said.at:
            return "two bots talked too much"
        if self._alternates(limits.alternations):
            return "two bots took turns too often"
        return "a bot repeats what was said" if self._repeats(said) else None

    def _partner(self, said: RoomMessage) -> str:
        """The other bot of the pair that `me` is part of: who spoke before, where `me` speaks."""
        if said.author != self.me:
            return said.author
        return next((s.author for s in reversed(self._since_person) if s.author != self.me), self.me)

    def _too_many_between(self, said: RoomMessage, limits: LoopLimits) -> bool:
        pair = {self.me, self._partner(said)}
        recent = [s.author for s in self._since_person if s.author in pair and said.at - s.at <= limits.pair_seconds]
        return len(recent) >= limits.pair_turns and len(set(recent)) == len(pair) == 2

    def _alternates(self, turns: int) -> bool:
        """Whether the last turns went A, B, A, B; a burst of one bot is one turn."""
        order: list[str] = []
        for said in self._since_person:
            if order[-1:] != [said.author]:
                order.append(said.author)
        last = order[-turns:]
        return len(last) == turns and len(set(last)) == 2

    def _repeats(self, said: RoomMessage) -> bool:
        """Whether any bot has lately said what `said` says."""
        before = [s.text for s in takewhile(lambda s: s.id != said.id, self._since_person)]
        return repeats_line(said.text, before)


def unsaid(lines: Sequence[str], said: Sequence[str]) -> list[str]:
    """The `lines` that repeat none of `said`, the same speaker's earlier ones, nor each other."""
    fresh: list[str] = []
    for line in lines:
        if line.strip() and not repeats_line(line, [*said, *fresh]):
            fresh.append(line)
    return fresh
