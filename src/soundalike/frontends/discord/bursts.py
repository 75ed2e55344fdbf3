"""People send a thought in pieces: wait until a channel's burst has ended, then answer it once."""

from dataclasses import dataclass

from soundalike.frontends.discord.heard import Heard, Turn


@dataclass(slots=True)
class Burst:
    """Messages of one channel with no silence of `quiet` seconds between them; `due` is when the wait ends."""

    turn: Turn
    began: float
    due: float


class Bursts:
    """The open bursts, one a channel at most."""

    def __init__(self) -> None:
        self._open: dict[str, Burst] = {}

    def __len__(self) -> int:
        return len(self._open)

    def add(self, heard: Heard, quiet: float, longest: float) -> Heard | None:
        """Take a message in. Gives the message whose place this one takes, or itself if another keeps the place.

        A burst is due after `quiet` seconds of silence, but at most `longest` after its first message.
        """
        burst = self._open.get(heard.channel)
        if burst is None:
            self._open[heard.channel] = Burst(Turn(heard, heard.addressed), heard.at, heard.at + quiet)
            return None
        burst.due = min(heard.at + quiet, burst.began + longest)
        if burst.turn.addressed and not heard.addressed:
            return heard
        replaced, burst.turn = burst.turn.asked, Turn(heard, heard.addressed)
        return replaced

    def take_due(self, now: float) -> list[Turn]:
        """The bursts that are over, in order of their ends; they are no longer open."""
        due = sorted((burst for burst in self._open.values() if burst.due <= now), key=lambda burst: burst.due)
        for burst in due:
            del self._open[burst.turn.channel]
        return [burst.turn for burst in due]

    @property
    def next_due(self) -> float | None:
        """When the first open burst will be over."""
        return min((burst.due for burst in self._open.values()), default=None)

    def drop_person(self, author: str) -> list[Turn]:
        """Forget the bursts that would be answered to one person."""
        gone = [name for name, burst in self._open.items() if burst.turn.asked.author == author]
        return [self._open.pop(name).turn for name in gone]

    def drop(self, channel: str | None = None) -> list[Turn]:
        """Forget the burst of one channel, or all."""
        gone = [name for name in self._open if channel in (None, name)]
        return [self._open.pop(name).turn for name in gone]
