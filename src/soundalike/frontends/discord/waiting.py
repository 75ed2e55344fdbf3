"""The one line of turns before the model: bounded, and what waits too long is dropped, oldest first."""

from collections import deque
from collections.abc import Collection

from soundalike.frontends.discord.heard import Turn
from soundalike.frontends.discord.ledger import FULL, OLD

Dropped = list[tuple[Turn, str]]


class Waiting:
    """Turns in order of arrival."""

    def __init__(self) -> None:
        self._turns: deque[Turn] = deque()

    def __len__(self) -> int:
        return len(self._turns)

    def add(self, turn: Turn, size: int) -> Dropped:
        """Stand in line; where more than `size` would, the oldest goes."""
        self._turns.append(turn)
        return [(self._turns.popleft(), FULL) for _ in range(len(self._turns) - size)]

    def take(self, now: float, oldest: float, busy: Collection[str]) -> tuple[Turn | None, Dropped]:
        """The first turn whose channel is not `busy`, and the turns that are older than `oldest` seconds."""
        dropped = [(turn, OLD) for turn in self._turns if now - turn.asked.at > oldest]
        young = [turn for turn in self._turns if now - turn.asked.at <= oldest]
        chosen = next((turn for turn in young if turn.channel not in busy), None)
        self._turns = deque(turn for turn in young if turn is not chosen)
        return chosen, dropped

    def drop_person(self, author: str) -> list[Turn]:
        """Send away the turns that would answer one person."""
        gone = [turn for turn in self._turns if turn.asked.author == author]
        self._turns = deque(turn for turn in self._turns if turn.asked.author != author)
        return gone

    def drop(self, channel: str | None = None) -> list[Turn]:
        """Send away the turns of one channel, or all."""
        gone = [turn for turn in self._turns if channel in (None, turn.channel)]
        self._turns = deque(turn for turn in self._turns if channel not in (None, turn.channel))
        return gone
